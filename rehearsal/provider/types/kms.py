"""KMS: keys and their aliases."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.values import pick, to_api


def _tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def _facts(found: dict[str, Any]) -> Properties:
    return {
        "arn": found["Arn"],
        "keyId": found["KeyId"],
        "description": found.get("Description") or "",
        "keyUsage": found.get("KeyUsage"),
        "customerMasterKeySpec": found.get("KeySpec") or found.get("CustomerMasterKeySpec"),
        "isEnabled": found.get("Enabled", True),
        "multiRegion": bool(found.get("MultiRegion")),
    }


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    request = to_api(
        pick(news, ("description", "keyUsage", "policy", "multiRegion", "customerMasterKeySpec")),
        {"customerMasterKeySpec": "KeySpec"},
    )
    tags = call.tags(news)
    found = call.client("kms").create_key(**request, **({"Tags": _tag_list(tags)} if tags else {}))
    return found["KeyMetadata"]["KeyId"], _facts(found["KeyMetadata"])


def _complete(call: Call, key_id: str, news: Properties) -> Properties:
    client = call.client("kms")
    if news.get("enableKeyRotation"):
        client.enable_key_rotation(KeyId=key_id)
    if news.get("isEnabled") is False:
        client.disable_key(KeyId=key_id)
    return {
        "enableKeyRotation": bool(news.get("enableKeyRotation")),
        "isEnabled": news.get("isEnabled", True),
        **_policy(call, key_id),
    }


def _policy(call: Call, key_id: str) -> Properties:
    return {"policy": call.client("kms").get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]}


def _read(call: Call, key_id: str, known: Properties) -> Properties | None:
    client = call.client("kms")
    found = client.describe_key(KeyId=key_id)["KeyMetadata"]
    if found.get("KeyState") == "PendingDeletion":
        return None
    tags = client.list_resource_tags(KeyId=key_id).get("Tags", [])
    return {
        **_facts(found),
        **_policy(call, key_id),
        "enableKeyRotation": bool(client.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]),
        "tagsAll": {tag["TagKey"]: tag["TagValue"] for tag in tags},
    }


def _update(call: Call, key_id: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client = call.client("kms")
    if "description" in changed:
        client.update_key_description(KeyId=key_id, Description=news.get("description") or "")
    if "policy" in changed and news.get("policy"):
        client.put_key_policy(KeyId=key_id, PolicyName="default", Policy=news["policy"])
    if "enableKeyRotation" in changed:
        act = client.enable_key_rotation if news.get("enableKeyRotation") else client.disable_key_rotation
        act(KeyId=key_id)
    if "isEnabled" in changed:
        (client.enable_key if news.get("isEnabled", True) else client.disable_key)(KeyId=key_id)


def _retag(call: Call, key_id: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    client = call.client("kms")
    if wanted:
        client.tag_resource(KeyId=key_id, Tags=_tag_list(wanted))
    if removed:
        client.untag_resource(KeyId=key_id, TagKeys=removed)


def _delete(call: Call, key_id: str, outputs: Properties) -> None:
    # KMS deletes nothing at once: the key is out of use from here on and goes after the window.
    if _read(call, key_id, outputs) is not None:
        call.client("kms").schedule_key_deletion(
            KeyId=key_id, PendingWindowInDays=outputs.get("deletionWindowInDays") or 30
        )


KEY = ResourceType(
    type_name="aws:kms/key:Key",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=_retag,
    inputs=words(
        "description keyUsage policy multiRegion customerMasterKeySpec enableKeyRotation isEnabled tags"
    ),
    enums={
        "keyUsage": ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
    },
    ranges={"deletionWindowInDays": (7, 30), "rotationPeriodInDays": (90, 2560)},
    defaults={
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
    },
    replaces=words("customerMasterKeySpec keyUsage multiRegion customKeyStoreId xksKeyId"),
    documents=words("policy"),
    computed=("arn", "keyId", "policy", "multiRegion", "description"),
)


def _alias(call: Call, name: str, key_id: str | None) -> dict[str, Any] | None:
    where = {"KeyId": key_id} if key_id else {}
    found = call.client("kms").list_aliases(**where).get("Aliases", [])
    return next((alias for alias in found if alias["AliasName"] == name), None)


def _key_arn(call: Call, key_id: str) -> str:
    return key_id if key_id.startswith("arn:") else f"{_prefix(call)}key/{key_id}"


def _prefix(call: Call) -> str:
    return f"arn:aws:kms:{call.region}:{call.account_id()}:"


def _create_alias(call: Call, news: Properties) -> tuple[str, Properties]:
    name = news["name"]
    call.client("kms").create_alias(AliasName=name, TargetKeyId=news["targetKeyId"])
    return name, {"arn": _prefix(call) + name, "targetKeyArn": _key_arn(call, news["targetKeyId"])}


def _read_alias(call: Call, name: str, known: Properties) -> Properties | None:
    found = _alias(call, name, None)
    if found is None:
        return None
    target, wanted = found["TargetKeyId"], known.get("targetKeyId") or ""
    return {
        "arn": found["AliasArn"],
        "name": name,
        # A program may name the key by ID or by ARN; the alias only knows the ID.
        "targetKeyId": wanted if wanted.rsplit("/", 1)[-1] == target else target,
        "targetKeyArn": _key_arn(call, target),
    }


def _update_alias(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    call.client("kms").update_alias(AliasName=name, TargetKeyId=news["targetKeyId"])


def _delete_alias(call: Call, name: str, outputs: Properties) -> None:
    call.client("kms").delete_alias(AliasName=name)


ALIAS = ResourceType(
    type_name="aws:kms/alias:Alias",
    create=_create_alias,
    read=_read_alias,
    update=_update_alias,
    delete=_delete_alias,
    inputs=words("name targetKeyId"),
    required=("targetKeyId",),
    lengths={"name": 256},
    auto_name=AutoName(prefix_property=None, max_length=256, stem="alias/"),
    replaces=words("name"),
    computed=("arn", "targetKeyArn"),
    refreshed={"targetKeyArn": words("targetKeyId")},
)

TYPES = (KEY, ALIAS)
