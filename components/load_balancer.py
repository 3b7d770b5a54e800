"""The entry point of an environment: an Application Load Balancer that speaks HTTPS and keeps access logs."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Literal

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import ec2, lb, vpc, wafv2
from pydantic import Field, field_validator

from .application_load_balancer import (
    SAFE_SSL_POLICY,
    DesyncMitigationMode,
    SslPolicy,
    application_load_balancer,
    https_listener,
)
from .args import AccessLogs, AliasTarget, ComponentArgs, EntryPoint, Late
from .log_bucket import ACCESS_LOGS, Deliveries, LogBucket, LogBucketArgs
from .names import LONG_PREFIX, name_prefix, named

Scheme = Literal["internet-facing", "internal"]


class LoadBalancerArgs(ComponentArgs):
    """What a `LoadBalancer` is made of. Raises ValueError for what is no IPv4 range in `allowed_cidrs`."""

    vpc_id: Late
    vpc_cidr: str
    """Who may call an internal load balancer, unless `allowed_cidrs` says otherwise."""
    subnet_ids: tuple[Late, ...] = Field(min_length=2)
    """Subnets in at least two zones: public ones for an internet-facing load balancer."""
    certificate_arn: Late
    """The ACM certificate of the HTTPS listener, in the same region."""
    scheme: Scheme = "internal"
    allowed_cidrs: tuple[str, ...] = ()
    """IPv4 ranges that may call it. Empty: anyone when internet-facing, the VPC when internal."""
    log_bucket: Late | None = None
    """The bucket that takes its access logs, below `ACCESS_LOGS`: usually `LogShipping.bucket`. Without one,
    it makes a bucket of its own."""
    access_log_retention_days: int = Field(default=90, ge=1, le=3650)
    """How long they stay in a bucket of its own."""
    deletion_protection: bool = True
    idle_timeout_seconds: int = Field(default=60, ge=1, le=4000)
    """After how long without a byte a connection is closed. Servers must keep theirs open longer."""
    desync_mitigation_mode: DesyncMitigationMode = "defensive"
    """`strictest` also refuses requests that break RFC 7230 without being dangerous."""
    ssl_policy: SslPolicy = SAFE_SSL_POLICY
    web_acl_arn: Late | None = None
    """A regional WAF web ACL. None by default: which requests are an attack is known to the service, not here
    (control ELB.16 asks for one where the load balancer is public)."""
    retain_logs: bool = True
    """Whether a bucket of its own outlives the load balancer. False also deletes what is in it."""

    @field_validator("allowed_cidrs")
    @classmethod
    def _ranges(cls, cidrs: tuple[str, ...]) -> tuple[str, ...]:
        for cidr in cidrs:
            try:
                IPv4Network(cidr)
            except ValueError:
                raise ValueError(f"{cidr!r} is not an IPv4 range: write one such as 203.0.113.0/24") from None
        return cidrs


class LoadBalancer(pulumi.ComponentResource):
    """HTTPS for the services behind it; HTTP only says where HTTPS is; what no service claims is a 404.

    Its security group lets requests in and, of itself, nothing out: each service adds the way to its servers.
    The HTTP listener (control ELB.18) carries redirects only, as ELB.1 asks.
    """

    arn: Output[str]
    arn_suffix: Output[str]
    """The part of the ARN by which CloudWatch names it."""
    dns_name: Output[str]
    """The stable name: servers come and go behind it."""
    url: Output[str]
    listener_arn: Output[str]
    security_group_id: Output[str]
    entry_point: EntryPoint
    """What a service needs of it."""
    alias_target: AliasTarget
    """What names of one's own point at. It has IPv4 addresses only."""
    access_logs: AccessLogs
    """Where its access logs go, for other load balancers of the environment."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:loadbalancer:LoadBalancer", name, None, opts)
        child = ResourceOptions(parent=self)
        group = _security_group(name, args, child)
        self.access_logs = _access_logs(name, args, group, child)
        balancer = application_load_balancer(
            name,
            internal=args.scheme == "internal",
            security_group_id=group.id,
            subnet_ids=args.subnet_ids,
            access_logs=self.access_logs,
            desync_mitigation_mode=args.desync_mitigation_mode,
            deletion_protection=args.deletion_protection,
            idle_timeout_seconds=args.idle_timeout_seconds,
            tags=args.tags,
            opts=child,
        )
        _redirect(f"{name}-http", args, balancer, child)
        https = https_listener(
            f"{name}-https", balancer.arn, args.certificate_arn, args.ssl_policy, args.tags, child
        )
        if args.web_acl_arn is not None:
            wafv2.WebAclAssociation(name, resource_arn=balancer.arn, web_acl_arn=args.web_acl_arn, opts=child)

        self.arn = balancer.arn
        self.arn_suffix = balancer.arn_suffix
        self.dns_name = balancer.dns_name
        self.url = Output.concat("https://", balancer.dns_name)
        self.listener_arn = https.arn
        self.security_group_id = group.id
        self.entry_point = EntryPoint(
            listener_arn=self.listener_arn,
            security_group_id=self.security_group_id,
            arn_suffix=self.arn_suffix,
        )
        self.alias_target = AliasTarget(dns_name=balancer.dns_name, zone_id=balancer.zone_id)
        self.register_outputs({"url": self.url})


def _access_logs(
    name: str, args: LoadBalancerArgs, group: ec2.SecurityGroup, opts: ResourceOptions
) -> AccessLogs:
    """Into the bucket that is given, or one of its own."""
    if args.log_bucket is not None:
        return AccessLogs(bucket=args.log_bucket, prefix=ACCESS_LOGS)
    logs = LogBucket(
        f"{name}-logs",
        LogBucketArgs(
            deliveries=Deliveries(owner_arn=group.arn, access_logs=""),
            retention_days=args.access_log_retention_days,
            retain=args.retain_logs,
            tags=args.tags,
        ),
        opts=opts,
    )
    return AccessLogs(bucket=logs.bucket)


def _security_group(name: str, args: LoadBalancerArgs, opts: ResourceOptions) -> ec2.SecurityGroup:
    group = ec2.SecurityGroup(
        name,
        name_prefix=name_prefix(name, LONG_PREFIX),
        description="Requests to the load balancer",
        vpc_id=args.vpc_id,
        tags=named(args.tags, name),
        opts=opts,
    )
    for cidr in args.allowed_cidrs or _default_callers(args):
        for scheme, port in (("https", 443), ("http", 80)):
            child_name = f"{name}-{scheme}-{cidr.replace('/', '-')}"
            vpc.SecurityGroupIngressRule(
                child_name,
                security_group_id=group.id,
                description=f"{scheme.upper()} from {cidr}",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_ipv4=cidr,
                tags=named(args.tags, child_name),
                opts=opts,
            )
    return group


def _default_callers(args: LoadBalancerArgs) -> tuple[str, ...]:
    return ("0.0.0.0/0",) if args.scheme == "internet-facing" else (args.vpc_cidr,)


def _redirect(name: str, args: LoadBalancerArgs, balancer: lb.LoadBalancer, opts: ResourceOptions) -> None:
    lb.Listener(
        name,
        load_balancer_arn=balancer.arn,
        port=80,
        protocol="HTTP",
        default_actions=[
            lb.ListenerDefaultActionArgs(
                type="redirect",
                redirect=lb.ListenerDefaultActionRedirectArgs(
                    port="443", protocol="HTTPS", status_code="HTTP_301"
                ),
            )
        ],
        tags=named(args.tags, name),
        opts=opts,
    )
