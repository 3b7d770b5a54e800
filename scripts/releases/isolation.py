"""What cuts a server off and keeps what is on it: a security group without rules, and snapshots."""

from collections.abc import Mapping
from typing import Any

from scripts.releases.aws import Account, AwsError, errors
from scripts.releases.errors import RefusedError
from scripts.releases.servers import tags_of

PREFIX = "quarantine:"
INSTANCE = f"{PREFIX}instance"


def group_name(environment: str) -> str:
    """The security group's name, which AWS keeps unique in a VPC."""
    return f"quarantine-{environment}"


def find_group(account: Account, environment: str, vpc_id: str) -> dict[str, Any] | None:
    """The environment's quarantine group in a VPC, or None."""
    filters: Any = [
        {"Name": "vpc-id", "Values": [vpc_id]},
        {"Name": "group-name", "Values": [group_name(environment)]},
    ]
    with errors():
        found: Any = account.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    if not found:
        return None
    if tags_of(found[0]).get(f"{PREFIX}environment") != environment:
        raise RefusedError(
            f"the security group {found[0]['GroupId']} is named {group_name(environment)} but was not made "
            f"here; remove it"
        )
    described: dict[str, Any] = found[0]
    return described


def closed_group(account: Account, environment: str, vpc_id: str) -> str:
    """The ID of a security group without any rule, made where there is none.

    A new group of AWS's lets everything out, so its rules are taken away; also those that a hand gave it.
    """
    found = find_group(account, environment, vpc_id)
    if found is None:
        _make_group(account, environment, vpc_id)
        found = find_group(account, environment, vpc_id)
        if found is None:
            raise AwsError(f"the new security group {group_name(environment)} is not there yet; run it again")
    group_id = str(found["GroupId"])
    with errors():
        if found["IpPermissions"]:
            account.ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=found["IpPermissions"])
        if found["IpPermissionsEgress"]:
            account.ec2.revoke_security_group_egress(
                GroupId=group_id, IpPermissions=found["IpPermissionsEgress"]
            )
    return group_id


def _make_group(account: Account, environment: str, vpc_id: str) -> None:
    tags = {"Name": group_name(environment), f"{PREFIX}environment": environment}
    try:
        with errors():
            account.ec2.create_security_group(
                GroupName=group_name(environment),
                Description="Quarantined servers: no traffic, in or out",
                VpcId=vpc_id,
                TagSpecifications=[{"ResourceType": "security-group", "Tags": as_tags(tags)}],
            )
    except AwsError as error:
        # Someone else's command made it a moment ago.
        if error.code != "InvalidGroup.Duplicate":
            raise


def remove_unused_group(account: Account, environment: str, vpc_id: str) -> bool:
    """Removes the quarantine group if nothing is in it any more; whether it is gone.

    Left behind it would keep the VPC from being deleted.
    """
    found = find_group(account, environment, vpc_id)
    if found is None:
        return True
    filters: Any = [{"Name": "group-id", "Values": [found["GroupId"]]}]
    with errors():
        if account.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]:
            return False
    try:
        with errors():
            account.ec2.delete_security_group(GroupId=found["GroupId"])
    except AwsError as error:
        # Another server came into it in between.
        if error.code != "DependencyViolation":
            raise
        return False
    return True


def isolate(account: Account, described: Mapping[str, Any], group_id: str) -> list[str]:
    """Puts every network interface of an instance into one security group alone; which were in others."""
    moved = []
    for interface in described.get("NetworkInterfaces", []):
        if {group["GroupId"] for group in interface.get("Groups", [])} == {group_id}:
            continue
        with errors():
            account.ec2.modify_network_interface_attribute(
                NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=[group_id]
            )
        moved.append(str(interface["NetworkInterfaceId"]))
    return moved


def snapshots(account: Account, instance_id: str) -> list[dict[str, Any]]:
    """The snapshots that a quarantine of this instance made."""
    filters: Any = [{"Name": f"tag:{INSTANCE}", "Values": [instance_id]}]
    found: list[dict[str, Any]] = []
    with errors():
        for page in account.ec2.get_paginator("describe_snapshots").paginate(
            OwnerIds=["self"], Filters=filters
        ):
            found += [dict(each) for each in page["Snapshots"]]
    return found


def keep_volumes(account: Account, described: Mapping[str, Any], tags: Mapping[str, str]) -> list[str]:
    """A snapshot of every volume of the instance: the IDs, of new ones and of those that were there."""
    instance_id = described["InstanceId"]
    volumes = [each["Ebs"]["VolumeId"] for each in described.get("BlockDeviceMappings", []) if "Ebs" in each]
    there = {each["VolumeId"]: str(each["SnapshotId"]) for each in snapshots(account, instance_id)}
    specification: Any = [
        {"ResourceType": "snapshot", "Tags": as_tags({**tags, INSTANCE: instance_id, "Name": instance_id})}
    ]
    why = f"Quarantined server {instance_id}"
    with errors():
        if volumes and not there:
            # All at one instant, which matters to what is spread over several volumes.
            made = account.ec2.create_snapshots(
                InstanceSpecification={"InstanceId": instance_id},
                Description=why,
                TagSpecifications=specification,
            )
            return sorted(str(each["SnapshotId"]) for each in made["Snapshots"])
        for volume in volumes:
            if volume not in there:
                one = account.ec2.create_snapshot(
                    VolumeId=volume, Description=why, TagSpecifications=specification
                )
                there[volume] = one["SnapshotId"]
    return sorted(there[volume] for volume in volumes)


def as_tags(tags: Mapping[str, str]) -> Any:
    """Tags as EC2 takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
