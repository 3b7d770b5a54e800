"""The actions that deliveries are given, against what AWS says of its own."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.loaders import Loader

from components import delivery_actions
from components.delivery_actions import FAMILIES, GLOBAL, READ
from components.delivery_limits import own_roles
from rehearsal.cloud.iam.evaluation import like
from rehearsal.cloud.iam.responses import _policies

MODELS = {
    "cloudwatch": "cloudwatch", "elasticloadbalancing": "elbv2", "tag": "resourcegroupstaggingapi",
}  # fmt: skip
PERMISSION_ONLY = {
    # No operations of their own (Service Authorization Reference, "permission only" and S3's own names).
    "budgets:ModifyBudget", "budgets:ViewBudget", "elasticloadbalancing:SetWebAcl", "lambda:InvokeFunction",
    "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:GetLogDelivery", "logs:ListLogDeliveries",
    "logs:UpdateLogDelivery", "s3:DeleteObjectVersion", "s3:GetAccelerateConfiguration",
    "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration",
    "s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPublicAccessBlock", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
    "s3:TagResource", "s3:UntagResource", "s3:ListTagsForResource",
}  # fmt: skip
WRITES = [*(action for family in FAMILIES.values() for action in family), *GLOBAL, *delivery_actions.BUCKETS]


@cache
def operations(service: str) -> frozenset[str]:
    model = Loader().load_service_model(MODELS.get(service, service), "service-2")
    return frozenset(model["operations"])


def exists(action: str) -> bool:
    service, _, name = action.partition(":")
    return action in PERMISSION_ONLY or any(like(each, name) for each in operations(service))


@pytest.mark.parametrize(
    "family", ["READ", "NETWORK", "SERVERS", "CLUSTERS", "DATA", "LOGS", "BUCKETS", "GLOBAL", "IMAGES"]
)
def test_every_action_is_one_of_awss(family: str) -> None:
    """IAM takes a name that is misspelt without a word, and then refuses the call."""
    listed = getattr(delivery_actions, family)
    assert [action for action in listed if not exists(action)] == []
    assert len(set(listed)) == len(listed)


def test_what_a_preview_reads_is_reading_to_aws_too() -> None:
    """AWS's ReadOnlyAccess lists what writes nothing; it has more wildcards than we do."""
    aws = _policies()["ReadOnlyAccess"]["Document"]
    reading = [each.lower() for statement in aws["Statement"] for each in statement["Action"]]
    beside = {"sts:getcalleridentity"}
    writing = [
        action
        for action in map(str.lower, READ)
        if action not in beside and not any(like(action, pattern) for pattern in reading)
    ]
    assert writing == []


@pytest.mark.parametrize(
    "action",
    [
        "s3:GetObject", "s3:GetObjectVersion", "secretsmanager:GetSecretValue", "ssm:GetParametersByPath",
        "logs:GetLogEvents", "logs:FilterLogEvents", "logs:StartQuery", "kms:Decrypt",
        "lambda:InvokeFunction", "rds:DownloadDBLogFilePortion", "ec2:GetPasswordData",
        "ec2:GetConsoleOutput", "iam:GetAccessKeyLastUsed",
    ],
)  # fmt: skip
def test_reading_how_things_are_is_not_reading_what_they_hold(action: str) -> None:
    assert [pattern for pattern in READ if like(action, pattern)] == []


def test_nothing_that_is_read_is_written_and_nothing_is_all_of_a_service() -> None:
    assert (
        [action for action in WRITES if any(like(action, pattern) for pattern in READ)]
        == [
            # Its delivery by CloudWatch Logs is asked for by its own name.
        ]
    )
    assert [action for action in [*READ, *WRITES] if re.fullmatch(r"[a-z0-9-]+:\*|\*", action)] == []
    assert [action for action in WRITES if "*" in action] == []


ROOT = Path(__file__).parents[2]
CALL = re.compile(
    r"""(?:\.client\("(?P<named>[a-z0-9-]+)"\)|\baccount\.(?P<known>autoscaling|ec2|elbv2|cloudwatch))"""
    r"""\s*\.(?:get_paginator\(\s*"(?P<paged>[a-z_]+)"|(?P<called>[a-z_]+)\()"""
)


def called() -> set[str]:
    """What the release commands call, as IAM calls it."""
    prefixes = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
    found = set()
    for path in (ROOT / "scripts" / "releases").glob("*.py"):
        for call in CALL.finditer(path.read_text()):
            service, method = call["named"] or call["known"], call["paged"] or call["called"]
            if method != "get_paginator":
                operation = next(
                    each
                    for each in operations(service)
                    if xform_name(each) == method or each.lower() == method
                )
                found.add(f"{prefixes.get(service, service)}:{operation}")
    return found


def test_a_role_may_call_what_the_release_commands_call() -> None:
    calls = called()
    assert {"autoscaling:DescribeInstanceRefreshes", "ec2:TerminateInstances", "ec2:DeregisterImage"} <= calls
    # Reading of build logs and image parameters is let in by resource, in `read_policy`; roles are, by path.
    roles = [statement["Action"] for statement in own_roles("arn", "path", "boundary")]
    of_roles = [each for actions in roles if not isinstance(actions, str) for each in actions]
    given = [*READ, *WRITES, *of_roles, "logs:GetLogEvents", "ssm:GetParameter", "ssm:GetParameters"]
    assert {call for call in calls if not any(like(call, each) for each in given)} == set()
