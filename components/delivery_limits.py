"""What a deployment leaves alone: roles that are not its own, other environments, the state's place.

A deploy role may write roles below `/PROJECT/STACK/` alone, each with a permissions boundary; its own kind is
below `/delivery/`, which no delivery writes. So nobody who can change the program can give himself more than
the boundary says.
"""

from __future__ import annotations

from .delivery_actions import PASSED_TO, READ, Kind
from .delivery_state import State
from .policies import Owner, Statement

PATH = "/delivery/"
"""Where the roles and policies of deliveries are."""

_CHANGES = (
    "Add", "Attach", "Create", "Delete", "Detach", "PassRole", "Put", "Remove", "Set", "Tag", "Untag",
    "Update",
)  # fmt: skip
_ON_BEHALF = ("ec2:RunInstances", "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
"""Starting servers from an image of the factory's: image and key are tagged as the factory's own."""

_RETIRES = ("ec2:DeleteLaunchTemplateVersions",)
"""What `retire` does in other environments: the last launch template version of an image goes with it."""


def own_only(owner: Owner, state: State, stacks: str, kind: Kind, boundary_arn: str) -> list[Statement]:
    """Its own roles by their path, everything else by the tag `environment`, the state's place not at all.

    `stacks` is a stack's name or a pattern such as `pr-*`.
    """
    account = f"arn:{owner.partition}:iam::{owner.account}"
    kept = (f"arn:{owner.partition}:s3:::{state.bucket}", state.key_arn)
    return [
        *own_roles(account, f"{state.project}/{stacks}", boundary_arn),
        *others_left_alone(stacks, kind),
        {
            "Sid": "DeliveryIsNotDelivered",
            "Effect": "Deny",
            "Action": [f"iam:{verb}*" for verb in _CHANGES],
            "Resource": [f"{account}:{kind}{PATH}*" for kind in ("role", "policy")]
            + [f"{account}:oidc-provider/*"],
        },
        {
            "Sid": "StateIsKept",
            "Effect": "Deny",
            "Action": [
                "kms:CreateGrant", "kms:DisableKey", "kms:DisableKeyRotation", "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion", "s3:DeleteBucket", "s3:DeleteBucketPolicy",
                "s3:DeleteObjectVersion", "s3:PutBucket*", "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            "Resource": [each for arn in kept for each in (arn, f"{arn}/*")],
        },
    ]  # fmt: skip


def own_roles(account: str, path: str, boundary_arn: str) -> list[Statement]:
    """Making roles below one path, none of which may do more than the boundary.

    By path, for neither a role's trust nor handing it to a service can be limited by its boundary or its tags
    (IAM, Condition keys; Granting a user permissions to pass a role).
    """
    role, profile = f"{account}:role/{path}/*", f"{account}:instance-profile/{path}/*"
    return [
        {
            "Sid": "MakeBoundRoles",
            "Effect": "Allow",
            "Action": [
                "iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
            ],
            "Resource": role,
            "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary_arn}},
        },
        {
            "Sid": "KeepRoles",
            "Effect": "Allow",
            "Action": [
                "iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:DeleteInstanceProfile",
                "iam:DeleteRole", "iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile",
                "iam:TagRole", "iam:UntagInstanceProfile", "iam:UntagRole", "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole", "iam:UpdateRoleDescription",
            ],
            "Resource": [role, profile],
        },
        {
            "Sid": "GiveRolesToServices",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role,
            "Condition": {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}},
        },
    ]  # fmt: skip


def others_left_alone(stacks: str, kind: Kind) -> list[Statement]:
    """Nothing that is tagged as another environment's is changed, nothing made that is tagged as one's.

    Denied where the tag is another, not allowed where it is the own one: half of AWS's calls know no tags and
    would have to stay open.
    """
    exempt = [*READ, *_ON_BEHALF, *(_RETIRES if kind == "factory" else ())]
    return [
        {
            "Sid": "OthersAreLeftAlone",
            "Effect": "Deny",
            "NotAction": exempt,
            "Resource": "*",
            "Condition": _other("aws:ResourceTag/environment", stacks),
        },
        {
            "Sid": "NothingIsMadeForOthers",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": _other("aws:RequestTag/environment", stacks),
        },
    ]


def _other(key: str, stacks: str) -> dict[str, dict[str, str]]:
    """The tag is there, and names no stack of ours."""
    return {"StringNotLike": {key: stacks}, "Null": {key: "false"}}
