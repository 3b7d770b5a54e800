"""What is not as it was declared: servers that differ, that someone was on, and groups changed by hand."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from scripts.releases import outsiders, quarantine, servers, sessions
from scripts.releases.aws import Account, errors
from scripts.releases.declared import Declared
from scripts.releases.errors import one_line
from scripts.releases.isolation import PREFIX
from scripts.releases.state import ServiceState

SECONDS_A_DAY = 86_400
INSTANCES_A_CALL = 200


@dataclass(frozen=True)
class Finding:
    """One thing that is not as declared.

    Attributes:
        kind: image, template-version, login, age, standby, missing-group, setting, suspended, outside or
            overdue.
        subject: the instance or the group.
        declared: what it should be, "" where there is nothing to compare with.
    """

    kind: str
    service: str | None
    subject: str
    text: str
    declared: str = ""
    actual: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "service": self.service,
            "subject": self.subject,
            "declared": self.declared or None,
            "actual": self.actual or None,
            "text": self.text,
        }


@dataclass
class Drift:
    """All that was found. `notes` are no drift, but help to understand it."""

    servers: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self, environment: str) -> dict[str, Any]:
        """For programs; see docs/operations.md for the fields."""
        return {
            "ok": True,
            "environment": environment,
            "drift": bool(self.findings),
            "servers": self.servers,
            "findings": [each.as_json() for each in self.findings],
            "notes": self.notes,
        }


def find(account: Account, declared: Declared, max_age_days: int | None, now: datetime) -> Drift:
    """Compares an environment with what was declared; it changes nothing.

    Raises:
        RefusedError: the environment's groups are not known.
        ReleaseError: AWS refused; what could not be looked at is not called free of drift.
    """
    found = Drift()
    groups = servers.declared_groups(declared.environment, declared.state)
    described = servers.described_groups(account, groups)
    members: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, service in groups.items():
        if name not in described:
            found.findings.append(
                Finding("missing-group", service, name, f"{service}: the group {name} is not there")
            )
            continue
        found.findings += _of_group(account, declared, service, described[name])
        members.update({each["InstanceId"]: (service, each) for each in described[name]["Instances"]})
    found.servers = len(members)
    instances = _instances(account, members)
    for instance_id, (service, seen) in members.items():
        there = instances.get(instance_id, {})
        found.findings += _of_server(declared.state.services[service], service, seen, there)
        found.findings += _age(service, instance_id, there, max_age_days, now)
    owners = {instance_id: service for instance_id, (service, _) in members.items()}
    found.findings += _logins(account, owners, instances)
    _outside(account, declared, set(members), found, now)
    return found


def _instances(account: Account, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """EC2's descriptions by ID. By filter: an ID that vanished in between is then no error."""
    wanted, found = list(ids), {}
    for start in range(0, len(wanted), INSTANCES_A_CALL):
        filters: Any = [{"Name": "instance-id", "Values": wanted[start : start + INSTANCES_A_CALL]}]
        found.update(outsiders.described(account, filters))
    return found


def _of_server(
    state: ServiceState, service: str, seen: Mapping[str, Any], there: Mapping[str, Any]
) -> Iterator[Finding]:
    instance_id = seen["InstanceId"]
    if seen["LifecycleState"].startswith("Terminating"):
        return
    image = there.get("ImageId")
    if image and state.image and image != state.image:
        text = f"{service}: {instance_id} runs {image}, declared is {state.image}"
        yield Finding("image", service, instance_id, text, state.image, image)
    version, wanted = _version(seen.get("LaunchTemplate")), _number(state.launch_template_version)
    if wanted and version != wanted:
        text = (
            f"{service}: {instance_id} was started from launch template version {version or 'none'}, "
            f"declared is {wanted}"
        )
        yield Finding("template-version", service, instance_id, text, wanted, version)
    if seen["LifecycleState"].endswith(servers.STANDBY):
        text = f"{service}: {instance_id} was put on standby by hand"
        yield Finding("standby", service, instance_id, text, servers.IN_SERVICE, seen["LifecycleState"])


