from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.database_sleep import DatabaseSleep, DatabaseSleepArgs, expression
from components.group_scaling import Day, SleepSchedule
from tests.components.recorder import ACCOUNT, REGION, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

VPC = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts-topic"
INSTANCE = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:main-1"
NIGHTS = SleepSchedule(time_zone="Europe/Berlin", from_time="20:00", until_time="07:00")
GROUP = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/sleep-schedules"


def given(**changed: Any) -> dict[str, Any]:
    return {
        "owner_arn": VPC,
        "databases": {"main": "main-1"},
        "schedule": NIGHTS,
        "alert_topic_arn": TOPIC,
        "tags": {"owner": "platform"},
        **changed,
    }


def asleep(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        DatabaseSleep("sleep", DatabaseSleepArgs(**given(**changed)))
        return {}

    return build(program)


def schedule(verb: str, expression: str) -> dict[str, Any]:
    return {
        "groupName": "sleep-schedules",
        "description": f"{verb.capitalize()} the database main",
        "scheduleExpression": expression,
        "scheduleExpressionTimezone": "Europe/Berlin",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {
            "arn": f"arn:aws:scheduler:::aws-sdk:rds:{verb}DBInstance",
            "roleArn": "arn:role/sleep",
            "input": '{"DbInstanceIdentifier": "main-1"}',
            "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 185},
        },
    }


def test_it_stops_after_the_servers_and_starts_before_them(build: Build) -> None:
    built = asleep(build)
    assert built.inputs("Schedule") == {
        "Schedule main-stop": schedule("stop", "cron(30 20 ? * MON,TUE,WED,THU,FRI *)"),
        "Schedule main-start": schedule("start", "cron(30 6 ? * MON,TUE,WED,THU,FRI *)"),
    }
    assert built.types()["Schedule main-stop"] == "aws:scheduler/schedule:Schedule"
    assert built.inputs("ScheduleGroup") == {
        "ScheduleGroup sleep": {"namePrefix": "sleep-", "tags": {"owner": "platform", "Name": "sleep"}}
    }


def test_the_schedules_may_stop_and_start_these_databases_and_nothing_else(build: Build) -> None:
    built = asleep(build, databases={"main": "main-1", "other": "other-1"})
    assert built.inputs("RolePolicy")["RolePolicy sleep"]["policy"]["Statement"] == [
        {
            "Sid": "StopAndStart",
            "Effect": "Allow",
            "Action": ["rds:StartDBInstance", "rds:StopDBInstance"],
            "Resource": [INSTANCE, INSTANCE.replace("main", "other")],
        }
    ]
    assert built.inputs("Role")["Role sleep"]["assumeRolePolicy"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": GROUP}},
        }
    ]
    assert built.after() == {
        f"Schedule {name}-{verb}": ["RolePolicy sleep"]
        for name in ("main", "other")
        for verb in ("stop", "start")
    }


def test_a_database_that_does_not_stop_or_start_is_told_of(build: Build) -> None:
    alarm = asleep(build).inputs("MetricAlarm")["MetricAlarm sleep-failed"]
    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/Scheduler", "TargetErrorCount")
    assert alarm["dimensions"] == {"ScheduleGroup": "sleep-schedules"}
    assert (alarm["statistic"], alarm["threshold"]) == ("Sum", 0)
    assert alarm["comparisonOperator"] == "GreaterThanThreshold"
    assert alarm["treatMissingData"] == "notBreaching"
    assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]


def test_all_are_children_of_the_component(build: Build) -> None:
    built = asleep(build)
    assert built.types()["the DatabaseSleep sleep"] == "immutable:databasesleep:DatabaseSleep"
    assert {parent for key, parent in built.parents().items() if not key.startswith("the ")} == {
        "the DatabaseSleep sleep"
    }


@pytest.mark.parametrize(
    ("time", "shift", "days", "expected"),
    [
        ("23:45", 30, ("fri",), "cron(15 0 ? * SAT *)"),
        ("23:45", 30, ("sun",), "cron(15 0 ? * MON *)"),
        ("00:15", -30, ("mon",), "cron(45 23 ? * SUN *)"),
        ("00:15", -30, ("mon", "tue"), "cron(45 23 ? * MON,SUN *)"),
        ("09:00", 0, ("sun", "mon"), "cron(0 9 ? * MON,SUN *)"),
    ],
)
def test_what_is_moved_past_midnight_happens_on_the_neighbouring_day(
    time: str, shift: int, days: tuple[Day, ...], expected: str
) -> None:
    nights = SleepSchedule(time_zone="UTC", from_time="20:00", until_time="07:00", days=days)
    assert expression(nights, time, shift) == expected


def test_hours_that_are_too_few_are_refused() -> None:
    short = SleepSchedule(time_zone="UTC", from_time="12:00", until_time="13:00")
    says = "from 12:00 until 13:00 are 60 minutes, and a database takes more than 60"
    with pytest.raises(ValidationError, match=says):
        DatabaseSleepArgs(**given(schedule=short))
    enough = SleepSchedule(time_zone="UTC", from_time="23:30", until_time="00:31")
    assert DatabaseSleepArgs(**given(schedule=enough)).schedule == enough


def test_a_sleep_of_no_databases_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        DatabaseSleepArgs(**given(databases={}))
