"""What the servers of an emulated fleet are made of: moto's EC2 instances and targets of moto's target
groups.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.ec2.models.instances import InstanceState

from rehearsal.cloud import images
from rehearsal.cloud.autoscaling.protocols import LaunchError, Timings
from rehearsal.cloud.autoscaling.servers import Configuration, Server
from rehearsal.cloud.ec2 import amis
from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.group import Group

GROUP_NAME_TAG = "aws:autoscaling:groupName"


class Ec2Substrate:
    """Launches, registers, deregisters and terminates on behalf of one group."""

    def __init__(self, group: Group) -> None:
        self.group = group

    def launch(self, configuration: Configuration, count: int) -> list[tuple[str, str, str]]:
        ec2 = self.group.ec2_backend
        images.appear(World.current, ec2)
        try:
            amis.launchable(ec2, configuration.image_id)
            images.behaviour_of(ec2, configuration.image_id)
        except ServiceException as refused:
            raise LaunchError(f"{refused.message}.") from refused
        except ValueError as unknown:
            raise LaunchError(str(unknown)) from unknown
        launched = []
        for subnet, share in self._spread(count):
            if subnet and ec2.get_subnet(subnet).available_ip_address_count < share:
                raise LaunchError(f"There are not enough free addresses in subnet '{subnet}'.")
            try:
                instances = self._run(configuration, subnet, share)
            except ServiceException as refused:
                raise LaunchError(str(refused.message)) from refused
            self.group.autoscaling_backend.remember(instances)
            for instance in instances:
                # A moto instance runs at once; here it boots, and only then it can be a target.
                instance._state = InstanceState("pending", 0)
                launched.append((instance.id, instance.instance_type, instance.placement.zone))
        return launched

    def _run(self, configuration: Configuration, subnet: str | None, count: int) -> list[Any]:
        group, ec2 = self.group, self.group.ec2_backend
        template = ec2.get_launch_template(configuration.template_id)
        version = template.get_version(configuration.version)
        tags = group.get_propagated_tags() | version.instance_tags | {GROUP_NAME_TAG: group.name}
        interfaces = version.data.get("NetworkInterfaces") or [{}]
        devices = version.data.get("BlockDeviceMappings")
        security_groups = version.data.get("SecurityGroupIds") or interfaces[0].get("Groups") or []
        metadata = version.data.get("MetadataOptions") or {}
        reservation = ec2.run_instances(
            configuration.image_id,
            count,
            version.data.get("UserData"),
            [],
            instance_type=configuration.instance_types[0],
            security_group_ids=list(security_groups),
            tags={"instance": tags},
            launch_template={"LaunchTemplateId": template.id, "Version": str(configuration.version)},
            is_instance_type_default=False,
            associate_public_ip=interfaces[0].get("AssociatePublicIpAddress", False),
            subnet_id=subnet,
            placement=None if subnet else group.availability_zones[0],
            metadata_options=metadata,
            region_name=group.region,
            **({"block_device_mappings": _deleted_with_the_server(devices)} if devices else {}),
        )
        for instance in reservation.instances:
            # With the interface its address comes back; moto would keep both of a server that is gone.
            for interface in instance.nics.values():
                interface.delete_on_termination = True
        return list(reservation.instances)

    def _spread(self, count: int) -> list[tuple[str | None, int]]:
        """New servers go to the subnets whose zone has the fewest, as AWS balances zones."""
        subnets = (self.group.vpc_zone_identifier or "").split(",")
        if subnets == [""]:
            return [(None, count)]
        zones = {subnet: self.group.ec2_backend.get_subnet(subnet).availability_zone for subnet in subnets}
        there = dict.fromkeys(subnets, 0)
        by_zone = {zone: subnet for subnet, zone in zones.items()}
        for server in self.group.fleet.live():
            if server.zone in by_zone:
                there[by_zone[server.zone]] += 1
        new = dict.fromkeys(subnets, 0)
        for _ in itertools.repeat(None, count):
            least = min(subnets, key=lambda subnet: there[subnet])
            there[least] += 1
            new[least] += 1
        return [(subnet, share) for subnet, share in new.items() if share]

    def booted(self, servers: list[Server]) -> None:
        for server in servers:
            instance = self.group.autoscaling_backend.instance(server.id)
            if instance is not None and instance.state == "pending":
                instance._state = InstanceState("running", 16)

    def started(self, servers: list[Server]) -> None:
        self.booted(servers)
        self.group.register(servers)

    def drained(self, servers: list[Server]) -> None:
        self.group.deregister(servers)

    def replaced(self, servers: list[Server]) -> None:
        """The instances stay; their root volume is another one, of the new image."""
        ec2 = self.group.ec2_backend
        for server in servers:
            instance = self.group.autoscaling_backend.instance(server.id)
            if instance is None:
                continue
            configuration = server.configuration
            instance.image_id = configuration.image_id
            tags = {"aws:ec2launchtemplate:version": str(configuration.version)}
            ec2.create_tags([server.id], tags)
            _renew_root_volume(instance)

    def ended(self, servers: list[Server]) -> None:
        self.group.deregister(servers)
        ids = [server.id for server in servers]
        instances = [self.group.autoscaling_backend.instance(server_id) for server_id in ids]
        for instance in instances:
            if instance is not None and instance.state != "terminated":
                instance.terminate()
        self.group.autoscaling_backend.forget(ids)

    def behaviour(self, image_id: str) -> str:
        return images.behaviour_of(self.group.ec2_backend, image_id)

    def checks_targets(self) -> bool:
        return self.group.health_check_type == "ELB" and bool(self.group.target_group_arns)

    def timings(self) -> Timings:
        """Boot time is a constant; the rest is what the group and its target groups say."""
        group, plain = self.group, Timings()
        grace = float(group.health_check_grace_period or 0)
        warmup = group.default_instance_warmup
        targets = group.target_groups()
        return Timings(
            boot=plain.boot,
            to_healthy=max(
                (_interval(t) * int(t.healthy_threshold_count or 5) for t in targets), default=0.0
            ),
            to_unhealthy=max(
                (_interval(t) * int(t.unhealthy_threshold_count or 2) for t in targets), default=0.0
            ),
            drain=max((_drain(t) for t in targets), default=1.0),
            grace=grace,
            warmup=float(warmup if warmup is not None and warmup >= 0 else 0),
        )


def _deleted_with_the_server(devices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Volumes of a launch template go with their server unless it says otherwise; moto would keep them."""
    return [d | {"Ebs": {"DeleteOnTermination": True} | d["Ebs"]} if "Ebs" in d else d for d in devices]


def _renew_root_volume(instance: Any) -> None:
    """The volume before is deleted, as AWS does; the new one is as large and as encrypted."""
    ec2, name = instance.ec2_backend, instance.root_device_name
    device = instance.block_device_mapping.get(name)
    if device is None:
        return
    before = ec2.get_volume(device.volume_id)
    ec2.detach_volume(before.id, instance.id, name)
    ec2.delete_volume(before.id)
    instance.add_block_device(
        before.size, name, None, before.encrypted, True, before.kms_key_id, before.volume_type
    )


def _interval(target_group: Any) -> float:
    return float(target_group.health_check_interval_seconds or 30)


def _drain(target_group: Any) -> float:
    return float(target_group.attributes.get("deregistration_delay.timeout_seconds") or 300)
