"""Alarms before and after a rollout, against the emulated cloud and as the provider's check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pulumi.output import UNKNOWN

from components import refresh_alarms as alarms
from components.refresh_errors import RolloutError
from components.refresh_provider import RefreshProvider
from components.refresh_waiter import Rollout
from rehearsal.cloud.local import CREDENTIALS
from tests.components.rollouts import PREFERENCES, Watched, started
from tests.rehearsal.cloud.scene import Scene

WATCHED = PREFERENCES | {"AlarmSpecification": {"Alarms": ["errors", "latency"]}}


class Alarmed:
    """A rollout of version 2 that watches two alarms, both OK; its pauses are seconds of both worlds."""

    def __init__(self, watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
        self.watched, self.scene = watched, watched.scene
        self.cloudwatch = self.scene.cloud.client("cloudwatch")
        self.now = 0.0
        self.at_each_pause: Callable[[], None] = lambda: None
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        for name in ("errors", "latency"):
            # Of what is not measured here, so that a state stays as it is set.
            self.cloudwatch.put_metric_alarm(
                AlarmName=name, Namespace="AWS/SQS", MetricName=name, Statistic="Sum", Period=60,
                EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
            )  # fmt: skip
            self.set(name, "OK", "all is well")

    def set(self, name: str, state: str, reason: str = "Threshold\nCrossed.") -> None:
        self.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)

    def pause(self, seconds: float) -> None:
        self.now += seconds
        self.scene.cloud.step(seconds)
        self.at_each_pause()

    def rollout(self) -> Rollout:
        rollout = self.watched.of("2", seconds=7200, preferences=WATCHED)
        rollout._sleep = self.pause
        return rollout

    def failure(self) -> str:
        with pytest.raises(RolloutError) as failed:
            self.rollout().run()
        return str(failed.value)


@pytest.fixture
def alarmed(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> Alarmed:
    watched.scene.settled(desired=1)
    return Alarmed(watched, monkeypatch)


def test_a_refresh_starts_and_ends_when_every_alarm_is_ok(alarmed: Alarmed) -> None:
    assert alarmed.rollout().run().status == "Successful"
    told = [line for line in alarmed.watched.lines if "latency" in line]
    assert told == ["web: OK: errors, latency"] * 2
    assert "OK:" in alarmed.watched.lines[0]
    assert "OK:" in alarmed.watched.lines[-1]


def test_no_refresh_starts_before_a_ringing_alarm_is_ok_again(alarmed: Alarmed) -> None:
    alarmed.set("errors", "ALARM")

    def calm_down() -> None:
        if alarmed.now > 60:
            assert started(alarmed.scene) == 0
            alarmed.set("errors", "OK")
            alarmed.at_each_pause = lambda: None

    alarmed.at_each_pause = calm_down
    assert alarmed.rollout().run().status == "Successful"
    assert alarmed.watched.lines[0] == "web: waiting for alarm errors is ALARM (Threshold Crossed)"


@pytest.mark.parametrize("state", ["ALARM", "INSUFFICIENT_DATA"])
def test_an_alarm_that_does_not_become_ok_is_one_line_and_nothing_was_started(
    alarmed: Alarmed, state: str
) -> None:
    alarmed.set("latency", state)
    assert alarmed.failure() == (
        f"web: the refresh was not started, but alarm latency is {state} (Threshold Crossed) after 600 s; "
        "look at what it measures, or set watchAlarms to false where this rollout is the remedy; then run up "
        "again"
    )
    assert started(alarmed.scene) == 0


def test_an_alarm_that_is_gone_is_not_waited_for_as_long(alarmed: Alarmed) -> None:
    alarmed.cloudwatch.delete_alarms(AlarmNames=["errors"])
    assert "alarm errors does not exist after 30 s" in alarmed.failure()
    assert (started(alarmed.scene), alarmed.now < 60) == (0, True)


def test_an_alarm_that_was_made_a_moment_ago_may_be_listed_later(alarmed: Alarmed) -> None:
    rollout = alarmed.rollout()
    listed = rollout._read.alarms
    rollout._read.alarms = (  # type: ignore[method-assign]
        lambda names: listed(names if alarmed.now > 20 else ["unlisted"])
    )
    assert rollout.run().status == "Successful"


def test_a_successful_refresh_is_a_failure_without_its_alarms_and_running_again_is_no_way_around(
    alarmed: Alarmed,
) -> None:
    def lose_data() -> None:
        if started(alarmed.scene):
            alarmed.set("errors", "INSUFFICIENT_DATA", "Unchecked")

    alarmed.at_each_pause = lose_data
    refresh_id = ""
    for _ in range(2):
        text = alarmed.failure()
        refresh_id = alarmed.scene.refresh()["InstanceRefreshId"]
        assert text.startswith(
            f"web: refresh {refresh_id} ended Successful, but alarm errors is INSUFFICIENT_DATA (Unchecked)"
        )
        assert started(alarmed.scene) == 1
    alarmed.at_each_pause = lambda: None
    alarmed.set("errors", "OK")
    assert alarmed.rollout().run().refresh_id == refresh_id


def test_a_group_that_wants_no_server_is_refreshed_without_asking(alarmed: Alarmed) -> None:
    alarmed.set("errors", "INSUFFICIENT_DATA")
    alarmed.scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    alarmed.scene.cloud.step(100)
    assert alarmed.rollout().run().status == "Successful"
    assert (started(alarmed.scene), alarmed.scene.group_version()) == (1, "2")


def test_the_servers_of_a_new_group_come_without_asking(alarmed: Alarmed) -> None:
    alarmed.set("errors", "INSUFFICIENT_DATA")
    assert alarmed.rollout().first().status == "Successful"
    assert started(alarmed.scene) == 1


def test_what_a_failed_release_left_ringing_does_not_stand_against_going_back(alarmed: Alarmed) -> None:
    alarmed.set("errors", "ALARM")
    back = alarmed.watched.of("4", seconds=7200, preferences=WATCHED)  # the image that still runs
    back._sleep = alarmed.pause
    assert back.run().refresh_id == ""


def test_composite_alarms_are_asked_for_by_their_kind(alarmed: Alarmed) -> None:
    class CloudWatch:
        def describe_alarms(self, **given: Any) -> Any:
            assert given == {"AlarmNames": ["a", "b"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
            return {"CompositeAlarms": [{"AlarmName": "b", "StateValue": "OK"}]}

    assert alarms.read(CloudWatch(), ["a", "b"]) == [alarms.Alarm("a"), alarms.Alarm("b", "OK")]


# The names that a caller adds


@pytest.fixture
def checked(alarmed: Alarmed, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> RefreshProvider:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": scene.cloud.url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("components.refresh_provider.show_rollout_errors_as_one_line", lambda: None)
    provider = RefreshProvider()
    provider.configure(None)  # type: ignore[arg-type]
    return provider


def news(*names: Any, region: Any = "eu-central-1") -> dict[str, Any]:
    return {
        "region": region,
        "launch_template_version": UNKNOWN,
        "image_id": UNKNOWN,
        "callers_alarms": list(names),
    }


def test_an_added_alarm_that_does_not_exist_is_refused_before_anything_changes(
    checked: RefreshProvider,
) -> None:
    failures = checked.check({}, news("errors", "eror")).failures
    assert [(one.property, one.reason) for one in failures] == [
        (
            "callers_alarms",
            "alarm eror does not exist in eu-central-1; make it first, or take its name away",
        )
    ]


def test_added_alarms_that_exist_pass_whatever_they_say(checked: RefreshProvider, alarmed: Alarmed) -> None:
    alarmed.set("errors", "ALARM")
    assert checked.check({}, news("errors", "latency")).failures == []


@pytest.mark.parametrize("given", [news(), news(UNKNOWN), news("errors", region=UNKNOWN)])
def test_a_preview_without_names_to_look_up_asks_nobody(
    given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("a client was made")

    monkeypatch.setattr("components.refresh_provider._client", forbidden)
    assert RefreshProvider().check({}, given).failures == []


def test_alarms_that_cannot_be_looked_up_are_one_line(
    checked: RefreshProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    failures = checked.check({}, news("errors")).failures
    assert [one.property for one in failures] == ["callers_alarms"]
    assert "['errors'] cannot be looked up (Could not connect to the endpoint URL" in failures[0].reason
