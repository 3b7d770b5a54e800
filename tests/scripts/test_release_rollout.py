"""Refreshes that run, seen and stopped by the release commands, against the emulated cloud."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.autoscaling.models import AutoScalingBackend
from scripts.releases import groups, project, refreshes, rollout
from scripts.releases.aws import Account, AwsError, errors
from scripts.releases.rollout_show import Follower
from tests.rehearsal.cloud.scene import BETTER, GOOD
from tests.scripts.live_environment import LiveEnvironment, live_environment


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveEnvironment]:
    with live_environment(tmp_path, monkeypatch) as made:
        yield made


def status(live: LiveEnvironment) -> str:
    return str(live.scene.refresh()["Status"])


def test_watch_follows_a_refresh_to_its_success(live: LiveEnvironment) -> None:
    live.settled()
    live.scene.start(2)
    done = live.run("watch", "staging")
    assert (done.code, done.error) == (0, "")
    assert done.out.splitlines() == [
        "web: Pending, 0%, 2 left (to version 2)",
        "web: InProgress, 0%, 2 left (to version 2)",
        "web: InProgress, 50%, 1 left (to version 2)",
        "web: Successful, 100% (to version 2)",
        "web: Successful",
        f"web runs 2 on {BETTER} (version 2, 2 healthy)",
    ]


def test_watch_with_nothing_to_follow_says_so_and_is_content(live: LiveEnvironment) -> None:
    live.settled()
    done = live.run("watch", "staging")
    assert (done.code, done.out, done.error) == (0, "no refresh is running in staging\n", "")


def test_watch_of_a_refresh_that_is_rolled_back_fails(live: LiveEnvironment) -> None:
    live.settled()
    live.scene.start(2)
    live.scene.cloud.step(120)
    live.scene.autoscaling.rollback_instance_refresh(AutoScalingGroupName="web")
    done = live.run("watch", "staging")
    assert done.code == 1
    assert done.error == "release: web: RollbackSuccessful: Rollback was requested.\n"
    assert f"web runs 2 on {GOOD} (version 1, 2 healthy)" in done.out


def test_cancel_stops_the_refresh_where_it_is_and_says_what_runs(live: LiveEnvironment) -> None:
    live.settled(desired=3)
    live.scene.start(2)
    live.scene.until(lambda: live.scene.refresh()["PercentageComplete"] == 33)
    done = live.run("cancel", "staging")
    assert (done.code, done.error) == (0, "")
    assert status(live) == "Cancelled"
    assert "web: Cancelled: Instance refresh was cancelled." in done.out
    assert "scripts/release rollback staging" in done.out
    assert sorted(set(live.scene.versions())) == ["1", "2"]
    assert f"on {GOOD} (version 1" in done.out
    assert f"on {BETTER} (version 2" in done.out


def test_rollback_refresh_brings_the_servers_from_before_back(live: LiveEnvironment) -> None:
    live.settled()
    live.scene.start(2)
    live.scene.until(lambda: live.scene.refresh()["PercentageComplete"] == 50)
    done = live.run("rollback-refresh", "staging")
    assert (done.code, done.error) == (0, "")
    assert status(live) == "RollbackSuccessful"
    assert f"web runs 2 on {GOOD} (version 1, 2 healthy)" in done.out
    assert live.scene.versions() == ["1", "1"]


@pytest.mark.parametrize("command", ["cancel", "rollback-refresh"])
def test_nothing_to_stop_is_refused(live: LiveEnvironment, command: str) -> None:
    live.settled()
    assert live.refused(command, "staging") == "no refresh is running in staging (web)"


def test_a_refresh_without_a_desired_configuration_cannot_be_rolled_back(live: LiveEnvironment) -> None:
    live.settled()
    live.scene.autoscaling.start_instance_refresh(AutoScalingGroupName="web")
    assert "no desired configuration" in live.refused("rollback-refresh", "staging")


def test_a_refresh_that_is_rolled_back_already_is_left_alone(live: LiveEnvironment) -> None:
    live.settled()
    live.scene.start(2)
    live.scene.cloud.step(120)
    live.scene.autoscaling.rollback_instance_refresh(AutoScalingGroupName="web")
    refusal = live.refused("rollback-refresh", "staging")
    assert refusal == "the refresh of web is RollbackInProgress already; watch it"


def test_a_refresh_that_ends_before_it_can_be_cancelled_is_no_success(
    live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.settled()
    live.scene.start(2)
    live.scene.cloud.step(120)
    before = rollout.cancel

    def late(*arguments: Any) -> Any:
        going = rollout.running(arguments[0], arguments[2])
        live.scene.until_over()
        return going

    monkeypatch.setattr(rollout, "cancel", late)
    done = live.run("cancel", "staging")
    assert before is not late
    assert (done.code, done.error) == (1, "release: web: Successful\n")


@pytest.mark.parametrize("command", ["watch", "cancel", "rollback-refresh"])
def test_an_unknown_service_is_refused(live: LiveEnvironment, command: str) -> None:
    live.settled()
    live.scene.start(2)
    refusal = live.refused(command, "staging", "--service", "wep")
    assert refusal == "staging has no group of 'wep'; its services: web"


@pytest.mark.parametrize("command", ["watch", "cancel", "rollback-refresh"])
def test_another_environments_group_is_not_touched(live: LiveEnvironment, command: str) -> None:
    live.settled()
    live.scene.start(2)
    assert live.refused(command, "prod").startswith("prod has no groups in eu-central-1: ")


def test_the_outcome_for_programs(live: LiveEnvironment) -> None:
    live.settled()
    started = live.scene.start(2)
    document = live.json("watch", "staging")
    (one,) = document["refreshes"]
    assert (document["ok"], document["environment"], one["service"]) == (True, "staging", "web")
    assert one["refresh"]["id"] == started
    assert (one["refresh"]["status"], one["refresh"]["percentage"]) == ("Successful", 100)
    assert one["runs"] == [{"image": BETTER, "launchTemplateVersion": "2", "servers": 2, "healthy": 2}]


def test_a_failure_is_one_document_for_programs(live: LiveEnvironment) -> None:
    live.settled()
    live.scene.start(2)
    live.scene.cloud.step(120)
    live.scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    done = live.run("watch", "staging", "--json")
    assert done.code == 1
    assert json.loads(done.out)["ok"] is False


def test_a_throttled_look_is_looked_again(live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    live.settled()
    live.scene.start(2)
    asked, real = [0], refreshes.of

    def sometimes(*arguments: Any) -> Any:
        asked[0] += 1
        if asked[0] in (3, 4, 5):
            raise AwsError("AWS refused DescribeInstanceRefreshes: Throttling: Rate exceeded", "Throttling")
        return real(*arguments)

    monkeypatch.setattr(refreshes, "of", sometimes)
    assert live.run("watch", "staging").code == 0


def test_too_many_looks_without_an_answer_end_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Mock(side_effect=AwsError("AWS cannot be asked: read timeout"))
    monkeypatch.setattr(refreshes, "of", asked)
    monkeypatch.setattr(rollout, "sleep", Mock())
    with pytest.raises(AwsError, match="read timeout"):
        rollout.follow(Mock(), [(Mock(), Mock())], Mock())
    assert asked.call_count == rollout.MISSED_LOOKS


def test_a_look_with_an_answer_makes_up_for_those_without(monkeypatch: pytest.MonkeyPatch) -> None:
    missed = [AwsError("AWS cannot be asked: read timeout")] * (rollout.MISSED_LOOKS - 1)
    ended = Mock(running=False)
    monkeypatch.setattr(refreshes, "of", Mock(side_effect=[*missed, Mock(running=True), *missed, ended]))
    monkeypatch.setattr(rollout, "sleep", Mock())
    (outcome,) = rollout.follow(Mock(), [(Mock(), Mock())], Mock())
    assert outcome.refresh is ended


def test_a_refusal_without_a_reason_says_so() -> None:
    refused = ClientError({"Error": {"Code": "AccessDenied"}}, "DescribeInstanceRefreshes")
    with pytest.raises(AwsError) as raised, errors():
        raise refused
    assert str(raised.value) == "AWS refused DescribeInstanceRefreshes: AccessDenied: no reason given"


def test_a_look_that_is_refused_ends_the_watch_and_not_the_refresh(
    live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.settled()
    live.scene.start(2)
    asked, real = [0], refreshes.of

    def once(*arguments: Any) -> Any:
        asked[0] += 1
        if asked[0] > 1:
            raise AwsError("AWS refused DescribeInstanceRefreshes: AccessDenied: no", "AccessDenied")
        return real(*arguments)

    monkeypatch.setattr(refreshes, "of", once)
    done = live.run("watch", "staging")
    assert (done.code, done.error) == (
        1,
        "release: AWS refused DescribeInstanceRefreshes: AccessDenied: no\n",
    )
    assert status(live) in ("Pending", "InProgress")


def test_a_terminal_gets_a_bar_for_each_group(
    live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    live.settled()
    live.scene.start(2)
    for name, value in {key: value for key, value in live.variables.items() if value}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    account = Account("eu-central-1")
    with Follower() as look:
        rollout.follow(account, rollout.running(account, found(account, live)), look)
    out = capsys.readouterr().out
    assert "web" in out
    assert "100%" in out
    assert "Successful, 100% (to version 2)" in out


def found(account: Account, live: LiveEnvironment) -> tuple[groups.Group, ...]:
    config = project.find(live.project.directory).config("staging")
    return groups.find(account, "immutable", config, None).all


def test_of_two_services_only_the_asked_one_is_stopped(live: LiveEnvironment) -> None:
    live.image(BETTER, "    api: {port: 9090}\n")
    live.settled()
    live.scene.name = "api-1"
    live.settled(service="api")
    for name in ("web", "api-1"):
        live.scene.name = name
        live.scene.start(2)
    live.scene.cloud.step(20)
    done = live.run("cancel", "staging", "--service", "api")
    assert (done.code, done.error) == (0, "")
    assert status(live) == "Cancelled"
    live.scene.name = "web"
    assert status(live) in ("InProgress", "Successful")
    assert "web" not in done.out
    assert "api runs 2 on" in done.out


def test_both_services_are_followed_to_their_ends_and_one_failure_is_enough(live: LiveEnvironment) -> None:
    live.image(BETTER, "    api: {port: 9090}\n")
    live.settled()
    live.scene.name = "api-1"
    live.settled(service="api")
    for name in ("web", "api-1"):
        live.scene.name = name
        live.scene.start(2)
    live.scene.cloud.step(20)
    live.scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="api-1")
    done = live.run("watch", "staging")
    assert (done.code, done.error) == (1, "release: api: Cancelled: Instance refresh was cancelled.\n")
    assert "web: Successful\n" in done.out


def test_a_refresh_that_is_being_cancelled_is_not_cancelled_again(
    live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.settled()
    live.scene.start(2)
    live.scene.cloud.step(20)
    live.scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    assert status(live) == "Cancelling"
    asked: list[str] = []
    real = AutoScalingBackend.active_refresh

    def counted(self: AutoScalingBackend, name: str) -> Any:
        asked.append(name)
        return real(self, name)

    monkeypatch.setattr(AutoScalingBackend, "active_refresh", counted)
    assert live.run("cancel", "staging").code == 0
    assert asked == []
