"""What a server is: image, identity, network rules, disk and the one file that tells it its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import ec2
from pydantic import Field, StringConstraints, model_validator

from . import lifecycle_hooks, policies, server_access
from .args import (
    Callee,
    ComponentArgs,
    DatabaseAccess,
    ImageId,
    Late,
    LogDelivery,
    Placement,
    Port,
    RetentionDays,
    SecretReference,
)
from .lifecycle_hooks import Lifecycle
from .server_role import server_role
from .server_rules import server_rules
from .server_template import server_template
from .shipped_log_group import shipped_log_group
from .target_group import HealthPath
from .user_data import LOG_GROUP, encoded, server_config

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$")]


class LaunchTemplateArgs(ComponentArgs):
    """What a `LaunchTemplate` is made of.

    Raises ValueError for an environment that systemd or EC2 would refuse, for a policy statement that allows
    everything, or everything of a service, and for tags that a server with lifecycle hooks cannot have.
    """

    service: ServiceName
    """Names the environment file, `/etc/immutable/<service>.env`."""
    image_id: ImageId | Output[str]
    instance_type: str
    """The type of an instance that nothing else decides; a group's own list of types comes before it."""
    placement: Placement
    port: Port | None
    """Where the service listens. None for one that nobody asks: its servers let nobody in."""
    health_path: HealthPath | None
    """What a new server asks itself until it answers 200, when `lifecycle` has a launch hook. None without a
    port: then it looks whether the service's unit runs."""
    run_seconds: int | None = Field(default=None, ge=60)
    """How long the run of a job may take; None for a service that does not end. A server of a job ends itself
    when its unit did, or this is over."""
    load_balancer_security_group_id: Late | None
    """None for servers that take requests from other services only, or from nobody."""
    internal_security_group_id: Late | None = None
    """That of the internal load balancer by which other services call these servers."""
    environment: Mapping[str, Late] = Field(default_factory=dict)
    """Variables for the service, beside `LOG_GROUP`, those that begin with `IMMUTABLE_` and those of
    `database` and `calls`, which are set here. Never a secret: whoever may describe the template reads them,
    and so does every process on the server."""
    database: DatabaseAccess | None = None
    """What the servers keep their data in: told in `DATABASE_HOST`, `_PORT`, `_NAME`, `_SECRET` and, where
    there is IAM authentication, `_USER`."""
    secrets: Mapping[str, SecretReference] = Field(default_factory=dict)
    """Secrets by the variable that gets their value on the server. A rotated one changes nothing here."""
    calls: Mapping[str, Callee] = Field(default_factory=dict)
    """Other services by name; the address of `billing` is told in `BILLING_URL`."""
    volume_size_gib: int = Field(default=20, ge=1, le=16384)
    """No smaller than the image's own volume."""
    root_device_name: str = "/dev/xvda"
    """The image's root device: /dev/xvda for Amazon Linux, /dev/sda1 for Ubuntu. Under another name the
    settings here would make a second disk."""
    kms_key_id: Late | None = None
    """A customer key for the volume. Without one, the account's default key for EBS. The service-linked
    role of Auto Scaling needs a grant on a customer key, or no server starts."""
    policy_statements: tuple[Mapping[str, Any], ...] = ()
    """IAM statements for what the service itself may do."""
    log_retention_days: RetentionDays = 365
    log_kms_key_arn: Late | None = None
    """A customer key for the logs. Without one, CloudWatch Logs encrypts with a key of its own."""
    retain_logs: bool = True
    """Whether the service's log group outlives the service."""
    log_delivery: LogDelivery | None = None
    """Where the log group's events go on to."""
    lifecycle: Lifecycle = Lifecycle()
    """That of the group which launches the servers. The group carries `role_name` as the tag
    `SERVER_ROLE_TAG`, or its servers may complete nothing."""

    @model_validator(mode="after")
    def _acceptable(self) -> LaunchTemplateArgs:
        sources = (self.load_balancer_security_group_id, self.internal_security_group_id)
        if self.port is None and any(each is not None for each in sources):
            raise ValueError("a load balancer's security group without a port: give a port, or neither")
        if (self.port is None) != (self.health_path is None):
            raise ValueError("port and health_path go together: give both or none")
        policies.refuse_wildcards(self.policy_statements)
        for name in self.environment:
            if _reserved(name):
                raise ValueError(f"{name} is set by the component: take it out of the environment")
        for name in self.secrets:
            if _reserved(name):
                raise ValueError(f"{name} is set by the component: give the secret another name")
        server_access.refuse_names(self, self.environment)
        if self.lifecycle.any:
            lifecycle_hooks.refuse_tag_keys(self.tags)
        # What is known already is checked before anything is created; late values are checked as they arrive.
        given = {**server_access.variables(self), **self.environment}
        known = {name: value if isinstance(value, str) else "" for name, value in given.items()}
        server_config(self.service, {LOG_GROUP: self.service} | _lifecycle_variables(self) | known)
        return self


