"""A job: a service that has a server while it runs and none otherwise, started by a schedule.

EventBridge Scheduler sets the group's desired capacity to 1 (a universal target: there is no function to
keep). The server runs its unit to the end and takes itself out of the group with the capacity, by the image's
program for lifecycle hooks. While a run goes on, the next start changes nothing: two never run at once.
"""

from __future__ import annotations

import math
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, iam, scheduler

from . import policies
from .args import ComponentArgs, Late
from .job_run import SPARE_MINUTES, JobRun
from .log_watch import NAMESPACE
from .names import ROLE_PREFIX, name_prefix, named

RETRY_SECONDS = 3600
"""How late a start may be that Auto Scaling did not take at once."""
FAILED_PATTERN = '{ ($.body.SYSLOG_IDENTIFIER = "immutable-lifecycle") && ($.body.MESSAGE = "*run failed*") }'
"""The line of the journal in which a server says that its run failed (`images/lifecycle`)."""

_PERIOD_SECONDS = 300


class JobScheduleArgs(ComponentArgs):
    """What a `JobSchedule` is made of."""

    group_name: Late
    """Of the Auto Scaling group of 0 to 1 servers."""
    group_arn: Late
    log_group_name: Late
    """Where its servers say how a run ended."""
    topic_arn: Late
    """Where it is told that a run failed, was not started, or does not end."""
    run: JobRun


class JobSchedule(pulumi.ComponentResource):
    """The schedule of a job, a role for its one call, and three alarms."""

    alarms: dict[str, Output[str]]
    """Their names: `failed`, `overdue` and `notStarted`. No rollout watches them: it runs no job."""

    def __init__(self, name: str, args: JobScheduleArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:jobschedule:JobSchedule", name, None, opts)
        child = ResourceOptions(parent=self)
        group = scheduler.ScheduleGroup(
            name, name_prefix=name_prefix(name, ROLE_PREFIX), tags=named(args.tags, name), opts=child
        )
        role = iam.Role(
            f"{name}-schedule",
            name_prefix=name_prefix(f"{name}-schedule", ROLE_PREFIX),
            description=f"Lets the schedule of {name} start it",
            assume_role_policy=Output.json_dumps(group.arn.apply(policies.schedule_trust)),
            tags=named(args.tags, f"{name}-schedule"),
            opts=child,
        )
        allowed = Output.from_input(args.group_arn).apply(role_policy)
        policy = iam.RolePolicy(
            f"{name}-schedule", role=role.name, policy=Output.json_dumps(allowed), opts=child
        )
        _schedule(name, args, group, role, ResourceOptions(parent=self, depends_on=[policy]))
        _count_failures(name, args, child)
        made = {
            kind: cloudwatch.MetricAlarm(
                f"{name}-{suffix}",
                alarm_actions=[args.topic_arn],
                ok_actions=[args.topic_arn],
                treat_missing_data="notBreaching",
                tags=named(args.tags, f"{name}-{suffix}"),
                opts=child,
                **inputs,
            )
            for kind, suffix, inputs in (
                ("failed", "failed", _failed(name, args)),
                ("overdue", "overdue", _overdue(name, args)),
                ("notStarted", "not-started", _not_started(name, group)),
            )
        }
        self.alarms = {kind: alarm.name for kind, alarm in made.items()}
        self.register_outputs(self.alarms)


def role_policy(group_arn: str) -> policies.Document:
    """Setting the capacity of exactly this group."""
    return policies.document(
        {
            "Sid": "StartRun",
            "Effect": "Allow",
            "Action": "autoscaling:SetDesiredCapacity",
            "Resource": group_arn,
        }
    )


def _schedule(
    name: str, args: JobScheduleArgs, group: scheduler.ScheduleGroup, role: iam.Role, opts: ResourceOptions
) -> None:
    partition = Output.from_input(args.group_arn).apply(lambda arn: policies.owner_of(arn).partition)
    target = Output.concat("arn:", partition, ":scheduler:::aws-sdk:autoscaling:setDesiredCapacity")
    asked = {"AutoScalingGroupName": args.group_name, "DesiredCapacity": 1, "HonorCooldown": False}
    scheduler.Schedule(
        f"{name}-run",
        group_name=group.name,
        description=f"Start a run of {name}",
        schedule_expression=args.run.schedule,
        schedule_expression_timezone=args.run.time_zone,
        flexible_time_window=scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
        target=scheduler.ScheduleTargetArgs(
            arn=target,
            role_arn=role.arn,
            input=Output.json_dumps(asked),
            retry_policy=scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=RETRY_SECONDS, maximum_retry_attempts=185
            ),
        ),
        opts=opts,
    )


def _failures(args: JobScheduleArgs) -> Output[str]:
    """The name of the metric; a log group's name is one of its kind in account and region."""
    return Output.concat(args.log_group_name, "-failed-runs")


def _count_failures(name: str, args: JobScheduleArgs, opts: ResourceOptions) -> None:
    cloudwatch.LogMetricFilter(
        f"{name}-failed-runs",
        log_group_name=args.log_group_name,
        pattern=FAILED_PATTERN,
        metric_transformation=cloudwatch.LogMetricFilterMetricTransformationArgs(
            name=_failures(args), namespace=NAMESPACE, value="1"
        ),
        opts=opts,
    )


def _failed(name: str, args: JobScheduleArgs) -> dict[str, Any]:
    return {
        "alarm_description": f"A run of {name} failed, or was ended after {args.run.timeout_minutes} minutes",
        "namespace": NAMESPACE,
        "metric_name": _failures(args),
        "statistic": "Sum",
        "period": _PERIOD_SECONDS,
        "evaluation_periods": 1,
        "comparison_operator": "GreaterThanThreshold",
        "threshold": 0,
    }


def _overdue(name: str, args: JobScheduleArgs) -> dict[str, Any]:
    """Rings for a server that did not end itself: of an image without the program, or one that hangs."""
    minutes = args.run.timeout_minutes + SPARE_MINUTES
    return {
        "alarm_description": f"A server of {name} has been there for {minutes} minutes; a run takes "
        f"{args.run.timeout_minutes} at most",
        "namespace": "AWS/AutoScaling",
        "metric_name": "GroupInServiceInstances",
        "dimensions": {"AutoScalingGroupName": args.group_name},
        "statistic": "Minimum",
        "period": _PERIOD_SECONDS,
        "evaluation_periods": math.ceil(minutes * 60 / _PERIOD_SECONDS),
        "comparison_operator": "GreaterThanThreshold",
        "threshold": 0,
    }


def _not_started(name: str, group: scheduler.ScheduleGroup) -> dict[str, Any]:
    return {
        "alarm_description": f"A run of {name} was not started on time; EventBridge Scheduler was refused",
        "namespace": "AWS/Scheduler",
        "metric_name": "TargetErrorCount",
        "dimensions": {"ScheduleGroup": group.name},
        "statistic": "Sum",
        "period": _PERIOD_SECONDS,
        "evaluation_periods": 1,
        "comparison_operator": "GreaterThanThreshold",
        "threshold": 0,
    }
