"""The emulated Lambda: functions that run, their policies, and what is refused."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.functions import archive, function, role

ECHO = "def handler(event, context):\n    return {'event': event, 'name': context.function_name}\n"


def call(cloud: Local, event: Any = None, **more: Any) -> tuple[str | None, Any]:
    answer = cloud.client("lambda").invoke(FunctionName="rotate", Payload=json.dumps(event or {}), **more)
    return answer.get("FunctionError"), json.loads(answer["Payload"].read() or "null")


def test_a_function_answers_with_what_its_handler_returns(cloud: Local) -> None:
    function(cloud, ECHO)
    assert call(cloud, {"a": 1}) == (None, {"event": {"a": 1}, "name": "rotate"})


def test_a_function_sees_the_emulated_cloud_and_its_own_settings_and_nothing_else(cloud: Local) -> None:
    os.environ["NOT_FOR_FUNCTIONS"] = "x"
    text = (
        "import os, boto3\n"
        "def handler(event, context):\n"
        "    account = boto3.client('sts').get_caller_identity()['Account']\n"
        "    outside = os.environ.get('NOT_FOR_FUNCTIONS')\n"
        "    return [account, os.environ['A'], outside, os.environ['AWS_REGION']]\n"
    )
    function(cloud, text, Environment={"Variables": {"A": "b"}})
    try:
        assert call(cloud) == (None, ["123456789012", "b", None, "eu-central-1"])
    finally:
        del os.environ["NOT_FOR_FUNCTIONS"]


def test_what_a_handler_raises_is_the_answer_and_is_logged(cloud: Local) -> None:
    function(
        cloud, "def handler(event, context):\n    print('before')\n    raise ValueError('no such key')\n"
    )
    error, answer = call(cloud)
    assert error == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "no such key")
    logs = cloud.client("logs")
    [stream] = logs.describe_log_streams(logGroupName="/aws/lambda/rotate")["logStreams"]
    events = logs.get_log_events(logGroupName="/aws/lambda/rotate", logStreamName=stream["logStreamName"])
    lines = [each["message"] for each in events["events"]]
    assert lines[:2] == ["before", "[ERROR] ValueError: no such key"]


def test_calls_and_errors_of_a_function_are_counted(cloud: Local) -> None:
    function(cloud, "def handler(event, context):\n    return 1 / event['by']\n")
    for by in (0, 1, 0):
        call(cloud, {"by": by})
    cloud.step(60)
    now = cloud.world.clock.date(cloud.world.timeline.now)
    sums = {}
    for name in ("Invocations", "Errors"):
        found = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda", MetricName=name, Period=60, Statistics=["Sum"],
            Dimensions=[{"Name": "FunctionName", "Value": "rotate"}],
            StartTime=now - timedelta(hours=1), EndTime=now,
        )  # fmt: skip
        sums[name] = sum(each["Sum"] for each in found["Datapoints"])
    assert sums == {"Invocations": 3, "Errors": 2}


def test_a_function_that_takes_too_long_is_ended(cloud: Local) -> None:
    function(cloud, "def handler(event, context):\n    while True:\n        pass\n", Timeout=1)
    error, answer = call(cloud)
    assert error == "Unhandled" and answer["errorType"] == "Sandbox.Timedout"
    assert "timed out after 1.00 seconds" in answer["errorMessage"]


def test_a_function_that_ends_its_process_is_an_error(cloud: Local) -> None:
    function(cloud, "import os\ndef handler(event, context):\n    os._exit(1)\n")
    assert call(cloud)[1]["errorType"] == "Runtime.ExitError"


def test_a_function_waits_in_the_time_of_the_emulated_cloud(cloud: Local) -> None:
    cloud.world.clock.speed = 10_000
    text = "import time\ndef handler(event, context):\n    time.sleep(300)\n    return 'done'\n"
    function(cloud, text, Timeout=5)
    assert call(cloud) == (None, "done")


def test_new_code_and_new_settings_count_from_the_next_call_on(cloud: Local) -> None:
    function(cloud, ECHO)
    client = cloud.client("lambda")
    before = client.get_function(FunctionName="rotate")["Configuration"]["CodeSha256"]
    after = client.update_function_code(
        FunctionName="rotate", ZipFile=archive("import os\ndef handler(e, c):\n    return os.environ['B']\n")
    )
    client.update_function_configuration(FunctionName="rotate", Environment={"Variables": {"B": "c"}})
    assert after["CodeSha256"] != before
    assert call(cloud) == (None, "c")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"Role": "arn:aws:iam::123456789012:role/nobody"}, "cannot be assumed by Lambda"),
        ({"Timeout": 901}, "Timeout must be from 1 to 900, not 901"),
        ({"Code": {"ZipFile": b"nothing"}}, "Could not unzip uploaded file"),
    ],
)
def test_a_function_that_lambda_refuses(settings: dict[str, Any], why: str, cloud: Local) -> None:
    given = {"FunctionName": "f", "Runtime": "python3.12", "Handler": "function.handler", "Role": role(cloud),
             "Code": {"ZipFile": archive(ECHO)}, **settings}  # fmt: skip
    with pytest.raises(ClientError, match=f"InvalidParameterValueException.*{why}"):
        cloud.client("lambda").create_function(**given)


def test_a_function_of_another_runtime_is_there_but_does_not_run(cloud: Local) -> None:
    function(cloud, ECHO, Runtime="nodejs22.x")
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*nodejs22\.x"):
        call(cloud)


def test_a_statement_is_there_once_and_goes_alone(cloud: Local) -> None:
    arn = function(cloud, ECHO)
    client = cloud.client("lambda")
    statement = json.loads(client.get_policy(FunctionName=arn)["Policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "secretsmanager.amazonaws.com"}
    with pytest.raises(ClientError, match="ResourceConflictException"):
        client.add_permission(FunctionName=arn, StatementId="secrets", Action="lambda:InvokeFunction",
                              Principal="events.amazonaws.com")  # fmt: skip
    client.remove_permission(FunctionName=arn, StatementId="secrets")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_policy(FunctionName=arn)


def test_a_function_called_by_an_event_is_not_waited_for(cloud: Local) -> None:
    function(cloud, ECHO)
    answer = cloud.client("lambda").invoke(FunctionName="rotate", InvocationType="Event")
    assert answer["StatusCode"] == 202
