"""A password that RDS cannot keep: what is made for it. The function itself: `tests/functions`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.database_password import FUNCTION
from tests.components.databases import INSTANCE, KEY, Build, database, tags
from tests.components.recorder import ACCOUNT, REGION

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret/main-password"
LAMBDA = "arn:function/main-password"


@pytest.mark.parametrize("changed", [{"replicas": 1}, {"blue_green": True}])
def test_beside_replicas_and_blue_green_updates_the_secret_is_our_own(
    build: Build, changed: dict[str, Any]
) -> None:
    built = database(build, **changed)
    assert built.outputs["access"]["secret_arn"] == SECRET
    assert built.inputs("Secret") == {
        "Secret main-password": {
            "namePrefix": "main-password-",
            "description": "Administrator of a database; rotated",
            "kmsKeyId": KEY,
            "recoveryWindowInDays": 30,
            "tags": tags("main-password"),
        }
    }
    assert built.options()["Secret main-password"] == {"retain_on_delete": True}
    assert built.options()["Instance main"]["ignore_changes"] == [
        "manageMasterUserPassword",
        "masterUserSecretKmsKeyId",
    ]


def test_otherwise_rds_keeps_it(build: Build) -> None:
    built = database(build, proxy=True)
    assert built.inputs("Secret") == built.inputs("Function") == {}
    assert "ignore_changes" not in built.options()["Instance main"]


def test_no_password_is_an_input_of_anything(build: Build) -> None:
    built = database(build, replicas=1)
    # RDS has the first one, the function makes the next.
    assert built.inputs()["Instance main"]["manageMasterUserPassword"] is True
    assert all("password" not in inputs for inputs in built.inputs().values())


def test_the_function_takes_the_password_over_before_the_first_replica(build: Build) -> None:
    built = database(build, replicas=1)
    taken = built.inputs()["Invocation main-password"]
    assert json.loads(taken.pop("input")) == {"SecretId": SECRET, "Step": "takeOver"}
    assert taken == {"functionName": "main-password-function", "lifecycleScope": "CREATE_ONLY"}
    assert built.inputs()["SecretRotation main-password"] == {
        "secretId": "main-password-id",
        "rotationLambdaArn": LAMBDA,
        "rotateImmediately": False,
        "rotationRules": {"automaticallyAfterDays": 7},
    }
    assert built.after()["SecretRotation main-password"] == [
        "Invocation main-password",
        "Permission main-password",
    ]
    assert "SecretRotation main-password" in built.resources["Instance main-replica-1"].uses


def test_the_function_runs_its_own_file_and_logs_where_logs_end(build: Build) -> None:
    built = database(build, replicas=1, log_retention_days=30)
    made = built.inputs()["Function main-password"]
    code = made.pop("code")
    assert {name: asset.path for name, asset in code.assets.items()} == {
        f"{FUNCTION}.py": f"functions/{FUNCTION}.py"
    }
    assert made == {
        "description": "Rotates the password of a database",
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": f"{FUNCTION}.handler",
        "role": "arn:role/main-password",
        "timeout": 900,
        "environment": {"variables": {"ADMIN_NAME": "steward", "IDENTIFIER": "main-1a2b3c4d"}},
        "loggingConfig": {"logFormat": "JSON", "logGroup": "main-password-log"},
        "tags": tags("main-password"),
    }
    assert built.inputs()["LogGroup main-password"]["retentionInDays"] == 30
    assert built.inputs()["Permission main-password"] == {
        "action": "lambda:InvokeFunction",
        "function": "main-password-function",
        "principal": "secretsmanager.amazonaws.com",
        "sourceArn": SECRET,
    }


def test_the_function_may_change_this_secret_and_this_database(build: Build) -> None:
    inputs = database(build, replicas=1).inputs()
    role = inputs["Role main-password"]
    assert (role["namePrefix"], role["tags"]) == ("main-password-", tags("main-password"))
    assert role["assumeRolePolicy"]["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
    policy = inputs["RolePolicy main-password"]["policy"]
    allowed = {each["Sid"]: each["Resource"] for each in policy["Statement"]}
    log_group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:main-password-log"
    assert allowed == {
        "RotateSecret": SECRET,
        "MakePassword": "*",
        "DecryptSecrets": [KEY],
        "EncryptSecret": KEY,
        "SetPassword": INSTANCE,
        "WriteLogs": [log_group, f"{log_group}:*"],
    }
