"""What a plan says of alarms: which a release watches, and which would keep it from its start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import alarms, aws
from tests.rehearsal.cloud.scene import BETTER, GOOD
from tests.scripts.live_environment import LiveEnvironment, live_environment
from tests.scripts.release_project import service

PREFERENCES = {"minHealthyPercentage": 100, "maxHealthyPercentage": 110, "autoRollback": True}
UP = {**service(GOOD), "group": "web", "refreshPreferences": PREFERENCES}
OWN = {"errors": "web-errors", "latency": "web-latency"}
STAGES = """\
      refresh:
        checkpointPercentages: [50, 100]
        bakeSeconds: 300
"""


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveEnvironment]:
    with live_environment(tmp_path, monkeypatch) as made:
        yield made


def plan(live: LiveEnvironment) -> Any:
    return live.json("plan", "staging")["services"]["web"]


@pytest.fixture
def guarded(live: LiveEnvironment) -> LiveEnvironment:
    """The stack made two alarms; both are OK."""
    live.settled()
    exported = {**PREFERENCES, "alarms": list(OWN.values())}
    live.project.state("staging", {"web": {**UP, "refreshPreferences": exported, "alarms": OWN}})
    for name in OWN.values():
        live.alarm(name)
    return live


def test_the_alarms_of_a_plan_are_the_services_own_and_those_of_the_config(guarded: LiveEnvironment) -> None:
    guarded.alarm("queue-too-long")
    guarded.image(BETTER, "      refresh: {alarms: [queue-too-long]}\n")
    document = guarded.json("plan", "staging")
    names = ["web-errors", "web-latency", "queue-too-long"]
    assert document["services"]["web"]["preferences"]["alarms"] == names
    assert [(each["name"], each["state"]) for each in document["alarms"]] == [(name, "OK") for name in names]
    assert document["remarks"] == []
    out = guarded.run("plan", "staging").out
    assert f"web: alarms that stop it, until its bake time is over: {', '.join(names)}" in out


def test_every_stage_says_how_many_alarms_are_watched(guarded: LiveEnvironment) -> None:
    guarded.image(BETTER, STAGES)
    out = guarded.run("plan", "staging").out
    assert out.count("2 alarms watched") == 2


def test_an_alarm_that_left_the_config_is_watched_no_more(guarded: LiveEnvironment) -> None:
    exported = {**PREFERENCES, "alarms": [*OWN.values(), "queue-too-long"]}
    guarded.project.state("staging", {"web": {**UP, "refreshPreferences": exported, "alarms": OWN}})
    assert plan(guarded)["preferences"]["alarms"] == list(OWN.values())


def test_a_fix_while_an_alarm_rings_watches_none(guarded: LiveEnvironment) -> None:
    guarded.alarm("web-errors", "ALARM")
    guarded.image(BETTER, "      refresh: {watchAlarms: false}\n")
    document = guarded.json("plan", "staging")
    assert document["services"]["web"]["preferences"]["alarms"] == []
    assert document["remarks"] == []


@pytest.mark.parametrize("state", ["ALARM", "INSUFFICIENT_DATA"])
def test_an_alarm_in_the_way_of_a_release_is_a_remark(guarded: LiveEnvironment, state: str) -> None:
    guarded.alarm("web-errors", state)
    for arguments in ([], ["--image", BETTER]):
        done = guarded.run("plan", "staging", *arguments)
        assert done.code == 0
        assert (
            f"web: alarm web-errors is {state} (Set by a test); `up` waits 10 min for it to be OK and then "
            "fails; a fix goes out meanwhile with watchAlarms: false"
        ) in done.out.splitlines()


def test_a_release_that_replaces_no_server_asks_no_alarm(guarded: LiveEnvironment) -> None:
    guarded.alarm("web-errors", "ALARM")
    assert guarded.json("plan", "staging", "--image", GOOD)["remarks"] == []


def test_an_alarm_that_does_not_exist_is_refused(guarded: LiveEnvironment) -> None:
    guarded.image(BETTER, "      refresh: {alarms: [web-eror]}\n")
    refusal = guarded.refused("plan", "staging")
    assert refusal.startswith("web: there is no alarm 'web-eror' in eu-central-1, so that a release would be")


def test_an_own_alarm_that_someone_deleted_is_refused(guarded: LiveEnvironment) -> None:
    guarded.scene.cloud.client("cloudwatch").delete_alarms(AlarmNames=["web-latency"])
    assert "there is no alarm 'web-latency'" in guarded.refused("plan", "staging")


def test_a_composite_alarm_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Pages:
        def paginate(self, **asked_for: Any) -> list[dict[str, Any]]:
            asked.append(asked_for)
            return [{"CompositeAlarms": [{"AlarmName": "any", "StateValue": "ALARM"}], "MetricAlarms": []}]

    monkeypatch.setattr(
        aws, "_new_client", lambda *_: type("Client", (), {"get_paginator": lambda *_: Pages()})()
    )
    found = alarms.read(aws.Account("eu-central-1"), ["any", "other"])
    assert list(found) == ["any"]
    assert asked == [{"AlarmNames": ["any", "other"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}]
