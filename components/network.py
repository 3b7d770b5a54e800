"""The network of an environment: subnets in every zone, ways out, private endpoints, flow logs."""

from __future__ import annotations

from enum import StrEnum

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import ec2
from pydantic import Field, model_validator

from . import endpoints, flow_log, routes
from .args import ComponentArgs, Late, Placement, RetentionDays
from .names import named
from .subnets import plan_subnets


class Egress(StrEnum):
    """How servers in the private subnets reach the internet."""

    NAT_PER_ZONE = "nat-per-zone"
    """A NAT gateway in every zone: the loss of one zone takes no other zone's way out."""
    SINGLE_NAT = "single-nat"
    """One NAT gateway for all zones: cheaper, and lost with its zone."""
    ENDPOINTS = "endpoints"
    """None: AWS's own services through endpoints, and nothing else."""


class NetworkArgs(ComponentArgs):
    """What a `Network` is made of. Raises ValueError for a range that cannot be divided."""

    cidr: str
    """The VPC's IPv4 range, /16 to /22, such as `10.20.0.0/16`."""
    zones: tuple[str, ...] = Field(min_length=2, max_length=6)
    """Names of the availability zones, such as `eu-central-1a`: at least two. Each keeps its subnets by place
    in this list, so a new zone goes to the end."""
    region: str
    """The region that the zones are in; the names of endpoint services need it."""
    egress: Egress = Egress.NAT_PER_ZONE
    interface_endpoints: tuple[str, ...] = (
        "autoscaling",
        "ec2messages",
        "kms",
        "logs",
        "monitoring",
        "secretsmanager",
        "ssm",
        "ssmmessages",
    )
    """AWS services to reach without internet, by the last part of their endpoint service name."""
    download_buckets: tuple[str, ...] = ()
    """Buckets of others, by name, that machines may read through S3's endpoint without credentials."""
    flow_log_bucket_arn: Late | None = None
    """The bucket that takes the flow logs, below `FLOW_LOGS`: usually `LogShipping.bucket_arn`. Without one,
    they go to a log group of their own."""
    flow_log_retention_days: RetentionDays = 365
    """How long they stay in a log group of their own."""
    log_kms_key_arn: Late | None = None
    """A customer key for that log group. Without one, CloudWatch Logs encrypts with a key of its own."""
    retain_logs: bool = True
    """Whether that log group outlives the network when it is destroyed."""

    @model_validator(mode="after")
    def _fits(self) -> NetworkArgs:
        plan_subnets(self.cidr, len(self.zones))
        for what, values in (("zone", self.zones), ("endpoint", self.interface_endpoints)):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]} is named twice: name each one once")
        by_route = sorted(set(endpoints.GATEWAY_SERVICES) & set(self.interface_endpoints))
        if by_route:
            raise ValueError(
                f"{by_route[0]} has a gateway endpoint already: leave it out of interface_endpoints"
            )
        return self


class Network(pulumi.ComponentResource):
    """A VPC with a public, a private and an isolated subnet in every zone.

    Public subnets hold load balancers and NAT gateways, private ones servers, isolated ones what never
    calls out. No subnet gives its machines a public address. The VPC's default security group lets nothing
    through.

    Two controls it leaves: Block Public Access (EC2.172) is a setting of the whole account and region,
    which one environment cannot own. And the public subnets keep AWS's default network ACL (EC2.21):
    denying 3389 there would drop answers on connections for which a load balancer or NAT gateway happened
    to choose that port.
    """

    vpc_id: Output[str]
    vpc_arn: Output[str]
    cidr: str
    public_subnet_ids: list[Output[str]]
    private_subnet_ids: list[Output[str]]
    isolated_subnet_ids: list[Output[str]]
    s3_prefix_list_id: Output[str]
    endpoint_security_group_id: Output[str]
    placement: Placement
    """Where servers stand: the private subnets, with what they may call."""

    def __init__(self, name: str, args: NetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:network:Network", name, None, opts)
        child = ResourceOptions(parent=self)
        vpc = ec2.Vpc(
            name,
            cidr_block=args.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=named(args.tags, name),
            opts=child,
        )
        ec2.DefaultSecurityGroup(
            f"{name}-closed",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=named(args.tags, f"{name}-closed"),
            opts=child,
        )
        tiers = _subnets(name, args, vpc, child)
        inner = [*tiers["private"].values(), *tiers["isolated"].values()]
        routes.deny_remote_logins(name, vpc, args.cidr, inner, args.tags, child)
        routed = _routed(name, args, vpc, tiers, child)
        gateways = endpoints.gateway_endpoints(name, args, vpc, routed.inner_tables, child)
        group = endpoints.interface_endpoints(name, args, vpc, list(tiers["private"].values()), child)
        flow_log.flow_log(name, args, vpc, child)

        self.vpc_id = vpc.id
        self.vpc_arn = vpc.arn
        self.cidr = args.cidr
        self.public_subnet_ids = routed.public
        self.private_subnet_ids = routed.private
        self.isolated_subnet_ids = routed.isolated
        self.s3_prefix_list_id = gateways["s3"].prefix_list_id
        self.endpoint_security_group_id = group.id
        self.placement = Placement(
            vpc_id=self.vpc_id,
            subnet_ids=tuple(self.private_subnet_ids),
            endpoint_security_group_id=self.endpoint_security_group_id,
            s3_prefix_list_id=self.s3_prefix_list_id,
            internet_egress=args.egress is not Egress.ENDPOINTS,
        )
        self.register_outputs({"vpcId": self.vpc_id})


def _subnets(
    name: str, args: NetworkArgs, vpc: ec2.Vpc, opts: ResourceOptions
) -> dict[str, dict[str, ec2.Subnet]]:
    """By tier, then by zone."""
    tiers: dict[str, dict[str, ec2.Subnet]] = {"public": {}, "private": {}, "isolated": {}}
    for zone, cidrs in zip(args.zones, plan_subnets(args.cidr, len(args.zones)), strict=True):
        for tier, subnets in tiers.items():
            child_name = f"{name}-{tier}-{zone}"
            subnets[zone] = ec2.Subnet(
                child_name,
                vpc_id=vpc.id,
                availability_zone=zone,
                cidr_block=getattr(cidrs, tier),
                map_public_ip_on_launch=False,
                tags=named({**args.tags, "tier": tier}, child_name),
                opts=opts,
            )
    return tiers


def _routed(
    name: str,
    args: NetworkArgs,
    vpc: ec2.Vpc,
    tiers: dict[str, dict[str, ec2.Subnet]],
    opts: ResourceOptions,
) -> routes.Routed:
    """The subnets with their ways out, by the environment's kind of egress."""
    public = routes.public_routes(name, vpc, tiers["public"], args.tags, opts)
    nat_zones = {
        Egress.NAT_PER_ZONE: args.zones,
        Egress.SINGLE_NAT: args.zones[:1],
        Egress.ENDPOINTS: (),
    }[args.egress]
    nats = routes.nat_gateways(name, {zone: public[zone] for zone in nat_zones}, args.tags, opts)
    private = routes.private_routes(name, vpc, tiers["private"], nats, args.tags, opts)
    isolated = routes.isolated_routes(name, vpc, tiers["isolated"], args.tags, opts)
    return routes.Routed(
        public=list(public.values()),
        private=list(private.subnet_ids.values()),
        isolated=list(isolated.subnet_ids.values()),
        inner_tables=[*private.tables, *isolated.tables],
    )
