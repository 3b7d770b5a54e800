"""The entry point of an environment: an Application Load Balancer that speaks HTTPS and keeps access logs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.args import ComponentArgs, Late

Scheme = Literal["internet-facing", "internal"]


class LoadBalancerArgs(ComponentArgs):
    """What a `LoadBalancer` is made of."""

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
    access_log_retention_days: int = Field(default=90, ge=1, le=3650)
    deletion_protection: bool = True
    idle_timeout_seconds: int = Field(default=60, ge=1, le=4000)
    ssl_policy: str = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    retain_logs: bool = True
    """Whether the access logs outlive the load balancer. False also deletes what is in the bucket."""
