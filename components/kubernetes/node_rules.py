"""Who may call a cluster's nodes, and whom they may call: nothing that is not named here.

Nodes have a security group of their own and not the one that EKS makes for the cluster, which lets out to
everywhere. Then nodes and control plane need the ways below to each other (EKS User Guide, "View Amazon EKS
security group requirements for clusters"). Pods have their node's group.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from pulumi import ResourceOptions
from pulumi_aws import ec2, vpc

from ..args import Late, Placement, Port
from ..names import LONG_PREFIX, name_prefix, named
from ..server_rules import egress_rules

Rule: TypeAlias = "vpc.SecurityGroupIngressRule | vpc.SecurityGroupEgressRule"

CONTROL_PLANE_PORTS: tuple[Port, ...] = (10250, 10251)
"""Where the control plane calls nodes: the kubelet, and the metrics server of EKS's add-on."""


class NodeRulesArgs(Protocol):
    """What this module takes from the node group's arguments."""

    @property
    def placement(self) -> Placement: ...
    @property
    def cluster_security_group_id(self) -> Late: ...
    @property
    def control_plane_ports(self) -> tuple[Port, ...]: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def node_rules(name: str, args: NodeRulesArgs, opts: ResourceOptions) -> tuple[ec2.SecurityGroup, list[Rule]]:
    """The nodes' security group and its rules, and their way to the control plane."""
    group = ec2.SecurityGroup(
        name,
        name_prefix=name_prefix(name, LONG_PREFIX),
        description=f"Nodes of {name}",
        vpc_id=args.placement.vpc_id,
        tags=named(args.tags, name),
        opts=opts,
    )
    rules: list[Rule] = [
        *_between_nodes(name, group, args, opts),
        *_to_control_plane(name, group, args, opts),
        *(_from_control_plane(name, port, group, args, opts) for port in args.control_plane_ports),
        *egress_rules(name, group, args.placement, args.tags, opts),
    ]
    return group, rules


def _between_nodes(
    name: str, group: ec2.SecurityGroup, args: NodeRulesArgs, opts: ResourceOptions
) -> list[Rule]:
    """Pods to pods on any port: which of them may, network policies say."""
    child_name = f"{name}-to-nodes"
    common = {
        "security_group_id": group.id,
        "referenced_security_group_id": group.id,
        "ip_protocol": "-1",
        "tags": named(args.tags, child_name),
        "opts": opts,
    }
    return [
        vpc.SecurityGroupIngressRule(child_name, description="Pods of other nodes", **common),
        vpc.SecurityGroupEgressRule(child_name, description="Pods of other nodes", **common),
    ]


def _to_control_plane(
    name: str, group: ec2.SecurityGroup, args: NodeRulesArgs, opts: ResourceOptions
) -> list[Rule]:
    child_name = f"{name}-to-control-plane"
    common = {
        "ip_protocol": "tcp",
        "from_port": 443,
        "to_port": 443,
        "tags": named(args.tags, child_name),
        "opts": opts,
    }
    return [
        vpc.SecurityGroupEgressRule(
            child_name,
            security_group_id=group.id,
            referenced_security_group_id=args.cluster_security_group_id,
            description="The Kubernetes API",
            **common,
        ),
        vpc.SecurityGroupIngressRule(
            child_name,
            security_group_id=args.cluster_security_group_id,
            referenced_security_group_id=group.id,
            description=f"Nodes of {name}",
            **common,
        ),
    ]


def _from_control_plane(
    name: str, port: Port, group: ec2.SecurityGroup, args: NodeRulesArgs, opts: ResourceOptions
) -> Rule:
    """One way in. The control plane's own group lets out to everywhere, as EKS makes it."""
    child_name = f"{name}-from-control-plane-{port}"
    return vpc.SecurityGroupIngressRule(
        child_name,
        security_group_id=group.id,
        referenced_security_group_id=args.cluster_security_group_id,
        description="Calls from the control plane",
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        tags=named(args.tags, child_name),
        opts=opts,
    )
