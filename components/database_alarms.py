"""What says that a database does badly: its processor, storage, connections, copies and backups."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, rds
from pydantic import Field

from . import policies
from .args import Args, ComponentArgs, Late
from .names import LONG_PREFIX, RULE_PREFIX, name_prefix, named

CRITICAL_EVENTS = (
    "availability",
    "configuration change",
    "deletion",
    "failover",
    "failure",
    "low storage",
    "maintenance",
    "notification",
    "read replica",
    "recovery",
)
"""Categories of an instance's events that someone is to hear of (control RDS.20 asks for three of them). The
category `backup` tells of every backup that went well, twice a day: an alarm tells of one that did not."""
BACKUP_FINISHED = "RDS-EVENT-0002"
"""Finished DB instance backup (Amazon RDS event categories and event messages)."""
LONGEST_GAP_HOURS = 168
"""An alarm looks back seven days at most (CloudWatch, PutMetricAlarm)."""


class DatabaseThresholds(Args):
    """From where on a database does badly."""

    cpu_percent: float = Field(default=80, gt=0, lt=100)
    """Use of the processor; more for 15 minutes rings."""
    free_storage_gib: float | None = Field(default=None, gt=0)
    """Less free storage rings: a tenth of the first size by default. RDS adds storage below that by itself,
    so this one says that it could not, or that the most is reached."""
    connections: int | None = Field(default=None, ge=1)
    """As many connections for 15 minutes ring: four fifths of what the instance class takes by default."""
    replica_lag_seconds: float = Field(default=300, gt=0)
    """How far a copy may be behind for 15 minutes."""
    backup_gap_hours: int = Field(default=26, ge=25, le=LONGEST_GAP_HOURS)
    """Rings when no backup ended for so long. RDS makes one a day, in the backup window."""


class DatabaseAlarmsArgs(ComponentArgs):
    """What `DatabaseAlarms` are made of."""

    identifier: Late
    replica_identifiers: tuple[Late, ...] = ()
    parameter_group: Late
    free_storage_gib: float
    connections: int
    thresholds: DatabaseThresholds = DatabaseThresholds()
    topic_arn: Late
    """Where alarms ring, say that they are over, and events are told. RDS must be let in there."""


class DatabaseAlarms(pulumi.ComponentResource):
    """Alarms of one database and of each of its copies, and the events that no metric tells of.

    Without data nobody knows how a database does, and that is no OK; a database that sleeps has none.
    DB security groups, whose events control RDS.22 asks for, do not exist in a VPC.
    """

    names: dict[str, Output[str]]
    """Of the alarms, by what they watch."""

    def __init__(self, name: str, args: DatabaseAlarmsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:databasealarms:DatabaseAlarms", name, None, opts)
        child = ResourceOptions(parent=self)
        _events(name, args, child)
        declared = {
            "cpu": _cpu(name, args),
            "free-storage": _free_storage(name, args),
            "connections": _connections(name, args),
            "backups": _backups(name, args, _backup_rule(name, args, child)),
        }
        for number, identifier in enumerate(args.replica_identifiers, start=1):
            declared[f"replica-{number}-lag"] = _lag(name, number, identifier, args)
        self.names = {
            suffix: cloudwatch.MetricAlarm(
                f"{name}-{suffix}",
                alarm_actions=[args.topic_arn],
                ok_actions=[args.topic_arn],
                tags=named(args.tags, f"{name}-{suffix}"),
                opts=child,
                **inputs,
            ).name
            for suffix, inputs in declared.items()
        }
        self.register_outputs({"names": self.names})


def _metric(metric: str, statistic: str, identifier: Late) -> dict[str, Any]:
    """Three readings of five minutes: a backup or a failover alone rings nothing."""
    return {
        "namespace": "AWS/RDS",
        "metric_name": metric,
        "dimensions": {"DBInstanceIdentifier": identifier},
        "statistic": statistic,
        "period": 300,
        "evaluation_periods": 3,
        "datapoints_to_alarm": 3,
        "treat_missing_data": "missing",
    }


def _cpu(name: str, args: DatabaseAlarmsArgs) -> dict[str, Any]:
    percent = args.thresholds.cpu_percent
    return {
        "alarm_description": f"The processor of the database {name} is used by more than {percent:g}%",
        **_metric("CPUUtilization", "Average", args.identifier),
        "comparison_operator": "GreaterThanThreshold",
        "threshold": percent,
    }


def _free_storage(name: str, args: DatabaseAlarmsArgs) -> dict[str, Any]:
    gib = args.thresholds.free_storage_gib or args.free_storage_gib
    return {
        "alarm_description": f"The database {name} has less than {gib:g} GiB of free storage",
        **_metric("FreeStorageSpace", "Minimum", args.identifier),
        "comparison_operator": "LessThanThreshold",
        "threshold": gib * 2**30,
    }


def _connections(name: str, args: DatabaseAlarmsArgs) -> dict[str, Any]:
    count = args.thresholds.connections or args.connections
    return {
        "alarm_description": f"{count} or more connections to the database {name} are open",
        **_metric("DatabaseConnections", "Maximum", args.identifier),
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": count,
    }


def _lag(name: str, number: int, identifier: Late, args: DatabaseAlarmsArgs) -> dict[str, Any]:
    seconds = args.thresholds.replica_lag_seconds
    return {
        "alarm_description": f"Replica {number} of the database {name} is over {seconds:g} s behind",
        **_metric("ReplicaLag", "Average", identifier),
        "comparison_operator": "GreaterThanThreshold",
        "threshold": seconds,
    }


def _backups(name: str, args: DatabaseAlarmsArgs, rule: cloudwatch.EventRule) -> dict[str, Any]:
    """By what does not come: RDS has no metric of backups, and no event of every way in which one fails."""
    hours = args.thresholds.backup_gap_hours
    return {
        "alarm_description": f"No backup of the database {name} ended within {hours} hours",
        "namespace": "AWS/Events",
        "metric_name": "TriggeredRules",
        "dimensions": {"RuleName": rule.name},
        "statistic": "Sum",
        "period": 3600,
        "comparison_operator": "LessThanThreshold",
        "threshold": 1,
        "evaluation_periods": hours,
        "datapoints_to_alarm": hours,
        # EventBridge reports a rule only when it matched: no data is no backup.
        "treat_missing_data": "breaching",
    }


def _backup_rule(name: str, args: DatabaseAlarmsArgs, opts: ResourceOptions) -> cloudwatch.EventRule:
    """A rule without a target, for its count."""
    child_name = f"{name}-backups"
    return cloudwatch.EventRule(
        child_name,
        name_prefix=name_prefix(child_name, RULE_PREFIX),
        description=f"A backup of the database {name} ended well",
        event_pattern=Output.json_dumps(Output.from_input(args.identifier).apply(backup_pattern)),
        tags=named(args.tags, child_name),
        opts=opts,
    )


def backup_pattern(identifier: str) -> policies.Document:
    """The event that an automated backup of the instance ended."""
    return {
        "source": ["aws.rds"],
        "detail-type": ["RDS DB Instance Event"],
        "detail": {"SourceIdentifier": [identifier], "EventID": [BACKUP_FINISHED]},
    }


def _events(name: str, args: DatabaseAlarmsArgs, opts: ResourceOptions) -> None:
    """Events of the instances, and of the parameter group (control RDS.21)."""
    watched: dict[str, tuple[str, list[Late], list[str]]] = {
        "events": ("db-instance", [args.identifier, *args.replica_identifiers], list(CRITICAL_EVENTS)),
        "parameters": ("db-parameter-group", [args.parameter_group], ["configuration change"]),
    }
    for suffix, (source, identifiers, categories) in watched.items():
        rds.EventSubscription(
            f"{name}-{suffix}",
            name_prefix=name_prefix(f"{name}-{suffix}", LONG_PREFIX),
            sns_topic=args.topic_arn,
            source_type=source,
            source_ids=identifiers,
            event_categories=categories,
            tags=named(args.tags, f"{name}-{suffix}"),
            opts=opts,
        )
