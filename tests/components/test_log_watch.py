"""The metric filter and the alarms of one service's logs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.log_search import QUERIES
from components.log_watch import ERROR_PATTERN, LogThresholds, LogWatch, LogWatchArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

TAGS = {"owner": "platform"}


def watch(build: Build, **changed: Any) -> Built:
    given = {"log_group_name": "web-1", "stream_name": "logs-web", "topic_arn": "arn:topic", "tags": TAGS}

    def program() -> Mapping[str, Any]:
        made = LogWatch("web", LogWatchArgs(**{**given, **changed}))
        return {"errors": made.errors, "metric": made.error_metric, "delivery": made.delivery}

    return build(program)


def alarm(build: Build, name: str, **changed: Any) -> dict[str, Any]:
    return watch(build, **changed).inputs()[f"MetricAlarm {name}"]


def test_lines_that_tell_of_errors_are_counted(build: Build) -> None:
    assert watch(build).inputs("LogMetricFilter") == {
        "LogMetricFilter web-log-errors": {
            "logGroupName": "web-1",
            "pattern": ERROR_PATTERN,
            "metricTransformation": {"name": "web-1-errors", "namespace": "immutable/logs", "value": "1"},
        }
    }


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        ("2026-11-21 ERROR out of memory", True),
        ("Traceback (most recent call last):", True),
        ('{"level":"error","message":"no such order"}', True),
        ('{"level": "fatal"}', True),
        ('{"level":"info","message":"an error was avoided"}', False),
        ("GET /healthz 200", False),
    ],
)
def test_a_line_that_tells_of_an_error_is_known_by_its_words(message: str, wrong: bool) -> None:
    """The regular expressions are those of the pattern and of the saved query; both read the same lines."""
    in_pattern = re.search(r"MESSAGE = %(.+?)%", ERROR_PATTERN)
    in_query = re.search(r"like /(.+?)/", QUERIES["errors"])
    assert in_pattern and in_query
    assert bool(re.search(in_pattern[1], message)) == wrong
    assert bool(re.search(in_query[1], json.dumps({"body": {"MESSAGE": message}}))) == wrong


def test_too_large_a_share_of_them_is_told_to_the_topic(build: Build) -> None:
    assert alarm(build, "web-log-errors") == {
        "alarmDescription": "More than 5% of the lines that web logs tell of an error",
        "metricQueries": [
            {
                "id": "errors",
                "metric": {
                    "namespace": "immutable/logs",
                    "metricName": "web-1-errors",
                    "stat": "Sum",
                    "period": 60,
                },
                "returnData": False,
            },
            {
                "id": "lines",
                "metric": {
                    "namespace": "AWS/Logs",
                    "metricName": "IncomingLogEvents",
                    "dimensions": {"LogGroupName": "web-1"},
                    "stat": "Sum",
                    "period": 60,
                },
                "returnData": False,
            },
            {
                "id": "percent",
                "expression": "100 * FILL(errors, 0) / lines",
                "label": "Errors in percent of lines",
                "returnData": True,
            },
        ],
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 5,
        "evaluationPeriods": 5,
        "datapointsToAlarm": 3,
        "treatMissingData": "notBreaching",
        "alarmActions": ["arn:topic"],
        "okActions": ["arn:topic"],
        "tags": {**TAGS, "Name": "web-log-errors"},
    }


def test_lines_that_wait_too_long_for_the_bucket_are_told_as_well(build: Build) -> None:
    made = alarm(build, "web-log-delivery")
    assert made.pop("tags") == {**TAGS, "Name": "web-log-delivery"}
    assert made == {
        "alarmDescription": "Lines that web logged wait for 30 minutes to be delivered to their bucket",
        "namespace": "AWS/Firehose",
        "metricName": "DeliveryToS3.DataFreshness",
        "dimensions": {"DeliveryStreamName": "logs-web"},
        "statistic": "Maximum",
        "period": 300,
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 1800,
        "evaluationPeriods": 3,
        "datapointsToAlarm": 3,
        "treatMissingData": "notBreaching",
        "alarmActions": ["arn:topic"],
        "okActions": ["arn:topic"],
    }


def test_without_a_stream_of_its_own_nobody_watches_the_delivery_here(build: Build) -> None:
    built = watch(build, stream_name=None)
    assert list(built.inputs("MetricAlarm")) == ["MetricAlarm web-log-errors"]
    assert built.outputs["delivery"] is None


def test_a_service_says_itself_what_an_error_is(build: Build) -> None:
    thresholds = LogThresholds(error_percent=0.5, error_pattern="?oops")
    built = watch(build, thresholds=thresholds)
    assert built.inputs()["LogMetricFilter web-log-errors"]["pattern"] == "?oops"
    assert built.inputs()["MetricAlarm web-log-errors"]["threshold"] == 0.5


def test_it_hands_on_the_names(build: Build) -> None:
    assert watch(build).outputs == {
        "errors": "web-log-errors-alarm",
        "metric": "web-1-errors",
        "delivery": "web-log-delivery-alarm",
    }


def test_everything_belongs_to_the_component(build: Build) -> None:
    parents = watch(build).parents()
    assert parents.pop("the LogWatch web") == "Stack"
    assert set(parents.values()) == {"the LogWatch web"}


@pytest.mark.parametrize("given", [{"error_percent": 0}, {"error_percent": 101}, {"error_pattern": ""}])
def test_thresholds_that_no_log_could_meet(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LogThresholds(**given)
