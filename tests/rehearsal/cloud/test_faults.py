"""Faults of the emulated cloud, as boto3 sees them."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from rehearsal.cloud.local import CREDENTIALS, Local, _session
from tests.rehearsal.cloud.scene import Scene


def client(cloud: Local, service: str, **config: Any) -> Any:
    """One that asks once."""
    return _session().client(
        service,
        region_name=cloud.region,
        endpoint_url=cloud.url,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def call(cloud: Local, method: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{cloud.url}/rehearsal/faults", data=data, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("autoscaling", "DescribeAutoScalingGroups", "Throttling", 400),
        ("ec2", "DescribeInstances", "RequestLimitExceeded", 400),
        ("elbv2", "DescribeTargetGroups", "Throttling", 400),
        ("cloudwatch", "DescribeAlarms", "ThrottlingException", 400),
        ("logs", "DescribeLogGroups", "ServiceUnavailable", 503),
        ("sts", "GetCallerIdentity", "InternalFailure", 500),
    ],
)
def test_an_error_is_the_one_that_the_client_knows(
    cloud: Local, service: str, operation: str, code: str, status: int
) -> None:
    asked = client(cloud, service)
    method = getattr(asked, xform_name(operation))
    cloud.fault(operation, error=code)
    with pytest.raises(ClientError) as error:
        method()
    response = error.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert response["ResponseMetadata"]["RequestId"]
    cloud.clear_faults()
    method()


def test_boto3_repeats_what_was_throttled(cloud: Local) -> None:
    cloud.fault("DescribeAlarms", error="Throttling", times=1)
    answer = cloud.client("cloudwatch").describe_alarms()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_refused_request_did_nothing(scene: Scene) -> None:
    scene.settled()
    scene.cloud.fault("SetDesiredCapacity", error="Throttling")
    with pytest.raises(ClientError):
        client(scene.cloud, "autoscaling").set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=5)
    assert scene.group()["DesiredCapacity"] == 2


def hits(cloud: Local, requests: int) -> list[int]:
    """Which of so many requests failed."""
    asked, failed = client(cloud, "sts"), []
    for number in range(1, requests + 1):
        try:
            asked.get_caller_identity()
        except ClientError:
            failed.append(number)
    return failed


def test_a_fault_hits_as_often_as_it_says(cloud: Local) -> None:
    cloud.fault("GetCallerIdentity", error="Throttling", every=3, times=2)
    assert hits(cloud, 10) == [3, 6]
    (fault,) = call(cloud, "GET")[1]["faults"]
    assert fault == {
        "action": "GetCallerIdentity", "error": "Throttling", "every": 3, "times": 2, "seen": 10, "hits": 2,
    }  # fmt: skip


def test_other_operations_are_not_hit(cloud: Local) -> None:
    cloud.fault("GetCallerIdentity", error="Throttling")
    client(cloud, "autoscaling").describe_auto_scaling_groups()
    client(cloud, "s3").list_buckets()
    assert call(cloud, "GET")[1]["faults"][0]["seen"] == 0


def test_a_stale_read_is_the_answer_of_so_many_seconds_ago(scene: Scene) -> None:
    scene.settled()
    scene.cloud.fault("DescribeAutoScalingGroups", stale_seconds=30)
    assert scene.group()["DesiredCapacity"] == 2
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    scene.cloud.step(20)
    assert scene.group()["DesiredCapacity"] == 2
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=4)
    scene.cloud.step(29)
    assert scene.group()["DesiredCapacity"] == 2, "what was answered at 0 s, before 19 s"
    scene.cloud.step(1)
    assert scene.group()["DesiredCapacity"] == 3, "what was so at 20 s, if it was not told then"


def test_other_requests_have_stale_answers_of_their_own(scene: Scene) -> None:
    scene.settled()
    scene.cloud.fault("DescribeAutoScalingGroups", stale_seconds=30)
    assert scene.group()["DesiredCapacity"] == 2
    assert (
        scene.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["x"])["AutoScalingGroups"] == []
    )


@pytest.mark.parametrize(("when", "desired"), [("before", 2), ("after", 5)])
def test_a_dropped_connection_says_nothing_of_what_was_done(scene: Scene, when: str, desired: int) -> None:
    scene.settled()
    scene.cloud.fault("SetDesiredCapacity", drop=when, times=1)
    with pytest.raises(ConnectionClosedError):
        client(scene.cloud, "autoscaling").set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=5)
    assert scene.group()["DesiredCapacity"] == desired


def test_a_dropped_connection_is_tried_again_by_boto3(cloud: Local) -> None:
    cloud.fault("GetCallerIdentity", drop="before", times=1)
    assert cloud.client("sts").get_caller_identity()["Account"]


def test_a_delay_keeps_one_request_waiting_and_no_other(cloud: Local) -> None:
    cloud.fault("GetCallerIdentity", delay_seconds=0.5)
    with pytest.raises(ReadTimeoutError):
        client(cloud, "sts", read_timeout=0.1).get_caller_identity()
    before = time.monotonic()
    client(cloud, "autoscaling").describe_auto_scaling_groups()
    assert time.monotonic() - before < 0.4


def test_faults_are_put_there_and_cleared_over_http(cloud: Local) -> None:
    status, answer = call(cloud, "POST", {"action": "GetCallerIdentity", "error": "Throttling"})
    assert (status, answer["hits"]) == (200, 0)
    assert hits(cloud, 1) == [1]
    assert call(cloud, "DELETE") == (200, {"faults": []})
    assert hits(cloud, 1) == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": "Throttling"}, "the key 'action' is missing"),
        (
            {"action": "describe-alarms", "error": "Throttling"},
            "action 'describe-alarms' is not an operation",
        ),
        ({"action": "DescribeAlarms"}, "give one of error, stale_seconds and drop, or delay_seconds"),
        ({"action": "DescribeAlarms", "error": "X", "drop": "after"}, "give one of error, stale_seconds and"),
        ({"action": "DescribeAlarms", "drop": "soon"}, "drop 'soon' is not before or after"),
        ({"action": "DescribeAlarms", "error": "a b"}, "error 'a b' is not an error code"),
        ({"action": "DescribeAlarms", "error": "X", "times": 0}, "times 0 is not a whole number from 1 to"),
        ({"action": "DescribeAlarms", "error": "X", "every": 1.5}, "every 1.5 is not a whole number"),
        ({"action": "DescribeAlarms", "stale_seconds": -1}, "stale_seconds -1 is not a number from 0 to"),
        ({"action": "DescribeAlarms", "delay_seconds": 61}, "delay_seconds 61 is not a number from 0 to 60"),
        ({"action": "DescribeAlarms", "delay_seconds": True}, "delay_seconds True is not a number"),
        ({"action": "DescribeAlarms", "errors": "X"}, "unknown keys: errors"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_one_line(cloud: Local, body: Any, error: str) -> None:
    status, answer = call(cloud, "POST", body)
    assert (status, answer["error"][: len(error)]) == (400, error)
    assert call(cloud, "GET")[1] == {"faults": []}
