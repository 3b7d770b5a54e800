"""Session keys as resources; what the function among them does is in `tests/functions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_aws import ec2
from pydantic import ValidationError

from components.session_keys import SessionKeys, SessionKeysArgs
from functions import session_keys
from tests.components.recorder import ACCOUNT, REGION, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

ROOT = Path(__file__).parents[2]
GIVEN: dict[str, Any] = {
    "owner_arn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1",
    "alert_topic_arn": "arn:topic",
    "tags": {"owner": "platform"},
}
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret/sessions"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/sessions"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:sessions-log"
TAGS = {"owner": "platform", "Name": "sessions"}


def made(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        keys = SessionKeys("sessions", SessionKeysArgs(**{**GIVEN, **changed}))
        return {"arn": keys.reference.arn, "key": keys.reference.key_arn}

    return build(program)


def test_a_secret_encrypted_with_a_key_of_its_own_renews_itself(build: Build) -> None:
    built = made(build)
    inputs = built.inputs()
    assert inputs["Secret sessions"] == {
        "namePrefix": "sessions-",
        "description": "Keys of session cookies, made and renewed by a function",
        "kmsKeyId": KEY,
        "recoveryWindowInDays": 30,
        "tags": TAGS,
    }
    assert inputs["SecretRotation sessions"] == {
        "secretId": SECRET,
        "rotationLambdaArn": "arn:function/sessions",
        "rotationRules": {"automaticallyAfterDays": 60},
        "rotateImmediately": True,
    }
    assert built.outputs == {"arn": SECRET, "key": KEY}


def test_who_is_told_of_the_keys_comes_after_they_were_asked_for(build: Build) -> None:
    def program() -> Mapping[str, Any]:
        keys = SessionKeys("sessions", SessionKeysArgs(**GIVEN))
        return {"id": ec2.SecurityGroup("reader", description=keys.reference.arn).id}

    assert "SecretRotation sessions" in build(program).resources["SecurityGroup reader"].uses


def test_no_value_passes_through_the_program(build: Build) -> None:
    assert not made(build).inputs("SecretVersion")


def test_its_key_is_for_the_account_to_give_and_turns_over(build: Build) -> None:
    key = made(build).inputs()["Key sessions"]
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 30
    assert key["tags"] == TAGS
    assert key["policy"]["Statement"] == [
        {
            "Sid": "AdministerByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]


def test_the_function_is_one_file_and_has_nothing_else(build: Build) -> None:
    function = made(build).inputs()["Function sessions"]
    code = function.pop("code")
    assert isinstance(code, pulumi.AssetArchive)
    (module,) = code.assets
    asset = code.assets[module]
    assert isinstance(asset, pulumi.FileAsset)
    assert (module, asset.path) == ("session_keys.py", "functions/session_keys.py")
    assert (ROOT / asset.path).read_text() == Path(session_keys.__file__).read_text()
    assert function == {
        "description": "Rotates the session keys sessions",
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": "session_keys.handler",
        "role": "arn:role/sessions",
        "timeout": 30,
        "memorySize": 128,
        "loggingConfig": {"logFormat": "JSON", "logGroup": "sessions-log"},
        "tags": TAGS,
    }


def test_it_may_rotate_this_secret_and_write_its_log(build: Build) -> None:
    inputs = made(build).inputs()
    assert inputs["Role sessions"]["assumeRolePolicy"]["Statement"][0]["Principal"] == {
        "Service": "lambda.amazonaws.com"
    }
    assert inputs["RolePolicy sessions"]["policy"]["Statement"] == [
        {
            "Sid": "RotateSecret",
            "Effect": "Allow",
            "Action": [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            "Resource": SECRET,
        },
        {
            "Sid": "UseKey",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": KEY,
            "Condition": {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}},
        },
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": [LOGS, f"{LOGS}:*"],
        },
    ]


def test_secrets_manager_alone_calls_it_for_this_secret_and_not_before_it_can(build: Build) -> None:
    built = made(build)
    assert built.inputs()["Permission sessions"] == {
        "action": "lambda:InvokeFunction",
        "function": "sessions-function",
        "principal": "secretsmanager.amazonaws.com",
        "sourceAccount": ACCOUNT,
        "sourceArn": SECRET,
    }
    assert built.after()["SecretRotation sessions"] == ["Permission sessions", "RolePolicy sessions"]


def test_a_rotation_that_fails_is_told(build: Build) -> None:
    assert made(build).inputs()["MetricAlarm sessions-rotation"] == {
        "alarmDescription": "The session keys sessions could not be renewed; the present ones stay in use",
        "namespace": "AWS/Lambda",
        "metricName": "Errors",
        "dimensions": {"FunctionName": "sessions-function"},
        "statistic": "Sum",
        "period": 300,
        "evaluationPeriods": 1,
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0,
        "treatMissingData": "notBreaching",
        "alarmActions": ["arn:topic"],
        "okActions": ["arn:topic"],
        "tags": {"owner": "platform", "Name": "sessions-rotation"},
    }


def test_the_keys_outlive_the_stack_unless_they_are_told_not_to(build: Build) -> None:
    kept = {"retain_on_delete": True}
    assert made(build).options() == {"Key sessions": kept, "Secret sessions": kept}
    assert made(build, retain=False).options() == {}


def test_times_are_those_that_it_is_given(build: Build) -> None:
    inputs = made(build, rotation_days=14, recovery_window_days=7, log_retention_days=30).inputs()
    assert inputs["SecretRotation sessions"]["rotationRules"] == {"automaticallyAfterDays": 14}
    assert inputs["Secret sessions"]["recoveryWindowInDays"] == 7
    assert inputs["Key sessions"]["deletionWindowInDays"] == 7
    assert inputs["LogGroup sessions"] == {"retentionInDays": 30, "tags": TAGS}


@pytest.mark.parametrize(
    "changed", [{"rotation_days": 0}, {"rotation_days": 1001}, {"recovery_window_days": 6}]
)
def test_times_that_aws_does_not_take_are_refused(changed: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="should be"):
        SessionKeysArgs(**{**GIVEN, **changed})


def test_all_of_it_is_its_own(build: Build) -> None:
    built = made(build)
    parents = built.parents()
    assert parents.pop("the SessionKeys sessions") == "Stack"
    assert set(parents.values()) == {"the SessionKeys sessions"}
    assert built.types()["the SessionKeys sessions"] == "immutable:sessionkeys:SessionKeys"
