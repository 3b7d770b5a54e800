"""A service: its fleet, its place behind the load balancer, and how a new image reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pydantic import Field

from components.args import ComponentArgs, EntryPoint, ImageId, Late, Placement, Port, RetentionDays
from components.target_group import HealthPath, Host, Path


class ServiceArgs(ComponentArgs):
    """What a `Service` is made of. The `Service`'s own name becomes the name of its environment file."""

    image_id: ImageId | pulumi.Output[str]
    region: str
    placement: Placement
    """Usually `network.placement`."""
    entry_point: EntryPoint
    """Usually `load_balancer.entry_point`."""
    port: Port
    health_path: HealthPath
    instance_types: tuple[str, ...] = Field(min_length=1)
    min_size: int = Field(ge=0)
    max_size: int = Field(ge=1)
    priority: int = Field(ge=1, le=50000)
    hosts: tuple[Host, ...] = ()
    paths: tuple[Path, ...] = ()
    environment: Mapping[str, Late] = Field(default_factory=dict)
    policy_statements: tuple[Mapping[str, Any], ...] = ()
    volume_size_gib: int = Field(default=20, ge=1, le=16384)
    kms_key_id: Late | None = None
    log_retention_days: RetentionDays = 365
    retain_logs: bool = True
    cpu_target_percent: float = Field(default=60, gt=0, le=100)
    health_check_grace_period_seconds: int = Field(default=300, ge=1, le=7200)
    default_instance_warmup_seconds: int = Field(default=120, ge=1, le=3600)
    deregistration_delay_seconds: int = Field(default=60, ge=0, le=3600)
    slow_start_seconds: int = Field(default=30, ge=0, le=900)
