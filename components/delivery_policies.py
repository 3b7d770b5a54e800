"""Who may deliver, and what: the documents of the roles that pull requests and deployments take.

Pulumi's state is in `delivery_state.py`; what a deployment leaves alone in `delivery_limits.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import policies
from .delivery_actions import BUCKETS, FAMILIES, GLOBAL, READ, SERVICE_LINKED
from .policies import Document, Owner

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"

_KEY_SERVICES = ("ec2", "firehose", "lambda", "rds", "s3", "secretsmanager", "sns")
"""Those that use a key for whoever makes something that is encrypted with it."""


def trust(provider_arn: str, subjects: Sequence[str]) -> Document:
    """GitHub's workflows with one of these subjects, and no other's, may take the role without a key.

    The audience is that of AWS's own action for it. A subject has no wildcard: with one, any branch or fork
    that fits would do (GitHub, OpenID Connect in Amazon Web Services).
    """
    for subject in subjects:
        if "*" in subject or "?" in subject:
            raise ValueError(f"the subject {subject!r} has a wildcard: name what may take the role")
    return policies.document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider_arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": sorted(subjects)}},
        }
    )


def preview_subjects(repository: str, branch: str, environments: Iterable[str]) -> list[str]:
    """A pull request of the repository itself, what is scheduled on the main branch, and every deployment.

    A job of an environment has that as its subject, and the gate to prod asks what staging runs. Workflows of
    a fork's pull request get no token of this repository.
    """
    subjects = ("pull_request", f"ref:refs/heads/{branch}", *(f"environment:{each}" for each in environments))
    return [f"repo:{repository}:{subject}" for subject in subjects]


def deploy_subjects(repository: str, environment: str) -> list[str]:
    """A job of this environment of GitHub's: its reviewers and branches decide who gets so far."""
    return [f"repo:{repository}:environment:{environment}"]


def read_policy(owner: Owner) -> Document:
    """Reading how things are, in this account."""
    return policies.document(
        {"Sid": "Read", "Effect": "Allow", "Action": list(READ), "Resource": "*"},
        {
            # IDs of images: those that AWS publishes, and those that the factory does.
            "Sid": "ReadImageIds",
            "Effect": "Allow",
            "Action": ["ssm:GetParameter", "ssm:GetParameters"],
            "Resource": [
                f"arn:{owner.partition}:ssm:*::parameter/aws/service/*",
                f"arn:{owner.partition}:ssm:*:{owner.account}:parameter/immutable/images/*",
            ],
        },
        {
            # What the last build printed, for the reason that it failed.
            "Sid": "ReadBuildLogs",
            "Effect": "Allow",
            "Action": "logs:GetLogEvents",
            "Resource": f"arn:{owner.partition}:logs:*:{owner.account}:log-group:/aws/imagebuilder/*",
        },
    )


def write_policy(family: str, regions: Sequence[str]) -> Document:
    """One family of what a deploy role writes. Whose things they may be, `delivery_limits.py` says."""
    return policies.document(
        {
            "Sid": "WriteInRegions",
            "Effect": "Allow",
            "Action": list(FAMILIES[family]),
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": list(regions)}},
        }
    )


def global_policy(owner: Owner) -> Document:
    """What is in no region; of buckets AWS says the account, not the region, to whoever asks."""
    keys = [f"{service}.*.amazonaws.com" for service in _KEY_SERVICES]
    return policies.document(
        {"Sid": "WriteGlobal", "Effect": "Allow", "Action": list(GLOBAL), "Resource": "*"},
        {"Sid": "MakeBuckets", "Effect": "Allow", "Action": "s3:CreateBucket", "Resource": "*"},
        {
            "Sid": "WriteBuckets",
            "Effect": "Allow",
            "Action": list(BUCKETS),
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceAccount": owner.account}},
        },
        {
            # For what is encrypted with a key that the same update made: it has no ARN before.
            "Sid": "UseKeysByServices",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"],
            "Resource": f"arn:{owner.partition}:kms:*:{owner.account}:key/*",
            "Condition": {"StringLike": {"kms:ViaService": keys}},
        },
        {
            "Sid": "FirstUseOfServices",
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": f"arn:{owner.partition}:iam::{owner.account}:role/aws-service-role/*",
            "Condition": {"StringEquals": {"iam:AWSServiceName": list(SERVICE_LINKED)}},
        },
    )
