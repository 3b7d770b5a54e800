"""The stages of a plan: pauses, bake time, hooks, alarms, and what a failure at each would look like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import refresh_alarms
from components.instance_refresh import MOST_ALARMS
from rehearsal.cloud.autoscaling.refresh import START_SECONDS
from scripts.releases import alarms, preferences
from scripts.releases.preferences import Preferences
from stacks.rollouts import RefreshConfig
from tests.rehearsal.cloud.scene import BETTER, BOOT, DRAIN, GOOD, GRACE, WARM
from tests.scripts.live_environment import LiveEnvironment, live_environment
from tests.scripts.release_project import service

PREFERENCES = {"minHealthyPercentage": 100, "maxHealthyPercentage": 110, "autoRollback": True}
UP = {**service(GOOD), "group": "web", "refreshPreferences": PREFERENCES}
STAGES = """\
      refresh:
        checkpointPercentages: [25, 100]
        checkpointDelaySeconds: 600
        bakeSeconds: 300
"""
SAME: dict[str, Any] = {
    "MinHealthyPercentage": 100,
    "MaxHealthyPercentage": 110,
    "CheckpointPercentages": [25, 100],
    "CheckpointDelay": 600,
    "BakeTime": 300,
}


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveEnvironment]:
    with live_environment(tmp_path, monkeypatch) as made:
        made.project.state("staging", {"web": UP})
        yield made


def plan(live: LiveEnvironment, *arguments: str) -> Any:
    return live.json("plan", "staging", *arguments)["services"]["web"]


class Watched:
    """A refresh that began just now, and a clock in seconds from its first batch on."""

    def __init__(self, live: LiveEnvironment, version: int = 2, **preferences: Any) -> None:
        self.scene = live.scene
        self.scene.start(version, **preferences)
        self.now = -START_SECONDS

    def at(self, seconds: float) -> dict[str, Any]:
        """The refresh at that moment, with `new`: how many servers it has brought and AWS counts."""
        self.scene.cloud.step(seconds - self.now)
        self.now = seconds
        return self.scene.refresh()


def test_checkpoints_and_bake_time_take_their_time(live: LiveEnvironment) -> None:
    live.settled(desired=2)
    live.image(
        BETTER,
        "      refresh:\n        checkpointPercentages: [50, 100]\n"
        "        checkpointDelaySeconds: 600\n        bakeSeconds: 300\n",
    )
    planned, batch = plan(live), BOOT + WARM
    assert planned["seconds"] == 2 * batch + 600 + 300
    pause, bake = planned["stages"]
    assert pause == {
        "kind": "checkpoint", "percent": 50, "atSeconds": batch, "seconds": 600, "new": 1, "old": 1,
        "failureSeconds": batch, "failureLowest": 2,
    }  # fmt: skip
    assert bake == {
        "kind": "bake", "percent": None, "atSeconds": 2 * batch + 600, "seconds": 300, "new": 2, "old": 0,
        "failureSeconds": 2 * batch, "failureLowest": 2,
    }  # fmt: skip
    lines = live.run("plan", "staging").out.splitlines()
    assert (
        "web: stage 1, after 1.7 min: 1 of 2 servers new; pauses at 50% for 10 min, no alarm watched; a "
        f"failure here: {GOOD} is back on all in 1.7 min, 2 servers serve meanwhile"
    ) in lines
    assert (
        "web: stage 2, after 13 min: 2 of 2 servers new; bakes for 5 min, no alarm watched; a failure here: "
        f"{GOOD} is back on all in 3.3 min, 2 servers serve meanwhile"
    ) in lines


def test_the_refresh_then_stops_at_the_planned_seconds_and_server_counts(live: LiveEnvironment) -> None:
    live.settled(desired=6)
    live.image(BETTER, STAGES)
    planned = plan(live)
    pause, bake = planned["stages"]
    assert (pause["new"], pause["old"], bake["new"], bake["old"]) == (2, 4, 6, 0)
    watched = Watched(live, AutoRollback=True, **SAME)
    assert "checkpoint" not in watched.at(pause["atSeconds"] - 1).get("StatusReason", "")
    for moment in (1, pause["seconds"] - 1):
        refresh = watched.at(pause["atSeconds"] + moment)
        assert "checkpoint of 25 percent" in refresh["StatusReason"]
        assert live.scene.versions() == ["1"] * 4 + ["2"] * 2
    assert "checkpoint" not in watched.at(pause["atSeconds"] + pause["seconds"] + 1).get("StatusReason", "")
    assert watched.at(bake["atSeconds"] - 1)["Status"] == "InProgress"
    assert watched.at(bake["atSeconds"] + 1)["Status"] == "Baking"
    assert watched.at(bake["atSeconds"] + bake["seconds"] - 1)["Status"] == "Baking"
    assert watched.at(planned["seconds"] + 1)["Status"] == "Successful"


@pytest.mark.parametrize("which", [0, 1], ids=["checkpoint", "bake"])
def test_a_rollback_at_a_stage_takes_the_planned_seconds(live: LiveEnvironment, which: int) -> None:
    live.settled(desired=6)
    live.image(BETTER, STAGES)
    stage = plan(live)["stages"][which]
    watched = Watched(live, AutoRollback=True, **SAME)
    watched.at(stage["atSeconds"] + 100)
    live.scene.autoscaling.rollback_instance_refresh(AutoScalingGroupName="web")
    over = stage["atSeconds"] + 100 + stage["failureSeconds"]
    assert watched.at(over - 1)["Status"] == "RollbackInProgress"
    assert watched.at(over + 1)["Status"] == "RollbackSuccessful"
    assert live.scene.versions() == ["1"] * 6


def test_servers_that_ran_the_image_before_go_back_too(live: LiveEnvironment) -> None:
    """The configuration before is the old image for all: what a rollback takes counts every new server."""
    live.settled(desired=6)
    watched = Watched(live, CheckpointPercentages=[25, 100], CheckpointDelay=600)
    watched.at(plan(live)["batchSeconds"] * 2 + 10)
    live.scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    live.scene.cloud.step(100)
    live.image(BETTER, STAGES.replace("25", "50"))
    (stage, _) = plan(live)["stages"]
    assert stage["new"] == 3
    again = Watched(live, SkipMatching=True, **{**SAME, "CheckpointPercentages": [50, 100]})
    assert "checkpoint of 50 percent" in again.at(stage["atSeconds"] + 100)["StatusReason"]
    live.scene.autoscaling.rollback_instance_refresh(AutoScalingGroupName="web")
    over = stage["atSeconds"] + 100 + stage["failureSeconds"]
    assert again.at(over - 1)["Status"] == "RollbackInProgress"
    assert again.at(over + 1)["Status"] == "RollbackSuccessful"


def test_prods_first_tenth_of_three_servers_is_one(live: LiveEnvironment) -> None:
    live.settled(desired=3)
    live.image(BETTER, "      refresh: {checkpointPercentages: [10, 100]}\n")
    (stage,) = plan(live)["stages"]
    assert (stage["new"], stage["old"], stage["seconds"]) == (1, 2, preferences.CHECKPOINT_SECONDS)


def beside(live: LiveEnvironment, since: Any, desired: int) -> float:
    """Server-seconds beyond the desired capacity since then, as the group's scaling activities tell."""
    found = live.scene.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    changes = sorted(
        (each["StartTime"], 1) if each["Description"].startswith("Launching") else (each["EndTime"], -1)
        for each in found
        if each["StartTime"] >= since
    )
    there, total, last = desired, 0.0, since
    for moment, change in changes:
        total += max(0, there - desired) * (moment - last).total_seconds()
        there, last = there + change, moment
    assert there == desired
    return total


