"""Datapoints of what the emulated fleets measure, as GetMetricData and GetMetricStatistics give them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.scene import Scene
from tests.rehearsal.cloud.watching import ERRING, Alarms, image_version

PERCENT = "100 * FILL(errors, 0) / requests"


@pytest.fixture
def alarms(scene: Scene) -> Alarms:
    return Alarms(scene)


def test_metric_data_are_given_by_period(scene: Scene, alarms: Alarms) -> None:
    scene.settled(version=image_version(scene, ERRING, "errors-after-minutes"))
    scene.cloud.step(379)
    epoch = scene.cloud.world.clock.epoch
    given: list[dict[str, Any]] = [
        {"Id": "errors", "MetricStat": alarms.stat("HTTPCode_Target_5XX_Count"), "ReturnData": False},
        {"Id": "requests", "MetricStat": alarms.stat("RequestCount")},
        {"Id": "percent", "Expression": PERCENT},
    ]
    window = {"StartTime": epoch, "EndTime": epoch + timedelta(seconds=480)}
    oldest_first = alarms.client.get_metric_data(
        MetricDataQueries=given, **window, ScanBy="TimestampAscending"
    )["MetricDataResults"]
    results = {each["Id"]: each for each in oldest_first}
    assert set(results) == {"requests", "percent"}
    assert results["requests"]["Values"] == [1200] * 7, "from the first whole minute with a healthy server on"
    assert results["percent"]["Values"][0] == 0
    assert results["percent"]["Values"][-1] == pytest.approx(50)
    newest_first = alarms.client.get_metric_data(MetricDataQueries=given, **window)["MetricDataResults"]
    for found in newest_first:
        for what in ("Timestamps", "Values"):
            assert found[what] == results[found["Id"]][what][::-1], "as CloudWatch orders them by default"
    assert results["percent"]["Timestamps"][0] - epoch == pytest.approx(
        timedelta(seconds=60), abs=timedelta(milliseconds=1)
    )


def test_metric_statistics_are_given_by_period(scene: Scene, alarms: Alarms) -> None:
    scene.settled()
    scene.cloud.step(60)
    epoch = scene.cloud.world.clock.epoch
    of = {"Namespace": "AWS/ApplicationELB", "Dimensions": alarms.dimensions, "Period": 60}
    window = {"StartTime": epoch, "EndTime": epoch + timedelta(seconds=130)}
    hosts = alarms.client.get_metric_statistics(
        MetricName="HealthyHostCount", Statistics=["Average", "Minimum"], **of, **window
    )["Datapoints"]
    assert [(each["Average"], each["Minimum"]) for each in hosts][-1] == (2, 2)
    (latency,) = alarms.client.get_metric_statistics(
        MetricName="TargetResponseTime", ExtendedStatistics=["p99"], **of, **window
    )["Datapoints"]
    assert latency["ExtendedStatistics"] == {"p99": 0.05}


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"Id": "rate", "Expression": "RATE(errors)"}, "RATE with 1 arguments is not emulated"),
        ({"Id": "trimmed", "MetricStat": {"Stat": "tm90"}}, "the statistic 'tm90' is not emulated"),
    ],
)
def test_metric_data_that_are_not_emulated_are_refused_with_a_reason(
    scene: Scene, alarms: Alarms, query: dict[str, Any], why: str
) -> None:
    scene.settled()
    errors = {"Id": "errors", "MetricStat": alarms.stat("HTTPCode_Target_5XX_Count")}
    if "MetricStat" in query:
        query = {"Id": query["Id"], "MetricStat": errors["MetricStat"] | query["MetricStat"]}
    epoch = scene.cloud.world.clock.epoch
    with pytest.raises(ClientError, match="ValidationError") as error:
        alarms.client.get_metric_data(
            MetricDataQueries=[errors, query], StartTime=epoch, EndTime=epoch + timedelta(seconds=100)
        )
    assert why in str(error.value)
    with pytest.raises(ClientError, match="the statistic 'tm90' is not emulated"):
        alarms.client.get_metric_statistics(
            Namespace="AWS/ApplicationELB", MetricName="RequestCount", Dimensions=alarms.dimensions,
            Period=60, StartTime=epoch, EndTime=epoch + timedelta(seconds=100), ExtendedStatistics=["tm90"],
        )  # fmt: skip
