"""Who may call a service's servers, and whom they may call: nothing that is not named here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from pulumi import ResourceOptions
from pulumi_aws import ec2, vpc

from .args import Late, Placement
from .names import LONG_PREFIX, name_prefix, named

Rule: TypeAlias = "vpc.SecurityGroupIngressRule | vpc.SecurityGroupEgressRule"


class ServerRulesArgs(Protocol):
    """What this module takes from the launch template's arguments."""

    @property
    def service(self) -> str: ...
    @property
    def placement(self) -> Placement: ...
    @property
    def port(self) -> int | None: ...
    @property
    def load_balancer_security_group_id(self) -> Late | None: ...
    @property
    def internal_security_group_id(self) -> Late | None: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def server_rules(
    name: str, args: ServerRulesArgs, opts: ResourceOptions
) -> tuple[ec2.SecurityGroup, list[Rule]]:
    """The servers' security group and its rules, and the load balancers' way to them."""
    group = ec2.SecurityGroup(
        name,
        name_prefix=name_prefix(name, LONG_PREFIX),
        description=f"Servers of {args.service}",
        vpc_id=args.placement.vpc_id,
        tags=named(args.tags, name),
        opts=opts,
    )
    rules: list[Rule] = []
    if args.load_balancer_security_group_id is not None:
        source = args.load_balancer_security_group_id
        names = (f"{name}-from-load-balancer", f"{name}-to-servers")
        rules += _request_rules(names, "the load balancer", source, group, args, opts)
    if args.internal_security_group_id is not None:
        source = args.internal_security_group_id
        names = (f"{name}-from-internal", f"{name}-internal-to-servers")
        rules += _request_rules(names, "the internal load balancer", source, group, args, opts)
    rules += egress_rules(name, group, args.placement, args.tags, opts)
    return group, rules


def _request_rules(
    names: tuple[str, str],
    source: str,
    source_group_id: Late,
    group: ec2.SecurityGroup,
    args: ServerRulesArgs,
    opts: ResourceOptions,
) -> list[Rule]:
    requests = {"ip_protocol": "tcp", "from_port": args.port, "to_port": args.port}
    return [
        vpc.SecurityGroupIngressRule(
            names[0],
            security_group_id=group.id,
            description=f"Requests from {source}",
            referenced_security_group_id=source_group_id,
            tags=named(args.tags, names[0]),
            opts=opts,
            **requests,
        ),
        # A rule per service and not one for the whole VPC: a load balancer reaches what is behind it only.
        # A security group takes 60 such rules unless the account's quota is raised.
        vpc.SecurityGroupEgressRule(
            names[1],
            security_group_id=source_group_id,
            description=f"Requests to the servers of {args.service}",
            referenced_security_group_id=group.id,
            tags=named(args.tags, names[1]),
            opts=opts,
            **requests,
        ),
    ]


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
