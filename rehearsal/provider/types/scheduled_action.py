"""Scheduled actions: sizes that a group is given at a time of day."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from datetime import datetime
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types.naming import group_and_name
from rehearsal.provider.values import from_api, pick, to_api

# The real provider sends 0 for a size that is not said, and leaves out one that is said to be -1.
_SIZES = ("minSize", "maxSize", "desiredCapacity")
_LEFT_ALONE = -1
_TIMES = ("startTime", "endTime", "recurrence", "timeZone")


def _put(call: Call, news: Properties) -> None:
    sizes = {name: int(news.get(name, 0)) for name in _SIZES}
    said = {name: size for name, size in sizes.items() if size != _LEFT_ALONE}
    call.client("autoscaling").put_scheduled_update_group_action(
        AutoScalingGroupName=news["autoscalingGroupName"],
        ScheduledActionName=news["scheduledActionName"],
        **to_api(said | pick(news, _TIMES)),
    )


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    _put(call, news)
    return news["scheduledActionName"], {}


def _complete(call: Call, name: str, news: Properties) -> Properties:
    return _read(call, name, news) or {}


def _read(call: Call, resource_id: str, known: Properties) -> Properties | None:
    group, name = group_and_name(resource_id, known)
    found = call.client("autoscaling").describe_scheduled_actions(
        AutoScalingGroupName=group, ScheduledActionNames=[name]
    )["ScheduledUpdateGroupActions"]
    if not found:
        return None
    return {**_facts(found[0]), "scheduledActionName": name, "autoscalingGroupName": group}


def _facts(action: dict[str, Any]) -> Properties:
    """Sizes with -1 for those that the action leaves alone; times as text."""
    said: Properties = from_api(action)
    facts: Properties = {name: said.get(name, _LEFT_ALONE) for name in _SIZES}
    for name in _TIMES:
        value = said.get(name)
        facts[name] = value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
    return {**facts, "arn": action["ScheduledActionARN"]}


def _update(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    _put(call, news)


def _delete(call: Call, name: str, outputs: Properties) -> None:
    # Auto Scaling answers "ValidationError" for a group or an action that is gone; ask before, not after.
    if _read(call, name, outputs) is not None:
        call.client("autoscaling").delete_scheduled_action(
            AutoScalingGroupName=outputs["autoscalingGroupName"],
            ScheduledActionName=outputs["scheduledActionName"],
        )


SCHEDULE = ResourceType(
    type_name="aws:autoscaling/schedule:Schedule",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    inputs=frozenset((*_SIZES, *_TIMES)) | words("autoscalingGroupName scheduledActionName"),
    required=("autoscalingGroupName", "scheduledActionName"),
    ranges=dict.fromkeys(_SIZES, (_LEFT_ALONE, 100_000)),
    lengths={"scheduledActionName": 255},
    replaces=words("autoscalingGroupName scheduledActionName"),
    computed=("arn", *_SIZES, *_TIMES),
)

TYPES = (SCHEDULE,)