class LaunchTemplate(pulumi.ComponentResource):
    """A launch template whose every version is one immutable kind of server.

    No key pair and no port 22: no one logs in. Metadata needs a token and stays on the server (one hop).
    """

    id: Output[str]
    latest_version: Output[str]
    """The number of the version that the present arguments made; never `$Latest`."""
    security_group_id: Output[str]
    role_name: Output[str]
    log_group_name: Output[str]

    def __init__(self, name: str, args: LaunchTemplateArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:launchtemplate:LaunchTemplate", name, None, opts)
        child = ResourceOptions(parent=self)
        logs, delivery = shipped_log_group(name, args, self)
        identity = server_role(name, args, logs.arn, child)
        group, rules = server_rules(name, args, child)
        rules += server_access.access_rules(name, group, args, child)
        template = server_template(
            name,
            args,
            description=f"Servers of {args.service}",
            group=group,
            user_data=_user_data(args, logs.name),
            # A server reads its group's name there to complete the group's hooks; it is on for nothing else.
            metadata_tags=args.lifecycle.any,
            instance_type=args.instance_type,
            iam_instance_profile=ec2.LaunchTemplateIamInstanceProfileArgs(arn=identity.profile.arn),
            instance_initiated_shutdown_behavior="terminate",
            # A server that boots before it may call or write would fail its first checks, and what it writes
            # before its log group is delivered would not arrive.
            opts=ResourceOptions(parent=self, depends_on=[*identity.policies, *rules, *delivery]),
        )
        self.id = template.id
        self.latest_version = template.latest_version.apply(str)
        self.security_group_id = group.id
        self.role_name = identity.role.name
        self.log_group_name = logs.name
        self.register_outputs({"id": self.id, "latestVersion": self.latest_version})


def _reserved(name: str) -> bool:
    return name == LOG_GROUP or name.startswith(lifecycle_hooks.VARIABLES)


def _lifecycle_variables(args: LaunchTemplateArgs) -> dict[str, str]:
    return lifecycle_hooks.variables(args.port, args.health_path, args.lifecycle, args.run_seconds)


def _user_data(args: LaunchTemplateArgs, log_group_name: Output[str]) -> Output[str]:
    late: dict[str, Late] = {
        LOG_GROUP: log_group_name,
        **_lifecycle_variables(args),
        **server_access.variables(args),
        **args.environment,
    }
    environment: Output[dict[str, str]] = Output.all(**late)
    return environment.apply(lambda known: _encoded(args.service, known))


def _encoded(service: str, environment: Mapping[str, str]) -> str:
    """Within an Output a ValueError would end in a traceback; a RunError is one line."""
    try:
        return encoded(server_config(service, environment))
    except ValueError as refusal:
        raise pulumi.RunError(str(refusal)) from None
