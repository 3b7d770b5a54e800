"""The cases of secrets and of what rotates them."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.assets import ARCHIVE, ASSET, SIGNATURE
from tests.rehearsal.provider.cases import TAGS, Case
from tests.rehearsal.provider.world import Made, World


def policy(action: str) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": f"secretsmanager:{action}", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _policy_now(world: World, made: Made) -> str:
    found = world.client("secretsmanager").get_resource_policy(SecretId=made.id)["ResourcePolicy"]
    return str(json.loads(found)["Statement"][0]["Action"])


def code(text: str) -> Properties:
    """An archive of one file, as the SDK hands it over."""
    return {SIGNATURE: ARCHIVE, "assets": {"function.py": {SIGNATURE: ASSET, "text": text}}}


def function(
    world: World, text: str = "def handler(event, context):\n    return event\n", **more: Any
) -> Properties:
    return {
        "runtime": "python3.12",
        "handler": "function.handler",
        "role": world.function_role.outputs["arn"],
        "architectures": ["arm64"],
        "code": code(text),
        "timeout": 30,
        "loggingConfig": {"logFormat": "Text", "logGroup": world.log_group.id},
        "environment": {"variables": {"a": "b"}},
        "tags": TAGS,
        **more,
    }


def _function_now(world: World, made: Made) -> tuple[int, dict[str, str], str]:
    found = world.client("lambda").get_function(FunctionName=made.id)["Configuration"]
    return found["Timeout"], found["Environment"]["Variables"], found["CodeSha256"]


FUNCTIONS = (
    Case(
        "aws:lambda/function:Function",
        function,
        change=lambda _: {
            "timeout": 60,
            "environment": {"variables": {"c": "d"}},
            "code": code("def handler(event, context):\n    return 1\n"),
        },
        seen=lambda w, made: _function_now(w, made) == (60, {"c": "d"}, made.outputs["codeSha256"]),
        expected=True,
        replace=lambda _: {"name": "other"},
    ),
    Case(
        "aws:lambda/permission:Permission",
        lambda w: {
            "action": "lambda:InvokeFunction",
            "function": w.function.id,
            "principal": "secretsmanager.amazonaws.com",
            "sourceAccount": "123456789012",
            "sourceArn": w.secret.id,
        },
        replace=lambda _: {"principal": "events.amazonaws.com"},
        import_id=lambda made: f"{made.inputs['function']}/{made.id}",
    ),
    Case(
        "aws:lambda/invocation:Invocation",
        lambda w: {"functionName": w.function.id, "input": '{"a": 1}'},
        replace=lambda _: {"input": '{"a": 2}'},
        stays=True,
    ),
)

SECRETS = (
    Case(
        "aws:secretsmanager/secret:Secret",
        lambda w: {
            "namePrefix": "main-",
            "description": "d",
            "kmsKeyId": w.key.outputs["arn"],
            "policy": policy("DeleteSecret"),
            "recoveryWindowInDays": 7,
            "tags": TAGS,
        },
        change=lambda _: {"description": "e", "policy": policy("PutSecretValue")},
        seen=lambda w, made: (
            w.client("secretsmanager").describe_secret(SecretId=made.id)["Description"],
            _policy_now(w, made),
        ),
        expected=("e", "secretsmanager:PutSecretValue"),
        replace=lambda _: {"namePrefix": "other-"},
    ),
    Case(
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        lambda w: {"secretArn": w.secret.id, "policy": policy("DeleteSecret")},
        change=lambda _: {"policy": policy("PutSecretValue")},
        seen=_policy_now,
        expected="secretsmanager:PutSecretValue",
        replace=lambda _: {"secretArn": "arn:other"},
    ),
    Case(
        "aws:secretsmanager/secretRotation:SecretRotation",
        lambda w: {
            "secretId": w.secret.id,
            "rotationLambdaArn": w.rotator.outputs["arn"],
            "rotationRules": {"automaticallyAfterDays": 30},
            "rotateImmediately": False,
        },
        change=lambda _: {"rotationRules": {"automaticallyAfterDays": 60}},
        seen=lambda w, made: w.client("secretsmanager").describe_secret(SecretId=made.id)["RotationRules"],
        expected={"AutomaticallyAfterDays": 60},
        replace=lambda _: {"secretId": "other"},
    ),
)
