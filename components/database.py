"""A relational database that outlives every server: RDS, private, encrypted, backed up, hard to delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import rds
from pydantic import Field, StringConstraints, model_validator

from . import database_engines, database_instance, database_rules
from .args import ComponentArgs, DatabaseAccess, Late, RetentionDays
from .database_access import database_access
from .database_alarms import DatabaseAlarms, DatabaseAlarmsArgs, DatabaseThresholds
from .database_backups import backup_copies
from .database_engines import Engine
from .database_instance import RestoreFrom, Surroundings
from .database_key import database_key, identifier
from .database_password import DatabasePassword, DatabasePasswordArgs
from .database_rules import MOST_REPLICAS, MOST_STORAGE_GIB, InsightsDays, MonitoringInterval
from .database_settings import Settings, log_groups, settings

SqlName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]


class DatabaseArgs(ComponentArgs):
    """What a `Database` is made of. Raises ValueError for what RDS refuses of it."""

    owner_arn: Late
    """The ARN of any resource of the same account and region, such as `Network.vpc_arn`."""
    vpc_id: Late
    subnet_ids: tuple[Late, ...] = Field(min_length=2)
    """Isolated subnets in at least two zones."""
    engine: Engine
    version: str
    """A pinned version, such as 16.4. RDS brings newer minor versions of it by itself (`minor_upgrades`)."""
    running_version: str | None = None
    """What RDS has brought it to, where that is newer: named again, lest RDS be asked to go back."""
    instance_class: Annotated[str, StringConstraints(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")]
    database_name: SqlName
    admin_name: SqlName = "steward"
    iam_user: SqlName | None = None
    """A user without a password, that servers may be with their own role. A migration makes it."""
    port: Annotated[int, Field(ge=1150, le=65535)] | None = None
    """By default the one after the engine's own: 5433 or 3307."""
    storage_gib: int = Field(default=20, ge=20, le=MOST_STORAGE_GIB)
    max_storage_gib: int = Field(default=100, ge=22, le=MOST_STORAGE_GIB)
    """Up to which RDS adds storage by itself; storage is never taken away."""
    multi_az: bool = True
    """Whether a second instance in another zone stands by, with every commit."""
    backup_retention_days: int = Field(default=14, ge=1, le=35)
    """How far back point-in-time recovery reaches."""
    backup_copy_region: str | None = None
    """Another region that gets a copy of the backups."""
    backup_window: str | None = None
    """In UTC, such as `01:00-01:30`; RDS takes one by itself."""
    maintenance_window: str | None = None
    """In UTC, such as `sun:03:00-sun:04:00`; RDS takes one by itself."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """The engine's own. They count from the next restart on."""
    replicas: int = Field(default=0, ge=0, le=MOST_REPLICAS)
    """Copies to read from."""
    blue_green: bool = False
    """Whether a change is made to a copy first, which then takes over within about a minute."""
    proxy: bool = False
    """Whether servers go through a pool of connections."""
    restore_from: RestoreFrom | None = None
    """Where a new database has its data from."""
    had_own_password: bool = False
    """Whether RDS manages the password of the running one no longer; then it stays so."""
    deletion_protection: bool = True
    """Whether RDS refuses to delete it, and Pulumi to plan so."""
    retain: bool = True
    """Whether it outlives the stack."""
    final_snapshot: bool = True
    """Whether a snapshot, the automated backups and the key stay when it is deleted."""
    minor_upgrades: bool = True
    apply_immediately: bool = True
    """Whether a change is made at once, or in the maintenance window days later."""
    performance_insights: bool = True
    performance_insights_days: InsightsDays = 7
    monitoring_interval_seconds: MonitoringInterval = 60
    log_retention_days: RetentionDays = 365
    retain_logs: bool = True
    alert_topic_arn: Late
    """Where alarms ring and events are told. RDS must be let in there."""
    alarms: DatabaseThresholds = DatabaseThresholds()

    @model_validator(mode="after")
    def _agrees(self) -> DatabaseArgs:
        for field, text in database_rules.problems(self):
            raise ValueError(f"{field}: {text}")
        return self

    @property
    def own_password(self) -> bool:
        """Whether RDS cannot keep the password: where there are replicas, or blue/green updates (Amazon RDS,
        Password management with Secrets Manager, Limitations). What was taken over is never given back: the
        secret that RDS had is gone, and the state still names it.
        """
        return self.replicas > 0 or self.blue_green or self.had_own_password


