"""What says that a fleet does badly: alarms, watched by every rollout and told to the alert topic."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch
from pydantic import Field, model_validator

from . import policies
from .args import Args, ComponentArgs, Late
from .names import RULE_PREFIX, name_prefix, named

CAUSES_OF_FAILURE = ("*health check*", "*status check*")
"""How the cause of a replacement begins to name a check that the server failed: "an ELB system health check
failure", "an EC2 health check indicating it has been terminated or stopped", "an EC2 instance status checks
failure" (Why did Amazon EC2 Auto Scaling terminate an instance?). A refresh, a scale-in, an expired lifetime
and a person's request are named in other words."""

REPORTED = "*user health-check*"
"""The cause where SetInstanceHealth was called: by a person, or by a server that nobody asks, of itself."""


class AlarmThresholds(Args):
    """From where on a fleet does badly. The defaults suit a service that people wait for."""

    error_percent: float = Field(default=5, gt=0, lt=100)
    """Share of requests that the servers answered with a 5xx code; more of them in 2 of 3 minutes ring."""
    latency_seconds: float = Field(default=2, gt=0, le=4000)
    """How long the slowest hundredth of requests takes (p99); more in 3 of 5 minutes rings."""
    unhealthy_hosts: int = Field(default=1, ge=1, le=500)
    """Servers that fail the load balancer's checks; as many for 3 minutes ring."""
    replacements: int = Field(default=1, ge=1, le=500)
    """Servers replaced within 5 minutes because they failed; as many in 2 of 3 such periods ring: servers
    that come up and die, one after another."""


class FleetAlarmsArgs(ComponentArgs):
    """What `FleetAlarms` are made of."""

    load_balancer_arn_suffix: Late | None = None
    """With the next: whose requests are measured. None for a fleet that nobody asks."""
    target_group_arn_suffix: Late | None = None
    group_name: Late | None
    """Whose failures are counted. None where other things than servers fail: pods on nodes of a cluster."""
    topic_arn: Late
    """Where alarms ring, and say that they are over."""
    thresholds: AlarmThresholds = AlarmThresholds()

    @model_validator(mode="after")
    def _go_together(self) -> FleetAlarmsArgs:
        if (self.load_balancer_arn_suffix is None) != (self.target_group_arn_suffix is None):
            raise ValueError(
                "load_balancer_arn_suffix and target_group_arn_suffix go together: give both or none"
            )
        return self


class FleetAlarms(pulumi.ComponentResource):
    """The four alarms of one Auto Scaling group behind one target group; of one of the two, its own.

    What they do without data differs: without requests there are no errors, so that is fine; without a single
    target nobody knows whether hosts are healthy, so that is no OK.
    """

    by_kind: dict[str, Output[str]]
    """The names of those that there are, by `errors`, `latency`, `unhealthyHosts` and `replacements`."""
    names: tuple[Output[str], ...]
    """The same, as an instance refresh takes them."""

    def __init__(self, name: str, args: FleetAlarmsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:fleetalarms:FleetAlarms", name, None, opts)
        child = ResourceOptions(parent=self)
        declared = _of_requests(name, args)
        if args.group_name is not None:
            rule = _failures(name, args, args.group_name, child)
            declared["replacements"] = _replacements(name, args, rule)
        alarms = {
            suffix: cloudwatch.MetricAlarm(
                f"{name}-{suffix}",
                alarm_actions=[args.topic_arn],
                ok_actions=[args.topic_arn],
                tags=named(args.tags, f"{name}-{suffix}"),
                opts=child,
                **inputs,
            )
            for suffix, inputs in declared.items()
        }
        self.by_kind = {
            "unhealthyHosts" if suffix == "unhealthy-hosts" else suffix: alarm.name
            for suffix, alarm in alarms.items()
        }
        self.names = tuple(self.by_kind.values())
        self.register_outputs(self.by_kind)


def _of_requests(name: str, args: FleetAlarmsArgs) -> dict[str, dict[str, Any]]:
    """Those that a load balancer measures."""
    if args.load_balancer_arn_suffix is None or args.target_group_arn_suffix is None:
        return {}
    dimensions = {"LoadBalancer": args.load_balancer_arn_suffix, "TargetGroup": args.target_group_arn_suffix}
    return {
        "errors": _errors(name, args.thresholds.error_percent, dimensions),
        "latency": _latency(name, args.thresholds.latency_seconds, dimensions),
        "unhealthy-hosts": _unhealthy_hosts(name, args.thresholds.unhealthy_hosts, dimensions),
    }


def _errors(name: str, percent: float, dimensions: dict[str, Late]) -> dict[str, Any]:
    """A share and no number: a number would ring by the traffic. No errors at all are no data, hence FILL."""

    def per_minute(query_id: str, metric: str) -> cloudwatch.MetricAlarmMetricQueryArgs:
        return cloudwatch.MetricAlarmMetricQueryArgs(
            id=query_id,
            metric=cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace="AWS/ApplicationELB",
                metric_name=metric,
                dimensions=dimensions,
                stat="Sum",
                period=60,
            ),
            return_data=False,
        )

    return {
        "alarm_description": f"More than {percent:g}% of the requests to {name} ended in a 5xx of a server",
        "metric_queries": [
            per_minute("errors", "HTTPCode_Target_5XX_Count"),
            per_minute("requests", "RequestCount"),
            cloudwatch.MetricAlarmMetricQueryArgs(
                id="percent",
                expression="100 * FILL(errors, 0) / requests",
                label="Errors in percent of requests",
                return_data=True,
            ),
        ],
        "comparison_operator": "GreaterThanThreshold",
        "threshold": percent,
        "evaluation_periods": 3,
        "datapoints_to_alarm": 2,
        "treat_missing_data": "notBreaching",
    }


