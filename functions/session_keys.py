"""The function that rotates session keys, as it runs in AWS Lambda: this one file, with nothing beside boto3.

The secret's value is one line of JSON, each key 32 random bytes in base64:

    {"current": "...", "next": "...", "previous": "..."}

Cookies are made with `current` and accepted with any of the three. A rotation moves `next` to `current` and
`current` to `previous`, and makes a new `next`. So a server that read the secret before a rotation knows the
key that the others sign with after it, and no server has to start anew; `previous` is missing at first.

Secrets Manager calls `handler` once for each of four steps, and again when one failed. Each may be run any
number of times and stopped anywhere: a key is used by nobody until `finishSecret` has made it current.
"""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

KEY_BYTES = 32
_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"

Keys = dict[str, str]


def handler(event: dict[str, str], _context: object, client: Any = None) -> None:
    """One step of a rotation. Raises ValueError, without any key in it, for what is no step of one."""
    if client is None:
        import boto3

        client = boto3.client("secretsmanager")
    secret, version, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    if step == "createSecret":
        _create(client, secret, version)
    elif step == "testSecret":
        _test(client, secret, version)
    elif step == "finishSecret":
        _finish(client, secret, version)
    elif step != "setSecret":  # Nobody but the servers has to know the keys.
        raise ValueError(f"{step!r} is no step of a rotation")


def rotated(keys: Keys | None) -> Keys:
    """The keys after `keys`, or the first ones."""
    if keys is None:
        return {"current": _new_key(), "next": _new_key()}
    return {"current": keys["next"], "next": _new_key(), "previous": keys["current"]}


def parsed(text: str) -> Keys:
    """The keys of a secret's value. Raises ValueError where that is not what this function writes."""
    try:
        keys = json.loads(text)
        valid = {"current", "next"} <= keys.keys() <= {"current", "next", "previous"} and all(
            len(base64.b64decode(key, validate=True)) == KEY_BYTES for key in keys.values()
        )
    except (ValueError, TypeError, AttributeError):
        valid = False
    if not valid:
        # The parser's own words would quote what it read; the log is for more eyes than the secret.
        raise ValueError("the secret does not hold session keys: did a person put a value into it?") from None
    return dict(keys)


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _create(client: Any, secret: str, version: str) -> None:
    """Put the next keys beside the current ones, once: a version never changes."""
    if _value(client, secret, VersionId=version) is None:
        keys = rotated(_value(client, secret, VersionStage=_CURRENT))
        client.put_secret_value(
            SecretId=secret,
            ClientRequestToken=version,
            SecretString=json.dumps(keys),
            VersionStages=[_PENDING],
        )


def _test(client: Any, secret: str, version: str) -> None:
    """Whether the servers could go over to this version and leave nobody logged out."""
    keys = _value(client, secret, VersionId=version)
    current = _value(client, secret, VersionStage=_CURRENT)
    if keys is None:
        raise ValueError(f"version {version} of the secret has no value: createSecret comes first")
    if current is not None and current != keys and keys["current"] != current["next"]:
        raise ValueError(f"version {version} would be signed with a key that servers do not know yet")


def _finish(client: Any, secret: str, version: str) -> None:
    """Make the version current. One that is neither pending nor current is of a rotation long past."""
    _test(client, secret, version)
    stages = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
    mine = stages.get(version, [])
    if _CURRENT not in mine:
        if _PENDING not in mine:
            raise ValueError(f"version {version} of the secret is not pending")
        # There is none before the first keys.
        before = [other for other, its_stages in stages.items() if _CURRENT in its_stages]
        moved = {"RemoveFromVersionId": before[0]} if before else {}
        client.update_secret_version_stage(
            SecretId=secret, VersionStage=_CURRENT, MoveToVersionId=version, **moved
        )
    if _PENDING in mine:
        client.update_secret_version_stage(
            SecretId=secret, VersionStage=_PENDING, RemoveFromVersionId=version
        )


def _value(client: Any, secret: str, **which: str) -> Keys | None:
    """The keys of a version; None where there is none or it has no value yet."""
    try:
        return parsed(client.get_secret_value(SecretId=secret, **which)["SecretString"])
    except client.exceptions.ResourceNotFoundException:
        return None
