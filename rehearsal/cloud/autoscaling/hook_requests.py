"""Requests about lifecycle hooks. moto keeps hooks too, but no server waits for one there."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.autoscaling.attached import NotificationRequests
from rehearsal.cloud.autoscaling.exceptions import LimitExceeded, ValidationError
from rehearsal.cloud.autoscaling.group import Group
from rehearsal.cloud.autoscaling.hooks import ABANDON, AGENT_HOOKS, CONTINUE, Hook, Hooks, Wait
from rehearsal.cloud.autoscaling.servers import Server

#: "Quotas for Auto Scaling resources": hooks of a group.
MAX_HOOKS = 50
HEARTBEAT_SECONDS = (30, 7200)
_EXTRA = ("NotificationMetadata", "NotificationTargetARN", "RoleARN")


def put(group: Group, given: dict[str, Any]) -> None:
    """Make a hook from a LifecycleHookSpecification; what is not given stays as it was, or AWS's default.

    Raises ValidationError and LimitExceeded as AWS does.
    """
    hooks, name = group.fleet.hooks.by_name, given["LifecycleHookName"]
    before = hooks.get(name)
    if before is None and len(hooks) >= MAX_HOOKS:
        raise LimitExceeded(f"You have reached the limit of {MAX_HOOKS} lifecycle hooks of a group")
    plain = before or Hook(name, given.get("LifecycleTransition") or "")
    seconds = given.get("HeartbeatTimeout")
    extra = dict(plain.extra) | {key: given[key] for key in _EXTRA if given.get(key) is not None}
    hook = Hook(
        name,
        given.get("LifecycleTransition") or plain.transition,
        plain.heartbeat_seconds if seconds is None else int(seconds),
        given.get("DefaultResult") or plain.default_result,
        tuple(extra.items()),
    )
    if hook.transition not in AGENT_HOOKS:
        raise ValidationError(
            f"LifecycleTransition '{hook.transition}' is not one of {', '.join(AGENT_HOOKS)}"
        )
    low, high = HEARTBEAT_SECONDS
    if not low <= hook.heartbeat_seconds <= high:
        raise ValidationError(
            f"HeartbeatTimeout {hook.heartbeat_seconds} is not between {low} and {high} seconds"
        )
    if hook.default_result not in (CONTINUE, ABANDON):
        raise ValidationError(f"DefaultResult '{hook.default_result}' is not one of {CONTINUE}, {ABANDON}")
    hooks[name] = hook


class HookRequests(NotificationRequests):
    def put_lifecycle_hook(self) -> Any:
        put(self._group(), self._get_params())
        return EmptyResult()

    def describe_lifecycle_hooks(self) -> Any:
        group, wanted = self._group(), self._get_param("LifecycleHookNames", [])
        hooks = group.fleet.hooks.by_name.values()
        described = [_describe(hook, group) for hook in hooks if not wanted or hook.name in wanted]
        return ActionResult({"LifecycleHooks": described})

    def delete_lifecycle_hook(self) -> Any:
        hooks, name = self._group().fleet.hooks, self._get_param("LifecycleHookName")
        if name not in hooks.by_name:
            raise ValidationError(f"No Lifecycle Hook found with name {name}")
        hooks.delete(name)
        return EmptyResult()

    def complete_lifecycle_action(self) -> Any:
        result = self._get_param("LifecycleActionResult")
        if result not in (CONTINUE, ABANDON):
            raise ValidationError(f"LifecycleActionResult '{result}' is not one of {CONTINUE}, {ABANDON}")
        server, wait = self._wait()
        self._group().fleet.hooks.complete(server, wait.hook.name, result)
        return EmptyResult()

    def record_lifecycle_action_heartbeat(self) -> Any:
        server, wait = self._wait()
        self._group().fleet.hooks.heartbeat(server, wait)
        return EmptyResult()

    def _wait(self) -> tuple[Server, Wait]:
        token, server_id = self._get_param("LifecycleActionToken"), self._get_param("InstanceId")
        name = self._get_param("LifecycleHookName")
        if not token and not server_id:
            raise ValidationError("You must specify either LifecycleActionToken or InstanceId")
        hooks: Hooks = self._group().fleet.hooks
        if name not in hooks.by_name:
            raise ValidationError(f"No Lifecycle Hook found with name {name}")
        found = hooks.waits(name, token, server_id)
        if found is None:
            what = f"token {token}" if token else f"instance ID {server_id}"
            raise ValidationError(f"No active Lifecycle Action found with {what}")
        return found


def _describe(hook: Hook, group: Group) -> dict[str, Any]:
    return dict(hook.extra) | {
        "LifecycleHookName": hook.name,
        "AutoScalingGroupName": group.name,
        "LifecycleTransition": hook.transition,
        "HeartbeatTimeout": hook.heartbeat_seconds,
        "GlobalTimeout": hook.global_seconds,
        "DefaultResult": hook.default_result,
    }
