"""DescribeAlarmHistory: which states an alarm was in, and when."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from rehearsal.cloud.cloudwatch import alarm_history
from tests.rehearsal.cloud.scene import Scene
from tests.rehearsal.cloud.watching import Alarms


@pytest.fixture
def alarms(scene: Scene) -> Alarms:
    return Alarms(scene)


def put(scene: Scene, name: str, *states: str) -> Any:
    """An alarm over what the cloud does not measure, set to each state a minute after the one before."""
    client = scene.cloud.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName=name, Namespace="AWS/SQS", MetricName=name, Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    for state in states:
        scene.cloud.step(60)
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="Set by a test.")
    return client


def test_every_change_of_state_is_an_item_the_newest_first(scene: Scene) -> None:
    client = put(scene, "web", "OK", "ALARM", "ALARM", "OK")
    items = client.describe_alarm_history(AlarmName="web")["AlarmHistoryItems"]
    assert [each["HistorySummary"] for each in items] == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from INSUFFICIENT_DATA to OK",
    ]
    assert {(each["AlarmName"], each["AlarmType"], each["HistoryItemType"]) for each in items} == {
        ("web", "MetricAlarm", "StateUpdate")
    }
    assert items[0]["Timestamp"] - items[1]["Timestamp"] == timedelta(minutes=2)
    data = json.loads(items[1]["HistoryData"])
    assert data["oldState"] == {"stateValue": "OK"}
    assert data["newState"] == {"stateValue": "ALARM", "stateReason": "Set by a test."}


def test_an_alarm_that_is_evaluated_has_its_changes_where_they_happened(scene: Scene, alarms: Alarms) -> None:
    scene.settled()
    name = alarms.put("HealthyHostCount", 1, Statistic="Maximum")
    scene.cloud.step(600)
    (item,) = scene.cloud.client("cloudwatch").describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
    assert item["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert item["Timestamp"] - scene.cloud.world.clock.epoch == pytest.approx(
        timedelta(seconds=120), abs=timedelta(milliseconds=1)
    )


def test_a_time_a_kind_and_an_order_can_be_asked_for(scene: Scene) -> None:
    client = put(scene, "web", "OK", "ALARM", "OK")
    items = client.describe_alarm_history(AlarmName="web")["AlarmHistoryItems"]

    def asked(**what: Any) -> list[str]:
        found = client.describe_alarm_history(AlarmName="web", **what)["AlarmHistoryItems"]
        return [each["HistorySummary"] for each in found]

    # A time in an answer has whole milliseconds.
    before, after = items[1]["Timestamp"], items[1]["Timestamp"] + timedelta(milliseconds=1)
    assert len(asked(StartDate=before)) == 2
    assert len(asked(EndDate=after)) == 2
    assert asked(StartDate=before, EndDate=after) == ["Alarm updated from OK to ALARM"]
    assert asked(ScanBy="TimestampAscending") == asked()[::-1]
    assert asked(AlarmTypes=["CompositeAlarm"]) == []
    assert asked(HistoryItemType="ConfigurationUpdate") == []
    assert len(asked(HistoryItemType="StateUpdate")) == 3


def test_pages_hold_what_was_asked_for(scene: Scene) -> None:
    client = put(scene, "web", "OK", "ALARM", "OK")
    pages = client.get_paginator("describe_alarm_history").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["AlarmHistoryItems"]) for page in pages] == [2, 1]


def test_another_alarms_changes_are_its_own(scene: Scene) -> None:
    put(scene, "api", "OK")
    client = put(scene, "web", "ALARM")
    assert len(client.describe_alarm_history(AlarmName="web")["AlarmHistoryItems"]) == 1
    assert len(client.describe_alarm_history()["AlarmHistoryItems"]) == 2


def test_what_is_older_than_thirty_days_is_forgotten(scene: Scene) -> None:
    client = put(scene, "web", "OK")
    scene.cloud.step(alarm_history.KEPT_SECONDS)
    put(scene, "web", "ALARM")
    (item,) = client.describe_alarm_history(AlarmName="web")["AlarmHistoryItems"]
    assert item["HistorySummary"] == "Alarm updated from OK to ALARM"
