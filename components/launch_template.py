"""What a server is: image, identity, network rules, disk and the one file that tells it its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pulumi
from pydantic import Field, StringConstraints

from components.args import ComponentArgs, ImageId, Late, Placement, Port, RetentionDays

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]


class LaunchTemplateArgs(ComponentArgs):
    """What a `LaunchTemplate` is made of."""

    service: ServiceName
    """Names the environment file, `/etc/immutable/<service>.env`."""
    image_id: ImageId | pulumi.Output[str]
    instance_type: str
    """The type of an instance that nothing else decides; a group's own list of types comes before it."""
    placement: Placement
    port: Port
    load_balancer_security_group_id: Late
    environment: Mapping[str, Late] = Field(default_factory=dict)
    """Variables for the service. Never a secret: user data can be read by whoever can describe the template."""
    volume_size_gib: int = Field(default=20, ge=1, le=16384)
    root_device_name: str = "/dev/xvda"
    """The image's root device: /dev/xvda for Amazon Linux, /dev/sda1 for Ubuntu."""
    kms_key_id: Late | None = None
    """A customer key for the volume. Without one, the account's default key for EBS."""
    policy_statements: tuple[Mapping[str, Any], ...] = ()
    """IAM statements for what the service itself may do."""
    region: str
    log_retention_days: RetentionDays = 365
    log_kms_key_arn: Late | None = None
    retain_logs: bool = True
    """Whether the service's log group outlives the service."""
