"""The keys that images are encrypted with: one in each region, usable by whoever starts servers.

Without leave to use the key of its image no server of an Auto Scaling group starts, and the group says little
of why (Amazon EC2 Auto Scaling, Required key policy for use with encrypted volumes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import kms

from . import policies
from .names import named

SCALING_ROLE = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
"""Auto Scaling's service-linked role. An account gets it with its first group, or when it is asked for."""

GRANTED = (
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)
"""What Auto Scaling needs of the key of a volume, as grants spell it."""


class ImageKeyArgs(Protocol):
    """What this module takes from the pipeline's arguments."""

    @property
    def regions(self) -> tuple[str, ...]: ...
    @property
    def accounts(self) -> tuple[str, ...]: ...
    @property
    def retain_keys(self) -> bool: ...
    @property
    def key_deletion_window_days(self) -> int: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def image_keys(
    name: str, args: ImageKeyArgs, owner: Output[policies.Owner], opts: ResourceOptions
) -> dict[str, Output[str]]:
    """The ARN of each region's key, known once all who are to start servers may use it.

    Each region has a key of its own and not the replica of one: a copy of an image is encrypted anew, so the
    keys need have nothing in common. They outlive the stack unless told not to: without its key no image
    starts a server, and what runs from it cannot restart.
    """
    keys: dict[str, Output[str]] = {}
    for region in args.regions:
        child_name = f"{name}-{region}"
        key = kms.Key(
            child_name,
            region=region,
            description=f"Encrypts images of {name}",
            policy=Output.json_dumps(owner.apply(lambda known: key_policy(known, args.accounts))),
            enable_key_rotation=True,
            deletion_window_in_days=args.key_deletion_window_days,
            tags=named(args.tags, child_name),
            opts=ResourceOptions(parent=opts.parent, retain_on_delete=args.retain_keys),
        )
        grants = [
            kms.Grant(
                f"{child_name}-{account}",
                region=region,
                name=f"{name}-autoscaling-{account}",
                key_id=key.arn,
                grantee_principal=_scaling_role(owner, account),
                operations=list(GRANTED),
                opts=ResourceOptions(parent=opts.parent, retain_on_delete=args.retain_keys),
            )
            for account in args.accounts
        ]
        # The grants' IDs are asked for as well: whoever has the ARN can count on them.
        keys[region] = Output.all(key.arn, *(grant.grant_id for grant in grants)).apply(_first)
    return keys


def _scaling_role(owner: Output[policies.Owner], account: str) -> Output[str]:
    return owner.apply(lambda known: f"arn:{known.partition}:iam::{account}:{SCALING_ROLE}")


def _first(known: Sequence[str]) -> str:
    return known[0]


def key_policy(owner: policies.Owner, accounts: Sequence[str]) -> policies.Document:
    """The account's own administration of the key, and its use for volumes of servers.

    This account's Auto Scaling is named in a condition: as a principal the role would have to exist before
    the account's first group does. In the other accounts administrators may use the key; a key's policy alone
    does not reach a service-linked role there, so each gets a grant.
    """
    account = f"arn:{owner.partition}:iam::{owner.account}"
    scaling = {
        "StringEquals": {"kms:CallerAccount": owner.account},
        "ArnLike": {"aws:PrincipalArn": f"{account}:{SCALING_ROLE}*"},
    }
    statements: list[policies.Statement] = [
        {
            "Sid": "AdministerByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "LaunchServers",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": policies.USE_KEY,
            "Resource": "*",
            "Condition": scaling,
        },
        {
            "Sid": "AttachVolumes",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {**scaling, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]
    if accounts:
        others = {"AWS": [f"arn:{owner.partition}:iam::{other}:root" for other in accounts]}
        statements += [
            {
                "Sid": "UseInAccounts",
                "Effect": "Allow",
                "Principal": others,
                "Action": policies.USE_KEY,
                "Resource": "*",
            },
            {
                "Sid": "AttachVolumesInAccounts",
                "Effect": "Allow",
                "Principal": others,
                "Action": "kms:CreateGrant",
                "Resource": "*",
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
        ]
    return policies.document(*statements)
