"""The fleet of a service: how many servers, of which types, judged healthy by the load balancer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import autoscaling
from pydantic import Field, model_validator

from . import group_scaling
from .args import ComponentArgs, Late
from .group_scaling import SleepSchedule
from .lifecycle_hooks import (
    INITIAL_HOOKS,
    SERVER_ROLE_TAG,
    Lifecycle,
    LifecycleHooks,
    LifecycleHooksArgs,
    initial_hooks,
)
from .names import LONG_PREFIX, name_prefix, named

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

ERRORS = ("autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR")
SECONDS_A_DAY = 86_400


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
    target_group_arns: tuple[Late, ...] = ()
    """Whose health checks judge the servers, beside EC2's. Without one, EC2's alone do, and the servers
    themselves (SetInstanceHealth)."""
    server_role_name: Late
    """`LaunchTemplate.role_name`: servers of this role may complete the group's hooks, and no others."""
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
    cpu_target_percent: float | None = Field(default=60, gt=0, le=100)
    """Average CPU of the group that scaling aims at. None leaves the capacity alone."""
    requests_per_target: int | None = Field(default=None, ge=1)
    """Requests a minute and server that scaling aims at, beside the CPU. None leaves it at the CPU."""
    request_label: Late | None = None
    """Where those requests come from: LOAD-BALANCER/TARGET-GROUP, each by the suffix of its ARN."""
    sleep: SleepSchedule | None = None
    """When there are no servers at all. Never by default."""
    max_instance_lifetime_days: int = Field(default=30, ge=1, le=365)
    """After how long a server is replaced by a fresh one, of the same image, one after another within the
    healthy percentages: what crept in does not stay (AWS takes 1 to 365 days)."""
    on_demand_base_capacity: int = Field(default=0, ge=0)
    """Servers that are never spot, before `on_demand_percentage` applies."""
    on_demand_percentage: int = Field(default=100, ge=0, le=100)
    """The share of the others that is not spot."""
    zone_distribution: Literal["balanced-best-effort", "balanced-only"] = "balanced-best-effort"
    """Where servers go that an impaired zone cannot launch: to the others, or nowhere until it can again. The
    provider has no setting for zonal shift (`AvailabilityZoneImpairmentPolicy`)."""
    protect_from_scale_in: bool = False
    """Whether scaling in leaves servers alone. A refresh replaces them all the same."""
    lifecycle: Lifecycle = Lifecycle()
    """How long servers are held back for their own validation and tidying. By default both are: images
    without the program for it need 0 and 0."""
    notification_topic_arn: Late | None = None
    """The topic that hears of launches and terminations that failed."""

    @model_validator(mode="after")
    def _go_together(self) -> AutoScalingGroupArgs:
        if self.min_size > self.max_size:
            raise ValueError(f"min_size {self.min_size} is above max_size {self.max_size}: lower it")
        if isinstance(self.launch_template_version, str) and self.launch_template_version.startswith("$"):
            raise ValueError(
                f"launch_template_version {self.launch_template_version!r} is no number: "
                "pass LaunchTemplate.latest_version"
            )
        if self.default_instance_warmup_seconds > self.health_check_grace_period_seconds:
            raise ValueError(
                f"default_instance_warmup_seconds {self.default_instance_warmup_seconds} is more than "
                f"health_check_grace_period_seconds {self.health_check_grace_period_seconds}: lower the first"
            )
        if self.max_healthy_percentage - self.min_healthy_percentage > 100:
            raise ValueError(
                f"{self.min_healthy_percentage} to {self.max_healthy_percentage} percent healthy: "
                "AWS allows 100 between them"
            )
        if (self.requests_per_target is None) != (self.request_label is None):
            raise ValueError("requests_per_target and request_label go together: give both or none")
        spot = self.on_demand_percentage < 100
        if spot and (len(self.instance_types) < 2 or self.on_demand_base_capacity < 1):
            raise ValueError(
                f"{100 - self.on_demand_percentage}% spot with types {list(self.instance_types)} and "
                f"on_demand_base_capacity {self.on_demand_base_capacity}: give two types and a base of one "
                "at least, for a single type of spot server may run out everywhere at once"
            )
        return self


