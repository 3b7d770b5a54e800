"""What a server is: image, identity, network rules, disk and the one file that tells it its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, ec2, iam
from pydantic import Field, StringConstraints, model_validator

from components import policies
from components.args import ComponentArgs, ImageId, Late, Placement, Port, RetentionDays
from components.names import LONG_PREFIX, ROLE_PREFIX, name_prefix, named
from components.server_rules import server_rules
from components.user_data import cloud_config, encoded

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$")]

LOG_GROUP = "LOG_GROUP"
"""The variable that tells a server where its logs go."""


class LaunchTemplateArgs(ComponentArgs):
    """What a `LaunchTemplate` is made of.

    Raises ValueError for an environment that systemd or EC2 would refuse, and for a policy statement that
    allows everything, or everything of a service.
    """

    service: ServiceName
    """Names the environment file, `/etc/immutable/<service>.env`."""
    image_id: ImageId | Output[str]
    instance_type: str
    """The type of an instance that nothing else decides; a group's own list of types comes before it."""
    placement: Placement
    port: Port
    load_balancer_security_group_id: Late
    environment: Mapping[str, Late] = Field(default_factory=dict)
    """Variables for the service, beside `LOG_GROUP`, which is set here. Never a secret: whoever may
    describe the template reads them, and so does every process on the server."""
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

    @model_validator(mode="after")
    def _acceptable(self) -> LaunchTemplateArgs:
        policies.refuse_wildcards(self.policy_statements)
        if LOG_GROUP in self.environment:
            raise ValueError(f"{LOG_GROUP} is set by the component: take it out of the environment")
        # What is known already is checked before anything is created; late values are checked as they arrive.
        known = {name: value if isinstance(value, str) else "" for name, value in self.environment.items()}
        cloud_config(self.service, known)
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
        logs = cloudwatch.LogGroup(
            name,
            retention_in_days=args.log_retention_days,
            kms_key_id=args.log_kms_key_arn,
            tags=named(args.tags, name),
            opts=ResourceOptions(parent=self, retain_on_delete=args.retain_logs),
        )
        role = _role(name, args, child)
        policy = iam.RolePolicy(
            name,
            role=role.name,
            policy=_policy(logs.arn, args.policy_statements),
            opts=child,
        )
        profile = iam.InstanceProfile(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            role=role.name,
            tags=named(args.tags, name),
            opts=child,
        )
        group, rules = server_rules(name, args, child)
        template = ec2.LaunchTemplate(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            description=f"Servers of {args.service}",
            image_id=args.image_id,
            instance_type=args.instance_type,
            update_default_version=True,
            iam_instance_profile=ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile.arn),
            user_data=_user_data(args, logs.name),
            instance_initiated_shutdown_behavior="terminate",
            monitoring=ec2.LaunchTemplateMonitoringArgs(enabled=True),
            metadata_options=_metadata_options(),
            network_interfaces=[_network_interface(group)],
            block_device_mappings=[_root_volume(args)],
            tag_specifications=_tag_specifications(name, args),
            tags=named(args.tags, name),
            # A server that boots before it may call or write would fail its first checks.
            opts=ResourceOptions(parent=self, depends_on=[policy, *rules]),
        )
        self.id = template.id
        self.latest_version = template.latest_version.apply(str)
        self.security_group_id = group.id
        self.role_name = role.name
        self.log_group_name = logs.name
        self.register_outputs({"id": self.id, "latestVersion": self.latest_version})


def _role(name: str, args: LaunchTemplateArgs, opts: ResourceOptions) -> iam.Role:
    return iam.Role(
        name,
        name_prefix=name_prefix(name, ROLE_PREFIX),
        description=f"Servers of {args.service}",
        assume_role_policy=Output.json_dumps(policies.trust("ec2.amazonaws.com")),
        tags=named(args.tags, name),
        opts=opts,
    )


def _policy(log_group_arn: Output[str], statements: tuple[Mapping[str, Any], ...]) -> Output[str]:
    """The statements may hold values that are not known yet, so they go through an Output too."""
    return Output.json_dumps(
        Output.all(log_group_arn, list(statements)).apply(
            lambda known: policies.server_policy(known[0], known[1])
        )
    )


def _user_data(args: LaunchTemplateArgs, log_group_name: Output[str]) -> Output[str]:
    late: dict[str, Late] = {LOG_GROUP: log_group_name, **args.environment}
    environment: Output[dict[str, str]] = Output.all(**late)
    return environment.apply(lambda known: _encoded(args.service, known))


def _encoded(service: str, environment: Mapping[str, str]) -> str:
    """Within an Output a ValueError would end in a traceback; a RunError is one line."""
    try:
        return encoded(cloud_config(service, environment))
    except ValueError as refusal:
        raise pulumi.RunError(str(refusal)) from None


def _metadata_options() -> ec2.LaunchTemplateMetadataOptionsArgs:
    return ec2.LaunchTemplateMetadataOptionsArgs(
        http_endpoint="enabled",
        http_tokens="required",
        http_put_response_hop_limit=1,
        http_protocol_ipv6="disabled",
        # Tags in the metadata forbid spaces and slashes in their keys, and no server asks for them.
        instance_metadata_tags="disabled",
    )


def _network_interface(group: ec2.SecurityGroup) -> ec2.LaunchTemplateNetworkInterfaceArgs:
    """Stated here and not left to the subnet: no public address, wherever the server starts."""
    return ec2.LaunchTemplateNetworkInterfaceArgs(
        device_index=0,
        associate_public_ip_address="false",
        delete_on_termination="true",
        security_groups=[group.id],
    )


def _root_volume(args: LaunchTemplateArgs) -> ec2.LaunchTemplateBlockDeviceMappingArgs:
    return ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=args.root_device_name,
        ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3",
            volume_size=args.volume_size_gib,
            encrypted="true",
            kms_key_id=args.kms_key_id,
            delete_on_termination="true",
        ),
    )


def _tag_specifications(name: str, args: LaunchTemplateArgs) -> list[ec2.LaunchTemplateTagSpecificationArgs]:
    return [
        ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=named(args.tags, name))
        for kind in ("instance", "volume", "network-interface")
    ]
