"""The servers of a group, as Auto Scaling, EC2 and the target groups see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.releases.aws import Account, errors
from scripts.releases.groups import Group

#: DescribeInstances takes 200 values in a filter.
AT_A_TIME = 200
IN_SERVICE, STANDBY, HEALTHY = "InService", "Standby", "healthy"
#: What a target group says of a server that is not registered with it.
UNUSED = "unused"
#: What a server does while a lifecycle hook holds it.
WAITS = {"Pending:Wait": "validating", "Terminating:Wait": "flushing"}


@dataclass(frozen=True)
class Server:
    """One server of a group, in AWS's words. `target` is its worst state in the group's target groups, None
    where the group has none.
    """

    id: str
    image: str | None
    version: str | None
    instance_type: str
    zone: str
    lifecycle: str
    health: str
    target: str | None
    launched_at: datetime | None

    @property
    def serves(self) -> bool:
        """In service, and healthy for the group and for its target groups."""
        return (
            self.lifecycle == IN_SERVICE and self.health.lower() == HEALTHY and self.target in (None, HEALTHY)
        )

    @property
    def leaves(self) -> bool:
        return self.lifecycle.startswith("Terminat")

    @property
    def state(self) -> str:
        """What is worth saying of it in a word or two: `healthy`, or why it is not."""
        if self.lifecycle in WAITS:
            return f"{WAITS[self.lifecycle]} ({self.lifecycle})"
        if self.lifecycle != IN_SERVICE:
            return self.lifecycle
        if self.health.lower() != HEALTHY:
            return self.health.lower()
        return self.target or HEALTHY


def of(account: Account, group: Group) -> list[Server]:
    """The group's servers, the newest first, those on their way in and out too."""
    instances = group.settings["Instances"]
    known = instances_of(account, [each["InstanceId"] for each in instances])
    targets = target_health(account, group)
    found = [_server(each, known.get(each["InstanceId"], {}), targets) for each in instances]
    return sorted(
        found, key=lambda s: (s.launched_at.timestamp() if s.launched_at else 0.0, s.id), reverse=True
    )


def _server(instance: Mapping[str, Any], details: Mapping[str, Any], targets: Mapping[str, str]) -> Server:
    version = (instance.get("LaunchTemplate") or {}).get("Version")
    return Server(
        id=instance["InstanceId"],
        image=details.get("ImageId"),
        version=None if version is None else str(version),
        instance_type=instance.get("InstanceType") or details.get("InstanceType") or "?",
        zone=instance.get("AvailabilityZone", "?"),
        lifecycle=instance["LifecycleState"],
        health=instance["HealthStatus"],
        target=targets.get(instance["InstanceId"]),
        launched_at=details.get("LaunchTime"),
    )


def instances_of(account: Account, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """EC2's descriptions by ID. By a filter: one that is gone by now is left out, where its ID would be an
    error.
    """
    wanted = list(ids)
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(wanted), AT_A_TIME):
        found.update(
            described(account, [{"Name": "instance-id", "Values": wanted[start : start + AT_A_TIME]}])
        )
    return found


def described(account: Account, filters: Any) -> dict[str, dict[str, Any]]:
    """EC2's descriptions of the instances that a filter finds, by ID."""
    found: dict[str, dict[str, Any]] = {}
    with errors():
        for page in account.ec2.get_paginator("describe_instances").paginate(Filters=filters):
            for reservation in page["Reservations"]:
                found.update({each["InstanceId"]: dict(each) for each in reservation["Instances"]})
    return found


def target_states(account: Account, group: Group) -> list[dict[str, str]]:
    """For each of the group's target groups, the state of every target by its ID."""
    found = []
    for arn in group.target_group_arns:
        with errors():
            answer = account.elbv2.describe_target_health(TargetGroupArn=arn)
        states = {
            each["Target"]["Id"]: str(each["TargetHealth"]["State"])
            for each in answer["TargetHealthDescriptions"]
        }
        found.append(states)
    return found


def target_health(account: Account, group: Group) -> dict[str, str]:
    """Each server's worst state in the group's target groups; empty where the group has none."""
    states: dict[str, str] = {}
    for one in target_states(account, group):
        for each in group.settings["Instances"]:
            instance_id = each["InstanceId"]
            if states.get(instance_id, HEALTHY) == HEALTHY:
                states[instance_id] = one.get(instance_id, UNUSED)
    return states


def serving(account: Account, group: Group) -> set[str]:
    """The IDs of the servers that serve."""
    return {server.id for server in of(account, group) if server.serves}


def counted(found: Iterable[Server]) -> list[dict[str, Any]]:
    """What runs: servers by image and version, the most first; those on their way out do not count."""
    counts: dict[tuple[str | None, str | None], list[bool]] = {}
    for server in found:
        if not server.leaves:
            counts.setdefault((server.image, server.version), []).append(server.serves)
    ordered = sorted(counts.items(), key=lambda item: (-len(item[1]), str(item[0])))
    return [
        {"image": image, "launchTemplateVersion": version, "servers": len(serve), "healthy": sum(serve)}
        for (image, version), serve in ordered
    ]


def standing(found: Sequence[Server], desired: int) -> str:
    """How a group stands, in one line such as `1 of 2 servers serve, 1 validating (Pending:Wait)`."""
    others = Counter(server.state for server in found if not server.serves)
    parts = [f"{sum(server.serves for server in found)} of {desired} servers serve"]
    return ", ".join(parts + [f"{count} {state}" for state, count in sorted(others.items())])


def runs(found: Iterable[Server]) -> str:
    """What runs, in one line such as `2 on ami-… (version 3, 2 healthy)`."""
    parts = [
        f"{one['servers']} on {one['image'] or 'an unknown image'} "
        f"(version {one['launchTemplateVersion'] or '?'}, {one['healthy']} healthy)"
        for one in counted(found)
    ]
    return ", ".join(parts) or "no servers"
