"""The instances of a database as RDS takes them: the one that is written to, and its copies to read from.

Pure: what an instance is made with is worked out here, `database.py` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pulumi import CustomTimeouts, Output
from pulumi_aws import rds
from pydantic import model_validator

from .args import Args, Late
from .database_engines import (
    ENGINES,
    ORIGIN_TAG,
    VERSION_TAG,
    Engine,
    origin_text,
    own_port,
)
from .database_rules import MonitoringInterval
from .names import named


class RestoreFrom(Args):
    """Where a new database has its data from: a snapshot, or another database as it was at some time.

    Raises ValueError unless it is exactly one of them.
    """

    snapshot: str | None = None
    """The identifier or ARN of a snapshot in this region."""
    database: str | None = None
    """The identifier of a database; or of one that is gone, its resource ID (`db-...`); or the ARN of its
    automated backups, as they lie in another region."""
    time: str | None = None
    """The moment in UTC, such as `2026-03-01T12:30:00Z`; without one the latest that RDS has."""

    @model_validator(mode="after")
    def _is_one(self) -> RestoreFrom:
        if (self.snapshot is None) == (self.database is None):
            raise ValueError("give either snapshot or database: it is restored from one of them")
        if self.snapshot is not None and self.time is not None:
            raise ValueError("a snapshot has one time only: leave out time, or name a database")
        return self

    @property
    def text(self) -> str:
        """As the tag says it."""
        return origin_text(self.snapshot, self.database, self.time)


class Surroundings(NamedTuple):
    """What an instance is made among: all there before it."""

    identifier: Output[str]
    key_arn: Output[str]
    subnet_group: Output[str]
    parameter_group: Output[str]
    security_group_id: Output[str]
    monitoring_role_arn: Output[str]


class InstanceArgs(Args):
    """What an instance takes of its database's arguments."""

    engine: Engine
    version: str
    running_version: str | None
    instance_class: str
    database_name: str
    admin_name: str
    port: int | None
    storage_gib: int
    max_storage_gib: int
    multi_az: bool
    backup_retention_days: int
    backup_window: str | None
    maintenance_window: str | None
    minor_upgrades: bool
    apply_immediately: bool
    blue_green: bool
    restore_from: RestoreFrom | None
    deletion_protection: bool
    final_snapshot: bool
    performance_insights: bool
    performance_insights_days: int
    monitoring_interval_seconds: MonitoringInterval
    tags: Mapping[str, str]

    @property
    def listening_port(self) -> int:
        """The owner's, or the one beside the engine's default."""
        return self.port or own_port(self.engine)


def primary(name: str, args: InstanceArgs, around: Surroundings) -> dict[str, Any]:
    """The inputs of the instance that is written to.

    Of a restored one RDS takes the administrator's name, the databases, the size and the key from what it is
    restored from; given again, the provider would replace it for each that differs.
    """
    origin = {} if args.restore_from is None else {ORIGIN_TAG: args.restore_from.text}
    tags = {**args.tags, VERSION_TAG: args.version, **origin}
    return {
        **_shared(args, around, named(tags, name)),
        **(_new(args, around) if args.restore_from is None else _restored(args.restore_from)),
        "identifier": around.identifier,
        "engine": args.engine,
        "deletion_protection": args.deletion_protection,
        "engine_version": args.running_version or args.version,
        "allow_major_version_upgrade": True,
        "db_subnet_group_name": around.subnet_group,
        "multi_az": args.multi_az,
        "manage_master_user_password": True,
        "master_user_secret_kms_key_id": around.key_arn,
        "backup_retention_period": args.backup_retention_days,
        "backup_window": args.backup_window,
        # The backups of a database that is gone stay for their time: point-in-time recovery reaches back into
        # it, whether the destruction was meant or not.
        "delete_automated_backups": not args.final_snapshot,
        "skip_final_snapshot": not args.final_snapshot,
        "final_snapshot_identifier": (
            Output.concat(around.identifier, "-final") if args.final_snapshot else None
        ),
        "blue_green_update": rds.InstanceBlueGreenUpdateArgs(enabled=True) if args.blue_green else None,
    }


def replica(name: str, number: int, source: Late, args: InstanceArgs, around: Surroundings) -> dict[str, Any]:
    """The inputs of a copy to read from: in the source's subnets, with its key and its users."""
    return {
        **_shared(args, around, named(args.tags, f"{name}-replica-{number}")),
        "identifier": Output.concat(around.identifier, f"-replica-{number}"),
        "replicate_source_db": source,
        "multi_az": False,
        # RDS makes no final snapshot of a replica. All it holds is in its source, so that one of several goes
        # by a lower number in the file, while the source stays protected (control RDS.8 means both).
        "skip_final_snapshot": True,
        "deletion_protection": False,
    }


def _shared(args: InstanceArgs, around: Surroundings, tags: Mapping[str, str]) -> dict[str, Any]:
    insights = args.performance_insights
    return {
        "instance_class": args.instance_class,
        "storage_type": "gp3",
        "max_allocated_storage": args.max_storage_gib,
        "port": args.listening_port,
        "publicly_accessible": False,
        "vpc_security_group_ids": [around.security_group_id],
        "parameter_group_name": around.parameter_group,
        "iam_database_authentication_enabled": True,
        "enabled_cloudwatch_logs_exports": list(ENGINES[args.engine].logs),
        "performance_insights_enabled": insights,
        "performance_insights_kms_key_id": around.key_arn if insights else None,
        "performance_insights_retention_period": args.performance_insights_days if insights else None,
        "monitoring_interval": args.monitoring_interval_seconds,
        "monitoring_role_arn": around.monitoring_role_arn,
        "maintenance_window": args.maintenance_window,
        "auto_minor_version_upgrade": args.minor_upgrades,
        "apply_immediately": args.apply_immediately,
        "copy_tags_to_snapshot": True,
        "tags": tags,
    }


def _new(args: InstanceArgs, around: Surroundings) -> dict[str, Any]:
    return {
        "db_name": args.database_name,
        "username": args.admin_name,
        "allocated_storage": args.storage_gib,
        "storage_encrypted": True,
        "kms_key_id": around.key_arn,
    }


def _restored(origin: RestoreFrom) -> dict[str, Any]:
    if origin.snapshot is not None:
        return {"snapshot_identifier": origin.snapshot}
    source = str(origin.database)
    return {
        "restore_to_point_in_time": rds.InstanceRestoreToPointInTimeArgs(
            source_db_instance_automated_backups_arn=source if source.startswith("arn:") else None,
            source_dbi_resource_id=source if source.startswith("db-") else None,
            source_db_instance_identifier=source if not source.startswith(("arn:", "db-")) else None,
            restore_time=origin.time,
            use_latest_restorable_time=None if origin.time else True,
        )
    }


def timeouts(*, blue_green: bool) -> CustomTimeouts:
    """How long one change of an instance may take.

    A blue/green update copies the whole database and waits until the copy has caught up; the provider's own
    limit of 80 minutes leaves one half done. A restore takes as long as its data is large.
    """
    return CustomTimeouts(create="6h", update="24h" if blue_green else "4h", delete="3h")
