from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from moto.events.models import EventPattern
from pydantic import ValidationError

from components.fleet_alarms import AlarmThresholds, FleetAlarms, FleetAlarmsArgs, failure_pattern
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

GIVEN: dict[str, Any] = {
    "load_balancer_arn_suffix": "app/entry/1",
    "target_group_arn_suffix": "targetgroup/web/2",
    "group_name": "web-group",
    "topic_arn": "arn:topic",
    "tags": {"owner": "platform"},
}
TARGETS = {"LoadBalancer": "app/entry/1", "TargetGroup": "targetgroup/web/2"}


def alarms(build: Build, **thresholds: Any) -> Built:
    def program() -> Mapping[str, Any]:
        given = {"thresholds": AlarmThresholds(**thresholds)} if thresholds else {}
        made = FleetAlarms("web", FleetAlarmsArgs(**GIVEN, **given))
        return {**made.by_kind, "names": list(made.names)}

    return build(program)


def common(name: str) -> dict[str, Any]:
    return {
        "alarmActions": ["arn:topic"],
        "okActions": ["arn:topic"],
        "tags": {"owner": "platform", "Name": name},
    }


def test_a_share_of_errors_in_two_of_three_minutes_rings(build: Build) -> None:
    def per_minute(query: str, metric: str) -> dict[str, Any]:
        return {
            "id": query,
            "returnData": False,
            "metric": {
                "namespace": "AWS/ApplicationELB",
                "metricName": metric,
                "dimensions": TARGETS,
                "stat": "Sum",
                "period": 60,
            },
        }

    assert alarms(build, error_percent=2.5).inputs()["MetricAlarm web-errors"] == {
        **common("web-errors"),
        "alarmDescription": "More than 2.5% of the requests to web ended in a 5xx of a server",
        "metricQueries": [
            per_minute("errors", "HTTPCode_Target_5XX_Count"),
            per_minute("requests", "RequestCount"),
            {
                "id": "percent",
                "expression": "100 * FILL(errors, 0) / requests",
                "label": "Errors in percent of requests",
                "returnData": True,
            },
        ],
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 2.5,
        "evaluationPeriods": 3,
        "datapointsToAlarm": 2,
        "treatMissingData": "notBreaching",
    }


def test_slow_answers_in_three_of_five_minutes_ring(build: Build) -> None:
    assert alarms(build, latency_seconds=0.5).inputs()["MetricAlarm web-latency"] == {
        **common("web-latency"),
        "alarmDescription": "The slowest hundredth of the requests to web took over 0.5 s",
        "namespace": "AWS/ApplicationELB",
        "metricName": "TargetResponseTime",
        "dimensions": TARGETS,
        "extendedStatistic": "p99",
        "period": 60,
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0.5,
        "evaluationPeriods": 5,
        "datapointsToAlarm": 3,
        "treatMissingData": "notBreaching",
        "evaluateLowSampleCountPercentiles": "evaluate",
    }


def test_unhealthy_hosts_for_three_minutes_ring_and_no_host_at_all_is_no_ok(build: Build) -> None:
    assert alarms(build, unhealthy_hosts=2).inputs()["MetricAlarm web-unhealthy-hosts"] == {
        **common("web-unhealthy-hosts"),
        "alarmDescription": "2 or more servers of web fail the load balancer's health checks",
        "namespace": "AWS/ApplicationELB",
        "metricName": "UnHealthyHostCount",
        "dimensions": TARGETS,
        "statistic": "Maximum",
        "period": 60,
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "threshold": 2,
        "evaluationPeriods": 3,
        "datapointsToAlarm": 3,
        "treatMissingData": "missing",
    }


def test_servers_that_die_one_after_another_ring(build: Build) -> None:
    assert alarms(build, replacements=3).inputs()["MetricAlarm web-replacements"] == {
        **common("web-replacements"),
        "alarmDescription": "3 or more servers of web failed and were replaced, again and again",
        "namespace": "AWS/Events",
        "metricName": "TriggeredRules",
        "dimensions": {"RuleName": "web-failures-rule"},
        "statistic": "Sum",
        "period": 300,
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "threshold": 3,
        "evaluationPeriods": 3,
        "datapointsToAlarm": 2,
        "treatMissingData": "notBreaching",
    }


def test_each_server_that_fails_is_told_in_one_line(build: Build) -> None:
    built = alarms(build)
    assert built.inputs()["EventRule web-failures"] == {
        "namePrefix": "web-failures-",
        "description": "A server of web was replaced because it failed, or could not be launched",
        "eventPattern": failure_pattern("web-group"),
        "tags": {"owner": "platform", "Name": "web-failures"},
    }
    assert built.inputs()["EventTarget web-failures"] == {
        "rule": "web-failures-rule",
        "arn": "arn:topic",
        "inputTransformer": {
            "inputPaths": {
                "group": "$.detail.AutoScalingGroupName",
                "server": "$.detail.EC2InstanceId",
                "cause": "$.detail.Cause",
                "what": "$.detail-type",
            },
            "inputTemplate": '"<what>: <server> of <group>. <cause>"',
        },
    }


AT = "At 2026-11-21T08:00:00Z an instance was"
TERMINATED, NOT_LAUNCHED = "EC2 Instance Terminate Successful", "EC2 Instance Launch Unsuccessful"