class AutoScalingGroup(pulumi.ComponentResource):
    """A group over several zones, which follows its load, if told so sleeps, and tells what it failed to do.

    It always has a mixed-instances policy, even for one type: one shape for the instance refresh to carry.
    Changes of anything but the template's version and the capacity are made here, at once. It waits for no
    capacity itself: a failed wait would leave a group that no state knows (pulumi/pulumi-aws#5178); the
    instance refresh waits for the servers.

    Make it depend on the listener rule of its target group: without one, no server is ever healthy.
    """

    name: Output[str]
    arn: Output[str]
    hooks: LifecycleHooks

    def __init__(self, name: str, args: AutoScalingGroupArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:autoscalinggroup:AutoScalingGroup", name, None, opts)
        group = autoscaling.Group(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            min_size=args.min_size,
            max_size=args.max_size,
            vpc_zone_identifiers=list(args.subnet_ids),
            target_group_arns=list(args.target_group_arns) or None,
            health_check_type="ELB" if args.target_group_arns else "EC2",
            health_check_grace_period=args.health_check_grace_period_seconds,
            default_instance_warmup=args.default_instance_warmup_seconds,
            instance_maintenance_policy=autoscaling.GroupInstanceMaintenancePolicyArgs(
                min_healthy_percentage=args.min_healthy_percentage,
                max_healthy_percentage=args.max_healthy_percentage,
            ),
            mixed_instances_policy=_mixed_instances_policy(args),
            availability_zone_distribution=autoscaling.GroupAvailabilityZoneDistributionArgs(
                capacity_distribution_strategy=args.zone_distribution
            ),
            capacity_rebalance=True,
            max_instance_lifetime=args.max_instance_lifetime_days * SECONDS_A_DAY,
            # What is oldest goes first; the last entry decides where the first two leave a choice.
            termination_policies=["OldestLaunchTemplate", "OldestInstance", "Default"],
            enabled_metrics=list(METRICS),
            metrics_granularity="1Minute",
            protect_from_scale_in=args.protect_from_scale_in,
            wait_for_capacity_timeout="0",
            force_delete=False,
            initial_lifecycle_hooks=initial_hooks(args.lifecycle),
            tags=[*_tags(named(args.tags, name)), _server_role_tag(args)],
            opts=ResourceOptions(parent=self, ignore_changes=[VERSION, "desiredCapacity", INITIAL_HOOKS]),
        )
        self.hooks = LifecycleHooks(
            name,
            LifecycleHooksArgs(group_name=group.name, lifecycle=args.lifecycle),
            ResourceOptions(parent=self),
        )
        _scale(name, group, args, ResourceOptions(parent=self))
        if args.notification_topic_arn is not None:
            autoscaling.Notification(
                name,
                group_names=[group.name],
                notifications=list(ERRORS),
                topic_arn=args.notification_topic_arn,
                opts=ResourceOptions(parent=self),
            )
        self.name = group.name
        self.arn = group.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def _scale(name: str, group: autoscaling.Group, args: AutoScalingGroupArgs, opts: ResourceOptions) -> None:
    if args.cpu_target_percent is not None:
        group_scaling.follow_cpu(name, group, args.cpu_target_percent, opts)
    if args.requests_per_target is not None and args.request_label is not None:
        group_scaling.follow_requests(name, group, args.requests_per_target, args.request_label, opts)
    if args.sleep is not None:
        group_scaling.sleep(name, group, args.sleep, (args.min_size, args.max_size), opts)


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


def _server_role_tag(args: AutoScalingGroupArgs) -> autoscaling.GroupTagArgs:
    return autoscaling.GroupTagArgs(
        key=SERVER_ROLE_TAG, value=args.server_role_name, propagate_at_launch=False
    )
