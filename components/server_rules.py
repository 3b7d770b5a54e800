"""Who may call a service's servers, and whom they may call: nothing that is not named here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from pulumi import ResourceOptions
from pulumi_aws import ec2, vpc

from components.args import Late, Placement
from components.names import LONG_PREFIX, name_prefix, named

Rule: TypeAlias = "vpc.SecurityGroupIngressRule | vpc.SecurityGroupEgressRule"


class ServerRulesArgs(Protocol):
    """What this module takes from the launch template's arguments."""

    @property
    def service(self) -> str: ...
    @property
    def placement(self) -> Placement: ...
    @property
    def port(self) -> int: ...
    @property
    def load_balancer_security_group_id(self) -> Late: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def server_rules(
    name: str, args: ServerRulesArgs, opts: ResourceOptions
) -> tuple[ec2.SecurityGroup, list[Rule]]:
    """The servers' security group and its rules, and the load balancer's way to them."""
    group = ec2.SecurityGroup(
        name,
        name_prefix=name_prefix(name, LONG_PREFIX),
        description=f"Servers of {args.service}",
        vpc_id=args.placement.vpc_id,
        tags=named(args.tags, name),
        opts=opts,
    )
    requests = {"ip_protocol": "tcp", "from_port": args.port, "to_port": args.port}
    rules: list[Rule] = [
        vpc.SecurityGroupIngressRule(
            f"{name}-from-load-balancer",
            security_group_id=group.id,
            description="Requests from the load balancer",
            referenced_security_group_id=args.load_balancer_security_group_id,
            tags=named(args.tags, f"{name}-from-load-balancer"),
            opts=opts,
            **requests,
        ),
        # A rule per service and not one for the whole VPC: a load balancer reaches what is behind it only.
        # A security group takes 60 such rules unless the account's quota is raised.
        vpc.SecurityGroupEgressRule(
            f"{name}-to-servers",
            security_group_id=args.load_balancer_security_group_id,
            description=f"Requests to the servers of {args.service}",
            referenced_security_group_id=group.id,
            tags=named(args.tags, f"{name}-to-servers"),
            opts=opts,
            **requests,
        ),
    ]
    rules += egress_rules(name, group, args.placement, args.tags, opts)
    return group, rules


def egress_rules(
    name: str, group: ec2.SecurityGroup, placement: Placement, tags: Mapping[str, str], opts: ResourceOptions
) -> list[vpc.SecurityGroupEgressRule]:
    """A machine's ways out: HTTPS to what its placement has, and nothing else."""
    return [
        vpc.SecurityGroupEgressRule(
            f"{name}-to-{suffix}",
            security_group_id=group.id,
            description=description,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            tags=named(tags, f"{name}-to-{suffix}"),
            opts=opts,
            **destination,
        )
        for suffix, description, destination in _destinations(placement)
    ]


def _destinations(placement: Placement) -> list[tuple[str, str, dict[str, Late]]]:
    """Whom servers may call with HTTPS. DNS, time and metadata of the VPC pass without a rule."""
    found: list[tuple[str, str, dict[str, Late]]] = []
    if placement.endpoint_security_group_id is not None:
        to_endpoints = {"referenced_security_group_id": placement.endpoint_security_group_id}
        found.append(("endpoints", "HTTPS to the interface endpoints", to_endpoints))
    if placement.s3_prefix_list_id is not None:
        found.append(
            ("s3", "HTTPS to S3 by its gateway endpoint", {"prefix_list_id": placement.s3_prefix_list_id})
        )
    if placement.internet_egress:
        found.append(("internet", "HTTPS to the internet by the NAT gateway", {"cidr_ipv4": "0.0.0.0/0"}))
    return found
