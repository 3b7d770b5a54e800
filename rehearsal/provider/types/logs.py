"""CloudWatch Logs: log groups."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import pick

# The only retentions that CloudWatch Logs takes, in days; 0 keeps everything for ever.
RETENTION_DAYS = (
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
    3653, )  # fmt: skip


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:logs:{call.region}:{call.account_id()}:log-group:{name}"


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    name = physical_name(news, max_length=512)
    tags = call.tags(news)
    request: dict[str, Any] = pick(news, ("kmsKeyId", "logGroupClass"))
    call.client("logs").create_log_group(logGroupName=name, **request, **({"tags": tags} if tags else {}))
    return name, {
        "arn": _arn(call, name),
        "name": name,
        "logGroupClass": news.get("logGroupClass") or "STANDARD",
    }


def _complete(call: Call, name: str, news: Properties) -> Properties:
    if news.get("retentionInDays"):
        call.client("logs").put_retention_policy(logGroupName=name, retentionInDays=news["retentionInDays"])
    return {}


def _read(call: Call, name: str, known: Properties) -> Properties | None:
    client = call.client("logs")
    found = client.describe_log_groups(logGroupNamePrefix=name).get("logGroups", [])
    group = next((group for group in found if group["logGroupName"] == name), None)
    if group is None:
        return None
    arn = _arn(call, name)
    return {
        "arn": arn,
        "name": name,
        "retentionInDays": group.get("retentionInDays", 0),
        "kmsKeyId": group.get("kmsKeyId"),
        "logGroupClass": group.get("logGroupClass") or "STANDARD",
        "tagsAll": client.list_tags_for_resource(resourceArn=arn).get("tags", {}),
    }


def _update(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    client = call.client("logs")
    if "retentionInDays" in changed:
        if news.get("retentionInDays"):
            _complete(call, name, news)
        else:
            client.delete_retention_policy(logGroupName=name)
    if "kmsKeyId" in changed:
        if news.get("kmsKeyId"):
            client.associate_kms_key(logGroupName=name, kmsKeyId=news["kmsKeyId"])
        elif old.get("kmsKeyId"):
            client.disassociate_kms_key(logGroupName=name)


def _retag(call: Call, name: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    client = call.client("logs")
    if wanted:
        client.tag_resource(resourceArn=_arn(call, name), tags=wanted)
    if removed:
        client.untag_resource(resourceArn=_arn(call, name), tagKeys=removed)


def _delete(call: Call, name: str, outputs: Properties) -> None:
    if not outputs.get("skipDestroy"):
        call.client("logs").delete_log_group(logGroupName=name)


LOG_GROUP = ResourceType(
    type_name="aws:cloudwatch/logGroup:LogGroup",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=_retag,
    inputs=words("name retentionInDays kmsKeyId logGroupClass tags"),
    enums={
        "logGroupClass": ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"),
        "retentionInDays": tuple(str(days) for days in RETENTION_DAYS),
    },
    lengths={"name": 512, "namePrefix": 486},
    defaults={"retentionInDays": 0, "skipDestroy": False},
    auto_name=AutoName(max_length=512),
    replaces=words("name namePrefix logGroupClass"),
    computed=("arn", "name", "logGroupClass"),
)

TYPES = (LOG_GROUP,)
