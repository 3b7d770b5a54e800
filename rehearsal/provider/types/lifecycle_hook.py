"""Lifecycle hooks: what holds a server back on its way into its group, or out of it."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.naming import group_and_name
from rehearsal.provider.values import from_api, pick, to_api

TRANSITIONS = ("autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING")
RESULTS = ("CONTINUE", "ABANDON")
HEARTBEAT_SECONDS = (30, 7200)

_SETTINGS = (
    "lifecycleTransition", "defaultResult", "heartbeatTimeout", "notificationMetadata",
    "notificationTargetArn", "roleArn",
)  # fmt: skip
_RENAMES = {"notificationTargetArn": "NotificationTargetARN", "roleArn": "RoleARN"}
# The emulated cloud notifies no one, and keeps no more than these.
_KEPT = ("LifecycleTransition", "DefaultResult", "HeartbeatTimeout")


def request(hook: Properties) -> dict[str, Any]:
    """What PutLifecycleHook takes, but for the names."""
    said: dict[str, Any] = to_api(pick(hook, _SETTINGS), _RENAMES)
    return said


def put(call: Call, group: str, name: str, hook: Properties) -> None:
    """Make the hook, or make it what it is to be."""
    call.client("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName=group, LifecycleHookName=name, **request(hook)
    )


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    put(call, news["autoscalingGroupName"], news["name"], news)
    return news["name"], {}


def _complete(call: Call, name: str, news: Properties) -> Properties:
    return _read(call, name, news) or {}


def _read(call: Call, resource_id: str, known: Properties) -> Properties | None:
    group, name = group_and_name(resource_id, known)
    hooks = call.client("autoscaling").describe_lifecycle_hooks(
        AutoScalingGroupName=group, LifecycleHookNames=[name]
    )["LifecycleHooks"]
    if not hooks:
        return None
    return {**from_api(pick(hooks[0], _KEPT)), "name": name, "autoscalingGroupName": group}


def _update(call: Call, name: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    # As the real provider: to another group the hook is added; the group before is on its way out.
    put(call, news["autoscalingGroupName"], news["name"], news)


def _delete(call: Call, name: str, outputs: Properties) -> None:
    # Auto Scaling answers "ValidationError" for a group or a hook that is gone; ask before, not after.
    if _read(call, name, outputs) is not None:
        call.client("autoscaling").delete_lifecycle_hook(
            AutoScalingGroupName=outputs["autoscalingGroupName"], LifecycleHookName=outputs["name"]
        )


HOOK = ResourceType(
    type_name="aws:autoscaling/lifecycleHook:LifecycleHook",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    inputs=frozenset(_SETTINGS) | words("name autoscalingGroupName"),
    required=("autoscalingGroupName", "lifecycleTransition"),
    enums={"lifecycleTransition": TRANSITIONS, "defaultResult": RESULTS},
    ranges={"heartbeatTimeout": HEARTBEAT_SECONDS},
    lengths={"name": 255, "notificationMetadata": 1023},
    auto_name=AutoName(prefix_property=None),
    replaces=words("name"),
    computed=("defaultResult", "heartbeatTimeout"),
)

TYPES = (HOOK,)
