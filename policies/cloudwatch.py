"""Amazon CloudWatch: alarms reach somebody, and logs have an end.

AWS asks for a year of every log group (control CloudWatch.16, none of its foundational practices); here an
environment's file says how long, and the rule is that something says it.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.rules import Resource, Rule, Severity, at, is_false, rule

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


@rule(
    id="cloudwatch-15",
    types=(ALARM,),
    severity=Severity.HIGH,
    control="CloudWatch.15",
    reason="An alarm that tells nobody is a graph.",
    fix="name a topic in alarmActions",
)
def cloudwatch_15(alarm: Resource) -> Iterator[str]:
    if not at(alarm, "alarmActions", ()):
        yield "alarmActions is empty"


@rule(
    id="cloudwatch-17",
    types=(ALARM,),
    severity=Severity.HIGH,
    control="CloudWatch.17",
    reason="Actions that are turned off for a night stay off.",
    fix="leave actionsEnabled out",
)
def cloudwatch_17(alarm: Resource) -> Iterator[str]:
    if is_false(at(alarm, "actionsEnabled")):
        yield "actionsEnabled is false"


@rule(
    id="logs-retention",
    types=(LOG_GROUP,),
    severity=Severity.MEDIUM,
    reason="A log group without an end is paid for, and holds what people did, for ever.",
    fix="set retentionInDays",
)
def logs_retention(group: Resource) -> Iterator[str]:
    if not at(group, "retentionInDays", 0):
        yield "retentionInDays is 0 or missing: its lines never expire"


RULES: tuple[Rule, ...] = (cloudwatch_15, cloudwatch_17, logs_retention)
