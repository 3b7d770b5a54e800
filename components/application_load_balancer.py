"""What an entry point and an internal one have in common: a load balancer as AWS's controls ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pulumi import Input, Output, ResourceOptions
from pulumi_aws import lb

from .args import AccessLogs, Late
from .names import LOAD_BALANCER_PREFIX, name_prefix, named

SslPolicy = Literal[
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
]
"""TLS 1.2 or newer only. `Res` leaves out what lacks forward secrecy or authenticated encryption."""

SAFE_SSL_POLICY: SslPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"

DesyncMitigationMode = Literal["defensive", "strictest"]


def application_load_balancer(
    name: str,
    *,
    internal: bool,
    security_group_id: Output[str],
    subnet_ids: Sequence[Late],
    access_logs: AccessLogs,
    deletion_protection: bool,
    idle_timeout_seconds: int,
    tags: Mapping[str, str],
    opts: ResourceOptions,
    desync_mitigation_mode: DesyncMitigationMode = "defensive",
) -> lb.LoadBalancer:
    """The load balancer itself, without a listener."""
    return lb.LoadBalancer(
        name,
        name_prefix=name_prefix(name, LOAD_BALANCER_PREFIX),
        load_balancer_type="application",
        internal=internal,
        ip_address_type="ipv4",
        security_groups=[security_group_id],
        subnets=list(subnet_ids),
        access_logs=lb.LoadBalancerAccessLogsArgs(
            bucket=access_logs.bucket, prefix=access_logs.prefix, enabled=True
        ),
        desync_mitigation_mode=desync_mitigation_mode,
        drop_invalid_header_fields=True,
        enable_cross_zone_load_balancing=True,
        enable_deletion_protection=deletion_protection,
        enable_http2=True,
        idle_timeout=idle_timeout_seconds,
        xff_header_processing_mode="append",
        tags=named(tags, name),
        opts=opts,
    )


def https_listener(
    name: str,
    balancer_arn: Input[str],
    certificate_arn: Late,
    ssl_policy: SslPolicy,
    tags: Mapping[str, str],
    opts: ResourceOptions,
) -> lb.Listener:
    """The listener on 443 to which services add their rules; what no rule takes is a 404."""
    return lb.Listener(
        name,
        load_balancer_arn=balancer_arn,
        port=443,
        protocol="HTTPS",
        ssl_policy=ssl_policy,
        certificate_arn=certificate_arn,
        default_actions=[
            lb.ListenerDefaultActionArgs(
                type="fixed-response",
                fixed_response=lb.ListenerDefaultActionFixedResponseArgs(
                    content_type="text/plain", message_body="Not found", status_code="404"
                ),
            )
        ],
        tags=named(tags, name),
        opts=opts,
    )
