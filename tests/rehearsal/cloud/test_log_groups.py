"""The key of a log group in the emulated CloudWatch Logs."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local

GROUP = "web"


@pytest.fixture
def logs(cloud: Local) -> Any:
    client = cloud.client("logs")
    client.create_log_group(logGroupName=GROUP)
    return client


def key_of(logs: Any) -> str | None:
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    found: str | None = group.get("kmsKeyId")
    return found


def test_a_group_gets_a_key_and_gives_it_back(cloud: Local, logs: Any) -> None:
    arn = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=arn)
    assert key_of(logs) == arn
    logs.disassociate_kms_key(logGroupName=GROUP)
    assert key_of(logs) is None


def test_a_key_that_is_not_there_is_refused(logs: Any) -> None:
    arn = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-0000-0000-000000000000"
    with pytest.raises(ClientError, match="does not exist or is not allowed to be used") as caught:
        logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=arn)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert key_of(logs) is None


def test_a_group_that_is_not_there_gets_none(cloud: Local, logs: Any) -> None:
    arn = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError) as caught:
        logs.associate_kms_key(logGroupName="other", kmsKeyId=arn)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
