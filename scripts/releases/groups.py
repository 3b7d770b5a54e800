"""What AWS says of an environment's groups right now: servers, their health, and the latest refresh.

Groups are found by the tags that every stack puts on them (`project`, `environment`, `service`), so that they
are seen in the middle of an `up`, before any output of the stack says a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.releases import aws
from scripts.releases.aws import Account
from scripts.releases.errors import RefusedError, one_line
from scripts.releases.project import Project
from scripts.releases.servers import specification, target_states

#: "Pending" is rather short: the refresh is about to begin.
RUNNING = frozenset({"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"})
#: DescribeInstances takes 200 values in a filter.
AT_A_TIME = 200
GONE = "Terminat"


@dataclass(frozen=True)
class Server:
    """One server of a group, in AWS's words. `target` is None where no target group knows it."""

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
            self.lifecycle == "InService"
            and self.health.lower() == "healthy"
            and self.target in (None, "healthy")
        )

    @property
    def leaves(self) -> bool:
        return self.lifecycle.startswith(GONE)

    @property
    def state(self) -> str:
        """What is worth saying of it in a word or two: `healthy`, or why it is not."""
        if self.lifecycle != "InService":
            return self.lifecycle
        if self.health.lower() != "healthy":
            return self.health.lower()
        return self.target or "healthy"


@dataclass(frozen=True)
class Refresh:
    """The latest instance refresh of a group."""

    id: str
    status: str
    reason: str
    percentage: int | None
    to_update: int | None
    version: str | None
    started_at: datetime | None
    ended_at: datetime | None
    reversible: bool

    @property
    def running(self) -> bool:
        return self.status in RUNNING


@dataclass(frozen=True)
class Group:
    """A service's group. `settings` is AWS's whole description of it."""

    name: str
    service: str
    settings: Mapping[str, Any]

    @property
    def desired(self) -> int:
        return int(self.settings["DesiredCapacity"])

    @property
    def version(self) -> str | None:
        """The template's version that the group launches, apart from a running refresh."""
        found = specification(self.settings).get("Version")
        return None if found is None else str(found)

    @property
    def template_id(self) -> str | None:
        found = specification(self.settings).get("LaunchTemplateId")
        return None if found is None else str(found)

    @property
    def instance_types(self) -> tuple[str, ...]:
        """Those that the group may launch, the preferred one first."""
        policy = self.settings.get("MixedInstancesPolicy") or {}
        overrides = (policy.get("LaunchTemplate") or {}).get("Overrides") or []
        return tuple(one["InstanceType"] for one in overrides if one.get("InstanceType"))


def find(account: Account, project: Project, environment: str, service: str | None = None) -> list[Group]:
    """The environment's groups by service and name.

    Raises:
        RefusedError: there is none, or none of `service`.
        AwsError: AWS refused.
    """
    filters = [
        {"Name": "tag:project", "Values": [project.name]},
        {"Name": "tag:environment", "Values": [environment]},
    ]
    with aws.errors():
        pages = account.autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
            Filters=filters  # type: ignore[arg-type]
        )
        found = [_group(each) for page in pages for each in page["AutoScalingGroups"]]
    found.sort(key=lambda group: (group.service, group.name))
    if not found:
        raise RefusedError(
            f"{environment} has no groups in {account.region}: no `pulumi up -s {environment}` made them "
            f"yet, or these are the credentials of another account"
        )
    known = sorted({group.service for group in found})
    if service is not None and service not in known:
        raise RefusedError(f"{environment} has no group of {service!r}; its services: {', '.join(known)}")
    return [group for group in found if service in (None, group.service)]


def _group(settings: Any) -> Group:
    tags = {tag["Key"]: tag.get("Value", "") for tag in settings.get("Tags", [])}
    name = str(settings["AutoScalingGroupName"])
    return Group(name, tags.get("service") or name, settings)


def servers(account: Account, group: Group) -> list[Server]:
    """The group's servers, the newest first, those on their way in and out too."""
    instances = group.settings["Instances"]
    known = _instances(account, [each["InstanceId"] for each in instances])
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


def _instances(account: Account, ids: list[str]) -> dict[str, Mapping[str, Any]]:
    """Asked by a filter: one that is gone by now is left out, where its ID would be an error."""
    found: dict[str, Mapping[str, Any]] = {}
    for some in _chunks(ids):
        with aws.errors():
            pages = account.ec2.get_paginator("describe_instances").paginate(
                Filters=[{"Name": "instance-id", "Values": some}]
            )
            for page in pages:
                for reservation in page["Reservations"]:
                    found.update({one["InstanceId"]: one for one in reservation["Instances"]})
    return found


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), AT_A_TIME):
        yield ids[start : start + AT_A_TIME]


def target_health(account: Account, group: Group) -> dict[str, str]:
    """Each server's worst state in the group's target groups."""
    states: dict[str, str] = {}
    for one in target_states(account, group.settings):
        for target, state in one.items():
            if states.get(target, "healthy") == "healthy":
                states[target] = state
    return states


def refresh(account: Account, group: Group, refresh_id: str | None = None) -> Refresh | None:
    """The group's latest refresh, or the one of that ID; None when there is none."""
    which: dict[str, Any] = {"InstanceRefreshIds": [refresh_id]} if refresh_id else {"MaxRecords": 1}
    with aws.errors():
        answer = account.autoscaling.describe_instance_refreshes(AutoScalingGroupName=group.name, **which)
    return next((_refresh(each) for each in answer["InstanceRefreshes"]), None)


def _refresh(said: Mapping[str, Any]) -> Refresh:
    desired = said.get("DesiredConfiguration") or {}
    version = specification(desired).get("Version")
    return Refresh(
        id=said["InstanceRefreshId"],
        status=said["Status"],
        reason=one_line(said.get("StatusReason") or ""),
        percentage=said.get("PercentageComplete"),
        to_update=said.get("InstancesToUpdate"),
        version=None if version is None else str(version),
        started_at=said.get("StartTime"),
        ended_at=said.get("EndTime"),
        reversible=bool(desired),
    )


def image_of(account: Account, group: Group, version: str | None) -> str | None:
    """The image of a version of the group's template; None when there is no such version."""
    if group.template_id is None or version is None:
        return None
    try:
        with aws.errors():
            answer = account.ec2.describe_launch_template_versions(
                LaunchTemplateId=group.template_id, Versions=[version]
            )
    except aws.AwsError as error:
        if error.code.startswith("InvalidLaunchTemplate"):
            return None
        raise
    return next((v["LaunchTemplateData"].get("ImageId") for v in answer["LaunchTemplateVersions"]), None)


def again(account: Account, group: Group) -> Group:
    """The group as it is now.

    Raises:
        AwsError: it is gone, or AWS refused.
    """
    with aws.errors():
        answer = account.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group.name])
    if not answer["AutoScalingGroups"]:
        raise aws.AwsError(f"the group {group.name} of {group.service} is gone")
    return Group(group.name, group.service, answer["AutoScalingGroups"][0])


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


def runs(found: Iterable[Server]) -> str:
    """What runs, in one line such as `2 on ami-… (version 3, 2 healthy)`."""
    parts = [
        f"{one['servers']} on {one['image'] or 'an unknown image'} "
        f"(version {one['launchTemplateVersion'] or '?'}, {one['healthy']} healthy)"
        for one in counted(found)
    ]
    return ", ".join(parts) or "no servers"
