"""Auto Scaling of one region: moto's backend with groups whose servers take time, and instance refreshes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict
from moto.core.exceptions import ServiceException

from rehearsal.cloud import images
from rehearsal.cloud.autoscaling import agent, exceptions, hook_requests, preferences, units
from rehearsal.cloud.autoscaling.group import Group
from rehearsal.cloud.autoscaling.members import Members
from rehearsal.cloud.autoscaling.refresh import ROLLING, ROOT_VOLUME, Refresh
from rehearsal.cloud.autoscaling.servers import Configuration
from rehearsal.cloud.ec2 import amis
from rehearsal.cloud.events import scaling
from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.cloudwatch.models import CloudWatchBackend

#: "Quotas for Auto Scaling resources": groups in a region.
MAX_GROUPS = 500


class AutoScalingBackend(Members):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._instances: dict[str, Any] = {}

    # Lookups

    def instance(self, instance_id: str) -> Any:
        """An instance that a group launched; moto would look for it in a copy of all instances."""
        return self._instances.get(instance_id)

    def remember(self, instances: list[Any]) -> None:
        self._instances.update((instance.id, instance) for instance in instances)

    def forget(self, instance_ids: list[str]) -> None:
        for instance_id in instance_ids:
            self._instances.pop(instance_id, None)

    # Groups

    def create_group(
        self, name: str, kept: dict[str, Any], settings: dict[str, Any], hooks: Sequence[dict[str, Any]] = ()
    ) -> Group:
        if name in self.autoscaling_groups:
            raise exceptions.AlreadyExists(group=name)
        if len(self.autoscaling_groups) >= MAX_GROUPS:
            raise exceptions.LimitExceeded(f"You have reached the limit of {MAX_GROUPS} Auto Scaling groups")
        sources = [s for s in (settings["launch_template"], settings["mixed_instances_policy"]) if s]
        if len(sources) != 1:
            raise exceptions.ValidationError(
                "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
                "MixedInstancesPolicy parameter."
            )
        group = Group(self, self.ec2_backend, kept, name=name, **settings)
        self.check_image(group.configuration())
        missing = set(group.target_group_arns) - set(self.elbv2_backend.target_groups)
        if missing:
            raise exceptions.ValidationError(
                f"Provided Target Groups may not be valid: {', '.join(sorted(missing))}"
            )
        for hook in hooks:
            hook_requests.put(group, hook)
        self.autoscaling_groups[name] = group
        scaling.watch(group)
        group.fleet.hearers += [agent.LogAgent(group).send, units.Units(group).hear]
        return group

    def update_group(self, name: str, kept: dict[str, Any], settings: dict[str, Any]) -> None:
        """Change what is given and nothing else; moto forgets a mixed instances policy that is not
        repeated.
        """
        group = self.group(name)
        preferences.maintenance_policy(kept.get("InstanceMaintenancePolicy"))
        preferences.max_lifetime(kept.get("MaxInstanceLifetime"))
        source = settings.pop("launch_template"), settings.pop("mixed_instances_policy")
        if any(source):
            if group.active_refresh():
                raise exceptions.InstanceRefreshInProgress(
                    "An active instance refresh blocks changes of the group's launch template."
                )
            group.set_configuration({"LaunchTemplate": source[0], "MixedInstancesPolicy": source[1]})
            self.check_image(group.configuration())
        group.keep(kept)
        desired = settings.pop("desired_capacity")
        subnets, zones = settings.pop("vpc_zone_identifier"), settings.pop("availability_zones")
        group._set_azs_and_vpcs(zones, subnets, update=True)
        for attribute, value in settings.items():
            if value is not None:
                setattr(group, attribute, value)
        group.fleet.protect_new = bool(group.new_instances_protected_from_scale_in)
        low, high = group.min_size or 0, group.max_size or 0
        if low > high:
            raise exceptions.ValidationError(
                f"Min bound, {low}, must be less than or equal to max bound, {high}"
            )
        group.set_desired_capacity(
            min(max(group.desired_capacity, low), high) if desired is None else desired
        )

    def delete_group(self, name: str, force: bool) -> None:
        """AWS refuses while servers are there, unless forced: then they go with the group, without
        draining.
        """
        group = self.group(name)
        servers = list(group.fleet.servers.values())
        if servers and not force:
            raise exceptions.ResourceInUse(
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance "
                "request(s) still in the group."
            )
        refresh = group.active_refresh()
        if refresh:
            refresh.cancel(wait=False)
        del self.autoscaling_groups[name]
        group.fleet.desired = 0
        group.fleet.servers.clear()
        group.fleet.substrate.ended(servers)
        for belongings in (self.policies, self.scheduled_actions):
            for key in [k for k, thing in belongings.items() if thing.auto_scaling_group_name == name]:
                del belongings[key]

    def check_image(self, configuration: Configuration) -> None:
        images.appear(World.current, self.ec2_backend)
        try:
            amis.launchable(self.ec2_backend, configuration.image_id)
        except ServiceException as refused:
            raise exceptions.ValidationError(
                f"You must use a valid fully-formed launch template. {refused.message}"
            ) from refused

    def set_desired_capacity(self, group_name: str, desired_capacity: int | None) -> None:
        self.group(group_name).set_desired_capacity(desired_capacity)

    # Instance refreshes

    def start_refresh(
        self, name: str, given: dict[str, Any], desired: dict[str, Any] | None, strategy: str
    ) -> Refresh:
        group = self.group(name)
        if group.active_refresh():
            raise exceptions.InstanceRefreshInProgress
        if strategy not in (ROLLING, ROOT_VOLUME):
            raise exceptions.ValidationError(f"Strategy '{strategy}' is not one of {ROLLING}, {ROOT_VOLUME}")
        warmup = group.default_instance_warmup
        default = warmup if warmup is not None and warmup >= 0 else group.health_check_grace_period or 0
        parsed = preferences.parse(given, group.instance_maintenance_policy or {}, default)
        self._check_alarms(parsed.alarms)
        if parsed.auto_rollback:
            why = self._irreversible(group, desired)
            if why:
                raise exceptions.ValidationError(f"AutoRollback is not possible: {why}")
        target = self._target(group, desired)
        self.check_image(target)
        if strategy == ROOT_VOLUME:
            self._check_root_volumes(group, desired or {}, target)
        refresh = Refresh(
            group.fleet,
            target,
            parsed,
            desired,
            succeeded=lambda: group.set_configuration(desired) if desired else None,
            in_alarm=self._ringing,
            strategy=strategy,
        )
        group.refreshes.append(refresh)
        return refresh

    def active_refresh(self, name: str) -> Refresh:
        refresh = self.group(name).active_refresh()
        if refresh is None:
            raise exceptions.ActiveInstanceRefreshNotFound(group=name)
        return refresh

    def roll_back(self, name: str) -> Refresh:
        refresh = self.active_refresh(name)
        why = self._irreversible(self.group(name), refresh.desired_configuration)
        if why or refresh.status in ("Cancelling", "RollbackInProgress"):
            raise exceptions.IrreversibleInstanceRefresh(why=why or f"it is {refresh.status}")
        refresh.roll_back("Rollback was requested.")
        return refresh

    def _target(self, group: Group, desired: dict[str, Any] | None) -> Configuration:
        if not desired:
            return group.configuration()
        template, policy = desired.get("LaunchTemplate"), desired.get("MixedInstancesPolicy")
        if bool(template) == bool(policy):
            raise exceptions.ValidationError(
                "The desired configuration must contain either a LaunchTemplate or a MixedInstancesPolicy."
            )
        try:
            return group.resolve(template) if template else group.specification(policy)
        except ServiceException as missing:
            raise exceptions.ValidationError(
                f"You must use a valid fully-formed launch template. {missing.message}"
            ) from missing

    def _check_alarms(self, names: tuple[str, ...]) -> None:
        """AWS does not say what it does about an alarm that is not there; it cannot watch it."""
        missing = sorted(set(names) - set(self._cloudwatch().alarms))
        if missing:
            raise exceptions.ValidationError(f"The CloudWatch alarms {', '.join(missing)} do not exist")

    def _check_root_volumes(self, group: Group, desired: dict[str, Any], target: Configuration) -> None:
        """Raises ValidationError. Source: "Replace root volumes", requirements and limitations."""
        policy = desired.get("MixedInstancesPolicy")
        why = ""
        if not policy or not group.mixed_instances_policy:
            why = "the group and the desired configuration must have a mixed instances policy"
        elif not all(o.get("ImageId") for o in policy["LaunchTemplate"].get("Overrides") or [{}]):
            why = "every override of the desired configuration must specify an ImageId"
        elif not all(_is_numbered(each) for each in (policy, group.mixed_instances_policy)):
            why = "neither $Latest nor $Default may be the launch template's version"
        else:
            now, servers = group.configuration(), group.fleet.live()
            others = [server.id for server in servers if not server.matches(now)]
            types = [server.id for server in servers if server.instance_type not in target.instance_types]
            if others or types:
                why = f"{(others or types)[0]} does not match the group's launch template configuration"
        if why:
            raise exceptions.ValidationError(f"{ROOT_VOLUME} is not possible: {why}")

    def _irreversible(self, group: Group, desired: dict[str, Any] | None) -> str:
        """Why there could be no rollback, or nothing. Source: "Undo changes with a rollback",
        considerations.
        """
        if not desired:
            return "no desired configuration is specified"
        policy = group.mixed_instances_policy
        version = group.launch_template_version
        if policy:
            version = policy["LaunchTemplate"]["LaunchTemplateSpecification"].get("Version")
        if version in ("$Latest", "$Default", None):
            return f"the group uses the launch template's {version or '$Default'} version"
        if group.configuration().image_id.startswith("resolve:ssm:"):
            return "the group's launch template uses a parameter instead of an AMI ID"
        return ""

    def _ringing(self, names: tuple[str, ...]) -> list[str]:
        return self._cloudwatch().ringing(names)

    def _cloudwatch(self) -> CloudWatchBackend:
        from rehearsal.cloud.cloudwatch.models import cloudwatch_backends

        backend: CloudWatchBackend = cloudwatch_backends[self.account_id][self.region_name]
        return backend


def _is_numbered(policy: dict[str, Any]) -> bool:
    return str(policy["LaunchTemplate"]["LaunchTemplateSpecification"].get("Version")).isdigit()


autoscaling_backends = BackendDict(AutoScalingBackend, "autoscaling")
