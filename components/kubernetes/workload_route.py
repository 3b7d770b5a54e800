"""How requests from outside reach a workload: by the load balancer that the servers of services are behind.

A rule of its listener leads to a target group, in which are the cluster's nodes, each at the port that the
workload's Service has there (ADR 24). No controller in the cluster has a part in it.
"""

from __future__ import annotations

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import autoscaling, vpc
from pydantic import Field

from ..args import ComponentArgs, EntryPoint, Late
from ..names import named
from ..target_group import HealthPath, Host, Path, TargetGroup, TargetGroupArgs


class WorkloadRouteArgs(ComponentArgs):
    """What a `WorkloadRoute` is made of."""

    vpc_id: Late
    entry_point: EntryPoint
    """Usually `load_balancer.entry_point`."""
    node_port: Output[int]
    """Usually `workload.node_port`."""
    autoscaling_name: Late
    """The nodes' Auto Scaling group, usually `cluster.node_group_autoscaling_name`. It takes 50 target groups
    (Quotas for Amazon EC2 Auto Scaling)."""
    node_security_group_id: Late
    """Usually `cluster.node_security_group_id`."""
    health_path: HealthPath
    """What answers 200 on the workload's port."""
    priority: int = Field(ge=1, le=50000)
    hosts: tuple[Host, ...] = ()
    paths: tuple[Path, ...] = ()
    deregistration_delay_seconds: int = Field(default=60, ge=0, le=3600)
    """How long a node that leaves may finish what it passed on."""


class WorkloadRoute(pulumi.ComponentResource):
    """A target group of all nodes, its listener rule, and the way from the load balancer to that one port."""

    target_group: TargetGroup

    def __init__(self, name: str, args: WorkloadRouteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:workloadroute:WorkloadRoute", name, None, opts)
        child = ResourceOptions(parent=self)
        ways = _ways(name, args, child)
        # Nodes are asked only where the load balancer may come.
        self.target_group = TargetGroup(
            name, _target_group(args), ResourceOptions(parent=self, depends_on=ways)
        )
        autoscaling.Attachment(
            name,
            autoscaling_group_name=args.autoscaling_name,
            lb_target_group_arn=self.target_group.arn,
            opts=child,
        )
        self.register_outputs({"targetGroupArn": self.target_group.arn})


def _target_group(args: WorkloadRouteArgs) -> TargetGroupArgs:
    return TargetGroupArgs(
        vpc_id=args.vpc_id,
        listener_arn=args.entry_point.listener_arn,
        port=args.node_port,
        health_path=args.health_path,
        priority=args.priority,
        hosts=args.hosts,
        paths=args.paths,
        deregistration_delay_seconds=args.deregistration_delay_seconds,
        # A new node passes requests on to the pods that there are: it has nothing to warm up.
        slow_start_seconds=0,
        tags=args.tags,
    )


def _ways(name: str, args: WorkloadRouteArgs, opts: ResourceOptions) -> list[pulumi.Resource]:
    load_balancer = args.entry_point.security_group_id
    requests = {"ip_protocol": "tcp", "from_port": args.node_port, "to_port": args.node_port, "opts": opts}
    return [
        vpc.SecurityGroupIngressRule(
            f"{name}-from-load-balancer",
            security_group_id=args.node_security_group_id,
            referenced_security_group_id=load_balancer,
            description=f"Requests from the load balancer to {name}",
            tags=named(args.tags, f"{name}-from-load-balancer"),
            **requests,
        ),
        vpc.SecurityGroupEgressRule(
            f"{name}-to-nodes",
            security_group_id=load_balancer,
            referenced_security_group_id=args.node_security_group_id,
            description=f"Requests to {name} on the nodes",
            tags=named(args.tags, f"{name}-to-nodes"),
            **requests,
        ),
    ]
