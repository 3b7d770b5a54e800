"""What a database's instances refer to: subnets, engine parameters, a security group, logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, ec2, iam, rds

from . import policies
from .args import Late
from .database_engines import ENGINES, Engine, family, parameters
from .database_key import LOG_PREFIX
from .names import LONG_PREFIX, ROLE_PREFIX, name_prefix, named


class SettingsArgs(Protocol):
    """What this module takes from the database's arguments."""

    @property
    def owner_arn(self) -> Late: ...
    @property
    def vpc_id(self) -> Late: ...
    @property
    def subnet_ids(self) -> tuple[Late, ...]: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def version(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, str]: ...
    @property
    def log_retention_days(self) -> int: ...
    @property
    def retain_logs(self) -> bool: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


class Settings(NamedTuple):
    """All there before the first instance."""

    subnet_group: Output[str]
    parameter_group: Output[str]
    security_group: ec2.SecurityGroup
    monitoring_role_arn: Output[str]


def settings(name: str, args: SettingsArgs, opts: ResourceOptions) -> Settings:
    """Of another major version the parameter group is another one, made before the old one goes."""
    subnets = rds.SubnetGroup(
        name,
        name_prefix=name_prefix(name, LONG_PREFIX),
        description=f"Isolated subnets of the database {name}",
        subnet_ids=list(args.subnet_ids),
        tags=named(args.tags, name),
        opts=opts,
    )
    group = rds.ParameterGroup(
        name,
        name_prefix=name_prefix(name, LONG_PREFIX),
        description=f"Settings of the database {name}",
        family=family(args.engine, args.version),
        parameters=_parameters(args),
        tags=named(args.tags, name),
        opts=opts,
    )
    security_group = ec2.SecurityGroup(
        name,
        name_prefix=name_prefix(name, LONG_PREFIX),
        description=f"The database {name}",
        vpc_id=args.vpc_id,
        tags=named(args.tags, name),
        opts=opts,
    )
    return Settings(subnets.name, group.name, security_group, _monitoring_role(name, args, opts))


def _parameters(args: SettingsArgs) -> list[rds.ParameterGroupParameterArgs]:
    """Those of an owner's own count from the next restart on, which static ones need and all others take; TLS
    is forced at once.
    """
    tls = ENGINES[args.engine].tls
    return [
        rds.ParameterGroupParameterArgs(
            name=name, value=value, apply_method="immediate" if name == tls else "pending-reboot"
        )
        for name, value in sorted(parameters(args.engine, args.parameters).items())
    ]


def _monitoring_role(name: str, args: SettingsArgs, opts: ResourceOptions) -> Output[str]:
    """The ARN, known once the role may do what it is for."""
    child_name = f"{name}-monitoring"
    owner = Output.from_input(args.owner_arn).apply(policies.owner_of)
    role = iam.Role(
        child_name,
        name_prefix=name_prefix(child_name, ROLE_PREFIX),
        description=f"Lets RDS report on the machine of the database {name}",
        assume_role_policy=Output.json_dumps(owner.apply(monitoring_trust)),
        tags=named(args.tags, child_name),
        opts=opts,
    )
    policy = iam.RolePolicyAttachment(
        child_name,
        role=role.name,
        policy_arn=owner.apply(
            lambda known: (
                f"arn:{known.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
            )
        ),
        opts=opts,
    )
    return Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))


def monitoring_trust(owner: policies.Owner) -> policies.Document:
    """RDS may take the role for this account's databases and no other's (confused deputy)."""
    condition = {"StringEquals": {"aws:SourceAccount": owner.account}}
    return policies.trust("monitoring.rds.amazonaws.com", condition)


def log_groups(
    name: str, identifier: Output[str], key_arn: Output[str], args: SettingsArgs, opts: ResourceOptions
) -> list[cloudwatch.LogGroup]:
    """Made before the instance writes: RDS would make them without an end and without a customer key."""
    return [
        cloudwatch.LogGroup(
            f"{name}-{log}",
            name=Output.concat(f"{LOG_PREFIX}/", identifier, f"/{log}"),
            retention_in_days=args.log_retention_days,
            kms_key_id=key_arn,
            tags=named(args.tags, f"{name}-{log}"),
            opts=ResourceOptions(parent=opts.parent, retain_on_delete=args.retain_logs),
        )
        for log in ENGINES[args.engine].logs
    ]
