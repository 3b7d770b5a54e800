"""The network of an environment: subnets in every zone, ways out, private endpoints, flow logs."""

from __future__ import annotations

from enum import StrEnum

import pulumi
from pydantic import Field

from components.args import ComponentArgs, Late, RetentionDays


class Egress(StrEnum):
    """How servers in the private subnets reach the internet."""

    NAT_PER_ZONE = "nat-per-zone"
    """A NAT gateway in every zone: the loss of one zone takes no other zone's way out."""
    SINGLE_NAT = "single-nat"
    """One NAT gateway for all zones: cheaper, and lost with its zone."""
    ENDPOINTS = "endpoints"
    """None: AWS's own services through endpoints, and nothing else."""


class NetworkArgs(ComponentArgs):
    """What a `Network` is made of."""

    cidr: str
    """The VPC's IPv4 range, /16 to /24, such as `10.20.0.0/16` (AWS allows /16 to /28)."""
    zones: tuple[str, ...] = Field(min_length=2, max_length=6)
    """Names of the availability zones, such as `eu-central-1a`: at least two."""
    region: str
    """The region that the zones are in; the names of endpoint services need it."""
    egress: Egress = Egress.NAT_PER_ZONE
    interface_endpoints: tuple[str, ...] = (
        "ec2messages",
        "kms",
        "logs",
        "monitoring",
        "secretsmanager",
        "ssm",
        "ssmmessages",
    )
    """AWS services to reach without internet, by the last part of their endpoint service name."""
    flow_log_retention_days: RetentionDays = 365
    log_kms_key_arn: Late | None = None
    """A customer key for the flow logs. Without one, CloudWatch Logs encrypts with a key of its own."""
    retain_logs: bool = True
    """Whether the flow logs outlive the network when it is destroyed."""
