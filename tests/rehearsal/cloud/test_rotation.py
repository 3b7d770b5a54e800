"""Secrets that rotate: the function's four steps, the stages of versions, and when it happens again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.functions import function

DAY_SECONDS = 86_400
# A rotation as AWS's templates do it, for a secret that may have no version yet.
ROTATE = """
import boto3, uuid

def handler(event, context):
    client, secret, token = boto3.client("secretsmanager"), event["SecretId"], event["ClientRequestToken"]
    stages = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
    if "AWSPENDING" not in stages[token]:
        raise ValueError("the version is not pending")
    if event["Step"] == "createSecret":
        client.put_secret_value(SecretId=secret, ClientRequestToken=token, SecretString=uuid.uuid4().hex,
                                VersionStages=["AWSPENDING"])
    if event["Step"] == "finishSecret":
        old = [version for version in stages if "AWSCURRENT" in stages[version]]
        more = {"RemoveFromVersionId": old[0]} if old else {}
        client.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token,
                                           **more)
"""


def until(holds: Callable[[], Any]) -> Any:
    """A rotation goes on in the background, in the machine's time."""
    for _ in range(400):
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


class Keys:
    """A secret without a value, and its rotation."""

    def __init__(self, cloud: Local, text: str = ROTATE) -> None:
        self.cloud, self.client = cloud, cloud.client("secretsmanager")
        self.arn = self.client.create_secret(Name="keys")["ARN"]
        self.function = function(cloud, text)

    def rotate(self, **more: Any) -> None:
        rules = {"AutomaticallyAfterDays": 30}
        self.client.rotate_secret(
            SecretId="keys", RotationLambdaARN=self.function, RotationRules=rules, **more
        )

    def value(self) -> str | None:
        try:
            return str(self.client.get_secret_value(SecretId="keys")["SecretString"])
        except self.client.exceptions.ResourceNotFoundException:
            return None

    def stages(self) -> list[list[str]]:
        found = self.client.describe_secret(SecretId="keys").get("VersionIdsToStages") or {}
        return sorted(sorted(each) for each in found.values())

    def idle(self) -> bool:
        from rehearsal.cloud.secretsmanager.models import secretsmanager_backends

        plans = secretsmanager_backends["123456789012"]["eu-central-1"].plans
        return not any(plan.running for plan in plans.values())


def test_a_secret_without_a_value_gets_its_first_by_rotation(cloud: Local) -> None:
    keys = Keys(cloud)
    keys.rotate()
    assert until(keys.value)
    until(keys.idle)
    assert keys.stages() == [["AWSCURRENT"]]
    found = keys.client.describe_secret(SecretId="keys")
    assert found["RotationEnabled"] and found["RotationLambdaARN"] == keys.function
    assert found["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert found["LastRotatedDate"] < found["NextRotationDate"]


def test_a_secret_rotates_again_when_its_days_are_over(cloud: Local) -> None:
    keys = Keys(cloud)
    keys.rotate()
    first = until(keys.value)
    until(keys.idle)
    cloud.step(29 * DAY_SECONDS)
    assert keys.idle() and keys.value() == first
    cloud.step(DAY_SECONDS)
    until(lambda: keys.value() != first)
    until(keys.idle)
    assert keys.stages() == [["AWSCURRENT"], ["AWSPREVIOUS"]]


def test_a_rotation_that_fails_leaves_the_value_and_is_taken_up_again(cloud: Local) -> None:
    keys = Keys(cloud, "def handler(event, context):\n    raise ValueError('not yet')\n")
    keys.client.put_secret_value(SecretId="keys", SecretString="first")
    keys.rotate()
    until(keys.idle)
    assert (keys.value(), keys.stages()) == ("first", [["AWSCURRENT"], ["AWSPENDING"]])
    from tests.rehearsal.cloud.functions import archive

    cloud.client("lambda").update_function_code(FunctionName="rotate", ZipFile=archive(ROTATE))
    keys.client.rotate_secret(SecretId="keys")
    until(lambda: keys.value() != "first")
    until(keys.idle)
    assert keys.stages() == [["AWSCURRENT"], ["AWSPREVIOUS"]]


def test_a_rotation_that_is_not_to_begin_at_once_is_only_tested(cloud: Local) -> None:
    keys = Keys(cloud)
    keys.client.put_secret_value(SecretId="keys", SecretString="first")
    keys.rotate(RotateImmediately=False)
    until(keys.idle)
    assert (keys.value(), keys.stages()) == ("first", [["AWSCURRENT"]])


def test_a_cancelled_rotation_never_comes(cloud: Local) -> None:
    keys = Keys(cloud)
    keys.rotate()
    first = until(keys.value)
    until(keys.idle)
    keys.client.cancel_rotate_secret(SecretId="keys")
    cloud.step(60 * DAY_SECONDS)
    assert keys.idle() and keys.value() == first
    assert not keys.client.describe_secret(SecretId="keys")["RotationEnabled"]


def test_a_function_that_secrets_manager_may_not_call_is_refused(cloud: Local) -> None:
    keys = Keys(cloud)
    cloud.client("lambda").remove_permission(FunctionName="rotate", StatementId="secrets")
    cloud.client("lambda").add_permission(
        FunctionName="rotate", StatementId="other", Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com", SourceArn="arn:aws:secretsmanager:::secret:other",
    )  # fmt: skip
    with pytest.raises(ClientError, match=r"AccessDeniedException.*cannot invoke the specified Lambda"):
        keys.rotate()
    with pytest.raises(ClientError, match="No Lambda rotation function ARN"):
        keys.client.rotate_secret(SecretId="keys")


SLOW = ROTATE.replace(
    "    client, secret, token", '    __import__("time").sleep(30)\n    client, secret, token'
)


def test_a_rotation_that_is_under_way_is_not_begun_again(cloud: Local) -> None:
    cloud.world.clock.speed = 60
    keys = Keys(cloud, SLOW)
    keys.rotate()
    with pytest.raises(ClientError, match="A previous rotation isn't complete"):
        keys.rotate()
    until(keys.idle)


def test_a_secret_that_was_deleted_does_not_rotate(cloud: Local) -> None:
    keys = Keys(cloud)
    keys.client.delete_secret(SecretId="keys", RecoveryWindowInDays=7)
    with pytest.raises(ClientError, match="marked for deletion"):
        keys.rotate()


def test_a_rotation_that_was_planned_otherwise_since_does_not_come_at_its_old_time(cloud: Local) -> None:
    keys = Keys(cloud)
    keys.client.put_secret_value(SecretId="keys", SecretString="first")
    keys.rotate(RotateImmediately=False)
    until(keys.idle)
    rules = {"AutomaticallyAfterDays": 60}
    keys.client.rotate_secret(
        SecretId="keys", RotationLambdaARN=keys.function, RotationRules=rules, RotateImmediately=False
    )
    until(keys.idle)
    cloud.step(31 * DAY_SECONDS)
    assert keys.idle() and keys.value() == "first"


def test_a_statement_for_another_account_lets_nobody_of_this_one_in(cloud: Local) -> None:
    keys = Keys(cloud)
    client = cloud.client("lambda")
    client.remove_permission(FunctionName="rotate", StatementId="secrets")
    client.add_permission(
        FunctionName="rotate", StatementId="other", Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com", SourceAccount="999999999999",
    )  # fmt: skip
    with pytest.raises(ClientError, match="AccessDeniedException"):
        keys.rotate()
