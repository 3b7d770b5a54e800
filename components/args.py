"""What all component arguments have in common, and the values that one component hands to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import pulumi
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Late = str | pulumi.Output[str]
"""A string that may be known only once another resource exists."""

ImageId = Annotated[str, StringConstraints(pattern=r"^ami-([0-9a-f]{8}|[0-9a-f]{17})$")]
"""A pinned AMI ID. Never a name, an alias or `resolve:ssm:`: those change servers without a diff."""

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
    1096, 1827, 2192, 2557, 2922, 3288, 3653,
]  # fmt: skip
"""How long CloudWatch Logs keeps events; it takes these numbers of days only (PutRetentionPolicy)."""

Port = Annotated[int, Field(ge=1, le=65535)]


class Args(BaseModel):
    """Base of every arguments model: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class ComponentArgs(Args):
    """Arguments of a component."""

    tags: Mapping[str, str] = Field(default_factory=dict)
    """Put on everything that takes tags; `Name` is added by the component."""


class Placement(Args):
    """Where a service's servers stand: `Network.placement`, or values from a VPC of another making."""

    vpc_id: Late
    subnet_ids: tuple[Late, ...] = Field(min_length=2)
    """Private subnets, one per zone. An ID that comes from a `Network` also waits for the subnet's routes."""
    endpoint_security_group_id: Late | None = None
    """The security group of the VPC's interface endpoints; servers may call it on 443."""
    s3_prefix_list_id: Late | None = None
    """The prefix list of the VPC's S3 gateway endpoint; servers may call it on 443."""
    internet_egress: bool = False
    """Whether servers may call any address on 443. It needs a NAT to be of use."""


class EntryPoint(Args):
    """Where a service's requests come from. `LoadBalancer.entry_point` is one."""

    listener_arn: Late
    """The HTTPS listener that gets the service's rule."""
    security_group_id: Late
    """The load balancer's security group: the only source that servers accept."""
    arn_suffix: Late
    """The part of the load balancer's ARN by which CloudWatch names it."""
