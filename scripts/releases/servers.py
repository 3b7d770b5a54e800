"""An environment's servers as AWS has them, and which of them a command may touch."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.releases.aws import Account, AwsError, errors
from scripts.releases.errors import RefusedError
from scripts.releases.state import EnvironmentState

# EC2's IDs are 8 hexadecimal digits (before 2016) or 17.
INSTANCE_ID = re.compile(r"i-([0-9a-f]{8}|[0-9a-f]{17})")
IN_SERVICE, STANDBY, HEALTHY = "InService", "Standby", "healthy"
GONE = ("shutting-down", "terminated")
#: What DescribeAutoScalingGroups takes at once.
NAMES_A_CALL = 50


@dataclass(frozen=True)
class Member:
    """A server in one of the environment's groups: `lifecycle` and `health` are AWS's words of it."""

    id: str
    service: str
    group: str
    lifecycle: str
    health: str


def checked_id(instance_id: str) -> str:
    """`instance_id` itself, if it is one. Raises RefusedError."""
    if INSTANCE_ID.fullmatch(instance_id):
        return instance_id
    raise RefusedError(
        f"INSTANCE: {instance_id!r} is not an instance ID; give i- and 8 or 17 hexadecimal digits in lower "
        f"case"
    )


def declared_groups(environment: str, state: EnvironmentState) -> dict[str, str]:
    """The service of each group, by the group's name, as the stack's outputs have them.

    Raises:
        RefusedError: a service has none there, so that no server can be told to be its own.
    """
    for name, service in state.services.items():
        if service.group is None:
            raise RefusedError(
                f"the outputs of {environment} name no group of {name}; run `pulumi up -s {environment}`"
            )
    return {str(service.group): name for name, service in state.services.items()}


def instance(account: Account, instance_id: str) -> dict[str, Any]:
    """EC2's description of an instance; one that is gone may still be described, for an hour.

    Raises:
        RefusedError: the region has none of this ID.
    """
    try:
        with errors():
            answer: Any = account.ec2.describe_instances(InstanceIds=[instance_id])
    except AwsError as error:
        if error.code.startswith("InvalidInstanceID"):
            raise RefusedError(f"there is no instance {instance_id} in {account.region}") from error
        raise
    found = [each for reservation in answer["Reservations"] for each in reservation["Instances"]]
    if not found:
        raise RefusedError(f"there is no instance {instance_id} in {account.region}")
    described: dict[str, Any] = found[0]
    return described


def tags_of(described: Mapping[str, Any]) -> dict[str, str]:
    """The tags of anything that EC2 describes."""
    return {tag["Key"]: tag.get("Value", "") for tag in described.get("Tags", [])}


def member(account: Account, groups: Mapping[str, str], instance_id: str) -> Member | None:
    """The server in one of `groups`; None when it is in no group at all.

    Raises:
        RefusedError: it is in a group that is none of these.
    """
    with errors():
        answer = account.autoscaling.describe_auto_scaling_instances(InstanceIds=[instance_id])
    if not answer["AutoScalingInstances"]:
        return None
    found = answer["AutoScalingInstances"][0]
    group = found["AutoScalingGroupName"]
    if group not in groups:
        raise RefusedError(f"{instance_id} belongs to the group {group}, which is none of this environment's")
    return Member(instance_id, groups[group], group, found["LifecycleState"], found["HealthStatus"])


def described_groups(account: Account, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Auto Scaling's description of each group that is there, by name."""
    wanted, found = list(names), {}
    for start in range(0, len(wanted), NAMES_A_CALL):
        with errors():
            pages = account.autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
                AutoScalingGroupNames=wanted[start : start + NAMES_A_CALL]
            )
            for page in pages:
                found.update({each["AutoScalingGroupName"]: dict(each) for each in page["AutoScalingGroups"]})
    return found


def described_group(account: Account, name: str) -> dict[str, Any]:
    """One group. Raises RefusedError when it is not there."""
    found = described_groups(account, [name])
    if name not in found:
        raise RefusedError(f"the group {name} is not there; run `pulumi refresh` and `pulumi up`")
    return found[name]


def specification(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    """The launch template specification of a group or a desired configuration; empty when it has none."""
    policy = configuration.get("MixedInstancesPolicy") or {}
    found = (policy.get("LaunchTemplate") or {}).get("LaunchTemplateSpecification")
    result: Mapping[str, Any] = found or configuration.get("LaunchTemplate") or {}
    return result


def target_states(account: Account, group: Mapping[str, Any]) -> list[dict[str, str]]:
    """For each of the group's target groups, the state of every target by its ID."""
    found = []
    for arn in group.get("TargetGroupARNs") or []:
        with errors():
            answer = account.elbv2.describe_target_health(TargetGroupArn=arn)
        states = {
            each["Target"]["Id"]: str(each["TargetHealth"]["State"])
            for each in answer["TargetHealthDescriptions"]
        }
        found.append(states)
    return found


def healthy(account: Account, group: Mapping[str, Any]) -> set[str]:
    """The group's servers that serve: in service, healthy to the group and to every target group."""
    targets = target_states(account, group)
    return {
        each["InstanceId"]
        for each in group["Instances"]
        if each["LifecycleState"] == IN_SERVICE
        and each["HealthStatus"] == "Healthy"
        and all(states.get(each["InstanceId"]) == HEALTHY for states in targets)
    }


def refuse_last_healthy(account: Account, server: Member, group: Mapping[str, Any], force: bool) -> None:
    """Refuses to take the only server that serves away, unless forced."""
    if not force and healthy(account, group) == {server.id}:
        raise RefusedError(
            f"{server.id} is the last healthy server of {server.service}: without it nothing answers until "
            f"a new one is up; wait for another one, or repeat with --force"
        )


def refuse_suspended(
    server: Member, group: Mapping[str, Any], needed: Iterable[str], force: bool = False
) -> None:
    """Refuses when the group would not bring a new server, because someone suspended what it takes."""
    suspended = {each["ProcessName"] for each in group.get("SuspendedProcesses") or []} & set(needed)
    if suspended and not force:
        raise RefusedError(
            f"the group {server.group} brings no new server, as {', '.join(sorted(suspended))} is suspended; "
            f"resume it first"
        )
