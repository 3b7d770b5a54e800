"""The steps about single servers fail when what they are there to show is not so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal import server_steps
from rehearsal.engines import Changed
from rehearsal.fleet import Serving
from rehearsal.stage import Stage, StepFailedError
from tests.rehearsal.staged import NETWORK, NEW, OLD, client, engine, make_stage, record, release

GROUP = Changed("aws:autoscaling/group:Group", "web", "update")
LOGIN = {"kind": "login", "subject": "i-prod1", "text": "someone was on i-prod1"}
SETTING = {"kind": "setting", "subject": "prod-web", "text": "50 to 100"}
AGE = {"kind": "age", "subject": "i-prod2", "text": "old"}


class Hands:
    """AWS as someone without the project calls it: every client in one."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.around = ["sg-1"]
        self.rules: list[str] = []
        self.snapshots = ["snap-1"]
        self.lifetime: int | None = 86_400

    def describe_auto_scaling_groups(self, **given: list[str]) -> dict[str, Any]:
        assert given["AutoScalingGroupNames"] == ["prod-web"]
        return {"AutoScalingGroups": [{"MaxInstanceLifetime": self.lifetime}]}

    def start_session(self, **given: str) -> dict[str, str]:
        self.calls.append(f"session on {given['Target']}")
        return {"SessionId": "s-1"}

    def terminate_session(self, **given: str) -> None:
        self.calls.append(f"end of {given['SessionId']}")

    def update_auto_scaling_group(self, **given: Any) -> None:
        self.calls.append(f"change of {given['AutoScalingGroupName']}")

    def describe_instances(self, **_: Any) -> dict[str, Any]:
        interface = {"Groups": [{"GroupId": each} for each in self.around]}
        return {"Reservations": [{"Instances": [{"NetworkInterfaces": [interface]}]}]}

    def describe_security_groups(self, **_: Any) -> dict[str, Any]:
        return {"SecurityGroups": [{"IpPermissions": [], "IpPermissionsEgress": self.rules}]}

    def describe_snapshots(self, **_: Any) -> dict[str, Any]:
        return {"Snapshots": [{"SnapshotId": each} for each in self.snapshots]}

    def delete_snapshot(self, **given: str) -> None:
        self.calls.append(f"end of {given['SnapshotId']}")


