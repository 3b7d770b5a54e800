"""Databases that stand still while an environment sleeps: stopped after its servers, started before them.

EventBridge Scheduler calls RDS itself (a universal target), so there is no function to keep. A stopped
instance costs its storage, its backups and its addresses, and no hours. RDS starts one that was stopped for
seven days by itself; a week's schedule never stops one for that long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, iam, scheduler
from pydantic import Field, model_validator

from . import policies
from .args import ComponentArgs, Late
from .group_scaling import Day, SleepSchedule
from .names import ROLE_PREFIX, name_prefix, named

START_BEFORE_MINUTES = 30
"""RDS takes minutes to start an instance, and longer where it has to recover one."""
STOP_AFTER_MINUTES = 30
"""Servers that go may drain and flush for a while, and write until then."""
RETRY_SECONDS = 3600
"""An instance that makes a backup is not stopped; later than this, it would be stopped by day."""

_DAY_MINUTES = 24 * 60

Call = Literal["stopDBInstance", "startDBInstance"]


class DatabaseSleepArgs(ComponentArgs):
    """What a `DatabaseSleep` is made of. Raises ValueError for hours that are too few to stop anything."""

    owner_arn: Late
    """The ARN of any resource of the same account and region, such as `Network.vpc_arn`."""
    databases: Mapping[str, Late] = Field(min_length=1)
    """Identifiers of instances, by the names that their schedules get. RDS stops neither a replica nor an
    instance that has any (Amazon RDS, Stopping an instance temporarily)."""
    schedule: SleepSchedule
    """When the servers sleep."""
    alert_topic_arn: Late
    """Where it is told that a database did not stop or start."""

    @model_validator(mode="after")
    def _is_long_enough(self) -> DatabaseSleepArgs:
        if problem := too_short(self.schedule):
            raise ValueError(problem)
        return self


class DatabaseSleep(pulumi.ComponentResource):
    """A schedule to stop and one to start for each database, a role for these two calls, and an alarm."""

    def __init__(self, name: str, args: DatabaseSleepArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:databasesleep:DatabaseSleep", name, None, opts)
        child = ResourceOptions(parent=self)
        owner = Output.from_input(args.owner_arn).apply(policies.owner_of)
        group = scheduler.ScheduleGroup(
            name, name_prefix=name_prefix(name, ROLE_PREFIX), tags=named(args.tags, name), opts=child
        )
        role = iam.Role(
            name,
            name_prefix=name_prefix(name, ROLE_PREFIX),
            description=f"Lets the schedules {name} stop and start databases",
            assume_role_policy=Output.json_dumps(group.arn.apply(policies.schedule_trust)),
            tags=named(args.tags, name),
            opts=child,
        )
        allowed = Output.all(owner, *args.databases.values()).apply(
            lambda known: role_policy(policies.Owner(*known[0]), known[1:])
        )
        policy = iam.RolePolicy(name, role=role.name, policy=Output.json_dumps(allowed), opts=child)
        ready = ResourceOptions(parent=self, depends_on=[policy])
        for key, identifier in args.databases.items():
            _schedules(key, identifier, args.schedule, owner, group, role, ready)
        _alarm(name, args, group, child)
        self.register_outputs({})


def too_short(schedule: SleepSchedule) -> str | None:
    """Why nothing can be stopped in these hours; None where it can."""
    asleep = (_minutes(schedule.until_time) - _minutes(schedule.from_time)) % _DAY_MINUTES
    needed = STOP_AFTER_MINUTES + START_BEFORE_MINUTES
    if asleep > needed:
        return None
    return (
        f"from {schedule.from_time} until {schedule.until_time} are {asleep} minutes, and a database takes "
        f"more than {needed} to stop after the servers and start before them"
    )


def expression(schedule: SleepSchedule, time: str, shift_minutes: int) -> str:
    """`time` of each of the days, moved, as EventBridge Scheduler's cron expression.

    What is moved past midnight happens on the neighbouring days.
    """
    days, minutes = divmod(_minutes(time) + shift_minutes, _DAY_MINUTES)
    week = get_args(Day)
    moved = {week[(week.index(day) + days) % len(week)] for day in schedule.days}
    names = ",".join(day.upper() for day in week if day in moved)
    return f"cron({minutes % 60} {minutes // 60} ? * {names} *)"


def role_policy(owner: policies.Owner, identifiers: Sequence[str]) -> policies.Document:
    """Stopping and starting exactly these instances: nothing that deletes or changes one."""
    instances = f"arn:{owner.partition}:rds:{owner.region}:{owner.account}:db"
    return policies.document(
        {
            "Sid": "StopAndStart",
            "Effect": "Allow",
            "Action": ["rds:StartDBInstance", "rds:StopDBInstance"],
            "Resource": [f"{instances}:{identifier}" for identifier in sorted(identifiers)],
        }
    )


def _minutes(time: str) -> int:
    """Since midnight."""
    hour, minute = time.split(":")
    return int(hour) * 60 + int(minute)


def _schedules(
    name: str,
    identifier: Late,
    sleep: SleepSchedule,
    owner: Output[policies.Owner],
    group: scheduler.ScheduleGroup,
    role: iam.Role,
    opts: ResourceOptions,
) -> None:
    calls: tuple[tuple[str, Call, str, int], ...] = (
        ("stop", "stopDBInstance", sleep.from_time, STOP_AFTER_MINUTES),
        ("start", "startDBInstance", sleep.until_time, -START_BEFORE_MINUTES),
    )
    for verb, call, time, shift in calls:
        scheduler.Schedule(
            f"{name}-{verb}",
            group_name=group.name,
            description=f"{verb.capitalize()} the database {name}",
            schedule_expression=expression(sleep, time, shift),
            schedule_expression_timezone=sleep.time_zone,
            flexible_time_window=scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            target=scheduler.ScheduleTargetArgs(
                arn=_target(owner, call),
                role_arn=role.arn,
                input=Output.json_dumps({"DbInstanceIdentifier": identifier}),
                retry_policy=scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_event_age_in_seconds=RETRY_SECONDS, maximum_retry_attempts=185
                ),
            ),
            opts=opts,
        )


def _target(owner: Output[policies.Owner], call: Call) -> Output[str]:
    return owner.apply(lambda known: f"arn:{known.partition}:scheduler:::aws-sdk:rds:{call}")


def _alarm(name: str, args: DatabaseSleepArgs, group: scheduler.ScheduleGroup, opts: ResourceOptions) -> None:
    """Rings when RDS refused: an environment that wakes without its database is known of early."""
    cloudwatch.MetricAlarm(
        f"{name}-failed",
        alarm_description="A database did not stop or start on time, or had before; see docs/operations.md",
        namespace="AWS/Scheduler",
        metric_name="TargetErrorCount",
        dimensions={"ScheduleGroup": group.name},
        statistic="Sum",
        period=300,
        evaluation_periods=1,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        treat_missing_data="notBreaching",
        alarm_actions=[args.alert_topic_arn],
        ok_actions=[args.alert_topic_arn],
        tags=named(args.tags, f"{name}-failed"),
        opts=opts,
    )
