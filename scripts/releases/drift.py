"""What is not as it was declared: servers that differ, that someone was on, and groups changed by hand."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from scripts.releases import cluster_nodes, drift_groups, drift_servers, members, outsiders, quarantine
from scripts.releases.aws import Account
from scripts.releases.declared import Declared
from scripts.releases.errors import one_line
from scripts.releases.findings import Drift, Finding
from scripts.releases.groups import Group, Groups
from scripts.releases.isolation import PREFIX


def find(
    account: Account, declared: Declared, groups: Groups, max_age_days: int | None, now: datetime
) -> Drift:
    """Compares an environment with what was declared; it changes nothing.

    Raises:
        ReleaseError: AWS refused; what could not be looked at is not called free of drift.
    """
    found = Drift()
    found.findings += [Finding("group", each.service, each.group, each.text) for each in groups.doubts]
    found.findings += [
        Finding("missing-group", service, name, f"{service}: the group {name} is not there")
        for name, service in groups.missing.items()
    ]
    owners: dict[str, str] = {}
    seen: list[tuple[Group, Mapping[str, Any]]] = []
    doubtful = {each.group for each in groups.doubts}
    for group in groups.all:
        owners.update({each["InstanceId"]: group.service for each in group.settings["Instances"]})
        # A group that may be someone else's is not compared with what was declared for ours.
        if group.name not in doubtful:
            found.findings += drift_groups.of(account, declared, group)
            seen += [(group, each) for each in group.settings["Instances"]]
    found.servers = len(owners)
    instances = members.instances_of(account, owners)
    for group, each in seen:
        there = instances.get(each["InstanceId"], {})
        found.findings += drift_servers.of(declared.service(group.service), group.service, each, there)
        found.findings += drift_servers.age(group, each["InstanceId"], there, max_age_days, now)
    nodes = cluster_nodes.of(account, declared.state.cluster)
    found.findings += cluster_nodes.drift(declared.state.cluster, nodes)
    owners.update(dict.fromkeys(nodes, cluster_nodes.NODE))
    found.findings += drift_servers.logins(account, owners, {**instances, **nodes})
    _outside(account, declared, set(owners), found, now)
    return found


def _outside(account: Account, declared: Declared, inside: set[str], found: Drift, now: datetime) -> None:
    """Servers with the environment's tags or security groups that are in none of its groups."""
    for instance_id, there in outsiders.of(account, declared).items():
        if instance_id in inside:
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
