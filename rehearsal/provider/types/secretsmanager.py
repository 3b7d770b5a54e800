"""Secrets, their policies and their rotation. No value of a secret is known here."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import from_api, pick, tag_dict, tag_list, to_api

DEFAULT_RECOVERY_DAYS = 30


def _found(call: Call, arn: str) -> dict[str, Any] | None:
    """The secret; None when it is deleted, though it can still be restored."""
    found: dict[str, Any] = call.client("secretsmanager").describe_secret(SecretId=arn)
    return None if found.get("DeletedDate") else found


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    tags = call.tags(news)
    made = call.client("secretsmanager").create_secret(
        Name=physical_name(news, max_length=512),
        **to_api(pick(news, ("description", "kmsKeyId"))),
        **({"Tags": tag_list(tags)} if tags else {}),
    )
    return made["ARN"], {"arn": made["ARN"], "name": made["Name"]}


def _complete(call: Call, arn: str, news: Properties) -> Properties:
    if news.get("policy"):
        call.client("secretsmanager").put_resource_policy(SecretId=arn, ResourcePolicy=news["policy"])
    return {}


def _policy(call: Call, arn: str) -> str | None:
    found: str | None = call.client("secretsmanager").get_resource_policy(SecretId=arn).get("ResourcePolicy")
    return found


def _read(call: Call, arn: str, known: Properties) -> Properties | None:
    found = _found(call, arn)
    if found is None:
        return None
    facts = {
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description"),
        "kmsKeyId": found.get("KmsKeyId"),
        "tagsAll": tag_dict(found.get("Tags")),
    }
    # A policy may be a resource of its own; it is this one's only if the program says so.
    return {**facts, "policy": _policy(call, arn)} if known.get("policy") else facts


def _update(call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client = call.client("secretsmanager")
    if changed & {"description", "kmsKeyId"}:
        settings = {"Description": news.get("description") or "", "KmsKeyId": news.get("kmsKeyId") or ""}
        client.update_secret(SecretId=arn, **settings)
    if "policy" in changed:
        if news.get("policy"):
            client.put_resource_policy(SecretId=arn, ResourcePolicy=news["policy"])
        elif old.get("policy"):
            client.delete_resource_policy(SecretId=arn)


def _retag(call: Call, arn: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    client = call.client("secretsmanager")
    if wanted:
        client.tag_resource(SecretId=arn, Tags=tag_list(wanted))
    if removed:
        client.untag_resource(SecretId=arn, TagKeys=removed)


def _delete(call: Call, arn: str, outputs: Properties) -> None:
    """A recovery window of nothing is no window: the value is lost at once."""
    if _found(call, arn) is None:
        return
    days = outputs.get("recoveryWindowInDays", DEFAULT_RECOVERY_DAYS)
    how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    call.client("secretsmanager").delete_secret(SecretId=arn, **how)


SECRET = ResourceType(
    type_name="aws:secretsmanager/secret:Secret",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=_retag,
    inputs=words("name description kmsKeyId tags"),
    enums={"recoveryWindowInDays": ("0", *(str(days) for days in range(7, 31)))},
    lengths={"name": 512, "namePrefix": 486, "description": 2048},
    defaults={"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": DEFAULT_RECOVERY_DAYS},
    auto_name=AutoName(max_length=512),
    replaces=words("name namePrefix"),
    documents=words("policy"),
    computed=("arn", "name", "policy", "replicas"),
)


def _rotate(call: Call, arn: str, news: Properties) -> None:
    request = to_api(pick(news, ("rotateImmediately", "rotationRules")))
    if news.get("rotationLambdaArn"):
        request["RotationLambdaARN"] = news["rotationLambdaArn"]
    call.client("secretsmanager").rotate_secret(SecretId=arn, **request)


def _create_rotation(call: Call, news: Properties) -> tuple[str, Properties]:
    _rotate(call, news["secretId"], news)
    found = _found(call, news["secretId"]) or {}
    return found["ARN"], _rotation_facts(found)


def _rotation_facts(found: dict[str, Any]) -> Properties:
    return {
        "rotationEnabled": bool(found.get("RotationEnabled")),
        "rotationLambdaArn": found.get("RotationLambdaARN") or None,
        "rotationRules": from_api(found.get("RotationRules") or {}),
    }


def _read_rotation(call: Call, arn: str, known: Properties) -> Properties | None:
    found = _found(call, arn)
    if found is None or not found.get("RotationEnabled"):
        return None
    # A program may name the secret by its name.
    return {**_rotation_facts(found), "secretId": known.get("secretId") or arn}


def _update_rotation(
    call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    if changed & {"rotationLambdaArn", "rotationRules"}:
        _rotate(call, arn, news)


def _delete_rotation(call: Call, arn: str, outputs: Properties) -> None:
    if _found(call, arn) is not None:
        call.client("secretsmanager").cancel_rotate_secret(SecretId=arn)


ROTATION = ResourceType(
    type_name="aws:secretsmanager/secretRotation:SecretRotation",
    create=_create_rotation,
    read=_read_rotation,
    update=_update_rotation,
    delete=_delete_rotation,
    inputs=words("secretId rotationLambdaArn rotationRules"),
    required=("rotationRules", "secretId"),
    ranges={"rotationRules.automaticallyAfterDays": (1, 1000)},
    defaults={"rotateImmediately": True},
    replaces=words("secretId"),
    computed=("rotationEnabled", "rotationLambdaArn"),
)


def _create_policy(call: Call, news: Properties) -> tuple[str, Properties]:
    _put_policy(call, news["secretArn"], news)
    return news["secretArn"], {}


def _put_policy(call: Call, arn: str, news: Properties) -> None:
    block = {"BlockPublicPolicy": True} if news.get("blockPublicPolicy") else {}
    call.client("secretsmanager").put_resource_policy(SecretId=arn, ResourcePolicy=news["policy"], **block)


def _read_policy(call: Call, arn: str, known: Properties) -> Properties | None:
    found = None if _found(call, arn) is None else _policy(call, arn)
    return {"secretArn": arn, "policy": found} if found else None


def _update_policy(call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    _put_policy(call, arn, news)


def _delete_policy(call: Call, arn: str, outputs: Properties) -> None:
    call.client("secretsmanager").delete_resource_policy(SecretId=arn)


POLICY = ResourceType(
    type_name="aws:secretsmanager/secretPolicy:SecretPolicy",
    create=_create_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    inputs=words("secretArn policy"),
    required=("policy", "secretArn"),
    replaces=words("secretArn"),
    documents=words("policy"),
)

TYPES = (SECRET, ROTATION, POLICY)
