"""What is counted of lines, and the alarms that ring by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.shipping import GROUP, INTERVAL, Shipping, allow

LINES = [{"Name": "LogGroupName", "Value": GROUP}]


def _count(shipping: Shipping, pattern: str = "ERROR", **more: Any) -> None:
    transformation = {"metricName": "errors", "metricNamespace": "immutable", "metricValue": "1"} | more
    shipping.logs.put_metric_filter(
        logGroupName=GROUP, filterName="errors", filterPattern=pattern, metricTransformations=[transformation]
    )


def _alarm(cloud: Local, threshold: float, **settings: Any) -> None:
    """Rings when more than so many per cent of a minute's lines are errors."""

    def sums(name: str, namespace: str, metric: str, dimensions: Any) -> dict[str, Any]:
        of = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
        return {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {"Metric": of, "Period": 60, "Stat": "Sum"},
        }

    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="log-errors",
        Metrics=[
            sums("errors", "immutable", "errors", []),
            sums("lines", "AWS/Logs", "IncomingLogEvents", LINES),
            {"Id": "percent", "Expression": "100 * FILL(errors, 0) / lines", "ReturnData": True},
        ],
        Threshold=threshold,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        **settings,
    )


def _state(cloud: Local) -> str:
    found = cloud.client("cloudwatch").describe_alarms(AlarmNames=["log-errors"])["MetricAlarms"]
    return str(found[0]["StateValue"])


def _sum(cloud: Local, namespace: str, name: str, dimensions: Any = ()) -> list[float]:
    world = cloud.world
    start = world.clock.date(0)
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=list(dimensions),
        StartTime=start,
        EndTime=start + timedelta(hours=1),
        Period=60,
        Statistics=["Sum"],
    )
    points = sorted(found["Datapoints"], key=lambda point: str(point["Timestamp"]))
    return [point["Sum"] for point in points]


def test_an_alarm_rings_when_the_share_of_errors_is_too_high_and_stops(cloud: Local) -> None:
    shipping = Shipping(cloud)
    _count(shipping)
    _alarm(cloud, 10)
    shipping.write(*["fine"] * 9, "ERROR")
    cloud.step(60)
    assert _state(cloud) == "OK"
    shipping.write(*["fine"] * 8, "ERROR", "ERROR")
    cloud.step(60)
    assert _state(cloud) == "ALARM"
    cloud.step(180)
    assert _state(cloud) == "OK"


def test_lines_and_errors_are_counted_by_the_minute(cloud: Local) -> None:
    shipping = Shipping(cloud)
    _count(shipping, metricValue="2")
    shipping.write("ERROR", "fine", "ERROR")
    cloud.step(60)
    shipping.write("ERROR")
    cloud.step(60)
    assert _sum(cloud, "AWS/Logs", "IncomingLogEvents", LINES) == [3, 1]
    assert _sum(cloud, "AWS/Logs", "IncomingBytes", LINES) == [14, 5]
    assert _sum(cloud, "immutable", "errors") == [4, 2]


def test_a_minute_with_lines_and_no_match_has_the_default_value(cloud: Local) -> None:
    shipping = Shipping(cloud)
    _count(shipping, defaultValue=0)
    shipping.write("fine")
    cloud.step(60)
    assert _sum(cloud, "immutable", "errors") == [0]


def test_a_filter_counts_lines_from_when_it_was_put_and_the_last_one_of_a_name(cloud: Local) -> None:
    shipping = Shipping(cloud)
    shipping.write("ERROR")
    _count(shipping)
    _count(shipping, "FATAL")
    shipping.write("ERROR", "FATAL")
    cloud.step(60)
    assert _sum(cloud, "immutable", "errors") == [1]


def test_what_somebody_puts_is_counted_too(cloud: Local) -> None:
    data = [
        {"MetricName": "errors", "Values": [1, 3], "Counts": [2, 1]},
        {"MetricName": "errors", "Value": 1},
    ]
    cloud.client("cloudwatch").put_metric_data(Namespace="immutable", MetricData=data)
    cloud.step(60)
    assert _sum(cloud, "immutable", "errors") == [6]


@pytest.mark.parametrize(
    "changes", [{"metricValue": "$.bytes"}, {"dimensions": {"Server": "$.server"}}, {"pattern": "[a, b]"}]
)
def test_what_is_not_emulated_is_refused(cloud: Local, changes: dict[str, Any]) -> None:
    shipping = Shipping(cloud)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        _count(shipping, **changes)


def test_a_filter_of_a_group_that_is_not_there_is_refused(cloud: Local) -> None:
    shipping = Shipping(cloud)
    shipping.logs.delete_log_group(logGroupName=GROUP)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        _count(shipping)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        shipping.logs.delete_metric_filter(logGroupName=GROUP, filterName="errors")


def test_how_old_undelivered_lines_are_is_told_until_they_are_delivered(cloud: Local) -> None:
    shipping = Shipping(cloud)
    shipping.subscribe()
    cloud.step(INTERVAL)
    shipping.may("writer", allow("logs:*"))
    shipping.write("late")
    cloud.step(600)
    assert _freshness(cloud)[-3:] == [480, 540, 600]
    shipping.may("writer", allow("s3:*"))
    cloud.step(600)
    assert _freshness(cloud)[-1] == pytest.approx(660, abs=61)


def test_an_alarm_over_lines_that_stay_undelivered_rings_though_nothing_else_happens(cloud: Local) -> None:
    shipping = Shipping(cloud)
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="log-errors",
        Namespace="AWS/Firehose",
        MetricName="DeliveryToS3.DataFreshness",
        Dimensions=[{"Name": "DeliveryStreamName", "Value": "web"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1800,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    shipping.subscribe()
    shipping.may("writer", allow("logs:*"))
    shipping.write("late")
    cloud.step(1740)
    assert _state(cloud) == "OK"
    cloud.step(180)
    assert _state(cloud) == "ALARM"
    shipping.may("writer", allow("s3:*"))
    cloud.step(300)
    assert _state(cloud) == "OK"


def _freshness(cloud: Local) -> list[float]:
    start = cloud.world.clock.date(0)
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Firehose",
        MetricName="DeliveryToS3.DataFreshness",
        Dimensions=[{"Name": "DeliveryStreamName", "Value": "web"}],
        StartTime=start,
        EndTime=start + timedelta(hours=1),
        Period=60,
        Statistics=["Maximum"],
    )
    points = sorted(found["Datapoints"], key=lambda point: str(point["Timestamp"]))
    return [point["Maximum"] for point in points]
