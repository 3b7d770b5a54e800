"""The databases of an environment, made or named: what services reach them by, and what the stack exports.

Imported by an environment that has databases: another one starts without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from components.alert_topic import AlertTopic
from components.args import DatabaseAccess
from components.database import Database, DatabaseArgs
from components.database_alarms import DatabaseThresholds
from components.database_instance import RestoreFrom
from components.network import Network
from stacks import databases
from stacks.config import EnvironmentConfig, blamed_on
from stacks.database_sections import DatabaseConfig, ExternalConfig
from stacks.databases_live import Running

_AS_THEY_ARE = (
    "engine", "instance_class", "database_name", "admin_name", "iam_user", "port", "storage_gib",
    "max_storage_gib", "multi_az", "backup_retention_days", "backup_copy_region", "backup_window",
    "maintenance_window", "parameters", "replicas", "blue_green", "proxy", "deletion_protection",
    "final_snapshot", "minor_upgrades", "apply_immediately", "performance_insights",
    "performance_insights_days", "monitoring_interval_seconds",
)  # fmt: skip
"""Settings that the component takes by the name that they have in the file."""

_GAP_HOURS = 26
_GAP_ASLEEP_HOURS = 96
"""RDS makes no backup of a stopped database: a weekend passes without one."""


class Declared(NamedTuple):
    """One database, whoever owns it."""

    access: DatabaseAccess
    exported: dict[str, Any]


def declare(
    stack: str,
    config: EnvironmentConfig,
    running: Mapping[str, Running],
    network: Network,
    alerts: AlertTopic,
    tags: dict[str, str],
) -> dict[str, Declared]:
    """Every database of the file, by name; `running` is what RDS told (`databases_live.check`)."""
    declared = {}
    for name, given in config.databases.items():
        with blamed_on(stack, "databases", name):
            if given.external is not None:
                declared[name] = _external(given.external)
            else:
                args = _args(name, config, network, alerts, tags, running[name])
                declared[name] = _made(Database(name, args))
    return declared


def _args(
    name: str,
    config: EnvironmentConfig,
    network: Network,
    alerts: AlertTopic,
    tags: dict[str, str],
    running: Running,
) -> DatabaseArgs:
    given = config.databases[name]
    return DatabaseArgs(
        **{field: getattr(given, field) for field in _AS_THEY_ARE},
        owner_arn=network.vpc_arn,
        vpc_id=network.vpc_id,
        subnet_ids=tuple(network.isolated_subnet_ids),
        version=str(given.version),
        running_version=None if running.version == given.version else running.version,
        had_own_password=running.own_password,
        restore_from=None if given.restore_from is None else RestoreFrom(**dict(given.restore_from)),
        retain=given.retain_on_destroy,
        log_retention_days=config.logs.retention_days,
        retain_logs=config.logs.retain_on_destroy,
        alert_topic_arn=alerts.arn,
        alarms=_thresholds(given, asleep=databases.sleeps(config, name)),
        tags=tags,
    )


def _thresholds(given: DatabaseConfig, *, asleep: bool) -> DatabaseThresholds:
    hours = given.alarms.backup_gap_hours or (_GAP_ASLEEP_HOURS if asleep else _GAP_HOURS)
    return DatabaseThresholds(**{**dict(given.alarms), "backup_gap_hours": hours})


def _made(database: Database) -> Declared:
    access = database.access
    exported = {
        "host": access.host,
        "port": access.port,
        "name": access.name,
        "id": database.identifier,
        "resourceId": database.resource_id,
        "secretArn": access.secret_arn,
    }
    replicas = {"replicas": database.replica_addresses} if database.replica_addresses else {}
    return Declared(access, {**exported, **replicas})


def _external(given: ExternalConfig) -> Declared:
    access = DatabaseAccess(
        host=given.host,
        port=given.port,
        name=given.name,
        security_group_id=given.security_group_id,
        secret_arn=given.secret_arn,
        secret_key_arn=given.secret_key_arn,
        connect_arn=given.connect_arn,
        user=given.connect_arn.rpartition("/")[2] if given.connect_arn else None,
    )
    exported = {"host": given.host, "port": given.port, "name": given.name, "secretArn": given.secret_arn}
    return Declared(access, exported)
