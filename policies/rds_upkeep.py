"""Amazon RDS, upkeep: databases are watched, backed up, kept up to date, and hard to lose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.rds import INSTANCE, PARAMETER_GROUP, is_replica
from policies.rules import Resource, Rule, Severity, at, is_false, of_type, rule

SUBSCRIPTION = "aws:rds/eventSubscription:EventSubscription"

_LOGS = {
    "postgres": ("postgresql", "upgrade"),
    "mysql": ("audit", "error", "general", "slowquery"),
    "mariadb": ("audit", "error", "general", "slowquery"),
}
"""What AWS asks for by engine, of the engines that the component Database knows."""
_BACKUP_DAYS_LEAST = 7
"""AWS's default for the control's parameter."""


@rule(
    id="rds-5",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.5",
    reason="A database in one zone is away while its zone is.",
    fix="set multiAz to true",
)
def rds_5(instance: Resource) -> Iterator[str]:
    if not is_replica(instance) and not at(instance, "multiAz", False):
        yield "multiAz is not true"


@rule(
    id="rds-6",
    types=(INSTANCE,),
    severity=Severity.LOW,
    control="RDS.6",
    reason="Enhanced monitoring shows what the machine under a slow database does.",
    fix="set monitoringInterval to 60 seconds, with a monitoringRoleArn",
)
def rds_6(instance: Resource) -> Iterator[str]:
    if not at(instance, "monitoringInterval", 0):
        yield "monitoringInterval is 0 or missing"


@rule(
    id="rds-8",
    types=(INSTANCE,),
    severity=Severity.LOW,
    control="RDS.8",
    reason="With deletion protection it takes two deliberate steps to lose a database.",
    fix="set deletionProtection to true",
)
def rds_8(instance: Resource) -> Iterator[str]:
    if not is_replica(instance) and not at(instance, "deletionProtection", False):
        yield "deletionProtection is not true"


def _missing_logs(instance: Resource, wanted: Sequence[str]) -> Iterator[str]:
    missing = sorted(set(wanted) - set(at(instance, "enabledCloudwatchLogsExports", ())))
    if missing:
        yield f"enabledCloudwatchLogsExports lacks {', '.join(missing)}"


@rule(
    id="rds-9",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.9",
    also=("RDS.42",),
    reason="A log that stays on the database's machine is lost with it, and nobody searches it.",
    fix="export every log of the engine to CloudWatch Logs",
)
def rds_9(instance: Resource) -> Iterator[str]:
    yield from _missing_logs(instance, _LOGS.get(at(instance, "engine", "none"), ()))


@rule(
    id="rds-11",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.11",
    reason="What was broken a week ago and is noticed today can only be had from a backup.",
    fix=f"set backupRetentionPeriod to {_BACKUP_DAYS_LEAST} days or more",
)
def rds_11(instance: Resource) -> Iterator[str]:
    days = at(instance, "backupRetentionPeriod", 0)
    if not is_replica(instance) and days < _BACKUP_DAYS_LEAST:
        yield f"backupRetentionPeriod is {days} days"


@rule(
    id="rds-13",
    types=(INSTANCE,),
    severity=Severity.HIGH,
    control="RDS.13",
    reason="Minor versions bring the fixes of known holes.",
    fix="leave autoMinorVersionUpgrade out, or set it to true",
)
def rds_13(instance: Resource) -> Iterator[str]:
    if is_false(at(instance, "autoMinorVersionUpgrade")):
        yield "autoMinorVersionUpgrade is false"


@rule(
    id="rds-17",
    types=(INSTANCE,),
    severity=Severity.LOW,
    control="RDS.17",
    reason="A snapshot with its database's tags is found, paid for by its owner, and kept from others.",
    fix="set copyTagsToSnapshot to true",
)
def rds_17(instance: Resource) -> Iterator[str]:
    if not at(instance, "copyTagsToSnapshot", False):
        yield "copyTagsToSnapshot is not true"


def _unheard(
    resources: Sequence[Resource], kind: str, source: str, wanted: set[str]
) -> Iterator[tuple[str, str]]:
    """Says it of each resource of the kind, while no subscription hears all that is wanted of its source."""
    heard = any(
        not is_false(at(each, "enabled"))
        and at(each, "sourceType", source) == source
        and wanted <= set(at(each, "eventCategories", ()) or wanted)
        for each in of_type(resources, SUBSCRIPTION)
    )
    for each in () if heard else of_type(resources, kind):
        yield each.urn, f"no event subscription of {source} hears of {', '.join(sorted(wanted))}"


@rule(
    id="rds-20",
    severity=Severity.LOW,
    control="RDS.20",
    reason="Somebody should hear at once that a database failed or was changed.",
    fix="subscribe an SNS topic to the events of source type db-instance",
)
def rds_20(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    yield from _unheard(
        resources, INSTANCE, "db-instance", {"maintenance", "configuration change", "failure"}
    )


@rule(
    id="rds-21",
    severity=Severity.LOW,
    control="RDS.21",
    reason="A changed parameter can turn off encryption or logs of every database that uses the group.",
    fix="subscribe an SNS topic to the events of source type db-parameter-group",
)
def rds_21(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    yield from _unheard(resources, PARAMETER_GROUP, "db-parameter-group", {"configuration change"})


@rule(
    id="rds-36",
    types=(INSTANCE,),
    severity=Severity.MEDIUM,
    control="RDS.36",
    reason="PostgreSQL's own log says who connected, what was refused and what was slow.",
    fix="add it to enabledCloudwatchLogsExports",
)
def rds_36(instance: Resource) -> Iterator[str]:
    if at(instance, "engine", "none") == "postgres":
        yield from _missing_logs(instance, ("postgresql",))


RULES: tuple[Rule, ...] = (
    rds_5,
    rds_6,
    rds_8,
    rds_9,
    rds_11,
    rds_13,
    rds_17,
    rds_20,
    rds_21,
    rds_36,
)
