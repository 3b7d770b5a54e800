"""Scheduled actions of emulated groups fire at their time, in their time zone."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.scene import Scene

#: A Monday in winter, noon in Berlin.
NOON = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)
HOUR, DAY = 3600, 24 * 3600
ASLEEP: dict[str, Any] = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
NIGHTLY: dict[str, Any] = {"Recurrence": "0 20 * * mon-fri", "TimeZone": "Europe/Berlin"}


@pytest.fixture
def office(scene: Scene) -> Scene:
    scene.cloud.world.clock.epoch = NOON
    scene.create_group(desired=2, MinSize=2, MaxSize=4)
    return scene


def put(scene: Scene, name: str = "sleep", **settings: Any) -> None:
    scene.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName="web", ScheduledActionName=name, **settings
    )


def sizes(scene: Scene) -> tuple[int, int, int]:
    group = scene.group()
    return group["MinSize"], group["DesiredCapacity"], group["MaxSize"]


def names(scene: Scene) -> list[str]:
    found = scene.autoscaling.describe_scheduled_actions(AutoScalingGroupName="web")
    return sorted(each["ScheduledActionName"] for each in found["ScheduledUpdateGroupActions"])


def test_a_group_sleeps_at_night_and_wakes_in_the_morning(office: Scene) -> None:
    put(office, **NIGHTLY, **ASLEEP)
    put(office, "wake", Recurrence="0 7 * * mon-fri", TimeZone="Europe/Berlin", MinSize=2, MaxSize=4)
    office.cloud.step(8 * HOUR - 1)
    assert sizes(office) == (2, 2, 4)
    office.cloud.step(1)
    assert sizes(office) == (0, 0, 0)
    office.cloud.step(600)
    assert office.states() == []
    office.cloud.step(11 * HOUR - 600)
    assert sizes(office) == (2, 2, 4), "the smaller bound lifts the capacity"
    office.cloud.step(600)
    assert office.states() == ["InService"] * 2


def test_a_weekend_is_slept_through(office: Scene) -> None:
    put(office, **NIGHTLY, **ASLEEP)
    put(office, "wake", Recurrence="0 7 * * mon-fri", TimeZone="Europe/Berlin", MinSize=2, MaxSize=4)
    awake = []
    for day in range(7):
        awake.append((day, sizes(office)[1]))
        office.cloud.step(DAY)
    assert awake == [(0, 2), (1, 2), (2, 2), (3, 2), (4, 2), (5, 0), (6, 0)]


def test_a_time_zone_changes_to_summer_time(office: Scene) -> None:
    put(office, **NIGHTLY, **ASLEEP)
    office.cloud.world.clock.epoch = datetime(2026, 7, 6, 17, 59, tzinfo=UTC)
    put(office, **NIGHTLY, **ASLEEP)
    office.cloud.step(60)
    assert sizes(office) == (0, 0, 0), "20:00 in Berlin is 18:00 in UTC"


def test_without_a_time_zone_it_is_utc(office: Scene) -> None:
    put(office, Recurrence="0 20 * * *", **ASLEEP)
    office.cloud.step(9 * HOUR - 1)
    assert sizes(office) == (2, 2, 4)
    office.cloud.step(1)
    assert sizes(office) == (0, 0, 0)


def test_an_action_of_one_time_fires_once_and_is_gone(office: Scene) -> None:
    put(office, StartTime=NOON + timedelta(hours=1), DesiredCapacity=3)
    assert names(office) == ["sleep"]
    office.cloud.step(HOUR - 1)
    assert sizes(office) == (2, 2, 4)
    office.cloud.step(1)
    assert (sizes(office), names(office)) == ((2, 3, 4), [])


def test_a_recurrence_begins_with_its_start_and_ends_with_its_end(office: Scene) -> None:
    start, end = NOON + timedelta(minutes=90), NOON + timedelta(hours=3)
    put(office, Recurrence="0 * * * *", StartTime=start, EndTime=end, DesiredCapacity=3)
    fired = []
    for half_hour in range(1, 11):
        office.cloud.step(HOUR / 2)
        if sizes(office)[1] == 3:
            fired.append(half_hour / 2)
            office.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    assert (fired, names(office)) == ([1.5, 2.0, 3.0], [])


def test_a_deleted_or_replaced_action_fires_no_more(office: Scene) -> None:
    put(office, "gone", StartTime=NOON + timedelta(hours=1), DesiredCapacity=4)
    put(office, "moved", StartTime=NOON + timedelta(hours=1), DesiredCapacity=4)
    office.autoscaling.delete_scheduled_action(AutoScalingGroupName="web", ScheduledActionName="gone")
    put(office, "moved", StartTime=NOON + timedelta(hours=2), DesiredCapacity=3)
    office.cloud.step(HOUR)
    assert sizes(office) == (2, 2, 4)
    office.cloud.step(HOUR)
    assert sizes(office) == (2, 3, 4)


def test_an_action_of_a_deleted_group_fires_no_more(office: Scene) -> None:
    put(office, StartTime=NOON + timedelta(hours=1), DesiredCapacity=4)
    office.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    office.create_group(desired=1)
    office.cloud.step(2 * HOUR)
    assert sizes(office)[1] == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"MinSize": 3}, (3, 3, 4)),
        ({"MaxSize": 1, "MinSize": 0}, (0, 1, 1)),
        ({"DesiredCapacity": 9}, (2, 4, 4)),
        ({"MinSize": 5}, (2, 2, 4)),
    ],
    ids=["lifted", "lowered", "bounded", "impossible"],
)
def test_a_capacity_stays_within_the_bounds(office: Scene, given: dict[str, Any], expected: Any) -> None:
    put(office, StartTime=NOON + timedelta(hours=1), **given)
    office.cloud.step(HOUR)
    assert sizes(office) == expected


def test_a_month_of_nights_is_no_work(office: Scene) -> None:
    put(office, **NIGHTLY, **ASLEEP)
    before = time.process_time()
    office.cloud.step(30 * DAY)
    assert time.process_time() - before < 2
    assert sizes(office) == (0, 0, 0)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"Recurrence": "0 20 * *", "MinSize": 0}, "recurrence string: 0 20 * * is invalid"),
        ({"Recurrence": "0 25 * * *", "MinSize": 0}, "recurrence string: 0 25 * * * is invalid"),
        ({"Recurrence": "0 0 20 * * *", "MinSize": 0}, "recurrence string: 0 0 20 * * * is invalid"),
        ({"Recurrence": "0 20 * * *", "MinSize": 0, "TimeZone": "Europe/Bern"}, "time zone is invalid: Euro"),
        ({"StartTime": NOON - timedelta(hours=1), "MinSize": 0}, "start time is in the past"),
        (
            {"Recurrence": "0 20 * * *", "StartTime": NOON + timedelta(2), "EndTime": NOON + timedelta(1),
             "MinSize": 0},
            "is not after the start",
        ),
        ({"Recurrence": "0 20 * * *"}, "At least one of MinSize, MaxSize and DesiredCapacity"),
        ({"MinSize": 0}, "Either the start time or the recurrence"),
    ],
)  # fmt: skip
def test_an_action_that_cannot_be_is_refused_and_the_one_before_it_stays(
    office: Scene, given: dict[str, Any], why: str
) -> None:
    put(office, StartTime=NOON + timedelta(hours=1), DesiredCapacity=3)
    with pytest.raises(ClientError, match="ValidationError") as error:
        put(office, **given)
    assert (why in str(error.value), names(office)) == (True, ["sleep"])
    office.cloud.step(HOUR)
    assert sizes(office) == (2, 3, 4)
