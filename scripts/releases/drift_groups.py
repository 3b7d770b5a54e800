"""Drift of a group: settings that a hand changed, and processes that it suspended."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scripts.releases.aws import Account, errors
from scripts.releases.declared import Declared
from scripts.releases.findings import Finding
from scripts.releases.groups import Group


def of(account: Account, declared: Declared, group: Group) -> Iterator[Finding]:
    """What is not as declared of one group. Raises AwsError when AWS refuses to say."""
    name, service = group.name, group.service
    wanted = declared.settings(service, scheduled=_is_scheduled(account, name))
    for setting, (source, value) in wanted.items():
        actual = _SETTINGS[setting](group)
        if actual != value:
            text = f"{service}: {setting} of {name} is {actual or 'none'}, declared is {value} ({source})"
            yield Finding("setting", service, name, text, value, actual)
    for process in sorted(group.suspended):
        text = f"{service}: {process} of {name} is suspended"
        yield Finding("suspended", service, name, text, "", process)


def _is_scheduled(account: Account, group: str) -> bool:
    """Whether a schedule changes the group's size, so that its size now says nothing."""
    with errors():
        answer = account.autoscaling.describe_scheduled_actions(AutoScalingGroupName=group)
    return bool(answer["ScheduledUpdateGroupActions"])


def _maintenance(settings: Mapping[str, Any]) -> str:
    policy = settings.get("InstanceMaintenancePolicy") or {}
    return f"{policy.get('MinHealthyPercentage', '-')} to {policy.get('MaxHealthyPercentage', '-')}"


_SETTINGS: Mapping[str, Callable[[Group], str]] = {
    "the least number of servers": lambda group: str(group.settings["MinSize"]),
    "the greatest number of servers": lambda group: str(group.settings["MaxSize"]),
    "the percentage kept healthy": lambda group: _maintenance(group.settings),
    "the launch template's version": lambda group: group.version or "",
    "the health check": lambda group: str(group.settings.get("HealthCheckType") or ""),
}