class Release:
    """The release command: what it finds, one answer after the other, and what it does to the fleet."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.asked: list[str] = []
        self.findings: list[list[dict[str, str]]] = [[SETTING, LOGIN], []]
        self.snapshots = ["snap-1"]
        self.replaces: Callable[[], None] = lambda: client(stage).servers.update(prod=["i-prod2", "i-prod3"])

    def ask(self, _: Stage, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
        self.asked.append(" ".join(arguments[:3]))
        if arguments[0] == "drift":
            found = self.findings.pop(0)
            if exit_code != bool(found):
                raise StepFailedError(f"exit code {int(bool(found))}, not {exit_code}")
            return {"findings": found}
        if arguments[0] != "release-quarantine":
            self.replaces()
        return {
            "newInstances": ["i-prod3"],
            "securityGroup": "sg-1",
            "why": "odd",
            "snapshots": self.snapshots,
        }


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    made = Hands()
    monkeypatch.setattr(Stage, "aws", lambda *_: made)
    return made


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hands: Hands) -> Stage:
    made = make_stage(tmp_path, monkeypatch)
    client(made).fleets["prod"] = OLD
    release(made, "set-image", "prod", OLD)
    engine(made).changes["up"] = [GROUP]
    return made


@pytest.fixture
def told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Release:
    made = Release(stage)
    monkeypatch.setattr(Stage, "ask", lambda *given, **more: made.ask(*given, **more))
    return made


def renew(stage: Stage, *servers: str) -> None:
    """As days pass, prod gets these servers."""
    client(stage).passes = lambda: client(stage).servers.update(prod=list(servers))


def test_servers_past_their_lifetime_are_renewed(stage: Stage, hands: Hands) -> None:
    client(stage).at = 100.0
    stage.sampler.sample()
    client(stage).at = 400.0
    renew(stage, "i-prod3", "i-prod4")
    step = record()
    server_steps.rotation(stage, step)
    # A minute before the first one is too old, which has been there since 100.
    assert stage.leaps == [{"at": 400.0, "seconds": 100 + 86_400 - 400 - 60}]
    assert client(stage).at == 100 + 86_400 - 60
    assert step.notes == [
        "1 days pass: no server of prod may be older",
        f"prod: 2 in service on {OLD}",
        "web: 2 other servers, never fewer than 2 healthy",
    ]


def test_an_old_server_that_stays_fails_the_step(stage: Stage, hands: Hands) -> None:
    renew(stage, "i-prod2", "i-prod3")
    with pytest.raises(StepFailedError, match="i-prod2 should be gone"):
        server_steps.rotation(stage, record())


def test_a_rotation_to_another_image_fails_the_step(stage: Stage, hands: Hands) -> None:
    renew(stage, "i-prod3", "i-prod4")
    client(stage).fleets["prod"] = NEW
    with pytest.raises(StepFailedError, match=f"prod should run {OLD}; in service: 2 on {NEW}"):
        server_steps.rotation(stage, record())


def test_a_rotation_with_a_gap_fails_the_step(stage: Stage, hands: Hands) -> None:
    def passes() -> None:
        stage.sampler.serving.append(Serving(90_000, "prod", "web", 1, 2))
        client(stage).servers.update(prod=["i-prod3", "i-prod4"])

    client(stage).passes = passes
    with pytest.raises(StepFailedError, match="renewed without a gap; 1 of 2 served"):
        server_steps.rotation(stage, record())


def test_a_group_without_a_lifetime_fails_the_step(stage: Stage, hands: Hands) -> None:
    hands.lifetime = None
    with pytest.raises(StepFailedError, match="every group of prod should have a maximum instance lifetime"):
        server_steps.rotation(stage, record())


def test_a_login_and_a_changed_setting_are_found_and_undone(
    stage: Stage, told: Release, hands: Hands
) -> None:
    step = record()
    server_steps.drift(stage, step)
    assert hands.calls == ["session on i-prod1", "end of s-1", "change of prod-web"]
    assert told.asked == ["drift prod", "replace prod i-prod1", "drift prod"]
    # Without the refresh the up would find nothing to do.
    assert engine(stage).ran == ["refresh prod", "up prod"]
    assert step.notes[:2] == ["drift finds setting: 50 to 100", "drift finds login: someone was on i-prod1"]
    assert step.notes[-1] == "drift finds nothing any more"
    assert step.changes["update"] == 1


@pytest.mark.parametrize(
    ("findings", "reason"),
    [
        ([[LOGIN]], "it found login i-prod1"),
        ([[SETTING]], "it found setting prod-web"),
        ([[SETTING, LOGIN, AGE]], "it found age i-prod2, login i-prod1, setting prod-web"),
        ([[]], "exit code 0, not 1"),
        ([[SETTING, LOGIN], [LOGIN]], "exit code 1, not 0"),
    ],
)
def test_drift_that_is_not_found_or_stays_fails_the_step(
    stage: Stage, told: Release, findings: list[list[dict[str, str]]], reason: str
) -> None:
    told.findings = findings
    with pytest.raises(StepFailedError, match=reason):
        server_steps.drift(stage, record())


def test_an_up_that_does_more_than_put_the_setting_back_fails_the_step(stage: Stage, told: Release) -> None:
    engine(stage).changes["up"] = [GROUP, NETWORK]
    with pytest.raises(StepFailedError, match="it did update aws:ec2/vpc:Vpc network"):
        server_steps.drift(stage, record())


def test_a_fleet_that_stays_short_of_a_server_fails_the_step(stage: Stage, told: Release) -> None:
    told.replaces = lambda: client(stage).servers.update(prod=["i-prod2"])
    with pytest.raises(StepFailedError, match="prod should be whole; serving: 1 of 2 of web"):
        server_steps.drift(stage, record())


def test_a_suspect_is_cut_off_replaced_and_let_go(stage: Stage, told: Release, hands: Hands) -> None:
    step = record()
    server_steps.quarantine(stage, step)
    assert told.asked == ["quarantine prod i-prod1", "release-quarantine prod i-prod1"]
    assert hands.calls == ["end of snap-1"]
    assert step.notes == [
        "i-prod1 of web is in no group and gets no traffic: odd",
        "i-prod3 is in its place",
        "web: never fewer than 2 served",
        "i-prod1 is released; its snapshots (snap-1) are deleted by hand",
    ]


def test_a_suspect_that_keeps_a_way_out_fails_the_step(stage: Stage, told: Release, hands: Hands) -> None:
    hands.rules = ["everything"]
    with pytest.raises(StepFailedError, match="it is in sg-1, with 1 rules"):
        server_steps.quarantine(stage, record())
    hands.rules, hands.around = [], ["sg-1", "sg-2"]
    with pytest.raises(StepFailedError, match="it is in sg-1, sg-2, with 0 rules"):
        server_steps.quarantine(stage, record())


def test_a_suspect_that_still_serves_fails_the_step(stage: Stage, told: Release) -> None:
    told.replaces = lambda: None
    with pytest.raises(StepFailedError, match="serving: 2 of 2 of web; i-prod1 should be gone"):
        server_steps.quarantine(stage, record())


@pytest.mark.parametrize(("service", "serving"), [("web", 0), ("api", 1)])
def test_a_quarantine_that_takes_more_than_the_suspect_fails_the_step(
    stage: Stage, told: Release, service: str, serving: int
) -> None:
    def replaces() -> None:
        stage.sampler.serving.append(Serving(1, "prod", service, serving, 2))
        client(stage).servers.update(prod=["i-prod2", "i-prod3"])

    told.replaces = replaces
    with pytest.raises(StepFailedError, match=f"of {service} {serving} of 2 served"):
        server_steps.quarantine(stage, record())


@pytest.mark.parametrize(("there", "said"), [([], []), (["snap-1"], []), ([], ["snap-1"])])
def test_a_quarantine_that_keeps_no_volume_fails_the_step(
    stage: Stage, told: Release, hands: Hands, there: list[str], said: list[str]
) -> None:
    hands.snapshots, told.snapshots = there, said
    with pytest.raises(StepFailedError, match="the volumes of i-prod1 should be kept"):
        server_steps.quarantine(stage, record())
