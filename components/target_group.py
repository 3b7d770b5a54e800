"""The servers behind one service's listener rule, and how the load balancer judges them."""

from __future__ import annotations

from typing import Annotated, Literal

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import lb
from pydantic import Field, StringConstraints, model_validator

from .args import ComponentArgs, Late, Port
from .names import LOAD_BALANCER_PREFIX, name_prefix, named

MAX_CONDITION_VALUES = 5
"""Values that one listener rule may compare (Quotas for your Application Load Balancers)."""

HealthPath = Annotated[str, StringConstraints(pattern=r"^/[!-~]*$", max_length=1024)]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.*?-]+$", max_length=128)]
Path = Annotated[str, StringConstraints(pattern=r"^/[!-~]*$", max_length=128)]


class TargetGroupArgs(ComponentArgs):
    """What a `TargetGroup` is made of. Raises ValueError where Elastic Load Balancing would refuse."""

    vpc_id: Late
    listener_arn: Late
    port: Port | Output[int]
    """Where servers listen, with plain HTTP: TLS ends at the load balancer, the rest is inside the VPC."""
    health_path: HealthPath
    priority: int = Field(ge=1, le=50000)
    """The order among the listener's rules, lowest first; unique on a listener."""
    hosts: tuple[Host, ...] = ()
    """Host names that lead here, with `*` and `?` as wildcards. With `paths` too, both must match."""
    paths: tuple[Path, ...] = ()
    """Paths that lead here, such as `/api/*`. `/*` is every path. Hosts and paths together: one to five."""
    deregistration_delay_seconds: int = Field(default=60, ge=0, le=3600)
    """How long a leaving server may finish what it began."""
    slow_start_seconds: int = Field(default=30, ge=0, le=900)
    """Over how long a new server's share of requests grows, 30 to 900; 0 gives it its full share at once."""
    algorithm: Literal["round_robin", "least_outstanding_requests", "weighted_random"] = "round_robin"
    """Slow start works with round robin only. Weighted random also turns anomaly mitigation on."""
    health_interval_seconds: int = Field(default=15, ge=5, le=300)
    health_timeout_seconds: int = Field(default=5, ge=2, le=120)
    healthy_threshold: int = Field(default=3, ge=2, le=10)
    unhealthy_threshold: int = Field(default=3, ge=2, le=10)
    healthy_status_codes: Annotated[str, StringConstraints(pattern=r"^[2-4]\d\d([-,][2-4]\d\d)*$")] = "200"

    @model_validator(mode="after")
    def _acceptable(self) -> TargetGroupArgs:
        values = len(self.hosts) + len(self.paths)
        if not 1 <= values <= MAX_CONDITION_VALUES:
            raise ValueError(
                f"{values} hosts and paths: give 1 to {MAX_CONDITION_VALUES}, with wildcards for more"
            )
        if self.health_timeout_seconds >= self.health_interval_seconds:
            raise ValueError(
                f"a health check of {self.health_timeout_seconds} s every {self.health_interval_seconds} s: "
                "make the timeout shorter than the interval"
            )
        if 0 < self.slow_start_seconds < 30:
            raise ValueError(f"a slow start of {self.slow_start_seconds} s: give 0, or 30 to 900")
        if self.slow_start_seconds and self.algorithm != "round_robin":
            raise ValueError(f"slow start does not work with {self.algorithm}: set slow_start_seconds to 0")
        return self


class TargetGroup(pulumi.ComponentResource):
    """A target group and the listener rule that leads to it. Its servers come from one Auto Scaling group.

    A replacement is made before the old one goes, under another name, so the rule moves without a gap.
    """

    arn: Output[str]
    arn_suffix: Output[str]
    """The part of the ARN by which CloudWatch names it."""
    rule: lb.ListenerRule
    """A group judged by the load balancer must come after it: without a rule no target is ever healthy."""

    def __init__(self, name: str, args: TargetGroupArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:targetgroup:TargetGroup", name, None, opts)
        child = ResourceOptions(parent=self)
        group = lb.TargetGroup(
            name,
            name_prefix=name_prefix(name, LOAD_BALANCER_PREFIX),
            vpc_id=args.vpc_id,
            target_type="instance",
            port=args.port,
            protocol="HTTP",
            protocol_version="HTTP1",
            deregistration_delay=args.deregistration_delay_seconds,
            slow_start=args.slow_start_seconds,
            load_balancing_algorithm_type=args.algorithm,
            load_balancing_anomaly_mitigation="on" if args.algorithm == "weighted_random" else "off",
            # A session that sticks to a server dies with it, and servers are replaced all the time.
            stickiness=lb.TargetGroupStickinessArgs(type="lb_cookie", enabled=False),
            health_check=_health_check(args),
            tags=named(args.tags, name),
            opts=child,
        )
        self.rule = lb.ListenerRule(
            name,
            listener_arn=args.listener_arn,
            priority=args.priority,
            actions=[lb.ListenerRuleActionArgs(type="forward", target_group_arn=group.arn)],
            conditions=_conditions(args),
            tags=named(args.tags, name),
            opts=child,
        )
        self.arn = group.arn
        self.arn_suffix = group.arn_suffix
        self.register_outputs({"arn": self.arn})


def _health_check(args: TargetGroupArgs) -> lb.TargetGroupHealthCheckArgs:
    return lb.TargetGroupHealthCheckArgs(
        enabled=True,
        protocol="HTTP",
        port="traffic-port",
        path=args.health_path,
        matcher=args.healthy_status_codes,
        interval=args.health_interval_seconds,
        timeout=args.health_timeout_seconds,
        healthy_threshold=args.healthy_threshold,
        unhealthy_threshold=args.unhealthy_threshold,
    )


def _conditions(args: TargetGroupArgs) -> list[lb.ListenerRuleConditionArgs]:
    conditions = []
    if args.hosts:
        hosts = lb.ListenerRuleConditionHostHeaderArgs(values=list(args.hosts))
        conditions.append(lb.ListenerRuleConditionArgs(host_header=hosts))
    if args.paths:
        paths = lb.ListenerRuleConditionPathPatternArgs(values=list(args.paths))
        conditions.append(lb.ListenerRuleConditionArgs(path_pattern=paths))
    return conditions
