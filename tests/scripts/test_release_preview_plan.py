"""`preview` of an environment that is up: how its servers would be replaced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts.live_environment import BETTER, GOOD, LiveEnvironment, live_environment
from tests.scripts.previews import sections
from tests.scripts.release_project import Finished, service
from tests.scripts.told_events import GROUP, ToldEvents


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveEnvironment]:
    with live_environment(tmp_path, monkeypatch) as made:
        settings = {"minHealthyPercentage": 100, "maxHealthyPercentage": 110, "autoRollback": True}
        made.project.state(
            "staging", {"web": {**service(GOOD), "group": "web", "refreshPreferences": settings}}
        )
        made.settled(desired=3)
        yield made


def live_preview(live: LiveEnvironment, told: ToldEvents, folder: Path, *arguments: str) -> Finished:
    return live.run("preview", "staging", "--events", str(told.ends().write(folder / "e.json")), *arguments)


def test_how_servers_would_be_replaced_is_that_of_the_plan(live: LiveEnvironment, tmp_path: Path) -> None:
    told = ToldEvents()
    told.service("web", GOOD, BETTER)
    text = live_preview(live, told, tmp_path, "--markdown", "-").out
    plan = live.json("plan", "staging")["services"]["web"]
    amount = f"{plan['cost']['amount']:.4f} USD"
    assert f"| web | 3 of 3 | {plan['batches']} | 5 | 3 of 3 | {plan['highest']} | {amount} |" in text
    assert sections(text)[0] == "How servers are replaced, and how a failure would end"
    assert f"- web: if it fails, {GOOD} comes back by itself" in text
    assert "\n\n\n" not in text


def test_a_changed_template_replaces_every_server_though_no_image_changes(
    live: LiveEnvironment, tmp_path: Path
) -> None:
    live.image(GOOD)
    told = ToldEvents()
    told.service("web", GOOD, GOOD, userData="other")
    assert live.json("plan", "staging")["services"]["web"]["replaced"] == 0
    found = json.loads(live_preview(live, told, tmp_path, "--json").out)
    assert found["plan"]["services"]["web"]["replaced"] == 3


def test_a_service_that_sleeps_says_that_nothing_is_replaced(live: LiveEnvironment, tmp_path: Path) -> None:
    live.scene.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=live.scene.name, MinSize=0, DesiredCapacity=0
    )
    told = ToldEvents()
    told.service("web", GOOD, BETTER)
    text = live_preview(live, told, tmp_path, "--markdown", "-").out
    assert "- web: sleeps (desired capacity 0): no server is replaced" in text
    assert "servers replaced" not in text


def test_the_text_has_the_plan_and_the_rest(live: LiveEnvironment, tmp_path: Path) -> None:
    told = ToldEvents()
    web = told.service("web", GOOD, BETTER)
    told.step("update", GROUP, "web", {"maxSize": 4}, {"maxSize": 6}, parent=web)
    lines = live_preview(live, told, tmp_path).out.splitlines()
    assert lines[0] == f"staging: web from {GOOD} to {BETTER}, and 1 other change"
    assert lines[2].split()[:4] == ["web", BETTER, "3", "of"]
    assert "web        autoscaling Group web  updated  maxSize" in lines