@pytest.mark.parametrize(
    ("kind", "cause", "counts"),
    [
        (TERMINATED, "taken out of service in response to an ELB system health check failure.", True),
        (
            TERMINATED,
            "taken out of service in response to an EC2 health check indicating it has been terminated or "
            "stopped.",
            True,
        ),
        (TERMINATED, "taken out of service in response to an EC2 instance status checks failure.", True),
        (NOT_LAUNCHED, "started in response to a difference between desired and actual capacity.", True),
        (TERMINATED, "taken out of service in response to an instance refresh.", False),
        (TERMINATED, "taken out of service in response to a user request.", False),
        (TERMINATED, "taken out of service in response to a user health-check.", False),
        (TERMINATED, "taken out of service in response to a difference between desired and actual.", False),
        (TERMINATED, "taken out of service in response to reaching its maximum instance lifetime.", False),
        ("EC2 Instance Launch Successful", "started in response to an ELB system health check.", False),
    ],
)
def test_what_counts_is_a_server_that_failed(kind: str, cause: str, counts: bool) -> None:
    detail = {"AutoScalingGroupName": "web-group", "Cause": f"{AT} {cause}"}
    event = {"source": "aws.autoscaling", "detail-type": kind, "detail": detail}
    pattern = EventPattern.load(json.dumps(failure_pattern("web-group")))
    assert pattern.matches_event(event) is counts
    assert not pattern.matches_event({**event, "detail": {**detail, "AutoScalingGroupName": "api-group"}})
    assert not pattern.matches_event({**event, "source": "mine"})


def test_its_names_are_what_a_refresh_takes(build: Build) -> None:
    names = {
        "errors": "web-errors-alarm",
        "latency": "web-latency-alarm",
        "unhealthyHosts": "web-unhealthy-hosts-alarm",
        "replacements": "web-replacements-alarm",
    }
    assert alarms(build).outputs == {**names, "names": list(names.values())}


def of_a_worker(build: Build) -> Built:
    unmeasured = {name: value for name, value in GIVEN.items() if not name.endswith("arn_suffix")}

    def program() -> Mapping[str, Any]:
        made = FleetAlarms("mail", FleetAlarmsArgs(**unmeasured))
        return {**made.by_kind, "names": list(made.names)}

    return build(program)


def test_a_fleet_that_nobody_asks_has_the_alarm_on_replacements_alone(build: Build) -> None:
    built = of_a_worker(build)
    assert list(built.inputs("MetricAlarm")) == ["MetricAlarm mail-replacements"]
    name = "mail-replacements-alarm"
    assert built.outputs == {"replacements": name, "names": [name]}


def test_what_is_no_group_of_servers_has_the_alarms_on_requests_alone(build: Build) -> None:
    def program() -> Mapping[str, Any]:
        made = FleetAlarms("shop", FleetAlarmsArgs(**{**GIVEN, "group_name": None}))
        return made.by_kind

    built = build(program)
    assert set(built.outputs) == {"errors", "latency", "unhealthyHosts"}
    assert not built.inputs("EventRule")


def test_of_a_fleet_that_nobody_asks_a_server_that_reports_itself_counts(build: Build) -> None:
    (found,) = of_a_worker(build).inputs("EventRule").values()
    pattern = EventPattern.load(json.dumps(found["eventPattern"]))
    event = {"source": "aws.autoscaling", "detail-type": TERMINATED}

    def counts(cause: str) -> bool:
        detail = {"AutoScalingGroupName": "web-group", "Cause": f"{AT} taken out of service {cause}"}
        return bool(pattern.matches_event({**event, "detail": detail}))

    assert counts("in response to a user health-check.")
    assert counts("in response to an EC2 instance status checks failure.")
    assert not counts("in response to a user request.")


@pytest.mark.parametrize("missing", ["load_balancer_arn_suffix", "target_group_arn_suffix"])
def test_requests_are_measured_by_load_balancer_and_target_group_together(missing: str) -> None:
    with pytest.raises(ValidationError, match="go together: give both or none"):
        FleetAlarmsArgs(**{name: value for name, value in GIVEN.items() if name != missing})


def test_everything_is_its_child(build: Build) -> None:
    built = alarms(build)
    assert {key: parent for key, parent in built.parents().items() if parent != "the FleetAlarms web"} == {
        "the FleetAlarms web": "Stack"
    }
    assert built.types()["the FleetAlarms web"] == "immutable:fleetalarms:FleetAlarms"
    assert len(built.resources) == 7


def test_the_defaults_suit_a_service_that_people_wait_for() -> None:
    assert AlarmThresholds().model_dump() == {
        "error_percent": 5,
        "latency_seconds": 2,
        "unhealthy_hosts": 1,
        "replacements": 1,
    }


@pytest.mark.parametrize(
    ("threshold", "wrong"),
    [
        ("error_percent", 0), ("error_percent", 100), ("latency_seconds", 0), ("latency_seconds", 4001),
        ("unhealthy_hosts", 0), ("unhealthy_hosts", 501), ("replacements", 0), ("replacements", 501),
    ],
)  # fmt: skip
def test_a_threshold_that_always_or_never_rings_is_refused(threshold: str, wrong: float) -> None:
    with pytest.raises(ValidationError, match=threshold):
        AlarmThresholds(**{threshold: wrong})
