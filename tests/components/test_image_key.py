"""The keys of images: who may start servers with them, in which region, and for how long they are kept."""

from __future__ import annotations

from typing import Any

from components import policies
from components.image_key import key_policy
from tests.components.pipelines import OTHER, OWNER, Build, key, pipeline, tags
from tests.components.recorder import ACCOUNT, REGION

USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
SCALING = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
BY_SCALING = {
    "StringEquals": {"kms:CallerAccount": ACCOUNT},
    "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:{SCALING}*"},
}
FOR_VOLUMES = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
OWN = [
    {
        "Sid": "AdministerByIam",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    },
    {
        "Sid": "LaunchServers",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": USE,
        "Resource": "*",
        "Condition": BY_SCALING,
    },
    {
        "Sid": "AttachVolumes",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "kms:CreateGrant",
        "Resource": "*",
        "Condition": {**BY_SCALING, **FOR_VOLUMES},
    },
]


def test_each_region_has_a_key_that_outlives_the_stack(build: Build) -> None:
    def made(region: str) -> dict[str, Any]:
        return {
            "region": region,
            "description": "Encrypts images of web",
            "policy": {"Version": "2012-10-17", "Statement": OWN},
            "enableKeyRotation": True,
            "deletionWindowInDays": 30,
            "tags": tags(f"web-{region}"),
        }

    built = pipeline(build)
    assert built.inputs("Key") == {
        f"Key web-{REGION}": made(REGION),
        "Key web-eu-west-1": made("eu-west-1"),
    }
    assert built.options()[f"Key web-{REGION}"] == {"retain_on_delete": True}
    assert built.options()["Key web-eu-west-1"] == {"retain_on_delete": True}


def test_keys_go_with_the_stack_when_they_are_told_to(build: Build) -> None:
    built = pipeline(build, retain_keys=False, key_deletion_window_days=7, accounts=(OTHER,))
    assert not [kind for kind in built.options() if kind.startswith(("Key", "Grant"))]
    assert built.inputs()[f"Key web-{REGION}"]["deletionWindowInDays"] == 7


def test_this_accounts_auto_scaling_may_launch_before_it_has_a_role(build: Build) -> None:
    principals = [statement["Principal"] for statement in key_policy(OWNER, ())["Statement"]]
    assert principals == [{"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"AWS": "*"}, {"AWS": "*"}]


def test_other_accounts_may_use_a_key_for_volumes_and_nothing_else() -> None:
    others = {"AWS": [f"arn:aws:iam::{OTHER}:root"]}
    assert key_policy(OWNER, (OTHER,))["Statement"] == [
        *OWN,
        {
            "Sid": "UseInAccounts",
            "Effect": "Allow",
            "Principal": others,
            "Action": USE,
            "Resource": "*",
        },
        {
            "Sid": "AttachVolumesInAccounts",
            "Effect": "Allow",
            "Principal": others,
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": FOR_VOLUMES,
        },
    ]


def test_auto_scaling_of_another_account_gets_a_grant_in_every_region(build: Build) -> None:
    def grant(region: str) -> dict[str, Any]:
        return {
            "region": region,
            "name": f"web-autoscaling-{OTHER}",
            "keyId": key(region),
            "granteePrincipal": f"arn:aws:iam::{OTHER}:{SCALING}",
            "operations": [
                "CreateGrant",
                "Decrypt",
                "DescribeKey",
                "Encrypt",
                "GenerateDataKey",
                "GenerateDataKeyWithoutPlaintext",
                "ReEncryptFrom",
                "ReEncryptTo",
            ],
        }

    built = pipeline(build, accounts=(OTHER,))
    assert built.inputs("Grant") == {
        f"Grant web-{REGION}-{OTHER}": grant(REGION),
        f"Grant web-eu-west-1-{OTHER}": grant("eu-west-1"),
    }
    assert built.options()[f"Grant web-{REGION}-{OTHER}"] == {"retain_on_delete": True}
    assert pipeline(build).inputs("Grant") == {}


def test_images_are_distributed_once_everyone_may_use_their_key(build: Build) -> None:
    uses = pipeline(build, accounts=(OTHER,)).resources["DistributionConfiguration web"].uses
    assert {f"Grant web-{REGION}-{OTHER}", f"Grant web-eu-west-1-{OTHER}"} <= set(uses)


def test_another_partition_names_itself(build: Build) -> None:
    china = policies.Owner("aws-cn", "cn-north-1", ACCOUNT)
    administer, launch, *_ = key_policy(china, (OTHER,))["Statement"]
    assert administer["Principal"] == {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}
    assert launch["Condition"]["ArnLike"]["aws:PrincipalArn"].startswith("arn:aws-cn:iam::")
    topic = f"arn:aws-cn:sns:cn-north-1:{ACCOUNT}:alerts"
    built = pipeline(build, accounts=(OTHER,), alert_topic_arn=topic)
    assert built.inputs()[f"Grant web-{REGION}-{OTHER}"]["granteePrincipal"].startswith("arn:aws-cn:")
