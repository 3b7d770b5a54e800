"""The fleet of a service: how many servers, of which types, judged healthy by the load balancer."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import autoscaling
from pydantic import Field, model_validator

from components.args import ComponentArgs, Late
from components.names import LONG_PREFIX, name_prefix, named

VERSION = "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version"
"""What an instance refresh owns once the group exists."""

METRICS = (
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupMaxSize",
    "GroupMinSize",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
)


class AutoScalingGroupArgs(ComponentArgs):
    """What an `AutoScalingGroup` is made of. Raises ValueError for sizes or shares at odds."""

    launch_template_id: Late
    launch_template_version: Late
    """A number, for the servers of a new group; later versions arrive by an instance refresh. `$Latest` and
    `$Default` are refused: with them a new version makes no difference that could be rolled out, or back."""
    instance_types: tuple[str, ...] = Field(min_length=1)
    """In order of preference, of one processor architecture. With several, a type that a zone has run out of
    stops no launch."""
    subnet_ids: tuple[Late, ...] = Field(min_length=2)
    target_group_arns: tuple[Late, ...] = Field(min_length=1)
    min_size: int = Field(ge=0)
    max_size: int = Field(ge=1)
    """Capacity is between the two, as the scaling policy finds; a deploy never sets it."""
    health_check_grace_period_seconds: int = Field(default=300, ge=1, le=7200)
    """How long a new server may fail the load balancer's checks. Too short, and servers are replaced while
    they still start, for ever."""
    default_instance_warmup_seconds: int = Field(default=120, ge=1, le=3600)
    """How long a new server's metrics are left out, and how long a refresh waits after it is healthy."""
    min_healthy_percentage: int = Field(default=100, ge=0, le=100)
    max_healthy_percentage: int = Field(default=110, ge=100, le=200)
    """The share of capacity to keep when servers are replaced. 100 to 110 launches before it terminates."""
    cpu_target_percent: float = Field(default=60, gt=0, le=100)
    """Average CPU of the group that scaling aims at."""
    on_demand_base_capacity: int = Field(default=0, ge=0)
    """Servers that are never spot, before `on_demand_percentage` applies."""
    on_demand_percentage: int = Field(default=100, ge=0, le=100)
    """The share of the others that is not spot."""

    @model_validator(mode="after")
    def _go_together(self) -> AutoScalingGroupArgs:
        if self.min_size > self.max_size:
            raise ValueError(f"min_size {self.min_size} is above max_size {self.max_size}: lower it")
        if isinstance(self.launch_template_version, str) and self.launch_template_version.startswith("$"):
            raise ValueError(
                f"launch_template_version {self.launch_template_version!r} is no number: "
                "pass LaunchTemplate.latest_version"
            )
        if self.max_healthy_percentage - self.min_healthy_percentage > 100:
            raise ValueError(
                f"{self.min_healthy_percentage} to {self.max_healthy_percentage} percent healthy: "
                "AWS allows 100 between them"
            )
        spot = self.on_demand_percentage < 100
        if spot and (len(self.instance_types) < 2 or self.on_demand_base_capacity < 1):
            raise ValueError(
                f"{100 - self.on_demand_percentage}% spot with types {list(self.instance_types)} and "
                f"on_demand_base_capacity {self.on_demand_base_capacity}: give two types and a base of one "
                "at least, for a single type of spot server may run out everywhere at once"
            )
        return self


class AutoScalingGroup(pulumi.ComponentResource):
    """A group over several zones with a target tracking policy.

    It always has a mixed-instances policy, even for one type: one shape for the instance refresh to carry.
    Changes of anything but the template's version and the capacity are made here, at once. It waits for no
    capacity itself: a failed wait would leave a group that no state knows (pulumi/pulumi-aws#5178); the
    instance refresh waits for the servers.

    Make it depend on the listener rule of its target group: without one, no server is ever healthy.
    """

    name: Output[str]
    arn: Output[str]

    def __init__(self, name: str, args: AutoScalingGroupArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:autoscalinggroup:AutoScalingGroup", name, None, opts)
        group = autoscaling.Group(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            min_size=args.min_size,
            max_size=args.max_size,
            vpc_zone_identifiers=list(args.subnet_ids),
            target_group_arns=list(args.target_group_arns),
            health_check_type="ELB",
            health_check_grace_period=args.health_check_grace_period_seconds,
            default_instance_warmup=args.default_instance_warmup_seconds,
            instance_maintenance_policy=autoscaling.GroupInstanceMaintenancePolicyArgs(
                min_healthy_percentage=args.min_healthy_percentage,
                max_healthy_percentage=args.max_healthy_percentage,
            ),
            mixed_instances_policy=_mixed_instances_policy(args),
            capacity_rebalance=True,
            # What is oldest goes first; the last entry decides where the first two leave a choice.
            termination_policies=["OldestLaunchTemplate", "OldestInstance", "Default"],
            enabled_metrics=list(METRICS),
            metrics_granularity="1Minute",
            protect_from_scale_in=False,
            wait_for_capacity_timeout="0",
            force_delete=False,
            tags=_tags(named(args.tags, name)),
            opts=ResourceOptions(parent=self, ignore_changes=[VERSION, "desiredCapacity"]),
        )
        autoscaling.Policy(
            name,
            autoscaling_group_name=group.name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration=autoscaling.PolicyTargetTrackingConfigurationArgs(
                predefined_metric_specification=(
                    autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs(
                        predefined_metric_type="ASGAverageCPUUtilization"
                    )
                ),
                target_value=args.cpu_target_percent,
                disable_scale_in=False,
            ),
            opts=ResourceOptions(parent=self),
        )
        self.name = group.name
        self.arn = group.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def _mixed_instances_policy(args: AutoScalingGroupArgs) -> autoscaling.GroupMixedInstancesPolicyArgs:
    return autoscaling.GroupMixedInstancesPolicyArgs(
        launch_template=autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs(
            launch_template_specification=(
                autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs(
                    launch_template_id=args.launch_template_id,
                    version=args.launch_template_version,
                )
            ),
            overrides=[
                autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs(instance_type=instance_type)
                for instance_type in args.instance_types
            ],
        ),
        instances_distribution=autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs(
            on_demand_allocation_strategy="prioritized",
            on_demand_base_capacity=args.on_demand_base_capacity,
            on_demand_percentage_above_base_capacity=args.on_demand_percentage,
            spot_allocation_strategy="price-capacity-optimized",
        ),
    )


def _tags(tags: Mapping[str, str]) -> list[autoscaling.GroupTagArgs]:
    """In a fixed order, so that none of them looks changed."""
    return [
        autoscaling.GroupTagArgs(key=key, value=tags[key], propagate_at_launch=True) for key in sorted(tags)
    ]
