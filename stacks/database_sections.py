"""One database of a stack file: what it is, or where one lies that this program does not own.

Limits are RDS's unless said otherwise; `components/database_rules.py` knows those that hang together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, cast

from pydantic import AfterValidator, Field, model_validator
from pydantic.alias_generators import to_camel

from components import database_rules
from components.database_engines import Engine, origin_text
from components.database_rules import MOST_REPLICAS, MOST_STORAGE_GIB, InsightsDays, MonitoringInterval
from stacks.problems import Place, SectionError, shown
from stacks.sections import Region, Section

DATABASE_NAME = "app"
_NEEDED = ("engine", "version", "instance_class")


def _form(pattern: str, what: str, example: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{shown(value)} is not {what}; write one such as {example}")
        return value

    return AfterValidator(check)


DatabaseKey = Annotated[
    str,
    _form(
        r"[a-z](?:-?[a-z0-9]){0,23}", "a database's name of up to 24 lower-case letters and digits", "main"
    ),
]
InstanceClass = Annotated[
    str, _form(r"db\.[a-z][a-z0-9]*\.[a-z0-9]+", "an instance class of RDS", "db.t4g.medium")
]
SqlName = Annotated[
    str, _form(r"[a-z][a-z0-9_]{0,62}", "a name of up to 63 lower-case letters, digits and _", "app")
]
_SNAPSHOT = r"(?:rds:)?[A-Za-z](?:-?[A-Za-z0-9])*|arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:snapshot:.+"
_SOURCE = r"[A-Za-z](?:-?[A-Za-z0-9])*|arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:auto-backup:ab-[a-z0-9]+"


def _moment(value: str) -> str:
    try:
        if datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) > datetime.now(UTC):
            raise ValueError(f"{shown(value)} is still to come; write a time within the backups")
    except ValueError as error:
        if "still to come" in str(error):
            raise
        raise ValueError(
            f'{shown(value)} is not a time in UTC; write one such as "2026-03-01T12:30:00Z"'
        ) from None
    return value


class RestoreConfig(Section):
    """Where a new database has its data from. It stays in the file as long as the database does."""

    snapshot: Annotated[str, _form(_SNAPSHOT, "a snapshot's name or ARN", "main-1a2b3c4d-final")] | None = (
        Field(default=None, description="the identifier or ARN of a snapshot in this region")
    )
    database: Annotated[str, _form(_SOURCE, "an instance's identifier", "main-1a2b3c4d")] | None = Field(
        default=None, description="an instance's identifier, resource ID, or the ARN of its backups' copies"
    )
    time: Annotated[str, AfterValidator(_moment)] | None = Field(
        default=None, description="a time in UTC, in quotes; without it the latest that there is"
    )

    @model_validator(mode="after")
    def _is_one(self) -> RestoreConfig:
        SectionError.raise_any(self._problems())
        return self

    @property
    def text(self) -> str:
        """As a tag of the database says it."""
        return origin_text(self.snapshot, self.database, self.time)

    def _problems(self) -> Iterator[tuple[Place, str]]:
        if self.snapshot is None and self.database is None:
            yield (), "has neither snapshot nor database; name what is to be restored"
        elif self.snapshot is not None and self.database is not None:
            yield (), "has both snapshot and database; a database is restored from one of them"
        elif self.snapshot is not None and self.time is not None:
            yield (
                ("time",),
                f"{shown(self.time)} stands beside a snapshot, which has one time only; remove it",
            )


class ExternalConfig(Section):
    """A database that another program owns, and what services need to reach it."""

    host: Annotated[
        str, _form(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", "a host name", "db.example.com")
    ] = Field(description="the name that it is reached by")
    port: int = Field(ge=1, le=65_535, description="the TCP port that it listens on")
    name: str = Field(
        min_length=1, max_length=63, description="the database in it, as CREATE DATABASE names it"
    )
    security_group_id: Annotated[
        str, _form(r"sg-(?:[0-9a-f]{8}|[0-9a-f]{17})", "a security group's ID", "sg-0123456789abcdef0")
    ] = Field(description="the ID of its security group, which services get a rule in")
    secret_arn: str = Field(description="the ARN of a secret with username and password")
    secret_key_arn: str | None = Field(default=None, description="the ARN of that secret's customer key")
    connect_arn: str | None = Field(
        default=None,
        description="arn:aws:rds-db:REGION:ACCOUNT:dbuser:RESOURCE-ID/USER for IAM authentication",
    )

    @model_validator(mode="after")
    def _refers(self) -> ExternalConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        # What is no ARN may be the password itself: no message shows it.
        for key, value, form in (
            ("secretArn", self.secret_arn, "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"),
            ("secretKeyArn", self.secret_key_arn, "arn:aws:kms:REGION:ACCOUNT:key/ID"),
            ("connectArn", self.connect_arn, "arn:aws:rds-db:REGION:ACCOUNT:dbuser:RESOURCE-ID/USER"),
        ):
            service, kind = form.split(":")[2], re.split("[:/]", form.split(":", 5)[5])[0]
            pattern = rf"arn:aws[a-z-]*:{service}:[a-z0-9-]+:\d{{12}}:{kind}[:/]\S+"
            if value is not None and not re.fullmatch(pattern, value):
                yield (key,), f"is not the ARN that it needs; write {form}"


class DatabaseAlarmsConfig(Section):
    """From where on a database does badly."""

    cpu_percent: float = Field(default=80, gt=0, lt=100, description="the processor's use in percent")
    free_storage_gib: float | None = Field(
        default=None, gt=0, description="the least free storage in GiB; without it a tenth of the first size"
    )
    connections: int | None = Field(
        default=None, ge=1, description="the most connections; without it four fifths of what the class takes"
    )
    replica_lag_seconds: float = Field(default=300, gt=0, description="seconds that a replica may be behind")
    backup_gap_hours: int | None = Field(
        default=None, ge=25, le=168, description="hours without a backup; 26, or 96 for one that sleeps"
    )


class DatabaseConfig(Section):
    """One database. It takes `external` alone, or engine, version and instanceClass with anything else."""

    external: ExternalConfig | None = Field(default=None, description="a database that another program owns")
    engine: Engine | None = Field(default=None, description="postgres, mysql or mariadb")
    version: str | None = Field(default=None, description='the pinned version, such as "16.4"')
    instance_class: InstanceClass | None = Field(default=None, description="such as db.t4g.medium")
    database_name: SqlName = Field(default=DATABASE_NAME, description="the database in it")
    admin_name: SqlName = Field(default="steward", description="the administrator, whose password RDS keeps")
    iam_user: SqlName | None = Field(default=None, description="a user that servers are without a password")
    port: int | None = Field(default=None, ge=1150, le=65_535, description="5433 or 3307 without it")
    storage_gib: int = Field(default=20, ge=20, le=MOST_STORAGE_GIB, description="the first size in GiB")
    max_storage_gib: int = Field(
        default=100, ge=22, le=MOST_STORAGE_GIB, description="the size in GiB up to which RDS adds storage"
    )
    multi_az: bool = Field(default=True, description="false for one that stops with its zone")
    backup_retention_days: int = Field(default=14, ge=1, le=35, description="days that backups reach back")
    backup_copy_region: Region | None = Field(
        default=None, description="a region that gets copies of backups"
    )
    backup_window: str | None = Field(default=None, description="such as 01:00-01:30, in UTC")
    maintenance_window: str | None = Field(default=None, description="such as sun:03:00-sun:04:00, in UTC")
    parameters: dict[str, str] = Field(default={}, description="the engine's own parameters, by name")
    replicas: int = Field(default=0, ge=0, le=MOST_REPLICAS, description="copies to read from")
    blue_green: bool = Field(default=False, description="true to make changes to a copy that takes over")
    proxy: bool = Field(default=False, description="true for a pool of connections before it")
    restore_from: RestoreConfig | None = Field(default=None, description="where a new one has its data from")
    minor_upgrades: bool = Field(default=True, description="false to stay at the very version")
    apply_immediately: bool = Field(default=True, description="false to wait for the maintenance window")
    performance_insights: bool = Field(default=True, description="false for a class that has none")
    performance_insights_days: InsightsDays = Field(default=7, description="days that insights are kept")
    monitoring_interval_seconds: MonitoringInterval = Field(default=60, description="between two readings")
    deletion_protection: bool = Field(default=True, description="true to refuse the database's deletion")
    retain_on_destroy: bool = Field(default=True, description="true to leave it behind on destroy")
    final_snapshot: bool = Field(default=True, description="false to leave nothing of a deleted one")
    sleep: bool = Field(default=True, description="false to run while the environment sleeps")
    alarms: DatabaseAlarmsConfig = Field(
        default=DatabaseAlarmsConfig(), description="from where on it does badly"
    )

    @model_validator(mode="after")
    def _agrees(self) -> DatabaseConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        if self.external is not None:
            for field in sorted(self.model_fields_set - {"external"}):
                yield (to_camel(field),), "stands beside external, whose owner decides that; remove it"
            return
        missing = [field for field in _NEEDED if getattr(self, field) is None]
        for field in missing:
            description = type(self).model_fields[field].description
            yield (to_camel(field),), f"is missing; set it to {description}"
        if not missing:
            for field, text in database_rules.problems(cast("database_rules.Described", self)):
                yield (to_camel(field),), text
            yield from self._backup_problems()

    def _backup_problems(self) -> Iterator[tuple[Place, str]]:
        if not self.final_snapshot and (self.deletion_protection or self.retain_on_destroy):
            # Said on its own line of the file, on purpose: three keys before data can be lost for good.
            text = "false leaves nothing of a deleted database; write deletionProtection: false and "
            yield ("finalSnapshot",), f"{text}retainOnDestroy: false too, or remove it"
