"""What says that a service's logs tell of trouble, or do not arrive: a metric filter and two alarms."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch
from pydantic import Field

from .args import Args, ComponentArgs, Late
from .names import named

NAMESPACE = "immutable/logs"
"""Of the metrics that metric filters make here."""

ERROR_PATTERN = (
    "{ ($.body.PRIORITY = %^[0-3]$%)"
    " || ($.body.MESSAGE = %ERROR|CRITICAL|FATAL|Traceback|level....?(error|critical|fatal)%) }"
)
"""A line of the journal as the log agent sends it: of the priority `err` or worse, or with a word for it,
also as the level of a line that is JSON. What a service prints has the priority `info`, whatever it says.

CloudWatch Logs takes two regular expressions a pattern, and no quotes in one: the dots stand for `":"`."""

LINE_ERROR_PATTERN = "%ERROR|CRITICAL|FATAL|Traceback|level....?(error|critical|fatal)%"
"""The same of bare lines, as a cluster's log agent sends them: a word for an error, in text or in JSON."""

LATE_SECONDS = 1800
"""Twice what a stream gathers lines for at most."""


class LogThresholds(Args):
    """From where on a service's logs tell of trouble."""

    error_percent: float = Field(default=5, gt=0, le=100)
    """Share of its lines that tell of an error; more of them in 3 of 5 minutes ring."""
    error_pattern: str = Field(default=ERROR_PATTERN, min_length=1, max_length=1024)
    """Which lines do, as a filter pattern of CloudWatch Logs."""


class LogWatchArgs(ComponentArgs):
    """What a `LogWatch` is made of."""

    log_group_name: Late
    stream_name: Late | None = None
    """The Firehose stream that ships it. None: another account watches over the delivery."""
    topic_arn: Late
    """Where alarms ring, and say that they are over."""
    thresholds: LogThresholds = LogThresholds()


class LogWatch(pulumi.ComponentResource):
    """The alarms of one service's logs.

    Rollouts do not watch them: a version may log more, or in other words, and serve as well as the one
    before. Who wants it otherwise names `errors` among the alarms of the service's refresh.
    """

    errors: Output[str]
    """The name of the alarm on lines that tell of errors."""
    error_metric: Output[str]
    """The name of the metric of these lines, in `NAMESPACE`."""
    delivery: Output[str] | None
    """The name of the alarm on lines that do not arrive in the bucket."""

    def __init__(self, name: str, args: LogWatchArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:logwatch:LogWatch", name, None, opts)
        child = ResourceOptions(parent=self)
        self.error_metric = Output.concat(args.log_group_name, "-errors")
        cloudwatch.LogMetricFilter(
            f"{name}-log-errors",
            log_group_name=args.log_group_name,
            pattern=args.thresholds.error_pattern,
            metric_transformation=cloudwatch.LogMetricFilterMetricTransformationArgs(
                # A group's name is one of its kind in account and region; so is the metric's, then.
                name=self.error_metric,
                namespace=NAMESPACE,
                value="1",
            ),
            opts=child,
        )
        self.errors = _alarm(f"{name}-log-errors", args, child, **_errors(name, args, self.error_metric))
        self.delivery = None
        if args.stream_name is not None:
            late = _late(name, args.stream_name)
            self.delivery = _alarm(f"{name}-log-delivery", args, child, **late)
        self.register_outputs({"errors": self.errors, "delivery": self.delivery})


def _alarm(name: str, args: LogWatchArgs, opts: ResourceOptions, **inputs: Any) -> Output[str]:
    alarm = cloudwatch.MetricAlarm(
        name,
        alarm_actions=[args.topic_arn],
        ok_actions=[args.topic_arn],
        # Neither metric has data without lines, and no lines are no errors, and none late.
        treat_missing_data="notBreaching",
        tags=named(args.tags, name),
        opts=opts,
        **inputs,
    )
    made: Output[str] = alarm.name
    return made


def _errors(name: str, args: LogWatchArgs, metric: Output[str]) -> dict[str, Any]:
    """A share and no number: a number would ring by the traffic. Without errors there are no data, hence
    FILL; CloudWatch itself counts all lines."""
    percent = args.thresholds.error_percent

    def per_minute(query_id: str, **of: Any) -> cloudwatch.MetricAlarmMetricQueryArgs:
        return cloudwatch.MetricAlarmMetricQueryArgs(
            id=query_id,
            metric=cloudwatch.MetricAlarmMetricQueryMetricArgs(stat="Sum", period=60, **of),
            return_data=False,
        )

    return {
        "alarm_description": f"More than {percent:g}% of the lines that {name} logs tell of an error",
        "metric_queries": [
            per_minute("errors", namespace=NAMESPACE, metric_name=metric),
            per_minute(
                "lines",
                namespace="AWS/Logs",
                metric_name="IncomingLogEvents",
                dimensions={"LogGroupName": args.log_group_name},
            ),
            cloudwatch.MetricAlarmMetricQueryArgs(
                id="percent",
                expression="100 * FILL(errors, 0) / lines",
                label="Errors in percent of lines",
                return_data=True,
            ),
        ],
        "comparison_operator": "GreaterThanThreshold",
        "threshold": percent,
        "evaluation_periods": 5,
        "datapoints_to_alarm": 3,
    }


def _late(name: str, stream_name: Late) -> dict[str, Any]:
    return {
        "alarm_description": (
            f"Lines that {name} logged wait for {LATE_SECONDS // 60} minutes to be delivered to their bucket"
        ),
        "namespace": "AWS/Firehose",
        "metric_name": "DeliveryToS3.DataFreshness",
        "dimensions": {"DeliveryStreamName": stream_name},
        "statistic": "Maximum",
        "period": 300,
        "comparison_operator": "GreaterThanThreshold",
        "threshold": LATE_SECONDS,
        "evaluation_periods": 3,
        "datapoints_to_alarm": 3,
    }
