"""Schedules that stop and start a database of the emulated RDS."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.cron import next_after
from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.databases import Databases

TRUST = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
STOP = "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance"
START = "arn:aws:scheduler:::aws-sdk:rds:startDBInstance"


class Schedules:
    """A database, and a role that may stop and start it."""

    def __init__(self, cloud: Local) -> None:
        self.cloud, self.databases = cloud, Databases(cloud)
        self.client, iam = cloud.client("scheduler"), cloud.client("iam")
        self.databases.make()
        document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        self.role = iam.create_role(RoleName="sleep", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        statement = {"Effect": "Allow", "Action": ["rds:StopDBInstance", "rds:StartDBInstance"],
                     "Resource": "arn:aws:rds:eu-central-1:123456789012:db:main"}  # fmt: skip
        iam.put_role_policy(
            RoleName="sleep", PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )  # fmt: skip

    def now(self) -> datetime:
        return self.cloud.world.clock.date(self.cloud.world.timeline.now)

    def daily(self, hours: float) -> str:
        """Every day at the minute that is so far away now."""
        at = self.now() + timedelta(hours=hours)
        return f"cron({at.minute} {at.hour} * * ? *)"

    def make(self, expression: str, arn: str = STOP, name: str = "stop", **more: Any) -> None:
        settings = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 5}
        target = {"Arn": arn, "RoleArn": self.role, "Input": json.dumps({"DbInstanceIdentifier": "main"}),
                  "RetryPolicy": settings, **more}  # fmt: skip
        self.client.create_schedule(
            Name=name, ScheduleExpression=expression, FlexibleTimeWindow={"Mode": "OFF"}, Target=target
        )

    def counted(self, name: str) -> float:
        found = self.cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Scheduler", MetricName=name, Period=60, Statistics=["Sum"],
            Dimensions=[{"Name": "ScheduleGroup", "Value": "default"}],
            StartTime=self.now() - timedelta(days=1), EndTime=self.now(),
        )  # fmt: skip
        return float(sum(each["Sum"] for each in found["Datapoints"]))

    def step(self, hours: float) -> str:
        self.cloud.step(hours * 3600)
        return self.databases.status()


@pytest.fixture
def schedules(cloud: Local) -> Schedules:
    return Schedules(cloud)


def test_a_database_sleeps_and_wakes_by_its_schedules_day_after_day(schedules: Schedules) -> None:
    schedules.make(schedules.daily(2))
    schedules.make(schedules.daily(10), START, "start")
    assert schedules.step(1.5) == "available"
    for _ in range(2):
        assert schedules.step(3) == "stopped"
        assert schedules.step(9) == "available"
        assert schedules.step(12) == "available"


def test_a_schedule_that_is_deleted_or_off_does_nothing(schedules: Schedules) -> None:
    schedules.make(schedules.daily(2))
    schedules.client.delete_schedule(Name="stop", GroupName="default")
    assert schedules.step(26) == "available"
    schedules.make(schedules.daily(2))
    found = schedules.client.get_schedule(Name="stop")
    kept = {key: found[key] for key in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    schedules.client.update_schedule(Name="stop", State="DISABLED", **kept)
    assert schedules.step(26) == "available"


def test_a_schedule_that_was_changed_fires_at_its_new_time_only(schedules: Schedules) -> None:
    schedules.make(schedules.daily(2))
    found = schedules.client.get_schedule(Name="stop")
    kept = {key: found[key] for key in ("FlexibleTimeWindow", "Target")}
    schedules.client.update_schedule(Name="stop", ScheduleExpression=schedules.daily(5), **kept)
    assert schedules.step(4) == "available"
    assert schedules.step(2) == "stopped"


def test_a_change_that_is_refused_leaves_the_schedule_as_it_was(schedules: Schedules) -> None:
    schedules.make(schedules.daily(2))
    found = schedules.client.get_schedule(Name="stop")
    kept = {key: found[key] for key in ("FlexibleTimeWindow", "Target")}
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        schedules.client.update_schedule(Name="stop", ScheduleExpression="rate(soon)", **kept)
    again = schedules.client.get_schedule(Name="stop")["ScheduleExpression"]
    assert again == found["ScheduleExpression"] and schedules.step(3) == "stopped"


def test_a_call_that_is_refused_is_tried_again_for_as_long_as_it_may_be(schedules: Schedules) -> None:
    schedules.make(schedules.daily(1))
    schedules.cloud.step(3600 - 90)
    schedules.databases.modify(DBInstanceClass="db.t4g.large")
    assert schedules.step(0.5) == "stopped"


def test_a_role_that_may_not_call_leaves_the_database_as_it_is(schedules: Schedules) -> None:
    schedules.cloud.client("iam").delete_role_policy(RoleName="sleep", PolicyName="p")
    schedules.make(schedules.daily(1))
    assert schedules.step(2.5) == "available"
    # An hour of attempts: at once, and after one, three, seven, fifteen and thirty minutes.
    assert schedules.counted("TargetErrorCount") == 6
    assert schedules.counted("InvocationDroppedCount") == 1


@pytest.mark.parametrize(
    ("expression", "more", "why"),
    [
        ("cron(30 6 * * MON *)", {}, "ValidationException.*exactly one of day of month and day of week"),
        ("rate(soon)", {}, "ValidationException.*Invalid Schedule Expression"),
        (
            "rate(1 day)",
            {"RoleArn": "arn:aws:iam::123456789012:role/x"},
            "ValidationException.*assume the role",
        ),
        ("rate(1 day)", {"Arn": "arn:aws:sqs:eu-central-1:1:q"}, "UnsupportedOperation"),
    ],
)
def test_a_schedule_that_is_refused_is_not_there(
    expression: str, more: dict[str, str], why: str, schedules: Schedules
) -> None:
    with pytest.raises(ClientError, match=why):
        schedules.make(expression, **{"arn": more.pop("Arn", STOP), **more})
    assert schedules.client.list_schedules()["Schedules"] == []


def test_a_group_goes_with_its_schedules(schedules: Schedules) -> None:
    schedules.client.create_schedule_group(Name="sleep")
    target = {"Arn": STOP, "RoleArn": schedules.role, "Input": '{"DbInstanceIdentifier": "main"}'}
    settings = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, "GroupName": "sleep"}
    schedules.client.create_schedule(Name="stop", ScheduleExpression=schedules.daily(1), **settings)
    schedules.client.delete_schedule_group(Name="sleep")
    assert schedules.step(2) == "available"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        schedules.client.create_schedule(Name="stop", ScheduleExpression="rate(1 day)", **settings)


MONDAY = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("cron(30 6 ? * MON,TUE *)", "UTC", datetime(2026, 1, 6, 6, 30, tzinfo=UTC)),
        ("cron(30 6 ? * 2 *)", "UTC", datetime(2026, 1, 12, 6, 30, tzinfo=UTC)),
        ("cron(0 20 ? * MON-FRI *)", "Europe/Berlin", datetime(2026, 1, 5, 19, 0, tzinfo=UTC)),
        ("cron(0 0 1 * ? 2027)", "UTC", datetime(2027, 1, 1, tzinfo=UTC)),
        ("cron(0 0 1 JUL ? 2026-2030)", "UTC", datetime(2026, 7, 1, tzinfo=UTC)),
    ],
)
def test_a_cron_expression_of_six_fields_says_when(expression: str, zone: str, expected: datetime) -> None:
    assert next_after(expression, MONDAY, zone) == expected


@pytest.mark.parametrize(
    "expression",
    ["cron(30 6 ? * MON)", "30 6 * * MON", "cron(0 0 L * ? *)", "cron(0 0 ? * 2#1 *)", "cron(0 0 1 * ? 2020)",
     "cron(99 0 1 * ? *)"],
)  # fmt: skip
def test_what_is_no_cron_expression_of_aws_or_never_comes_is_an_error(expression: str) -> None:
    with pytest.raises(ValueError, match="cron"):
        next_after(expression, MONDAY, "UTC")
