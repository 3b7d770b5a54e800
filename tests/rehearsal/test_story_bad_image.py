"""The step with a bad image fails when the release does not fail, or does not come back as it should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.bad_image import bad_image
from rehearsal.engines import Operation, Outcome
from rehearsal.errors import UsageError
from rehearsal.fleet import Serving
from rehearsal.stage import Stage, StepFailedError
from tests.rehearsal.staged import (
    NETWORK,
    NEW,
    OLD,
    REFRESH,
    TEMPLATE,
    FakeEngine,
    client,
    engine,
    make_stage,
    record,
)

REASON = "refresh r-1 ended RollbackSuccessful: alarms in ALARM state: web-errors-1"


class Cloud:
    """AWS, and an engine whose first up starts a refresh that an alarm ends."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.refreshes: list[dict[str, Any]] = [{"InstanceRefreshId": "r-0", "Status": "Successful"}]
        self.status = "RollbackSuccessful"
        self.reason: str | None = REASON
        self.exit_code = 1
        self.running = OLD
        self.agrees = False
        self.tagged: list[dict[str, Any]] = []
        self.second: Callable[[], None] = lambda: None
        self.during: Callable[[], None] = lambda: None
        self._ran = engine(stage).run

    def run(self, operation: Operation, environment: str, on_line: Any = None) -> Outcome:
        first = not engine(self.stage).ran
        outcome = self._ran(operation, environment, on_line)
        if not first:
            self.second()
            return outcome
        self.during()
        self.start("r-1", self.status)
        ok = self.reason is None
        return replace(outcome, ok=ok, error=self.reason, exit_code=0 if ok else self.exit_code)

    def start(self, refresh_id: str, status: str) -> None:
        self.refreshes.append(
            {
                "InstanceRefreshId": refresh_id,
                "AutoScalingGroupName": "staging-web",
                "Status": status,
                "StatusReason": "Automatic rollback.",
                "Preferences": {"MinHealthyPercentage": 100},
            }
        )

    def create_tags(self, **given: Any) -> None:
        self.tagged.append(given)

    def describe_instance_refreshes(self, **_: Any) -> dict[str, Any]:
        return {"InstanceRefreshes": self.refreshes}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_alarms"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [
            {"MetricAlarms": [{"AlarmName": "api-errors-1"}]},
            {"MetricAlarms": [{"AlarmName": "web-errors-1"}]},
        ]

    def ask(self, _: Stage, *arguments: str, **more: Any) -> dict[str, Any]:
        if arguments[0] == "bake":
            assert (arguments, more) == (("bake", "service", "--rebuild"), {"json_option": ("--json", "-")})
            return {"images": {"eu-central-1": NEW, "eu-west-1": OLD}}
        assert arguments == ("status", "staging")
        services = {"web": {"running": self.running}}
        return {"environments": [{"agrees": self.agrees, "services": services}]}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = make_stage(tmp_path, monkeypatch)
    client(made).fleets["staging"] = OLD
    engine(made).rolls = False
    engine(made).changes["up"] = [TEMPLATE, REFRESH]
    return made


