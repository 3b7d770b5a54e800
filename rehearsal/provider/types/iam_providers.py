"""Whose tokens an account takes in the place of keys."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types.iam import retag_by, tagged
from rehearsal.provider.values import tag_dict


def _facts(found: dict[str, Any]) -> Properties:
    return {
        # IAM keeps the address without its scheme; the real provider puts it back.
        "url": f"https://{found['Url'].removeprefix('https://')}",
        "clientIdLists": list(found.get("ClientIDList") or []),
        "thumbprintLists": list(found.get("ThumbprintList") or []),
        "tagsAll": tag_dict(found.get("Tags")),
    }


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    arn = call.client("iam").create_open_id_connect_provider(
        Url=news["url"],
        ClientIDList=list(news["clientIdLists"]),
        ThumbprintList=list(news.get("thumbprintLists") or []),
        **tagged(call.tags(news)),
    )["OpenIDConnectProviderArn"]
    return arn, {"arn": arn, "thumbprintLists": list(news.get("thumbprintLists") or [])}


def _read(call: Call, arn: str, known: Properties) -> Properties | None:
    found = call.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return {"arn": arn, **_facts(found)}


def _update(call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client = call.client("iam")
    if "thumbprintLists" in changed:
        client.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=arn, ThumbprintList=list(news.get("thumbprintLists") or [])
        )
    before, after = set(old.get("clientIdLists") or []), set(news["clientIdLists"])
    for client_id in sorted(after - before):
        client.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client_id)
    for client_id in sorted(before - after):
        client.remove_client_id_from_open_id_connect_provider(
            OpenIDConnectProviderArn=arn, ClientID=client_id
        )


def _delete(call: Call, arn: str, outputs: Properties) -> None:
    call.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


PROVIDER = ResourceType(
    type_name="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    retag=retag_by("open_id_connect_provider", "OpenIDConnectProviderArn"),
    inputs=words("url clientIdLists thumbprintLists tags"),
    required=("clientIdLists", "url"),
    lengths={"url": 255},
    replaces=words("url"),
    sets=words("clientIdLists"),
    computed=("arn", "thumbprintLists"),
    regional=False,
)

TYPES = (PROVIDER,)
