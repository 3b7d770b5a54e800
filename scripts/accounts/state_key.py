"""The key that encrypts state, and the secrets in it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from scripts.accounts.place import Place
from scripts.releases.errors import RefusedError


class Key(NamedTuple):
    key_id: str
    arn: str


def find(kms: Any, place: Place) -> Key | None:
    """The key that has the alias, or None.

    Raises RefusedError for one that encrypts nothing now: another key could not read what it encrypted.
    """
    try:
        found = kms.describe_key(KeyId=place.alias)["KeyMetadata"]
    except kms.exceptions.NotFoundException:
        return None
    if found["KeyState"] != "Enabled":
        raise RefusedError(
            f"the key {found['Arn']} of {place.alias} is {found['KeyState']}, and no other one reads what it "
            "encrypted; make it usable (aws kms cancel-key-deletion, enable-key), or give another --alias"
        )
    return Key(found["KeyId"], found["Arn"])


def make(kms: Any, place: Place) -> Key:
    """A key that IAM's policies of the account decide about, and its alias.

    The alias comes last: a run that broke off before it leaves a key without a name, which costs a dollar a
    month, and never a name without a key.
    """
    made = kms.create_key(
        Description=f"Pulumi's state of {place.project}, and the secrets in it",
        Policy=json.dumps(policy(place)),
        Tags=[{"TagKey": key, "TagValue": value} for key, value in place.tags],
    )["KeyMetadata"]
    kms.create_alias(AliasName=place.alias, TargetKeyId=made["KeyId"])
    return Key(made["KeyId"], made["Arn"])


def policy(place: Place) -> dict[str, Any]:
    """AWS's own default: without it nobody could ever change the key's policy again."""
    root = f"arn:{place.partition}:iam::{place.account}:root"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AdministerByIam",
                "Effect": "Allow",
                "Principal": {"AWS": root},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }


def lets_in(kms: Any, key: Key, place: Place) -> bool:
    """Whether the other accounts' deliveries may use it."""
    found = _statements(kms, key)
    return all(statement in found for statement in _shared(place))


def let_in(kms: Any, key: Key, place: Place) -> None:
    """Who was let in before stays: an account that is not named this time may still have stacks here."""
    wanted = _shared(place)
    names = {statement["Sid"] for statement in wanted}
    others = [each for each in _statements(kms, key) if each.get("Sid") not in names]
    text = json.dumps({"Version": "2012-10-17", "Statement": [*others, *wanted]})
    kms.put_key_policy(KeyId=key.key_id, PolicyName="default", Policy=text)


def _statements(kms: Any, key: Key) -> list[Any]:
    text = kms.get_key_policy(KeyId=key.key_id, PolicyName="default")["Policy"]
    statements: list[Any] = json.loads(text)["Statement"]
    return statements


def _shared(place: Place) -> list[dict[str, object]]:
    actions = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")
    return [place.shared(account, actions, "*") for account in place.accounts]


def rotates(kms: Any, key: Key) -> bool:
    return bool(kms.get_key_rotation_status(KeyId=key.key_id)["KeyRotationEnabled"])


def rotate(kms: Any, key: Key) -> None:
    kms.enable_key_rotation(KeyId=key.key_id)
