from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.auto_scaling_group import AutoScalingGroupArgs
from components.group_scaling import SleepSchedule
from tests.components.groups import GIVEN, Build, group


def test_capacity_follows_the_cpu(build: Build) -> None:
    assert group(build, cpu_target_percent=45).inputs("Policy") == {
        "Policy web": {
            "autoscalingGroupName": "web-group",
            "policyType": "TargetTrackingScaling",
            "targetTrackingConfiguration": {
                "predefinedMetricSpecification": {"predefinedMetricType": "ASGAverageCPUUtilization"},
                "targetValue": 45,
                "disableScaleIn": False,
            },
        }
    }
    assert AutoScalingGroupArgs(**GIVEN).cpu_target_percent == 60


def test_capacity_follows_the_requests_as_well_when_it_is_told_to(build: Build) -> None:
    built = group(build, requests_per_target=600, request_label="app/lb/1/targetgroup/web/2")
    assert set(built.inputs("Policy")) == {"Policy web", "Policy web-requests"}
    assert built.inputs()["Policy web-requests"] == {
        "autoscalingGroupName": "web-group",
        "policyType": "TargetTrackingScaling",
        "targetTrackingConfiguration": {
            "predefinedMetricSpecification": {
                "predefinedMetricType": "ALBRequestCountPerTarget",
                "resourceLabel": "app/lb/1/targetgroup/web/2",
            },
            "targetValue": 600,
            "disableScaleIn": False,
        },
    }
    assert built.parents()["Policy web-requests"] == "the AutoScalingGroup web"


NIGHTS = SleepSchedule(time_zone="Europe/Berlin", from_time="20:00", until_time="07:05")


def test_a_fleet_that_sleeps_has_no_servers_at_night_and_its_least_in_the_morning(build: Build) -> None:
    common = {"autoscalingGroupName": "web-group", "timeZone": "Europe/Berlin", "maxSize": 6}
    built = group(build, sleep=NIGHTS)
    assert built.inputs("Schedule") == {
        "Schedule web-sleep": {
            **common,
            "scheduledActionName": "sleep",
            "recurrence": "0 20 * * MON,TUE,WED,THU,FRI",
            "minSize": 0,
            "desiredCapacity": 0,
        },
        "Schedule web-wake": {
            **common,
            "scheduledActionName": "wake",
            "recurrence": "5 7 * * MON,TUE,WED,THU,FRI",
            "minSize": 2,
            "desiredCapacity": 2,
        },
    }
    assert built.parents()["Schedule web-sleep"] == "the AutoScalingGroup web"
    assert built.parents()["Schedule web-wake"] == "the AutoScalingGroup web"
    # What the schedule sets is the schedule's: an update at night that finds no change wakes nobody.
    assert built.inputs()["Group web"]["minSize"] == 2


def test_days_of_sleep_are_told_from_monday_on() -> None:
    days = SleepSchedule(time_zone="UTC", from_time="00:30", until_time="12:00", days=("sun", "mon"))
    assert (days.recurrence("00:30"), days.recurrence("12:00")) == ("30 0 * * MON,SUN", "0 12 * * MON,SUN")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"until_time": "20:00"}, "from 20:00 until 20:00 is no time at all: change one"),
        ({"days": ("mon", "mon")}, "mon is named twice: name each day once"),
        ({"days": ()}, "at least 1 item"),
        ({"days": ("monday",)}, "Input should be 'mon'"),
        ({"from_time": "24:00"}, "should match pattern"),
        ({"until_time": "7:00"}, "should match pattern"),
        ({"time_zone": ""}, "at least 1 character"),
    ],
)
def test_hours_that_are_none_are_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SleepSchedule(**{**dict(NIGHTS), **changed})
