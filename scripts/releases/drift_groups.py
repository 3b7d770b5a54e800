"""Drift of a group: settings, hooks, schedules and alarms that a hand changed, and processes suspended."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from scripts.releases import alarms, hooks, schedules
from scripts.releases.aws import Account
from scripts.releases.declared import CHECK, GREATEST, KEPT, LEAST, LIFETIME, VERSION, Declared
from scripts.releases.findings import Finding
from scripts.releases.groups import Group
from scripts.releases.hooks import Hook
from scripts.releases.schedules import Action

SECONDS_A_DAY = 86_400


def of(account: Account, declared: Declared, group: Group) -> Iterator[Finding]:
    """What is not as declared of one group. Raises AwsError when AWS refuses to say."""
    there = {each.name: each for each in schedules.of(account, group)}
    yield from _settings(declared, group, there.values())
    for process in sorted(group.suspended):
        text = f"{group.service}: {process} of {group.name} is suspended"
        yield Finding("suspended", group.service, group.name, text, "", process)
    if group.service in declared.config.services:
        known = {each.name: each for each in hooks.of(account, group)}
        file = declared.config.path.name
        yield from _named("hook", group, declared.hooks(group.service), known, _hook, file)
        yield from _named("schedule", group, declared.schedule(group.service), there, _action, file)
    state = declared.service(group.service)
    names = [*state.alarms.values(), *state.run.alarms.values()] if state else []
    yield from alarms_of(account, group.service, group.name, names)


def _settings(declared: Declared, group: Group, there: Iterable[Action]) -> Iterator[Finding]:
    """Sizes that a schedule sets are no finding, by day or by night; neither are those that a foreign one
    sets, which is a finding itself.
    """
    wanted = declared.settings(group.service)
    by_schedule = {str(each.min_size) for each in there if each.min_size is not None}
    greatest = {str(each.max_size) for each in there if each.max_size is not None}
    for setting, (source, value) in wanted.items():
        actual = _SETTINGS[setting](group)
        if actual == value or actual in {LEAST: by_schedule, GREATEST: greatest}.get(setting, ()):
            continue
        what = f"{group.service}: {setting} of {group.name}"
        text = f"{what} is {actual or 'none'}, declared is {value} ({source})"
        yield Finding("setting", group.service, group.name, text, value, actual)


def _named(
    kind: str,
    group: Group,
    wanted: Mapping[str, Any],
    there: Mapping[str, Any],
    text_of: Callable[[Any], str],
    source: str,
) -> Iterator[Finding]:
    """What of the one kind is missing, is another, or was added by hand."""
    for name in sorted({*wanted, *there}):
        declared = text_of(wanted[name]) if name in wanted else ""
        actual = text_of(there[name]) if name in there else ""
        if declared == actual:
            continue
        what = f"{group.service}: {kind} {name} of {group.name}"
        if not actual:
            text = f"{what} is gone, declared is {declared} ({source})"
        elif not declared:
            text = f"{what} is not declared: {actual}"
        else:
            text = f"{what} is {actual}, declared is {declared} ({source})"
        yield Finding(kind, group.service, group.name, text, declared, actual)


def _hook(hook: Hook) -> str:
    way = hook.transition.rpartition("_")[2].lower()
    return f"{way}, {hook.timeout_seconds:g} s, then {hook.default_result}"


def _action(action: Action) -> str:
    sizes = f"{action.min_size} to {action.max_size} servers, desired {action.desired}"
    return f"{sizes}, at {action.recurrence or action.next_at} {action.time_zone}"


def alarms_of(account: Account, service: str, subject: str, names: Sequence[str]) -> Iterator[Finding]:
    """Alarms of a service or a workload that are gone, or tell nobody. Raises AwsError when AWS refuses."""
    found = alarms.read(account, names)
    for name in names:
        text = f"{service}: alarm {name} of {subject}"
        if name not in found:
            yield Finding("alarm", service, subject, f"{text} is gone", name)
        elif not found[name].acts:
            text += " tells nobody: its actions are disabled"
            yield Finding("alarm", service, subject, text, name, "actions disabled")


def _maintenance(settings: Mapping[str, Any]) -> str:
    policy = settings.get("InstanceMaintenancePolicy") or {}
    return f"{policy.get('MinHealthyPercentage', '-')} to {policy.get('MaxHealthyPercentage', '-')}"


def _lifetime(settings: Mapping[str, Any]) -> str:
    seconds = settings.get("MaxInstanceLifetime")
    return f"{seconds / SECONDS_A_DAY:g}" if seconds else ""


_SETTINGS: Mapping[str, Callable[[Group], str]] = {
    LEAST: lambda group: str(group.settings["MinSize"]),
    GREATEST: lambda group: str(group.settings["MaxSize"]),
    KEPT: lambda group: _maintenance(group.settings),
    VERSION: lambda group: group.version or "",
    CHECK: lambda group: str(group.settings.get("HealthCheckType") or ""),
    LIFETIME: lambda group: _lifetime(group.settings),
}