class Database(pulumi.ComponentResource):
    """One RDS database. Nobody reaches it until a service is given `access`, which adds a rule for it.

    Everything that keeps data is protected, encrypted with a customer key and kept on destroy: the instance,
    its key, its automated backups. `final_snapshot` also keeps what is deleted on purpose readable.
    """

    access: DatabaseAccess
    """What a service needs of it."""
    identifier: Output[str]
    arn: Output[str]
    resource_id: Output[str]
    """Its name that no other database ever gets; backups of one that is gone go by it."""
    address: Output[str]
    replica_identifiers: list[Output[str]]
    replica_addresses: list[Output[str]]
    alarms: DatabaseAlarms

    def __init__(self, name: str, args: DatabaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:database:Database", name, None, opts)
        child = ResourceOptions(parent=self)
        # Final snapshot, kept instance and kept backups are all unreadable without the key.
        keep_key = ResourceOptions(
            parent=self,
            protect=args.deletion_protection,
            retain_on_delete=args.retain or args.final_snapshot,
        )
        key = database_key(name, args.owner_arn, args.tags, keep_key)
        self.identifier = identifier(name, key)
        made = settings(name, args, child)
        around = Surroundings(
            identifier=self.identifier,
            key_arn=key.arn,
            subnet_group=made.subnet_group,
            parameter_group=made.parameter_group,
            security_group_id=made.security_group.id,
            monitoring_role_arn=made.monitoring_role_arn,
        )
        instance = _primary(name, args, around, child)
        secret = _secret(name, args, instance, key.arn, child)
        replicas = _replicas(name, args, around, instance, secret, child)
        if args.backup_copy_region is not None:
            backup_copies(
                name,
                args.backup_copy_region,
                owner_arn=args.owner_arn,
                instance_arn=instance.arn,
                retention_days=args.backup_retention_days,
                tags=args.tags,
                # Out of the state before its database, it could not be made again: RDS has it already.
                opts=keep_key,
            )
        self.alarms = _alarms(name, args, instance, replicas, made, child)
        self.access = database_access(name, args, instance, made, secret, key.arn, child)
        self.arn = instance.arn
        self.resource_id = instance.resource_id
        self.address = instance.address
        self.replica_identifiers = [replica.identifier for replica in replicas]
        self.replica_addresses = [replica.address for replica in replicas]
        self.register_outputs({"identifier": self.identifier, "host": self.access.host})


def _primary(name: str, args: DatabaseArgs, around: Surroundings, opts: ResourceOptions) -> rds.Instance:
    logs = log_groups(name, around.identifier, around.key_arn, args, opts)
    return rds.Instance(
        name,
        **database_instance.primary(name, _instance_args(args), around),
        opts=ResourceOptions(
            parent=opts.parent,
            depends_on=logs,
            protect=args.deletion_protection,
            retain_on_delete=args.retain,
            # With a password of our own, the function that rotates it takes it over from RDS.
            ignore_changes=["manageMasterUserPassword", "masterUserSecretKmsKeyId"]
            if args.own_password
            else [],
            custom_timeouts=database_instance.timeouts(blue_green=args.blue_green),
        ),
    )


def _instance_args(args: DatabaseArgs) -> database_instance.InstanceArgs:
    fields = database_instance.InstanceArgs.model_fields
    return database_instance.InstanceArgs(**{field: getattr(args, field) for field in fields})


def _secret(
    name: str, args: DatabaseArgs, instance: rds.Instance, key_arn: Output[str], opts: ResourceOptions
) -> Output[str]:
    """The ARN of the secret with the administrator's name and password: rotated, and in no state."""
    if not args.own_password:
        managed: Output[str] = instance.master_user_secrets.apply(lambda found: str(found[0]["secret_arn"]))
        return managed
    password = DatabasePassword(
        f"{name}-password",
        DatabasePasswordArgs(
            identifier=instance.identifier,
            instance_arn=instance.arn,
            admin_name=instance.username,
            key_arn=key_arn,
            log_retention_days=args.log_retention_days,
            retain=args.retain,
            tags=args.tags,
        ),
        opts=opts,
    )
    return password.secret_arn


def _replicas(
    name: str,
    args: DatabaseArgs,
    around: Surroundings,
    instance: rds.Instance,
    secret: Output[str],
    opts: ResourceOptions,
) -> list[rds.Instance]:
    """Copies hold nothing of their own: they go with the stack, once nothing protects them from deletion."""
    # RDS makes no replica while it manages the password: with the secret, that is over.
    source = Output.all(instance.identifier, secret).apply(lambda known: str(known[0]))
    made = []
    for number in range(1, args.replicas + 1):
        child_name = f"{name}-replica-{number}"
        own = Output.concat(around.identifier, f"-replica-{number}")
        logs = log_groups(child_name, own, around.key_arn, args, opts)
        inputs = database_instance.replica(name, number, source, _instance_args(args), around)
        made.append(
            rds.Instance(
                child_name,
                **inputs,
                opts=ResourceOptions(
                    parent=opts.parent,
                    depends_on=logs,
                    custom_timeouts=database_instance.timeouts(blue_green=False),
                ),
            )
        )
    return made


def _alarms(
    name: str,
    args: DatabaseArgs,
    instance: rds.Instance,
    replicas: Sequence[rds.Instance],
    made: Settings,
    opts: ResourceOptions,
) -> DatabaseAlarms:
    most = database_engines.connections(args.engine, args.instance_class)
    return DatabaseAlarms(
        name,
        DatabaseAlarmsArgs(
            identifier=instance.identifier,
            replica_identifiers=tuple(replica.identifier for replica in replicas),
            parameter_group=made.parameter_group,
            free_storage_gib=args.storage_gib / 10,
            connections=most * 4 // 5,
            thresholds=args.alarms,
            topic_arn=args.alert_topic_arn,
            tags=args.tags,
        ),
        opts=opts,
    )
