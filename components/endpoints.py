"""Private ways to AWS's own services, so that servers need no internet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import ec2, vpc

from . import policies
from .names import LONG_PREFIX, name_prefix, named

Policy = Callable[[policies.Owner], policies.Document]

GATEWAY_SERVICES = ("s3", "dynamodb")
"""The two services that AWS reaches by a route; it costs nothing."""


class EndpointArgs(Protocol):
    """What this module takes from the network's arguments."""

    @property
    def cidr(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def interface_endpoints(self) -> tuple[str, ...]: ...
    @property
    def download_buckets(self) -> tuple[str, ...]: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def gateway_endpoints(
    name: str,
    args: EndpointArgs,
    network: ec2.Vpc,
    tables: Sequence[ec2.RouteTable],
    opts: ResourceOptions,
) -> dict[str, ec2.VpcEndpoint]:
    """S3 and DynamoDB, from all subnets but the public ones, by service."""
    policy_of: dict[str, Policy] = {
        "s3": lambda owner: policies.s3_endpoint_policy(owner, args.download_buckets),
        "dynamodb": policies.own_account_only,
    }
    return {
        service: ec2.VpcEndpoint(
            f"{name}-{service}",
            vpc_id=network.id,
            service_name=_service_name(args, service),
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            policy=_policy(network, policy_of[service]),
            tags=named(args.tags, f"{name}-{service}"),
            opts=opts,
        )
        for service in GATEWAY_SERVICES
    }


def interface_endpoints(
    name: str,
    args: EndpointArgs,
    network: ec2.Vpc,
    subnets: Sequence[ec2.Subnet],
    opts: ResourceOptions,
) -> ec2.SecurityGroup:
    """An endpoint per service, in every private subnet; returns their common security group."""
    group = ec2.SecurityGroup(
        f"{name}-endpoints",
        name_prefix=name_prefix(f"{name}-endpoints", LONG_PREFIX),
        description="Interface endpoints of the VPC",
        vpc_id=network.id,
        tags=named(args.tags, f"{name}-endpoints"),
        opts=opts,
    )
    vpc.SecurityGroupIngressRule(
        f"{name}-endpoints-https",
        security_group_id=group.id,
        description="HTTPS from the VPC",
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        cidr_ipv4=args.cidr,
        tags=named(args.tags, f"{name}-endpoints-https"),
        opts=opts,
    )
    for service in args.interface_endpoints:
        ec2.VpcEndpoint(
            f"{name}-{service}",
            vpc_id=network.id,
            service_name=_service_name(args, service),
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=[subnet.id for subnet in subnets],
            security_group_ids=[group.id],
            policy=_policy(network, policies.own_account_only),
            tags=named(args.tags, f"{name}-{service}"),
            opts=opts,
        )
    return group


def _service_name(args: EndpointArgs, service: str) -> str:
    return f"com.amazonaws.{args.region}.{service}"


def _policy(network: ec2.Vpc, policy: Policy) -> Output[str]:
    document: Output[policies.Document] = network.arn.apply(lambda arn: policy(policies.owner_of(arn)))
    return Output.json_dumps(document)
