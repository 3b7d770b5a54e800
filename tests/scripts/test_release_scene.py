"""What surrounds a refresh: its stage, the alarms, servers held by hooks, and servers asleep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import alarms, aws, progress
from scripts.releases.aws import AwsError
from tests.rehearsal.cloud.scene import BOOT, GOOD, WARM
from tests.scripts.live_environment import LiveEnvironment, live_environment
from tests.scripts.release_project import service

BATCH = BOOT + WARM
STOPS = {"CheckpointPercentages": [25, 100], "CheckpointDelay": 600, "BakeTime": 300, "AutoRollback": True}


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveEnvironment]:
    with live_environment(tmp_path, monkeypatch) as made:
        yield made


def status(live: LiveEnvironment) -> str:
    done = live.run("status", "staging", "--live")
    assert (done.code, done.error) == (0, "")
    return done.out


def group(live: LiveEnvironment) -> Any:
    (one,) = live.json("status", "staging", "--live")["groups"]
    return one


def test_a_pause_at_a_checkpoint_is_shown_with_the_time_that_is_left(live: LiveEnvironment) -> None:
    live.settled(desired=4)
    live.scene.start(2, **STOPS)
    live.scene.cloud.step(5 + BATCH - 2)
    assert group(live)["stage"]["kind"] == "replacing"
    live.scene.cloud.step(62)
    stage = group(live)["stage"]
    assert (stage["kind"], stage["percent"]) == ("checkpoint", 25)
    assert stage["leftSeconds"] == pytest.approx(540, abs=2)
    assert "InProgress, 25%, 3 left (to version 2), pauses at 25%, " in status(live)
    assert " left: Waiting 600 seconds at the checkpoint of 25 percent." in status(live)
    live.scene.cloud.step(538)
    assert group(live)["stage"]["kind"] == "checkpoint"
    live.scene.cloud.step(5)
    assert group(live)["stage"]["kind"] == "replacing"


def test_a_checkpoint_that_is_behind_is_not_shown_between_later_batches(live: LiveEnvironment) -> None:
    live.settled(desired=4)
    live.scene.start(2, **STOPS)
    live.scene.cloud.step(5 + BATCH + 600 + 5)
    for _ in range(12):
        live.scene.cloud.step(20)
        assert group(live)["stage"]["kind"] == "replacing"


def test_bake_time_is_shown_with_the_time_that_is_left(live: LiveEnvironment) -> None:
    live.settled(desired=2)
    live.scene.start(2, BakeTime=300)
    live.scene.until(lambda: live.scene.refresh()["Status"] == "Baking", step=1)
    live.scene.cloud.step(60)
    assert group(live)["stage"]["leftSeconds"] == pytest.approx(240, abs=2)
    assert "Baking, 100%, 0 left (to version 2), bakes, " in status(live)


def test_a_rollback_says_since_when_and_why(live: LiveEnvironment) -> None:
    live.settled(desired=2)
    live.alarm("web-errors")
    live.scene.start(2, AutoRollback=True, AlarmSpecification={"Alarms": ["web-errors"]})
    live.scene.cloud.step(150)
    live.alarm("web-errors", "ALARM")
    live.scene.until(lambda: live.scene.refresh()["Status"] == "RollbackInProgress")
    shown = group(live)
    assert shown["stage"]["kind"] == "rollback"
    assert shown["stage"]["since"] == live.scene.refresh()["RollbackDetails"]["RollbackStartTime"].isoformat()
    out = status(live)
    assert ", goes back since " in out
    assert "CloudWatch alarms in ALARM state: web-errors" in out
    assert "web: alarm web-errors is ALARM for " in out


def test_watch_tells_of_stops_and_alarms_when_they_change_and_only_then(
    live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.settled(desired=2)
    live.alarm("web-errors")
    live.scene.start(
        2, **{**STOPS, "CheckpointPercentages": [50, 100]}, AlarmSpecification={"Alarms": ["web-errors"]}
    )
    live.scene.cloud.step(5)
    lines = live.run("watch", "staging").out.splitlines()
    said = [line.split("version 2)")[1] for line in lines if "version 2)" in line]
    pauses = [line for line in said if "pauses" in line]
    assert len(pauses) == 1, "the hour at which it is over, not the seconds that are left"
    assert pauses[0].startswith(", pauses at 50% until ")
    assert len([line for line in said if line.startswith(", bakes until ")]) == 1
    assert not any("alarm" in line for line in lines), "an alarm that is OK all the while is no news"


def test_watch_tells_of_an_alarm_that_rings_and_of_the_way_back(live: LiveEnvironment) -> None:
    live.settled(desired=2)
    live.alarm("web-errors")
    live.scene.start(2, AutoRollback=True, AlarmSpecification={"Alarms": ["web-errors"]})
    live.scene.cloud.step(150)
    live.alarm("web-errors", "ALARM")
    done = live.run("watch", "staging")
    assert done.code == 1
    lines = done.out.splitlines()
    (rang,) = [line for line in lines if line.startswith("web: alarm ")]
    assert rang.startswith("web: alarm web-errors is ALARM since ")
    assert rang.endswith(": Set by a test.")
    assert any("goes back since" in line and "web-errors" in line for line in lines)


def test_watch_goes_on_though_alarms_may_not_be_read(
    live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> Any:
        raise AwsError("AWS refused DescribeAlarms: AccessDenied: no", "AccessDenied")

    monkeypatch.setattr(alarms, "read", refused)
    live.settled(desired=2)
    live.scene.start(2)
    done = live.run("watch", "staging")
    assert (done.code, done.error) == (0, "")
    assert done.out.count("web: AWS refused DescribeAlarms: AccessDenied: no\n") == 1


def test_a_throttled_look_at_the_alarms_is_no_news(
    live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(*_: Any) -> Any:
        raise AwsError("AWS refused DescribeAlarms: Throttling: Rate exceeded", "Throttling")

    monkeypatch.setattr(alarms, "read", throttled)
    live.settled(desired=2)
    live.scene.start(2)
    assert "Throttling" not in live.run("watch", "staging").out


def test_every_alarm_of_a_service_is_shown_with_its_state_and_since_when(live: LiveEnvironment) -> None:
    live.settled()
    made = {"errors": "web-errors", "latency": "web-latency"}
    exported = {"alarms": ["web-errors", "web-latency", "queue-too-long"]}
    up = {**service(GOOD), "group": "web", "alarms": made, "refreshPreferences": exported}
    live.project.state("staging", {"web": up})
    live.alarm("web-errors")
    live.alarm("queue-too-long", "INSUFFICIENT_DATA")
    live.scene.cloud.client("cloudwatch").disable_alarm_actions(AlarmNames=["web-errors"])
    live.scene.cloud.step(605)
    lines = [line for line in status(live).splitlines() if "alarm" in line]
    assert lines == [
        "web: alarm web-errors is OK for 10 min, its actions are disabled",
        "web: alarm web-latency does not exist",
        "web: alarm queue-too-long is INSUFFICIENT_DATA for 10 min: Set by a test.",
    ]
    shown = group(live)["alarms"]
    assert [(each["name"], each["state"]) for each in shown] == [
        ("web-errors", "OK"), ("web-latency", None), ("queue-too-long", "INSUFFICIENT_DATA"),
    ]  # fmt: skip
    assert shown[0]["actionsEnabled"] is False


def test_servers_that_hooks_hold_say_what_they_do(live: LiveEnvironment) -> None:
    live.settled(desired=2)
    live.hook("launch", 600)
    live.hook("termination", 300)
    live.scene.start(2)
    live.scene.until(lambda: "Pending:Wait" in live.scene.states(), step=1)
    assert "validating (Pending:Wait)" in status(live)
    live.scene.until(lambda: "Terminating:Wait" in live.scene.states(), step=1)
    assert "flushing (Terminating:Wait)" in status(live)


def sleeps(live: LiveEnvironment) -> None:
    live.settled(desired=2, MinSize=0)
    client = live.scene.autoscaling
    client.put_scheduled_update_group_action(
        AutoScalingGroupName="web", ScheduledActionName="sleep", Recurrence="0 20 * * *", MinSize=0,
        DesiredCapacity=0,
    )  # fmt: skip
    client.put_scheduled_update_group_action(
        AutoScalingGroupName="web", ScheduledActionName="wake", Recurrence="0 7 * * *", MinSize=2,
        DesiredCapacity=2, TimeZone="Europe/Berlin",
    )  # fmt: skip
    client.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    live.scene.cloud.step(60)


def test_a_service_that_sleeps_says_what_wakes_it(live: LiveEnvironment) -> None:
    sleeps(live)
    assert "web: asleep (desired capacity 0); wake wakes it " in status(live)
    assert group(live)["asleep"] is True


def test_a_group_without_servers_that_nothing_wakes_is_not_called_asleep(live: LiveEnvironment) -> None:
    live.settled(desired=0)
    assert "web: desired capacity 0, and no scheduled action wakes it" in status(live)
    assert (group(live)["asleep"], group(live)["wakesAt"]) == (False, None)


def test_ages_are_told_by_the_clock_of_aws(live: LiveEnvironment) -> None:
    live.settled()
    live.scene.cloud.step(5 * 3600)
    rows = [line for line in status(live).splitlines() if GOOD in line][:2]
    assert all(row.endswith("5 h") for row in rows)


def test_before_any_answer_and_without_a_date_the_machines_clock_counts() -> None:
    account = aws.Account("eu-central-1")
    account._note_date(http_response=type("Answer", (), {"headers": {"date": "soon"}})())
    assert abs(account.now() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7500, "2 h 5 min")],
)
def test_what_is_left_is_spelled_with_two_units(seconds: float, text: str) -> None:
    assert progress.spell(seconds) == text
