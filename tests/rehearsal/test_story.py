"""The whole rehearsal, once, as a person runs it; every test looks at another side of what it left behind."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.report_chart import stretches
from rehearsal.workspace import REPOSITORY, read_config

STEPS = [
    "image",
    "staging-up",
    "staging-again",
    "guardrails",
    "promote",
    "prod-preview",
    "prod-up",
    "new-image",
    "bad-image",
    "rollback",
    "rotation",
    "last-line",
    "drift",
    "quarantine",
    "database",
    "cost",
    "containers",
    "retire",
    "destroy",
]
BUILDS = ["image", "new-image", "bad-image"]
MADE = ["image", "staging-up", "prod-up", "database", "containers"]
COUNTED = {"create", "update", "replace", "delete", "same"}


@dataclass(frozen=True)
class Rehearsed:
    """What the command printed and wrote."""

    document: dict[str, Any]
    page: str
    output: str

    def step(self, name: str) -> dict[str, Any]:
        return next(step for step in self.document["steps"] if step["name"] == name)


def rehearse(engine: str, folder: Path) -> Rehearsed:
    before = {path: path.read_bytes() for path in REPOSITORY.glob("Pulumi*.yaml")}
    ended = subprocess.run(
        [REPOSITORY / "scripts" / "rehearse", "--engine", engine, "--json", "out.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {path: path.read_bytes() for path in before} == before, "a rehearsal must not change the project"
    return Rehearsed(
        json.loads((folder / "out.json").read_text()),
        (folder / "rehearsal-report.html").read_text(),
        ended.stdout,
    )


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    return rehearse("embedded", tmp_path_factory.mktemp("rehearsed"))


def image_of(environment: str) -> str:
    return str(read_config(REPOSITORY / f"Pulumi.{environment}.yaml")["immutable:imageId"])


def test_the_steps_pass_in_their_order(rehearsed: Rehearsed) -> None:
    assert rehearsed.document["ok"]
    assert rehearsed.document["engine"] == "embedded"
    assert [step["name"] for step in rehearsed.document["steps"]] == STEPS
    for step in rehearsed.document["steps"]:
        assert step["ok"]
        assert step["seconds"] >= 0
        assert set(step["changes"]) == COUNTED


def test_what_changed_is_named_and_counted(rehearsed: Rehearsed) -> None:
    for step in rehearsed.document["steps"]:
        changed = sum(count for op, count in step["changes"].items() if op != "same")
        assert len(step["resources"]) == changed
        assert all(each["type"] and each["name"] for each in step["resources"])
    assert rehearsed.step("staging-up")["changes"]["create"] > 30


def test_every_image_of_the_story_is_built_tested_and_known_to_the_commit(rehearsed: Rehearsed) -> None:
    built = {step["name"]: step["images"] for step in rehearsed.document["steps"] if step["images"]}
    assert list(built) == BUILDS
    first, second, rebuilt = (images[0] for (images,) in zip(built.values(), strict=True))
    assert len({each["image"] for each in (first, second, rebuilt)}) == 3
    # A changed document is other content; the same one built anew is not.
    assert first["hash"] != second["hash"] == rebuilt["hash"]
    for each in (first, second, rebuilt):
        assert (each["recipe"], each["tests"]) == ("service", "passed")
        assert list(each["regions"]) == ["eu-central-1", "eu-west-1"]
    commit = subprocess.run(
        ["git", "-C", REPOSITORY, "log", "-1", "--format=%H", "--", "images"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    assert first["commit"].removesuffix("-dirty") == (commit or "unknown")
    assert second["commit"].endswith("-dirty") == bool(commit)


def test_a_changed_document_changes_only_what_builds_it(rehearsed: Rehearsed) -> None:
    step = rehearsed.step("new-image")
    factory = {(r["type"].split(":")[-1], r["op"]) for r in step["resources"] if r["environment"] == "images"}
    assert factory == {
        ("Component", "replace"), ("ImageRecipe", "replace"), ("ImagePipeline", "update"),
        ("DistributionConfiguration", "update"),
    }  # fmt: skip


def test_images_that_nobody_uses_go_a_stage_further_and_all_others_stay(rehearsed: Rehearsed) -> None:
    notes = rehearsed.step("retire")["notes"]
    earlier = {image_of("staging"), image_of("prod")}
    assert {note.split()[2] for note in notes if note.startswith("done: deprecate ")} == earlier
    (gone,) = [note.split()[2] for note in notes if note.startswith("done: delete ")]
    assert notes[-1].startswith(f"with {gone} its snapshots are gone: snap-")
    kept = [note for note in notes if note.startswith("a dry run tells: keep")]
    assert len(kept) == len(BUILDS)
    assert all("used by" in note for note in kept)


def test_a_second_up_changes_nothing(rehearsed: Rehearsed) -> None:
    up, again = rehearsed.step("staging-up"), rehearsed.step("staging-again")
    assert again["resources"] == []
    assert again["changes"]["same"] == up["changes"]["create"]


def test_a_preview_announces_what_the_up_then_does(rehearsed: Rehearsed) -> None:
    assert rehearsed.step("prod-preview")["changes"] == rehearsed.step("prod-up")["changes"]


@pytest.mark.parametrize("name", ["new-image", "bad-image", "rollback"])
def test_between_two_images_only_templates_and_refreshes_change(rehearsed: Rehearsed, name: str) -> None:
    changed = [each for each in rehearsed.step(name)["resources"] if each["environment"] != "images"]
    assert {each["type"].split("/")[0] for each in changed} == {"aws:ec2", "pulumi-python:dynamic"}
    assert {each["op"] for each in changed} == {"update"}


def test_everything_that_was_created_is_destroyed(rehearsed: Rehearsed) -> None:
    created = sum(rehearsed.step(name)["changes"]["create"] for name in MADE)
    assert rehearsed.step("destroy")["changes"]["delete"] == created


def test_prod_goes_to_the_new_image_and_back_and_staging_stays(rehearsed: Rehearsed) -> None:
    old = rehearsed.step("image")["images"][0]["image"]
    end = rehearsed.step("destroy")["at"]

    def images(environment: str) -> list[str]:
        seen = stretches(rehearsed.document, environment, end)
        return list(dict.fromkeys(each.image for each in sorted(seen, key=lambda each: each.start)))

    new, bad = [image for image in images("staging") if image != old]
    assert images("staging") == [old, new, bad]
    assert images("prod") == [old, new]
    for environment, runs in (("prod", old), ("staging", new)):
        last = [each for each in stretches(rehearsed.document, environment, end) if each.end >= end]
        assert {each.image for each in last} == {runs}


def test_a_bad_image_fails_its_up_with_the_alarm_and_leaves_no_server(rehearsed: Rehearsed) -> None:
    step = rehearsed.step("bad-image")
    assert [(each["operation"], each["ok"]) for each in step["operations"]] == [("up", False), ("up", True)]
    reason = next(note for note in step["notes"] if "fails, as it should" in note)
    assert re.search(r"RollbackSuccessful.* ALARM state: \S+-errors-", reason)
    # What fails on purpose is no failure to the reader.
    assert "reason" not in step
    assert "FAILED" not in rehearsed.output
    appeared = [each for each in rehearsed.document["fleet"] if step["at"] < each["at"] < step["until"]]
    bad = step["images"][0]["image"]
    counts = [each["in_service"] for each in appeared if each["image"] == bad]
    assert max(counts) >= 1
    assert counts[-1] == 0


def test_no_roll_out_takes_a_fleet_below_what_it_serves_with(rehearsed: Rehearsed) -> None:
    for environment in ("staging", "prod"):
        services = read_config(REPOSITORY / f"Pulumi.{environment}.yaml")["immutable:services"]
        least = sum(service["min"] for service in services.values())
        begin, end = rehearsed.step("new-image")["at"], rehearsed.step("last-line")["at"]
        within = [
            each
            for each in stretches(rehearsed.document, environment, end)
            if each.end > begin and each.start < end
        ]
        moments = {max(each.start, begin) for each in within}
        for moment in moments:
            serving = sum(each.count for each in within if each.start <= moment < each.end)
            assert serving >= least, f"{environment} at {moment}"


def test_servers_past_their_lifetime_are_renewed_without_an_up(rehearsed: Rehearsed) -> None:
    rotation, leap = rehearsed.step("rotation"), rehearsed.document["leaps"][0]
    assert rotation["operations"] == []
    assert rotation["at"] <= leap["at"] < leap["at"] + leap["seconds"] < rotation["until"]
    # The servers of the rollback are a week old by then, and were a little old already before the leap.
    assert leap["seconds"] < 7 * 86_400 < rotation["until"] - rehearsed.step("rollback")["at"]
    assert sum("other servers" in note for note in rotation["notes"]) == 2


def test_what_a_hand_did_is_found_and_undone_and_nothing_else_changes(rehearsed: Rehearsed) -> None:
    drift = rehearsed.step("drift")
    assert [each["operation"] for each in drift["operations"]] == ["refresh", "up"]
    group = "aws:autoscaling/group:Group"
    assert [(each["type"], each["op"]) for each in drift["resources"]] == [(group, "update")]
    notes = "\n".join(drift["notes"])
    assert re.search(r"drift finds login: \S+ \S+ was on i-", notes)
    assert re.search(r"drift finds setting: \S+ the percentage kept healthy", notes)
    assert drift["notes"][-1] == "drift finds nothing any more"


def test_a_quarantine_changes_nothing_that_the_program_declares(rehearsed: Rehearsed) -> None:
    quarantine = rehearsed.step("quarantine")
    assert quarantine["operations"] == []
    assert "is in its place" in quarantine["notes"][1]


def test_what_rollouts_were_at_is_told_to_their_end(rehearsed: Rehearsed) -> None:
    stages: dict[tuple[str, str], list[str | None]] = {}
    for each in rehearsed.document["stages"]:
        stages.setdefault((each["environment"], each["service"]), []).append(each["stage"])
    assert {environment for environment, _ in stages} == {"staging", "prod"}
    assert all("InProgress" in seen and seen[-1] is None for seen in stages.values())


def test_the_fleets_are_empty_at_the_end(rehearsed: Rehearsed) -> None:
    last: dict[tuple[str, str], int] = {}
    for sample in rehearsed.document["fleet"]:
        last[(sample["environment"], sample["image"])] = sample["in_service"]
    assert last
    assert set(last.values()) == {0}


def test_the_table_at_the_end_names_every_step_and_the_engine(rehearsed: Rehearsed) -> None:
    table = rehearsed.output.split("The rehearsal passed")[0].splitlines()
    rows = [line.split()[0] for line in table if line.endswith("ok")]
    assert rows == STEPS
    built = {step["name"]: step["images"][0]["image"] for step in map(rehearsed.step, BUILDS)}
    assert built == {line.split()[1]: line.split()[0] for line in table if line.startswith("ami-")}
    assert "with the embedded engine." in rehearsed.output


def test_the_report_shows_the_same_as_the_json(rehearsed: Rehearsed) -> None:
    assert re.findall(r'<li class="step ok" id="step-([a-z-]+)"', rehearsed.page) == STEPS
    for sample in rehearsed.document["fleet"]:
        assert f'data-image="{sample["image"]}"' in rehearsed.page
    for step in map(rehearsed.step, BUILDS):
        assert f'data-built="{step["images"][0]["image"]}"' in rehearsed.page


def test_the_pulumi_command_does_the_same(rehearsed: Rehearsed, tmp_path: Path) -> None:
    if not shutil.which("pulumi"):
        pytest.skip("needs the pulumi command on the PATH")
    other = rehearse("pulumi", tmp_path)
    assert other.document["engine"] == "pulumi"

    def told(each: Rehearsed) -> list[tuple[str, dict[str, int], list[tuple[str, ...]]]]:
        return [
            (step["name"], step["changes"], sorted(tuple(r.values()) for r in step["resources"]))
            for step in each.document["steps"]
        ]

    assert told(other) == told(rehearsed)
