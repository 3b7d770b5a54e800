"""Where the subnets of a network lead.

Each function gives back subnet IDs that come out of the route table associations: who takes such an ID waits
until the subnet's routes exist, so no server boots into a subnet that leads nowhere yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import Output, ResourceOptions
from pulumi_aws import ec2

from .names import named

ANYWHERE = "0.0.0.0/0"

Subnets = Mapping[str, ec2.Subnet]
"""One tier's subnets by zone."""


@dataclass(frozen=True)
class Tier:
    """Subnets whose routes exist, by zone, and their route tables."""

    subnet_ids: dict[str, Output[str]]
    tables: list[ec2.RouteTable]


@dataclass(frozen=True)
class Routed:
    """All subnets of a network once their routes exist, and the tables of all but the public ones."""

    public: list[Output[str]]
    private: list[Output[str]]
    isolated: list[Output[str]]
    inner_tables: list[ec2.RouteTable]


def public_routes(
    name: str, vpc: ec2.Vpc, subnets: Subnets, tags: Mapping[str, str], opts: ResourceOptions
) -> dict[str, Output[str]]:
    """To and from the internet, for load balancers and NAT gateways."""
    gateway = ec2.InternetGateway(name, vpc_id=vpc.id, tags=named(tags, name), opts=opts)
    table = _table(f"{name}-public", vpc, tags, opts)
    route = ec2.Route(
        f"{name}-public-internet",
        route_table_id=table.id,
        destination_cidr_block=ANYWHERE,
        gateway_id=gateway.id,
        opts=opts,
    )
    return {
        zone: _associated(f"{name}-public-{zone}", subnet, table, [route], opts)
        for zone, subnet in subnets.items()
    }


def nat_gateways(
    name: str, subnet_ids: Mapping[str, Output[str]], tags: Mapping[str, str], opts: ResourceOptions
) -> dict[str, ec2.NatGateway]:
    """One NAT gateway, with an address that stays, in each of these public subnets."""
    nats = {}
    for zone, subnet_id in subnet_ids.items():
        child_name = f"{name}-nat-{zone}"
        address = ec2.Eip(child_name, domain="vpc", tags=named(tags, child_name), opts=opts)
        nats[zone] = ec2.NatGateway(
            child_name,
            allocation_id=address.allocation_id,
            subnet_id=subnet_id,
            connectivity_type="public",
            tags=named(tags, child_name),
            opts=opts,
        )
    return nats


def private_routes(
    name: str,
    vpc: ec2.Vpc,
    subnets: Subnets,
    nats: Mapping[str, ec2.NatGateway],
    tags: Mapping[str, str],
    opts: ResourceOptions,
) -> Tier:
    """Out through the zone's own NAT gateway, or through the only one; nowhere when there is none.

    A table per zone in every case: from one NAT gateway to one per zone, routes move and subnets stay.
    """
    tier = Tier({}, [])
    for zone, subnet in subnets.items():
        child_name = f"{name}-private-{zone}"
        table = _table(child_name, vpc, tags, opts)
        nat = nats.get(zone) or next(iter(nats.values()), None)
        out = [] if nat is None else [_nat_route(f"{child_name}-internet", table, nat, opts)]
        tier.tables.append(table)
        tier.subnet_ids[zone] = _associated(child_name, subnet, table, out, opts)
    return tier


def isolated_routes(
    name: str, vpc: ec2.Vpc, subnets: Subnets, tags: Mapping[str, str], opts: ResourceOptions
) -> Tier:
    """Within the VPC only."""
    table = _table(f"{name}-isolated", vpc, tags, opts)
    ids = {
        zone: _associated(f"{name}-isolated-{zone}", subnet, table, [], opts)
        for zone, subnet in subnets.items()
    }
    return Tier(ids, [table])


def deny_remote_logins(
    name: str,
    vpc: ec2.Vpc,
    cidr: str,
    subnets: Sequence[ec2.Subnet],
    tags: Mapping[str, str],
    opts: ResourceOptions,
) -> None:
    """A network ACL: no SSH and no RDP from outside the VPC, whatever a security group says (control EC2.21).

    It keeps no state, so all else passes, answers to outgoing connections among it: 22 and 3389 lie
    outside the range from which Linux takes its own ports (32768 to 60999).
    """
    everything = {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_block": ANYWHERE}
    allowed = {**everything, "rule_no": 100, "action": "allow"}
    # The VPC comes first: a load balancer's own ports begin at 1024, and it would miss an answer to 3389.
    rules = [{**everything, "rule_no": 10, "action": "allow", "cidr_block": cidr}]
    for number, port in ((20, 22), (30, 3389)):
        denied = {"rule_no": number, "action": "deny", "protocol": "tcp", "from_port": port, "to_port": port}
        rules.append({**denied, "cidr_block": ANYWHERE})
    ec2.NetworkAcl(
        f"{name}-inner",
        vpc_id=vpc.id,
        subnet_ids=[subnet.id for subnet in subnets],
        ingress=[ec2.NetworkAclIngressArgs(**rule) for rule in [*rules, allowed]],
        egress=[ec2.NetworkAclEgressArgs(**allowed)],
        tags=named(tags, f"{name}-inner"),
        opts=opts,
    )


def _table(name: str, vpc: ec2.Vpc, tags: Mapping[str, str], opts: ResourceOptions) -> ec2.RouteTable:
    return ec2.RouteTable(name, vpc_id=vpc.id, tags=named(tags, name), opts=opts)


def _nat_route(name: str, table: ec2.RouteTable, nat: ec2.NatGateway, opts: ResourceOptions) -> ec2.Route:
    return ec2.Route(
        name,
        route_table_id=table.id,
        destination_cidr_block=ANYWHERE,
        nat_gateway_id=nat.id,
        opts=opts,
    )


def _associated(
    name: str,
    subnet: ec2.Subnet,
    table: ec2.RouteTable,
    after: Sequence[ec2.Route],
    opts: ResourceOptions,
) -> Output[str]:
    association = ec2.RouteTableAssociation(
        name,
        subnet_id=subnet.id,
        route_table_id=table.id,
        opts=ResourceOptions(parent=opts.parent, depends_on=list(after)),
    )
    subnet_id: Output[str] = association.subnet_id
    return subnet_id
