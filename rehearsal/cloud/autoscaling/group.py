"""An Auto Scaling group whose servers take time: moto's group with an emulated fleet instead of a list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup

from rehearsal.cloud.autoscaling.exceptions import NotEmulated, ValidationError
from rehearsal.cloud.autoscaling.fleet import Fleet
from rehearsal.cloud.autoscaling.preferences import maintenance_policy, max_lifetime
from rehearsal.cloud.autoscaling.refresh import Refresh
from rehearsal.cloud.autoscaling.servers import IN_SERVICE, Configuration, Server
from rehearsal.cloud.autoscaling.substrate import Ec2Substrate
from rehearsal.cloud.world import World

#: Settings that moto drops: kept as they were given and described again.
KEPT = {
    "DefaultInstanceWarmup": "default_instance_warmup",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "DesiredCapacityType": "desired_capacity_type",
    "Context": "context",
    "AvailabilityZoneDistribution": "availability_zone_distribution",
    "AvailabilityZoneImpairmentPolicy": "availability_zone_impairment_policy",
    "CapacityReservationSpecification": "capacity_reservation_specification",
    "DeletionProtection": "deletion_protection",
    "ServiceLinkedRoleARN": "service_linked_role_arn",
    "DefaultCooldown": "default_cooldown",
    "TerminationPolicies": "termination_policies",
    "CapacityRebalance": "capacity_rebalance",
    "PlacementGroup": "placement_group",
}


class Group(FakeAutoScalingGroup):
    default_instance_warmup: int | None
    instance_maintenance_policy: dict[str, Any] | None
    max_instance_lifetime: int | None
    mixed_instances_policy: dict[str, Any] | None

    def __init__(
        self, autoscaling_backend: Any, ec2_backend: Any, kept: dict[str, Any], **settings: Any
    ) -> None:
        self.autoscaling_backend, self.ec2_backend = autoscaling_backend, ec2_backend
        self.refreshes: list[Refresh] = []
        self.notifications: dict[str, list[str]] = {}
        for attribute in KEPT.values():
            setattr(self, attribute, None)
        self.provided_launch_template_version: str | None = None
        self.health_check_grace_period, self.health_check_type = 0, "EC2"
        self.target_group_arns: list[str] = []
        self.fleet = Fleet(World.current.timeline, Ec2Substrate(self), self.configuration)
        super().__init__(autoscaling_backend=autoscaling_backend, ec2_backend=ec2_backend, **settings)
        self.keep(kept)
        self.created_time = World.current.clock.date(World.current.timeline.now)
        self.fleet.protect_new = bool(self.new_instances_protected_from_scale_in)

    def keep(self, kept: dict[str, Any]) -> None:
        """Take settings over. Raises ValidationError, with nothing changed."""
        policy = kept.get("InstanceMaintenancePolicy", self.instance_maintenance_policy)
        lifetime = kept.get("MaxInstanceLifetime", self.max_instance_lifetime)
        upkeep = self.fleet.upkeep
        upkeep.policy, upkeep.max_lifetime = maintenance_policy(policy), max_lifetime(lifetime)
        for name, value in kept.items():
            setattr(self, KEPT[name], value)

    # The launch configuration

    def specification(self, policy: dict[str, Any] | None = None) -> Configuration:
        """Resolve a MixedInstancesPolicy, or the group's own template, to what servers are launched from."""
        overrides: list[dict[str, Any]] = []
        if policy is not None:
            given = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
            overrides = policy["LaunchTemplate"].get("Overrides") or []
        elif self.ec2_launch_template is not None:
            given = {"LaunchTemplateId": self.ec2_launch_template.id, "Version": self.launch_template_version}
        else:
            raise ValidationError("launch configurations are not emulated; use a launch template")
        plain = self.resolve(given, tuple(o["InstanceType"] for o in overrides if o.get("InstanceType")))
        images = {override.get("ImageId") or plain.image_id for override in overrides}
        if len(images) > 1:
            raise NotEmulated(f"one group with several images ({', '.join(sorted(images))})")
        return replace(plain, image_id=images.pop()) if images else plain

    def resolve(self, given: dict[str, Any], types: tuple[str, ...] = ()) -> Configuration:
        """A LaunchTemplateSpecification with its version as a number and the image that it has now."""
        ec2 = self.ec2_backend
        if given.get("LaunchTemplateId"):
            template = ec2.get_launch_template(given["LaunchTemplateId"])
        else:
            template = ec2.get_launch_template_by_name(given.get("LaunchTemplateName"))
        wanted = str(given.get("Version") or "$Default")
        if not wanted.isdigit() and wanted not in ("$Default", "$Latest"):
            raise ValidationError(
                "Invalid launch template version: either '$Default', '$Latest', or a numeric version "
                "are allowed."
            )
        version = template.get_version(wanted)
        types = types or ((version.instance_type,) if version.instance_type else ())
        if not types:
            raise ValidationError("You must use a valid fully-formed launch template. No instance type.")
        return Configuration(template.id, template.name, version.number, version.image_id, types)

    def configuration(self) -> Configuration:
        return self.specification(self.mixed_instances_policy or None)

    def set_configuration(self, desired: dict[str, Any]) -> None:
        """Take over a DesiredConfiguration, as AWS does when a refresh was successful."""
        policy = desired.get("MixedInstancesPolicy")
        if policy and self.mixed_instances_policy:
            # What a request leaves out of the policy stays as it was.
            policy = {**self.mixed_instances_policy, **policy}
        self.mixed_instances_policy = policy
        self._set_launch_configuration("", {} if policy else desired["LaunchTemplate"], policy)

    # The fleet behind moto's attributes

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        desired = self.min_size if new_capacity is None else new_capacity
        if not (self.min_size or 0) <= (desired or 0) <= (self.max_size or 0):
            raise ValidationError(
                f"Desired capacity:{desired} must be between the specified min size:{self.min_size} "
                f"and max size:{self.max_size}"
            )
        self.desired_capacity = self.fleet.desired = desired or 0
        self.fleet.changed()

    def active_instances(self) -> list[Any]:
        return [server for server in self.fleet.servers.values() if server.lifecycle == IN_SERVICE]

    def target_groups(self) -> list[Any]:
        known = self.autoscaling_backend.elbv2_backend.target_groups
        return [known[arn] for arn in self.target_group_arns if arn in known]

    def register(self, servers: list[Server]) -> None:
        for target_group in self.target_groups():
            # Not by moto's `register`, which looks for each instance among all there are.
            for server in servers:
                target_group.targets[server.id] = {"Id": server.id, "Port": target_group.port}

    def deregister(self, servers: list[Server]) -> None:
        for target_group in self.target_groups():
            for server in servers:
                target_group.targets.pop(server.id, None)

    def active_refresh(self) -> Refresh | None:
        return self.refreshes[-1] if self.refreshes and self.refreshes[-1].active else None

    def picture(self) -> dict[str, Any]:
        """For `/rehearsal/fleet`: a refresh that is under way by its status, Checkpoint while it pauses."""
        refresh = self.active_refresh()
        return {
            "group": self.name,
            "tags": {tag["Key"]: tag.get("Value", "") for tag in self.tags},
            "desired": self.fleet.desired,
            "refresh": ("Checkpoint" if refresh.paused else refresh.status) if refresh else None,
            "instances": [
                {
                    "id": server.id,
                    "image": server.configuration.image_id,
                    "version": server.configuration.version,
                    "state": server.lifecycle,
                    "health": server.target if self.target_group_arns else server.health.lower(),
                }
                for server in self.fleet.servers.values()
            ],
        }

    def describe(self) -> dict[str, Any]:
        """As DescribeAutoScalingGroups answers."""
        described = {name: getattr(self, attribute, None) for name, attribute in KEPT.items()}
        return described | {
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "LaunchTemplate": None if self.mixed_instances_policy else self.launch_template,
            "MixedInstancesPolicy": self.mixed_instances_policy or None,
            "MinSize": self.min_size,
            "MaxSize": self.max_size,
            "DesiredCapacity": self.desired_capacity,
            "AvailabilityZones": self.availability_zones,
            "LoadBalancerNames": self.load_balancer_names,
            "TargetGroupARNs": self.target_group_arns,
            "HealthCheckType": self.health_check_type,
            "HealthCheckGracePeriod": self.health_check_grace_period,
            "Instances": [describe_server(server) for server in self.fleet.servers.values()],
            "CreatedTime": self.created_time,
            "SuspendedProcesses": [
                {"ProcessName": n, "SuspensionReason": ""} for n in sorted(self.fleet.suspended)
            ],
            "VPCZoneIdentifier": self.vpc_zone_identifier,
            "EnabledMetrics": self.enabled_metrics,
            "Tags": self.tags,
            "NewInstancesProtectedFromScaleIn": self.new_instances_protected_from_scale_in,
        }


def describe_server(server: Server) -> dict[str, Any]:
    configuration = server.configuration
    return {
        "InstanceId": server.id,
        "InstanceType": server.instance_type,
        "AvailabilityZone": server.zone,
        "LifecycleState": server.lifecycle,
        "HealthStatus": server.health,
        "ImageId": configuration.image_id,
        "LaunchTemplate": {
            "LaunchTemplateId": configuration.template_id,
            "LaunchTemplateName": configuration.template_name,
            "Version": str(configuration.version),
        },
        "ProtectedFromScaleIn": server.protected,
    }
