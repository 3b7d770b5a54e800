"""EventBridge Scheduler: schedules and their groups."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import from_api, pick, tag_dict, tag_list, to_api

_SETTINGS = (
    "actionAfterCompletion", "description", "endDate", "flexibleTimeWindow", "kmsKeyArn",
    "scheduleExpression", "scheduleExpressionTimezone", "startDate", "state", "target",
)  # fmt: skip
DEFAULT_GROUP = "default"


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    name, group = physical_name(news, max_length=64), news.get("groupName") or DEFAULT_GROUP
    made = call.client("scheduler").create_schedule(
        Name=name, GroupName=group, **to_api(pick(news, _SETTINGS))
    )
    return f"{group}/{name}", {"arn": made["ScheduleArn"], "name": name, "groupName": group}


def _read(call: Call, schedule_id: str, known: Properties) -> Properties | None:
    group, _, name = schedule_id.partition("/")
    found = call.client("scheduler").get_schedule(Name=name, GroupName=group)
    facts: Properties = from_api(pick(found, [each[:1].upper() + each[1:] for each in _SETTINGS]))
    facts = {
        key: value for key, value in facts.items() if key in known or key not in ("actionAfterCompletion",)
    }
    return {**facts, "arn": found["Arn"], "name": found["Name"], "groupName": found["GroupName"]}


def _update(call: Call, schedule_id: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    """What is not repeated is forgotten: an update says all."""
    group, _, name = schedule_id.partition("/")
    call.client("scheduler").update_schedule(Name=name, GroupName=group, **to_api(pick(news, _SETTINGS)))


def _delete(call: Call, schedule_id: str, outputs: Properties) -> None:
    group, _, name = schedule_id.partition("/")
    call.client("scheduler").delete_schedule(Name=name, GroupName=group)


SCHEDULE = ResourceType(
    type_name="aws:scheduler/schedule:Schedule",
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    inputs=frozenset(_SETTINGS) | words("groupName name"),
    required=("flexibleTimeWindow", "scheduleExpression", "target"),
    enums={
        "flexibleTimeWindow.mode": ("OFF", "FLEXIBLE"),
        "state": ("ENABLED", "DISABLED"),
    },
    ranges={
        "flexibleTimeWindow.maximumWindowInMinutes": (1, 1440),
        "target.retryPolicy.maximumEventAgeInSeconds": (60, 86_400),
        "target.retryPolicy.maximumRetryAttempts": (0, 185),
    },
    lengths={"name": 64, "description": 512, "scheduleExpression": 256, "scheduleExpressionTimezone": 50},
    defaults={"scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
    auto_name=AutoName(max_length=64),
    replaces=words("groupName name namePrefix"),
    computed=("arn", "groupName", "name"),
)


def _create_group(call: Call, news: Properties) -> tuple[str, Properties]:
    name, tags = physical_name(news, max_length=64), call.tags(news)
    made = call.client("scheduler").create_schedule_group(
        Name=name, **({"Tags": tag_list(tags)} if tags else {})
    )
    return name, {"arn": made["ScheduleGroupArn"], "name": name, "state": "ACTIVE"}


def _read_group(call: Call, name: str, known: Properties) -> Properties | None:
    client = call.client("scheduler")
    found = client.get_schedule_group(Name=name)
    tags = client.list_tags_for_resource(ResourceArn=found["Arn"]).get("Tags")
    return {"arn": found["Arn"], "name": name, "state": found["State"], "tagsAll": tag_dict(tags)}


def _retag(call: Call, name: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    client = call.client("scheduler")
    if wanted:
        client.tag_resource(ResourceArn=outputs["arn"], Tags=tag_list(wanted))
    if removed:
        client.untag_resource(ResourceArn=outputs["arn"], TagKeys=removed)


def _delete_group(call: Call, name: str, outputs: Properties) -> None:
    call.client("scheduler").delete_schedule_group(Name=name)


GROUP = ResourceType(
    type_name="aws:scheduler/scheduleGroup:ScheduleGroup",
    create=_create_group,
    read=_read_group,
    delete=_delete_group,
    retag=_retag,
    inputs=words("name tags"),
    lengths={"name": 64, "namePrefix": 38},
    auto_name=AutoName(max_length=64),
    replaces=words("name namePrefix"),
    computed=("arn", "name", "state"),
)

TYPES: tuple[Any, ...] = (SCHEDULE, GROUP)
