"""KMS: grants, by which a principal may use a key without a word in the key's policy."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.values import from_api, pick, to_api

OPERATIONS = (
    "Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom",
    "ReEncryptTo", "Sign", "Verify", "GetPublicKey", "CreateGrant", "RetireGrant", "DescribeKey",
    "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GenerateMac", "VerifyMac",
    "DeriveSharedSecret",
)  # fmt: skip


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    request: dict[str, Any] = to_api(
        pick(news, ("granteePrincipal", "keyId", "name", "operations", "retiringPrincipal"))
    )
    if news.get("constraints"):
        request["Constraints"] = {
            key[:1].upper() + key[1:]: context for key, context in news["constraints"][0].items()
        }
    if news.get("grantCreationTokens"):
        request["GrantTokens"] = news["grantCreationTokens"]
    made = call.client("kms").create_grant(**request)
    facts = {"grantId": made["GrantId"], "grantToken": made["GrantToken"]}
    return f"{news['keyId']}:{made['GrantId']}", facts


def _read(call: Call, resource_id: str, known: Properties) -> Properties | None:
    # A key may be named by its ARN, which has colons of its own.
    key_id, _, grant_id = resource_id.rpartition(":")
    pages = call.client("kms").get_paginator("list_grants").paginate(KeyId=key_id)
    grants = (grant for page in pages for grant in page["Grants"])
    found = next((grant for grant in grants if grant["GrantId"] == grant_id), None)
    if found is None:
        return None
    said = from_api(pick(found, ("GranteePrincipal", "Name", "Operations", "RetiringPrincipal")))
    # The keys of an encryption context are its owner's and stay as they are.
    constraints = {
        key[:1].lower() + key[1:]: context
        for key, context in (found.get("Constraints") or {}).items()
        if context
    }
    return {
        **said,
        "constraints": [constraints] if constraints else None,
        "grantId": grant_id,
        "keyId": key_id,
    }


def _delete(call: Call, resource_id: str, outputs: Properties) -> None:
    key_id, _, grant_id = resource_id.rpartition(":")
    client = call.client("kms")
    (client.retire_grant if outputs.get("retireOnDelete") else client.revoke_grant)(
        KeyId=key_id, GrantId=grant_id
    )


GRANT = ResourceType(
    type_name="aws:kms/grant:Grant",
    create=_create,
    read=_read,
    delete=_delete,
    inputs=words("constraints granteePrincipal keyId name operations retiringPrincipal"),
    required=("granteePrincipal", "keyId", "operations"),
    enums={"operations[]": OPERATIONS},
    lengths={"name": 256},
    defaults={"retireOnDelete": False},
    auto_name=AutoName(prefix_property=None, max_length=255),
    replaces=words(
        "constraints grantCreationTokens granteePrincipal keyId name operations retireOnDelete "
        "retiringPrincipal"
    ),
    sets=words("constraints grantCreationTokens operations"),
    computed=("grantId", "grantToken"),
)

TYPES = (GRANT,)