def test_hooks_are_in_what_was_measured_and_the_plan_is_right_to_the_second(live: LiveEnvironment) -> None:
    live.settled(desired=0)
    live.hook("launch", 600)
    live.hook("termination", 300)
    live.scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    live.scene.cloud.step(200)
    live.scene.start(2)
    live.scene.until_over()
    live.scene.cloud.step(120)
    planned = plan(live, "--image", GOOD)
    assert planned["bootSeconds"] > BOOT, "the agent's validation is in it"
    assert planned["leaveSeconds"] > DRAIN, "the agent's flush is in it"
    assert planned["hooks"] == {"launch": 600, "termination": 300}
    watched = Watched(live, version=4)
    assert watched.at(planned["seconds"] - 1)["Status"] == "InProgress"
    refresh = watched.at(planned["seconds"] + 1)
    assert refresh["Status"] == "Successful"
    live.scene.cloud.step(120)
    extra = beside(live, refresh["StartTime"], desired=3)
    assert planned["cost"]["extraHours"] * 3600 == pytest.approx(extra, abs=0.001)


def test_a_hooks_time_out_stands_for_what_was_never_measured(
    live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.settled(desired=0)
    live.scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    assert plan(live)["batchSeconds"] == GRACE + WARM
    live.hook("launch", 700)
    live.hook("termination", 400)
    planned = plan(live)
    assert (planned["bootSeconds"], planned["leaveSeconds"]) == (None, None)
    assert planned["batchSeconds"] == 700 + WARM
    lines = live.run("plan", "staging").out
    assert "no launch of late to measure, so the launch hook's time-out stands for the boot" in lines
    assert f"web: a server that goes takes {DRAIN + 400} s at most to drain and flush" in lines
    assert (
        "web: a new server that does not validate itself gets no request and is given up after 12 min "
        "(hook launch)"
    ) in lines


def test_a_service_that_sleeps_has_nothing_to_replace(live: LiveEnvironment) -> None:
    live.settled(desired=0)
    assert plan(live)["stages"] == []
    assert f"web: sleeps (desired capacity 0): no server is replaced, the next start on {BETTER}" in (
        live.run("plan", "staging").out
    )


def test_a_root_volume_is_replaced_without_any_other_server(live: LiveEnvironment) -> None:
    live.settled(desired=4)
    live.image(
        BETTER,
        "      refresh: {strategy: ReplaceRootVolume, minHealthyPercentage: 50, maxHealthyPercentage: 150}\n",
    )
    planned = plan(live)
    assert (planned["batches"], planned["lowest"], planned["highest"]) == (2, 2, 4)
    assert planned["cost"]["extraHours"] == 0
    assert "web: servers stay and get a new root volume (ReplaceRootVolume): none is launched" in (
        live.run("plan", "staging").out
    )


@pytest.mark.parametrize(
    ("refresh", "line"),
    [
        ("{minHealthyPercentage: 101}", "web / refresh / minHealthyPercentage: "),
        ("{maxHealthyPercentage: 250}", "web / refresh / maxHealthyPercentage: "),
        ("{minHealthyPercentage: 5, maxHealthyPercentage: 200}", "web / refresh: 5 and 200 percent are more"),
        ("{maxHealthyPercentage: 100}", "web / refresh: 100 and 100 percent leave no batch; lower the"),
        ("{strategy: ReplaceRootVolume}", "web / refresh: minHealthyPercentage 100 leaves no server to Repl"),
        ("{strategy: Blue}", "web / refresh / strategy: "),
        ("{checkpointPercentages: [50, 20]}", "web / refresh: checkpoints [50, 20] do not ascend; "),
        ("{checkpointPercentages: [50, 50, 100]}", "web / refresh: checkpoints [50, 50, 100] do not ascend;"),
        ("{checkpointPercentages: [50]}", "web / refresh: checkpoints [50] end before 100, "),
        ("{checkpointDelaySeconds: 60}", "web / refresh: checkpointDelaySeconds 60 has no checkpoint "),
        ("{bakeSeconds: -1}", "web / refresh / bakeTimeSeconds: "),
        (
            "{timeoutSeconds: 300, bakeSeconds: 300}",
            "web / refresh: timeoutSeconds 300 is over before the 300",
        ),
        ("{alarms: [a, b, c, d, e, f, g, h, i, j, k]}", "web / refresh: 11 alarms are more than the 10 "),
    ],
)
def test_preferences_that_a_release_would_refuse_are_refused(
    live: LiveEnvironment, refresh: str, line: str
) -> None:
    live.settled()
    live.image(BETTER, f"      refresh: {refresh}\n")
    assert live.refused("plan", "staging").startswith(f"Pulumi.staging.yaml: {line}")


def test_a_warm_up_beyond_the_grace_period_is_refused(live: LiveEnvironment) -> None:
    live.settled()
    live.image(BETTER, "      warmupSeconds: 400\n      healthCheckGraceSeconds: 300\n")
    assert live.refused("plan", "staging") == (
        "Pulumi.staging.yaml: web / warmupSeconds: 400 is more than the 300 s of healthCheckGraceSeconds; "
        "lower it or raise that"
    )


def test_a_checkpoint_delay_of_the_last_up_goes_with_its_checkpoints(live: LiveEnvironment) -> None:
    live.settled()
    exported = {**PREFERENCES, "checkpointPercentages": [50, 100], "checkpointDelaySeconds": 600}
    live.project.state("staging", {"web": {**UP, "refreshPreferences": exported}})
    assert plan(live)["stages"] == []


def test_what_the_program_gives_by_default_is_what_a_plan_counts_with() -> None:
    assert RefreshConfig(checkpoint_percentages=(10, 100)).pause_seconds == preferences.CHECKPOINT_SECONDS
    assert preferences.MOST_ALARMS == MOST_ALARMS
    assert alarms.PATIENCE_SECONDS == refresh_alarms.ALARM_SECONDS
    fields = RefreshConfig.model_fields
    assert (fields["checkpoint_percentages"].default, fields["alarms"].default) == ((), ())
    assert fields["watch_alarms"].default is True


def test_every_key_of_a_refresh_in_the_config_is_one_that_a_plan_understands() -> None:
    known = {field.alias for field in Preferences.model_fields.values()}
    keys = {field.alias for field in RefreshConfig.model_fields.values()} - {"watchAlarms"}
    assert {preferences.RENAMED.get(str(key), key) for key in keys} <= known
