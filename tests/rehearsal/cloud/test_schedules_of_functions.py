"""Schedules that call functions in the emulated cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from rehearsal.cloud.scheduler import targets
from tests.rehearsal.cloud import functions

TELLS = "def handler(event, context):\n    print('told ' + event['time'] + ' ' + event['from'])\n"
FAILS = "def handler(event, context):\n    raise ValueError('no')\n"
TRUST = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
INPUT = '{"time": "<aws.scheduler.scheduled-time>", "from": "<aws.scheduler.schedule-arn>"}'
HOUR = 3600


def _role(cloud: Local, resource: str) -> str:
    iam = cloud.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    arn = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    statement = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": resource}
    iam.put_role_policy(
        RoleName="caller",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return str(arn)


def _schedule(cloud: Local, function: str, role: str, given: str = INPUT) -> str:
    policy = {"MaximumEventAgeInSeconds": HOUR, "MaximumRetryAttempts": 0}
    made = cloud.client("scheduler").create_schedule(
        Name="hourly",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": function, "RoleArn": role, "Input": given, "RetryPolicy": policy},
    )
    return str(made["ScheduleArn"])


def _log(cloud: Local) -> list[str]:
    logs = cloud.client("logs")
    name = "/aws/lambda/rotate"
    streams = logs.describe_log_streams(logGroupName=name)["logStreams"]
    found = [logs.get_log_events(logGroupName=name, logStreamName=each["logStreamName"]) for each in streams]
    return [event["message"] for each in found for event in each["events"]]


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _idle() -> None:
    _until(lambda: not targets._at_work)


def test_a_function_is_told_the_hour_of_its_call(cloud: Local) -> None:
    function = functions.function(cloud, TELLS)
    arn = _schedule(cloud, function, _role(cloud, function))
    cloud.step(HOUR)
    _idle()
    hour = cloud.world.clock.date(HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [line for line in _log(cloud) if line.startswith("told")] == [f"told {hour} {arn}"]


def test_where_the_clock_leaps_over_many_hours_one_call_stands_for_all(cloud: Local) -> None:
    function = functions.function(cloud, TELLS)
    _schedule(cloud, function, _role(cloud, function))
    cloud.step(24 * HOUR)
    _idle()
    assert len([line for line in _log(cloud) if line.startswith("told")]) == 1
    cloud.step(HOUR)
    _idle()
    assert len([line for line in _log(cloud) if line.startswith("told")]) == 2


def test_a_function_that_fails_is_counted(cloud: Local) -> None:
    function = functions.function(cloud, FAILS)
    _schedule(cloud, function, _role(cloud, function))
    cloud.step(HOUR)
    _idle()
    assert _sum(cloud, "AWS/Lambda", "Errors", "FunctionName", "rotate") == 1
    assert _sum(cloud, "AWS/Scheduler", "TargetErrorCount", "ScheduleGroup", "default") == 0


@pytest.mark.parametrize(
    ("given", "resource"), [(INPUT, "arn:aws:lambda:eu-central-1:123456789012:function:other"), ("no", "*")]
)
def test_a_call_that_cannot_be_made_is_an_error_of_the_schedule(
    cloud: Local, given: str, resource: str
) -> None:
    """The role may not, or the input is no JSON."""
    function = functions.function(cloud, TELLS)
    _schedule(cloud, function, _role(cloud, resource), given)
    cloud.step(HOUR)
    assert not targets._at_work
    assert _sum(cloud, "AWS/Scheduler", "TargetErrorCount", "ScheduleGroup", "default") == 1


def test_a_schedule_of_something_else_is_refused(cloud: Local) -> None:
    with pytest.raises(ClientError, match="a schedule that calls 'arn:aws:sqs:"):
        _schedule(cloud, "arn:aws:sqs:eu-central-1:123456789012:queue", _role(cloud, "*"))


def _sum(cloud: Local, namespace: str, name: str, dimension: str, value: str) -> float:
    cloud.step(120)
    end = cloud.world.clock.date(cloud.world.timeline.now)
    found: dict[str, Any] = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace, MetricName=name, Period=60, Statistics=["Sum"],
        Dimensions=[{"Name": dimension, "Value": value}],
        StartTime=cloud.world.clock.date(0), EndTime=end,
    )  # fmt: skip
    return float(sum(each["Sum"] for each in found["Datapoints"]))
