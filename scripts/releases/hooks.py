"""A group's lifecycle hooks: where servers wait on their way into service and out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scripts.releases.aws import Account, errors
from scripts.releases.groups import Group

LAUNCHING, TERMINATING = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"


@dataclass(frozen=True)
class Hook:
    """One hook. A server that does not answer within `timeout_seconds` is let go on, or given up."""

    name: str
    transition: str
    timeout_seconds: float
    default_result: str


def of(account: Account, group: Group) -> list[Hook]:
    """The group's hooks by name. Raises AwsError when AWS refuses."""
    with errors():
        answer = account.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group.name)
    found = [
        Hook(
            name=each["LifecycleHookName"],
            transition=each.get("LifecycleTransition", ""),
            timeout_seconds=float(each.get("HeartbeatTimeout", 3600)),
            default_result=each.get("DefaultResult", "ABANDON"),
        )
        for each in answer["LifecycleHooks"]
    ]
    return sorted(found, key=lambda hook: hook.name)


def longest_seconds(hooks: Iterable[Hook], transition: str) -> float:
    """How long the hooks of a transition hold a server that says nothing; they wait side by side."""
    return max((hook.timeout_seconds for hook in hooks if hook.transition == transition), default=0.0)
