"""Where a service is called by others: a load balancer of its own, with a name that only the network knows.

A load balancer of its own and not one for all: its security group is what says who may call this service, and
nobody else (docs/decisions/0013-a-load-balancer-for-each-called-service.md).
"""

from __future__ import annotations

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import ec2
from pydantic import Field

from .alias_records import alias_records
from .application_load_balancer import (
    SAFE_SSL_POLICY,
    SslPolicy,
    application_load_balancer,
    https_listener,
)
from .args import AccessLogs, AliasTarget, Callee, ComponentArgs, EntryPoint, Late
from .certificate import DomainName
from .names import LONG_PREFIX, name_prefix, named


class InternalEntryArgs(ComponentArgs):
    """What an `InternalEntry` is made of."""

    host: DomainName
    """The name that callers use, such as `billing.internal.staging.example.com`."""
    zone_id: Late
    """The private hosted zone of the name. Usually `InternalNames.zone_id`."""
    certificate_arn: Late
    """A certificate that covers the name. Usually `InternalNames.certificate_arn`."""
    vpc_id: Late
    subnet_ids: tuple[Late, ...] = Field(min_length=2)
    """Private subnets in at least two zones."""
    access_logs: AccessLogs
    """Usually `load_balancer.access_logs`."""
    deletion_protection: bool = True
    idle_timeout_seconds: int = Field(default=60, ge=1, le=4000)
    ssl_policy: SslPolicy = SAFE_SSL_POLICY


class InternalEntry(pulumi.ComponentResource):
    """An internal load balancer for one service, with a name in the network.

    It is made before the service: callers wait for it and not for each other, so that two services may call
    each other. Nothing comes in and nothing goes out until a `Service` opens the way: each caller its own to
    here, the service the one to its servers. There is no HTTP listener to redirect: who calls knows the URL.
    """

    entry_point: EntryPoint
    """For the service that is called: `ServiceArgs.internal`."""
    callee: Callee
    """For those that call it: `ServiceArgs.calls`."""

    def __init__(self, name: str, args: InternalEntryArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:internalentry:InternalEntry", name, None, opts)
        child = ResourceOptions(parent=self)
        group = ec2.SecurityGroup(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            description=f"Calls to {args.host}"[:255],
            vpc_id=args.vpc_id,
            tags=named(args.tags, name),
            opts=child,
        )
        balancer = application_load_balancer(
            name,
            internal=True,
            security_group_id=group.id,
            subnet_ids=args.subnet_ids,
            access_logs=args.access_logs,
            deletion_protection=args.deletion_protection,
            idle_timeout_seconds=args.idle_timeout_seconds,
            tags=args.tags,
            opts=child,
        )
        listener = https_listener(
            f"{name}-https", balancer.arn, args.certificate_arn, args.ssl_policy, args.tags, child
        )
        target = AliasTarget(dns_name=balancer.dns_name, zone_id=balancer.zone_id)
        records = alias_records(name, args.host, args.zone_id, target, child)

        self.entry_point = EntryPoint(
            listener_arn=listener.arn, security_group_id=group.id, arn_suffix=balancer.arn_suffix
        )
        # Out of the record, so that no caller starts before its callee has a name.
        self.callee = Callee(url=Output.concat("https://", records[0].fqdn), security_group_id=group.id)
        self.register_outputs({"url": self.callee.url})
