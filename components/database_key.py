"""The customer key of a database: its storage, backups, password and logs are encrypted with it.

Whatever was encrypted with a key is lost with it, final snapshots too. So a key goes with its database only
where nothing is to be left of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pulumi import Output, ResourceOptions
from pulumi_aws import kms

from . import policies
from .args import Late
from .names import named

SUFFIX_LENGTH = 8
LOG_PREFIX = "/aws/rds/instance"


def database_key(
    name: str,
    owner_arn: Late,
    tags: Mapping[str, str],
    opts: ResourceOptions,
    region: str | None = None,
) -> kms.Key:
    """The key, in the provider's region or the named one. RDS uses it by grants of who made the database."""
    owner = Output.from_input(owner_arn).apply(policies.owner_of)
    return kms.Key(
        name,
        region=region,
        description=f"Encrypts the database {name}",
        policy=Output.json_dumps(
            owner.apply(lambda known: key_policy(known, name if region is None else None))
        ),
        enable_key_rotation=True,
        deletion_window_in_days=30,
        tags=named(tags, name),
        opts=opts,
    )


def key_policy(owner: policies.Owner, logs_of: str | None = None) -> policies.Document:
    """The account's own administration of the key, and its use for the logs of the named database."""
    statements: list[policies.Statement] = [
        {
            "Sid": "AdministerByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{owner.partition}:iam::{owner.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    if logs_of is not None:
        at_home = f"arn:{owner.partition}:logs:{owner.region}:{owner.account}"
        logs = f"{at_home}:log-group:{LOG_PREFIX}/{logs_of}-*"
        statements.append(
            {
                "Sid": "EncryptLogs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{owner.region}.amazonaws.com"},
                "Action": policies.USE_KEY,
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
            }
        )
    return policies.document(*statements)


def identifier(name: str, key: kms.Key) -> Output[str]:
    """The database's name at RDS, and the beginning of its final snapshot's: `main-1a2b3c4d`.

    The suffix is random, as a key's ID is, and stays as long as the key. A database that is made again after
    it was destroyed has another key: its final snapshot does not meet the one that is there already.
    """
    found: Output[str] = key.key_id.apply(lambda key_id: f"{name}-{key_id[:SUFFIX_LENGTH]}")
    return found
