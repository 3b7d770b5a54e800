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


class AliasTarget(Args):
    """What an alias record of Route 53 points at: `LoadBalancer.alias_target`."""

    dns_name: Late
    zone_id: Late
    """The hosted zone of the target itself, which is AWS's, one for a region's load balancers."""
    dual_stack: bool = False
    """Whether it has IPv6 addresses too."""


class AccessLogs(Args):
    """Where a load balancer writes its access logs: `LoadBalancer.access_logs`, to be shared by others."""

    bucket: Late
    """A bucket that the region's load balancers may deliver to."""
    prefix: str | None = None
    """The folder in it, without its slash. None: its top."""


class DatabaseAccess(Args):
    """How a service reaches a database: `Database.access`, or values of a database that this program does not
    own."""

    host: Late
    port: Port
    name: str
    """The database inside the instance, as `CREATE DATABASE` names it."""
    security_group_id: Late
    """The database's security group, which lets in nobody but those who get a rule in it."""
    secret_arn: Late
    """A secret of Secrets Manager in RDS's form: JSON with `username` and `password`."""
    secret_key_arn: Late | None = None
    """The customer key of that secret. Without one, the account's default key, which needs no grant."""
    connect_arn: Late | None = None
    """`arn:aws:rds-db:REGION:ACCOUNT:dbuser:RESOURCE_ID/USER`: whom servers may be without a password. None
    where the database has no IAM authentication."""
    user: str | None = None
    """The user of `connect_arn`. Without one, the `username` of the secret."""


class SecretReference(Args):
    """Where a secret lies. Its value is read by servers with their own role and known to nothing else."""

    arn: Late
    """A secret of Secrets Manager, with the six characters at its end, or a parameter of Parameter Store."""
    key_arn: Late | None = None
    """The customer key that it is encrypted with. Without one, the account's default key, which needs no
    grant. IAM must name the key: a policy that decrypts with any key is refused (KMS.1, KMS.2)."""


class Callee(Args):
    """Another service as its callers see it: `InternalEntry.callee`."""

    url: Late
    """Such as `https://billing.internal.staging.example.com`."""
    security_group_id: Late
    """The security group of what answers at `url`."""
    port: Port = 443


class LogDelivery(Args):
    """Where log groups are shipped to: `LogShipping.delivery`."""

    destination_arn: Late
    """A Firehose stream, or a destination of CloudWatch Logs in another account."""
    role_arn: Late | None = None
    """What lets CloudWatch Logs put to the stream. A destination of another account has a role of its own."""