@pytest.fixture
def cloud(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud(stage)
    monkeypatch.setattr(FakeEngine, "run", lambda _, *given: made.run(*given))
    monkeypatch.setattr(Stage, "aws", lambda *_: made)
    monkeypatch.setattr(Stage, "ask", lambda *given, **more: made.ask(*given, **more))
    return made


def test_a_bad_image_is_set_fails_and_is_taken_back(stage: Stage, cloud: Cloud) -> None:
    step = record()
    bad_image(stage, step)
    behaviour = {"Key": "rehearsal:behaviour", "Value": "errors-after-minutes"}
    assert cloud.tagged == [{"Resources": [NEW], "Tags": [behaviour]}]
    assert [each["image"] for each in step.images] == [NEW]
    # Nothing is to be seen while it is built, and all of the rollout afterwards.
    assert client(stage).speeds == [2500, 500]
    assert engine(stage).ran == ["up staging", "up staging"]
    assert [each["ok"] for each in step.operations] == [False, True]
    # Both engines change the same; how much the failed up had looked at until then is no matter.
    assert (step.changes["update"], step.changes["same"]) == (4, 5)
    assert step.notes[1:] == [
        f"{NEW} passed its tests; its servers will err after some minutes",
        f"Pulumi.staging.yaml: -   immutable:imageId: {OLD}",
        f"Pulumi.staging.yaml: +   immutable:imageId: {NEW}",
        f"up staging fails, as it should: {REASON}",
        "staging-web: RollbackSuccessful. Automatic rollback.",
        f"staging: 2 in service on {OLD}",
        "web: never fewer than 2 of 2 healthy",
        f"Pulumi.staging.yaml: -   immutable:imageId: {NEW}",
        f"Pulumi.staging.yaml: +   immutable:imageId: {OLD}",
        "the configuration is back, and its up starts no refresh: every server runs it already",
    ]
    assert step.reason is None


def test_a_bad_image_that_passes_fails_the_step(stage: Stage, cloud: Cloud) -> None:
    cloud.reason = None
    with pytest.raises(StepFailedError, match="up staging should fail; it passed"):
        bad_image(stage, record())


def test_a_refusal_is_not_the_failure_that_the_step_is_for(stage: Stage, cloud: Cloud) -> None:
    cloud.exit_code, cloud.reason = 2, "Pulumi.staging.yaml: no"
    with pytest.raises(UsageError, match=r"^up staging: Pulumi.staging.yaml: no$"):
        bad_image(stage, record())


@pytest.mark.parametrize("reason", ["ended RollbackSuccessful: time-out", "ended Failed: web-errors-1"])
def test_a_failure_without_the_alarm_or_the_rollback_fails_the_step(
    stage: Stage, cloud: Cloud, reason: str
) -> None:
    cloud.reason = reason
    with pytest.raises(StepFailedError, match=f"it failed with: {reason}"):
        bad_image(stage, record())


@pytest.mark.parametrize("status", ["Failed", "RollbackFailed", "Successful"])
def test_a_refresh_that_was_not_rolled_back_fails_the_step(stage: Stage, cloud: Cloud, status: str) -> None:
    cloud.status = status
    with pytest.raises(StepFailedError, match=f"should end RollbackSuccessful; they ended .*{status}"):
        bad_image(stage, record())


def test_a_failure_before_any_refresh_fails_the_step(
    stage: Stage, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "start", lambda *_: None)
    with pytest.raises(StepFailedError, match="they ended never begun"):
        bad_image(stage, record())


def test_servers_that_stay_on_the_bad_image_fail_the_step(stage: Stage, cloud: Cloud) -> None:
    client(stage).fleets["staging"] = NEW
    with pytest.raises(StepFailedError, match=f"staging should run {OLD}; in service: 2 on {NEW}"):
        bad_image(stage, record())


def test_a_fleet_that_is_not_at_full_capacity_again_fails_the_step(stage: Stage, cloud: Cloud) -> None:
    client(stage).sick.add("i-staging1")
    with pytest.raises(StepFailedError, match="staging should be whole; serving: 1 of 2 of web"):
        bad_image(stage, record())


def test_capacity_below_what_the_refresh_keeps_fails_the_step(stage: Stage, cloud: Cloud) -> None:
    def dips() -> None:
        stage.sampler.serving.append(Serving(5, "staging", "web", 1, 2))

    cloud.during = dips
    with pytest.raises(StepFailedError, match="web should have kept 2 healthy servers; it had 1"):
        bad_image(stage, record())


def test_a_state_that_took_the_bad_image_over_fails_the_step(stage: Stage, cloud: Cloud) -> None:
    cloud.running = NEW
    with pytest.raises(StepFailedError, match=f"the state should still hold {OLD}; it holds .*{NEW}"):
        bad_image(stage, record())


def test_a_status_that_sees_no_difference_fails_the_step(stage: Stage, cloud: Cloud) -> None:
    cloud.agrees = True
    with pytest.raises(StepFailedError, match="the state should still hold"):
        bad_image(stage, record())


def test_an_up_that_starts_a_refresh_to_what_runs_already_fails_the_step(stage: Stage, cloud: Cloud) -> None:
    cloud.second = lambda: cloud.start("r-2", "Successful")
    with pytest.raises(StepFailedError, match="no refresh should start; r-2 did"):
        bad_image(stage, record())


def test_an_up_that_changes_more_on_the_way_back_fails_the_step(stage: Stage, cloud: Cloud) -> None:
    engine(stage).changes["up"] = [TEMPLATE, REFRESH, NETWORK]
    with pytest.raises(StepFailedError, match="not update aws:ec2/vpc:Vpc network"):
        bad_image(stage, record())


def test_a_rollback_to_another_image_fails_the_step(
    stage: Stage, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = Stage.release

    def to_another(stage: Stage, *arguments: str, **more: Any) -> Any:
        if arguments[0] == "rollback":
            arguments = ("set-image", "staging", "ami-22222222")
        return release(stage, *arguments, **more)

    monkeypatch.setattr(Stage, "release", to_another)
    with pytest.raises(StepFailedError, match=f"should name {OLD}"):
        bad_image(stage, record())
