"""Alarms over what the emulated fleets measure, asked through CloudWatch's own interface."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from moto.sns.models import sns_backends

from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.scene import BOOT, HEALTHY, Scene
from tests.rehearsal.cloud.watching import ERRING, Alarms, image_version

PERCENT = "100 * FILL(errors, 0) / requests"


@pytest.fixture
def alarms(scene: Scene) -> Alarms:
    return Alarms(scene)


def test_an_alarm_has_insufficient_data_until_the_first_minute_ends(scene: Scene, alarms: Alarms) -> None:
    scene.settled()
    name = alarms.put("HealthyHostCount", 1, Statistic="Maximum")
    assert (alarms.state(name), scene.cloud.world.timeline.now) == ("INSUFFICIENT_DATA", 101)
    scene.cloud.step(18)
    assert alarms.state(name) == "INSUFFICIENT_DATA"
    scene.cloud.step(1)
    alarm = alarms.alarm(name)
    assert alarm["StateValue"] == "ALARM"
    assert alarm["StateUpdatedTimestamp"] - scene.cloud.world.clock.epoch == pytest.approx(
        timedelta(seconds=120), abs=timedelta(milliseconds=1)
    )
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoint [2.0 (")


def test_servers_that_err_ring_the_alarm_over_the_share_of_errors(scene: Scene, alarms: Alarms) -> None:
    name = alarms.put_expression(PERCENT, 5)
    scene.settled(version=image_version(scene, ERRING, "errors-after-minutes"))
    scene.until(lambda: alarms.state(name) == "OK")
    scene.cloud.step(180)
    scene.until(lambda: alarms.state(name) == "ALARM")
    assert "2 out of the last 3 datapoints [50.0 (" in alarms.alarm(name)["StateReason"]


def test_without_requests_there_are_no_errors(scene: Scene, alarms: Alarms) -> None:
    name = alarms.put_expression(PERCENT, 5)
    scene.cloud.step(60)
    assert alarms.state(name) == "OK"
    assert "missing datapoints were treated as [NonBreaching]" in alarms.alarm(name)["StateReason"]


def test_servers_that_are_never_healthy_ring_the_alarm_over_hosts(scene: Scene, alarms: Alarms) -> None:
    name = alarms.put(
        "UnHealthyHostCount", 1, Statistic="Maximum", EvaluationPeriods=2,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )  # fmt: skip
    scene.settled(version=3, HealthCheckGracePeriod=1000)
    assert alarms.state(name) == "OK"
    scene.cloud.step(120)
    assert alarms.state(name) == "ALARM"


def test_a_target_group_without_targets_says_nothing_of_its_hosts(scene: Scene, alarms: Alarms) -> None:
    name = alarms.put("UnHealthyHostCount", 0, Statistic="Maximum", TreatMissingData="missing")
    scene.settled()
    scene.cloud.step(60)
    assert alarms.state(name) == "OK"
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    scene.cloud.step(120)
    assert alarms.state(name) == "OK", "the last datapoints are evaluated a while longer"
    scene.cloud.step(180)
    assert alarms.state(name) == "INSUFFICIENT_DATA"
    assert alarms.alarm(name)["StateReason"] == "Insufficient Data: 1 datapoint was unknown."


@pytest.mark.parametrize("how", ["deregistered", "group deleted"])
def test_targets_that_are_taken_away_by_hand_are_no_longer_counted(
    scene: Scene, alarms: Alarms, how: str
) -> None:
    name = alarms.put("HealthyHostCount", 1, Statistic="Minimum", ComparisonOperator="LessThanThreshold")
    scene.settled()
    scene.cloud.step(60)
    assert alarms.state(name) == "OK"
    if how == "deregistered":
        servers = [{"Id": each["InstanceId"]} for each in scene.group()["Instances"]]
        scene.elbv2.deregister_targets(TargetGroupArn=scene.target_group_arn, Targets=servers)
    else:
        scene.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    alarms.state(name)
    scene.cloud.step(300)
    assert alarms.state(name) == "INSUFFICIENT_DATA"


def test_a_set_state_holds_until_the_alarm_is_evaluated_again(scene: Scene, alarms: Alarms) -> None:
    name = alarms.put("UnHealthyHostCount", 0, Statistic="Maximum")
    scene.settled()
    scene.cloud.step(30)
    alarms.client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    scene.cloud.step(40)
    assert (alarms.state(name), alarms.alarm(name)["StateReason"]) == ("ALARM", "a test")
    scene.cloud.step(10)
    assert alarms.state(name) == "OK"


@pytest.mark.parametrize(
    "other",
    [{"Namespace": "AWS/NetworkELB"}, {"MetricName": "RejectedConnectionCount"}, {"Dimensions": []}],
    ids=["namespace", "metric", "dimensions"],
)
def test_an_alarm_over_what_is_not_emulated_keeps_what_was_set(
    scene: Scene, alarms: Alarms, other: dict[str, Any]
) -> None:
    name = alarms.put("RequestCount", 0, **other)
    scene.settled()
    scene.cloud.step(600)
    assert alarms.state(name) == "INSUFFICIENT_DATA"
    alarms.client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
    scene.cloud.step(600)
    assert alarms.state(name) == "OK"


def test_a_load_balancer_that_does_not_forward_to_the_targets_has_no_data(
    scene: Scene, alarms: Alarms
) -> None:
    elsewhere = [{"Name": "LoadBalancer", "Value": "app/other/0123456789abcdef"}, alarms.dimensions[1]]
    name = alarms.put("RequestCount", 0, Dimensions=elsewhere)
    scene.settled()
    scene.cloud.step(300)
    assert alarms.state(name) == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("RATE(errors)", "RATE with 1 arguments is not emulated in metric math"),
        ("errors / others", "the ID 'others' is not one of the queries'"),
        ("errors + percent", "expressions that use each other"),
    ],
)
def test_an_expression_that_is_not_emulated_is_named_in_the_reason(
    scene: Scene, alarms: Alarms, expression: str, why: str
) -> None:
    name = alarms.put_expression(expression, 0)
    scene.cloud.step(60)
    alarm = alarms.alarm(name)
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["StateReason"] == f"Insufficient Data: {why} (emulated cloud)"


def test_other_comparisons_are_not_evaluated(scene: Scene, alarms: Alarms) -> None:
    name = alarms.put("RequestCount", 0, ComparisonOperator="GreaterThanUpperThreshold")
    scene.cloud.step(60)
    assert "GreaterThanUpperThreshold (emulated cloud)" in alarms.alarm(name)["StateReason"]


def test_a_percentile_of_few_requests_changes_nothing_when_they_are_ignored(
    scene: Scene, alarms: Alarms
) -> None:
    settings: dict[str, Any] = {"Statistic": None, "ExtendedStatistic": "p99"}
    ignored = alarms.put("TargetResponseTime", 2, **settings, EvaluateLowSampleCountPercentile="ignore")
    counted = alarms.put("TargetResponseTime", 2, **settings, AlarmName="counted")
    scene.cloud.step(20)
    scene.create_group()
    scene.cloud.step(BOOT + HEALTHY + 40)
    assert (alarms.state(ignored), alarms.state(counted)) == ("INSUFFICIENT_DATA", "OK"), "800 requests"
    scene.cloud.step(60)
    assert alarms.state(ignored) == "OK"


def test_a_changed_alarm_keeps_its_state_until_it_is_evaluated(scene: Scene, alarms: Alarms) -> None:
    name = alarms.put("UnHealthyHostCount", 0)
    scene.settled()
    scene.cloud.step(60)
    alarms.put("UnHealthyHostCount", -1)
    changed = alarms.alarm(name)
    assert (changed["StateValue"], changed["Threshold"]) == ("OK", -1)
    age = changed["StateUpdatedTimestamp"] - scene.cloud.world.clock.epoch
    assert age < timedelta(seconds=121), "since its first evaluation"
    scene.cloud.step(60)
    assert alarms.state(name) == "ALARM"


def test_alarms_are_found_by_the_state_they_are_in_now(scene: Scene, alarms: Alarms) -> None:
    alarms.put("UnHealthyHostCount", 0)
    scene.settled()
    scene.cloud.step(60)
    found = alarms.client.describe_alarms(StateValue="OK")["MetricAlarms"]
    assert [each["AlarmName"] for each in found] == ["UnHealthyHostCount"]


def test_a_state_is_the_same_however_seldom_it_is_asked_for(scene: Scene, alarms: Alarms) -> None:
    name = alarms.put("UnHealthyHostCount", 0, Statistic="Maximum", TreatMissingData="ignore")
    other = alarms.put("UnHealthyHostCount", 0, Statistic="Maximum", TreatMissingData="ignore", AlarmName="o")
    scene.create_group(version=3)
    for _ in range(40):
        scene.cloud.step(30)
        asked = alarms.alarm(name)
    once = alarms.alarm(other)
    assert once["StateUpdatedTimestamp"] == asked["StateUpdatedTimestamp"]
    assert once["StateReason"] == asked["StateReason"]


def test_a_month_in_which_nothing_happens_is_evaluated_once(
    scene: Scene, alarms: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rehearsal.cloud.cloudwatch.alarms import Evaluator

    name = alarms.put("RequestCount", 0)
    scene.settled()
    scene.cloud.step(600)
    assert alarms.state(name) == "ALARM"
    evaluated: list[Any] = []
    evaluate = Evaluator._evaluate

    def counted(*given: Any) -> None:
        evaluated.append(given)
        evaluate(*given)

    monkeypatch.setattr(Evaluator, "_evaluate", counted)
    scene.cloud.step(30 * 24 * 3600)
    assert (alarms.state(name), len(evaluated)) == ("ALARM", 1)


def test_an_alarm_tells_the_topics_of_the_state_that_it_enters(scene: Scene, alarms: Alarms) -> None:
    sns = scene.cloud.client("sns")
    rang, over = (sns.create_topic(Name=name)["TopicArn"] for name in ("rang", "over"))
    gone = over.replace("over", "gone")
    name = alarms.put("UnHealthyHostCount", 0, AlarmActions=[gone, rang], OKActions=[over])
    silent = alarms.put("UnHealthyHostCount", 0, AlarmName="s", AlarmActions=[over], ActionsEnabled=False)
    scene.settled(version=3)
    scene.until(lambda: alarms.state(name) == alarms.state(silent) == "ALARM")
    (message,) = messages(scene, rang)
    assert (message["AlarmName"], message["OldStateValue"], message["NewStateValue"]) == (name, "OK", "ALARM")
    assert [each["NewStateValue"] for each in messages(scene, over)] == ["OK"]
    alarms.client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
    assert [each["NewStateReason"] for each in messages(scene, over)][1:] == ["a test"]


def messages(scene: Scene, topic: str) -> list[dict[str, Any]]:
    """What was published to a topic, as moto keeps it."""
    sent = sns_backends[ACCOUNT][scene.cloud.region].topics[topic].sent_notifications
    return [json.loads(each[1]) for each in sent]


def test_an_alarm_that_rings_by_itself_stops_a_refresh(scene: Scene, alarms: Alarms) -> None:
    name = alarms.put_expression(PERCENT, 5)
    erring = image_version(scene, ERRING, "errors-after-minutes")
    scene.settled()
    scene.start(
        erring, AlarmSpecification={"Alarms": [name]}, BakeTime=900, AutoRollback=True, InstanceWarmup=0
    )
    refresh = scene.until_over()
    assert (refresh["Status"], name in refresh["StatusReason"]) == ("RollbackSuccessful", True)
    assert scene.versions() == ["1", "1"]
    scene.until(lambda: alarms.state(name) == "OK")


def test_metrics_of_a_group_are_there_while_they_are_collected(scene: Scene, alarms: Alarms) -> None:
    of_group = {
        "Namespace": "AWS/AutoScaling",
        "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "web"}],
        "Statistic": "Minimum",
        "ComparisonOperator": "LessThanThreshold",
    }
    name = alarms.put("GroupInServiceInstances", 3, **of_group)
    scene.settled()
    scene.cloud.step(120)
    assert alarms.state(name) == "INSUFFICIENT_DATA"
    scene.autoscaling.enable_metrics_collection(
        AutoScalingGroupName="web", Granularity="1Minute", Metrics=["GroupInServiceInstances"]
    )
    scene.cloud.step(60)
    assert (alarms.state(name), "[2.0 (" in alarms.alarm(name)["StateReason"]) == ("ALARM", True)
