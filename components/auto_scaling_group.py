"""The fleet of a service: how many servers, of which types, judged healthy by the load balancer."""

from __future__ import annotations

from pydantic import Field

from components.args import ComponentArgs, Late


class AutoScalingGroupArgs(ComponentArgs):
    """What an `AutoScalingGroup` is made of."""

    launch_template_id: Late
    launch_template_version: Late
    """A number, for the servers of a new group. Later versions arrive by an instance refresh."""
    instance_types: tuple[str, ...] = Field(min_length=1)
    """In order of preference."""
    subnet_ids: tuple[Late, ...] = Field(min_length=2)
    target_group_arns: tuple[Late, ...] = Field(min_length=1)
    min_size: int = Field(ge=0)
    max_size: int = Field(ge=1)
    health_check_grace_period_seconds: int = Field(default=300, ge=1, le=7200)
    default_instance_warmup_seconds: int = Field(default=120, ge=1, le=3600)
    min_healthy_percentage: int = Field(default=100, ge=0, le=100)
    max_healthy_percentage: int = Field(default=110, ge=100, le=200)
    cpu_target_percent: float = Field(default=60, gt=0, le=100)
    on_demand_base_capacity: int = Field(default=0, ge=0)
    on_demand_percentage: int = Field(default=100, ge=0, le=100)