def _age(
    service: str, instance_id: str, there: Mapping[str, Any], max_age_days: int | None, now: datetime
) -> Iterator[Finding]:
    launched = there.get("LaunchTime")
    if max_age_days is None or launched is None:
        return
    days = (now - launched).total_seconds() / SECONDS_A_DAY
    if days > max_age_days:
        text = f"{service}: {instance_id} is {days:.1f} days old, allowed are {max_age_days}"
        yield Finding("age", service, instance_id, text, str(max_age_days), f"{days:.1f}")


def _logins(
    account: Account, owners: Mapping[str, str], instances: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    launched = [each["LaunchTime"] for each in instances.values() if "LaunchTime" in each]
    # An hour's grace for clocks that disagree; sessions of before the oldest server are no one's here.
    since = min(launched) - timedelta(hours=1) if launched else None
    for session in sessions.on(account, owners, since):
        who = session.owner or "someone"
        text = (
            f"{owners[session.target]}: {who} was on {session.target} at {session.start} "
            f"(session {session.id}); replace it"
        )
        yield Finding("login", owners[session.target], session.target, one_line(text), actual=session.id)


def _of_group(
    account: Account, declared: Declared, service: str, group: Mapping[str, Any]
) -> Iterator[Finding]:
    name = str(group["AutoScalingGroupName"])
    wanted = declared.settings(service, scheduled=_is_scheduled(account, name))
    for setting, (source, value) in wanted.items():
        actual = _SETTINGS[setting](group)
        if actual != value:
            text = f"{service}: {setting} of {name} is {actual or 'none'}, declared is {value} ({source})"
            yield Finding("setting", service, name, text, value, actual)
    for process in sorted(each["ProcessName"] for each in group.get("SuspendedProcesses") or []):
        text = f"{service}: {process} of {name} is suspended"
        yield Finding("suspended", service, name, text, "", process)


def _is_scheduled(account: Account, group: str) -> bool:
    """Whether a schedule changes the group's size, so that its size now says nothing."""
    with errors():
        answer = account.autoscaling.describe_scheduled_actions(AutoScalingGroupName=group)
    return bool(answer["ScheduledUpdateGroupActions"])


def _version(specification: Mapping[str, Any] | None) -> str:
    return str((specification or {}).get("Version", ""))


def _number(value: object) -> str:
    """A whole number as AWS writes it: Pulumi may say 3.0 for 3."""
    text = "" if value is None else str(value)
    return text.removesuffix(".0")


def _maintenance(group: Mapping[str, Any]) -> str:
    policy = group.get("InstanceMaintenancePolicy") or {}
    return f"{policy.get('MinHealthyPercentage', '-')} to {policy.get('MaxHealthyPercentage', '-')}"


_SETTINGS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "the least number of servers": lambda group: str(group["MinSize"]),
    "the greatest number of servers": lambda group: str(group["MaxSize"]),
    "the percentage kept healthy": _maintenance,
    "the launch template's version": lambda group: _version(servers.specification(group)),
    "the health check": lambda group: str(group.get("HealthCheckType") or ""),
}


def _outside(account: Account, declared: Declared, members: set[str], found: Drift, now: datetime) -> None:
    """Servers with the environment's tags or security groups that are in none of its groups."""
    for instance_id, there in outsiders.of(account, declared).items():
        if instance_id in members:
            continue
        record = quarantine.recorded(there)
        until = record.get(f"{PREFIX}until", "")
        if not record:
            text = (
                f"{instance_id} is in none of the groups of {declared.environment}, but has its tags or rules"
            )
            found.findings.append(Finding("outside", None, instance_id, text))
        elif _is_past(until, now):
            text = f"{instance_id} was to be in quarantine until {until}: release it, or extend it"
            found.findings.append(Finding("overdue", None, instance_id, text, until))
        else:
            why = one_line(record.get(f"{PREFIX}why", ""))
            found.notes.append(f"{instance_id} is in quarantine until {until}: {why}")


def _is_past(day: str, now: datetime) -> bool:
    try:
        return date.fromisoformat(day) < now.astimezone(UTC).date()
    except ValueError:
        return True