def _latency(name: str, seconds: float, dimensions: dict[str, Late]) -> dict[str, Any]:
    return {
        "alarm_description": f"The slowest hundredth of the requests to {name} took over {seconds:g} s",
        "namespace": "AWS/ApplicationELB",
        "metric_name": "TargetResponseTime",
        "dimensions": dimensions,
        "extended_statistic": "p99",
        "period": 60,
        "comparison_operator": "GreaterThanThreshold",
        "threshold": seconds,
        "evaluation_periods": 5,
        "datapoints_to_alarm": 3,
        "treat_missing_data": "notBreaching",
        # A p99 counts from 1000 requests a minute on. Ignored below that, the alarm of a quieter service
        # would never leave the state that it is in, and no rollout would find it OK (CloudWatch,
        # Percentile-based alarms and low data samples).
        "evaluate_low_sample_count_percentiles": "evaluate",
    }


def _unhealthy_hosts(name: str, hosts: int, dimensions: dict[str, Late]) -> dict[str, Any]:
    return {
        "alarm_description": f"{hosts} or more servers of {name} fail the load balancer's health checks",
        "namespace": "AWS/ApplicationELB",
        "metric_name": "UnHealthyHostCount",
        "dimensions": dimensions,
        "statistic": "Maximum",
        "period": 60,
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": hosts,
        "evaluation_periods": 3,
        "datapoints_to_alarm": 3,
        # INSUFFICIENT_DATA, which a rollout does not take for OK.
        "treat_missing_data": "missing",
    }


def _replacements(name: str, args: FleetAlarmsArgs, rule: cloudwatch.EventRule) -> dict[str, Any]:
    count = args.thresholds.replacements
    return {
        "alarm_description": f"{count} or more servers of {name} failed and were replaced, again and again",
        "namespace": "AWS/Events",
        "metric_name": "TriggeredRules",
        "dimensions": {"RuleName": rule.name},
        "statistic": "Sum",
        "period": 300,
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": count,
        "evaluation_periods": 3,
        "datapoints_to_alarm": 2,
        # EventBridge reports a rule only when it matched.
        "treat_missing_data": "notBreaching",
    }


def _failures(
    name: str, args: FleetAlarmsArgs, group_name: Late, opts: ResourceOptions
) -> cloudwatch.EventRule:
    """A rule over the group's events, for its count: AWS has no metric of replacements."""
    child_name, asked = f"{name}-failures", args.load_balancer_arn_suffix is not None
    rule = cloudwatch.EventRule(
        child_name,
        name_prefix=name_prefix(child_name, RULE_PREFIX),
        description=f"A server of {name} was replaced because it failed, or could not be launched",
        event_pattern=Output.json_dumps(
            Output.from_input(group_name).apply(lambda group: failure_pattern(group, asked))
        ),
        tags=named(args.tags, child_name),
        opts=opts,
    )
    cloudwatch.EventTarget(
        child_name,
        rule=rule.name,
        arn=args.topic_arn,
        input_transformer=cloudwatch.EventTargetInputTransformerArgs(
            input_paths={
                "group": "$.detail.AutoScalingGroupName",
                "server": "$.detail.EC2InstanceId",
                "cause": "$.detail.Cause",
                "what": "$.detail-type",
            },
            input_template='"<what>: <server> of <group>. <cause>"',
        ),
        opts=opts,
    )
    return rule


def failure_pattern(group_name: str, asked: bool = True) -> policies.Document:
    """The events of a group's servers that failed: replaced for a check, or not launched, or given up by the
    launch hook. Those that nobody asks report themselves; to replace one of them by hand counts as well.
    """
    causes = CAUSES_OF_FAILURE if asked else (*CAUSES_OF_FAILURE, REPORTED)
    return {
        "source": ["aws.autoscaling"],
        "detail": {"AutoScalingGroupName": [group_name]},
        "$or": [
            {"detail-type": ["EC2 Instance Launch Unsuccessful"]},
            {
                "detail-type": ["EC2 Instance Terminate Successful"],
                "detail": {"Cause": [{"wildcard": cause} for cause in causes]},
            },
        ],
    }
