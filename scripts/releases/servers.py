"""A single server, named by its ID, and whether a command may touch it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.releases import members
from scripts.releases.aws import Account, AwsError, errors
from scripts.releases.errors import RefusedError
from scripts.releases.groups import Group, Groups

# EC2's IDs are 8 hexadecimal digits (before 2016) or 17.
INSTANCE_ID = re.compile(r"i-([0-9a-f]{8}|[0-9a-f]{17})")
GONE = ("shutting-down", "terminated")


@dataclass(frozen=True)
class Member:
    """A server in one of the environment's groups: `lifecycle` and `health` are AWS's words of it."""

    id: str
    group: Group
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


def member(account: Account, groups: Groups, instance_id: str) -> Member | None:
    """The server in one of `groups`; None when it is in no group at all.

    Raises:
        RefusedError: it is in a group that is none of these.
    """
    with errors():
        answer = account.autoscaling.describe_auto_scaling_instances(InstanceIds=[instance_id])
    if not answer["AutoScalingInstances"]:
        return None
    found = answer["AutoScalingInstances"][0]
    group = groups.by_name.get(found["AutoScalingGroupName"])
    if group is None:
        raise RefusedError(
            f"{instance_id} belongs to the group {found['AutoScalingGroupName']}, which is none of this "
            f"environment's"
        )
    return Member(instance_id, group, found["LifecycleState"], found["HealthStatus"])


def refuse_last_healthy(account: Account, server: Member, force: bool) -> None:
    """Refuses to take the only server that serves away, unless forced."""
    if not force and members.serving(account, server.group) == {server.id}:
        raise RefusedError(
            f"{server.id} is the last healthy server of {server.group.service}: without it nothing answers "
            f"until a new one is up; wait for another one, or repeat with --force"
        )


def refuse_suspended(server: Member, needed: Iterable[str], force: bool = False) -> None:
    """Refuses when the group would not bring a new server, because someone suspended what it takes."""
    suspended = server.group.suspended & set(needed)
    if suspended and not force:
        raise RefusedError(
            f"the group {server.group.name} brings no new server, as {', '.join(sorted(suspended))} is "
            f"suspended; resume it first"
        )
