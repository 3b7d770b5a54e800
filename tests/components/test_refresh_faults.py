"""The rollout when AWS is slow, refuses or forgets, or someone else acts: a success or one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from components import refresh_provider
from components.refresh_errors import RolloutError
from components.refresh_provider import RefreshProvider
from components.refresh_waiter import Clients, Rollout
from rehearsal.cloud.local import CREDENTIALS
from tests.components.rollouts import PREFERENCES, Watched, started
from tests.rehearsal.cloud.scene import Scene

CALLS = (
    "DescribeInstanceRefreshes",
    "DescribeAutoScalingGroups",
    "DescribeTargetHealth",
    "DescribeLaunchTemplateVersions",
    "DescribeAlarms",
    "StartInstanceRefresh",
)
WATCHED = PREFERENCES | {"AlarmSpecification": {"Alarms": ["errors"]}}


@pytest.fixture
def faulty(scene: Scene, watched: Watched) -> Watched:
    """A settled group, and clients that try nothing again by themselves: that is left to the waiter."""
    scene.settled(desired=2)
    cloudwatch = scene.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", Namespace="AWS/SQS", MetricName="errors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="all is well")
    watched.clients = Clients(*map(client(scene), ("autoscaling", "elbv2", "ec2", "cloudwatch")))
    return watched


def client(scene: Scene) -> Callable[[str], Any]:
    keys = {name.lower(): value for name, value in CREDENTIALS.items()}
    config = Config(retries={"total_max_attempts": 1}, read_timeout=0.3)

    def make(service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service, region_name="eu-central-1", endpoint_url=scene.cloud.url, config=config, **keys
        )

    return make


def succeeds(watched: Watched, refreshes: int = 1) -> None:
    outcome = watched.of("2", preferences=WATCHED).run()
    scene = watched.scene
    scene.cloud.clear_faults()
    assert (outcome.status, outcome.refresh_id) == ("Successful", scene.refresh()["InstanceRefreshId"])
    assert (started(scene), scene.versions(), scene.group_version()) == (refreshes, ["2", "2"], "2")


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize("fault", [{"error": "Throttling"}, {"drop": "before"}, {"drop": "after"}])
def test_a_call_that_fails_now_and_then_is_made_again(
    faulty: Watched, action: str, fault: dict[str, Any]
) -> None:
    faulty.scene.cloud.fault(action, times=3, **fault)
    succeeds(faulty)


@pytest.mark.parametrize("action", ["StartInstanceRefresh", "DescribeInstanceRefreshes"])
def test_a_call_that_takes_too_long_is_made_again(faulty: Watched, action: str) -> None:
    faulty.scene.cloud.fault(action, delay_seconds=0.6, times=1)
    succeeds(faulty)


def test_a_start_whose_answer_was_lost_is_adopted_and_no_other_made(faulty: Watched) -> None:
    faulty.scene.cloud.fault("StartInstanceRefresh", drop="after", times=1)
    succeeds(faulty)
    refresh_id = faulty.scene.refresh()["InstanceRefreshId"]
    assert any(f"going on with refresh {refresh_id}" in line for line in faulty.lines)


@pytest.mark.parametrize("action", ["DescribeInstanceRefreshes", "DescribeAutoScalingGroups"])
def test_what_is_read_late_starts_no_second_refresh(faulty: Watched, action: str) -> None:
    faulty.scene.cloud.fault(action, stale_seconds=90)
    succeeds(faulty)


def test_a_start_of_another_that_is_not_listed_yet_is_waited_for(faulty: Watched) -> None:
    scene = faulty.scene
    scene.cloud.fault("DescribeInstanceRefreshes", stale_seconds=60)
    assert started(scene) == 0  # what the next reads show
    running = scene.start(2)
    succeeds(faulty)
    assert scene.refresh()["InstanceRefreshId"] == running


def test_throttling_to_the_end_is_one_line(faulty: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty.scene.cloud.fault("DescribeInstanceRefreshes", error="Throttling")
    rollout = faulty.of("2", seconds=0.3)
    rollout._sleep = lambda _: __import__("time").sleep(0.05)
    text = through_the_provider(rollout, monkeypatch)
    assert text.startswith("instance refresh of web: An error occurred (Throttling) when calling the")
    assert text.endswith(": Rate exceeded")
    assert faulty.lines == ["web: still waiting (ClientError)"]


def test_the_reason_of_a_failure_is_asked_for_again(faulty: Watched) -> None:
    faulty.scene.cloud.fault("DescribeScalingActivities", error="Throttling", times=2)
    with pytest.raises(RolloutError, match=r"scaling activities: .*failed its health check"):
        faulty.of("3", preferences=WATCHED).run()


# Someone else


def through_the_provider(rollout: Rollout, monkeypatch: pytest.MonkeyPatch) -> str:
    """The line that a user sees."""
    monkeypatch.setattr(refresh_provider, "_rollout", lambda _: rollout)
    news = {"group_name": "web", "launch_template_version": "2"}
    with pytest.raises(RolloutError) as failed:
        RefreshProvider().update("id", {}, news)
    assert "\n" not in str(failed.value)
    return str(failed.value)


def in_the_middle(watched: Watched, act: Callable[[Scene], object]) -> Rollout:
    """A rollout during which someone acts, once, when half of the servers are replaced."""
    scene, acted = watched.scene, [False]

    def pause(seconds: float) -> None:
        watched.pause(seconds)
        if not acted[0] and started(scene) and scene.refresh().get("PercentageComplete") == 50:
            acted[0] = True
            act(scene)

    rollout = watched.of("2", preferences=WATCHED)
    rollout._sleep = pause
    return rollout


@pytest.mark.parametrize(
    ("operation", "ending"),
    [("cancel_instance_refresh", "Cancelled"), ("rollback_instance_refresh", "RollbackSuccessful")],
)
def test_a_refresh_that_someone_stops_is_one_line_with_its_reason(
    faulty: Watched, monkeypatch: pytest.MonkeyPatch, operation: str, ending: str
) -> None:
    rollout = in_the_middle(
        faulty, lambda scene: getattr(scene.autoscaling, operation)(AutoScalingGroupName="web")
    )
    text = through_the_provider(rollout, monkeypatch)
    refresh_id = faulty.scene.refresh()["InstanceRefreshId"]
    assert text.startswith(f"instance refresh {refresh_id} of web to launch template version 2 (")
    assert f") ended {ending}: " in text
    assert "no reason given" not in text


def test_a_group_that_someone_deletes_is_one_line(faulty: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    rollout = in_the_middle(
        faulty,
        lambda scene: scene.autoscaling.delete_auto_scaling_group(
            AutoScalingGroupName="web", ForceDelete=True
        ),
    )
    monkeypatch.setattr("tests.components.test_refresh_faults.started", lambda _: not gone(faulty))
    text = through_the_provider(rollout, monkeypatch)
    assert text.startswith("instance refresh of web: An error occurred (ValidationError)")


def gone(watched: Watched) -> bool:
    return not watched.scene.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]


def test_an_alarm_that_rings_meanwhile_rolls_back_and_is_named(
    faulty: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ring(scene: Scene) -> None:
        scene.cloud.client("cloudwatch").set_alarm_state(
            AlarmName="errors", StateValue="ALARM", StateReason="Threshold Crossed"
        )

    text = through_the_provider(in_the_middle(faulty, ring), monkeypatch)
    assert "ended RollbackSuccessful: " in text
    assert "errors" in text.partition("ended")[2]
    assert (faulty.scene.versions(), faulty.scene.group_version()) == (["1", "1"], "1")
