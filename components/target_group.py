"""The servers behind one service's listener rule, and how the load balancer judges them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from components.args import ComponentArgs, Late, Port

HealthPath = Annotated[str, StringConstraints(pattern=r"^/[!-~]*$", max_length=1024)]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.*?-]+$", max_length=128)]
Path = Annotated[str, StringConstraints(pattern=r"^/[!-~]*$", max_length=128)]


class TargetGroupArgs(ComponentArgs):
    """What a `TargetGroup` is made of."""

    vpc_id: Late
    listener_arn: Late
    port: Port
    health_path: HealthPath
    priority: int = Field(ge=1, le=50000)
    """The order among the listener's rules, lowest first; unique on a listener."""
    hosts: tuple[Host, ...] = ()
    paths: tuple[Path, ...] = ()
    deregistration_delay_seconds: int = Field(default=60, ge=0, le=3600)
    slow_start_seconds: int = Field(default=30, ge=0, le=900)
    algorithm: Literal["round_robin", "least_outstanding_requests", "weighted_random"] = "round_robin"
    health_interval_seconds: int = Field(default=15, ge=5, le=300)
    health_timeout_seconds: int = Field(default=5, ge=2, le=120)
    healthy_threshold: int = Field(default=3, ge=2, le=10)
    unhealthy_threshold: int = Field(default=3, ge=2, le=10)
    healthy_status_codes: str = "200"
