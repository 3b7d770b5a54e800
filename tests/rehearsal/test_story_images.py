"""The steps about images fail when an image is not what it should be, or goes when it should stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal import image_steps, provenance
from rehearsal.engines import Changed
from rehearsal.provenance import BUILD
from rehearsal.stage import Stage, StepFailedError
from tests.rehearsal.staged import (
    BEFORE,
    CONTENT,
    NETWORK,
    NEW,
    OLD,
    PARENT,
    built,
    client,
    engine,
    make_stage,
    record,
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return make_stage(tmp_path, monkeypatch)


def test_the_account_holds_parents_and_earlier_images_before_the_factory_builds_one(stage: Stage) -> None:
    step = record()
    image_steps.image(stage, step)
    there = client(stage).registered
    assert list(there) == [PARENT, BEFORE, OLD]
    assert there[PARENT] == {
        "name": "debian-rehearsed", "tags": {}, "owner": "136693071363", "architecture": "arm64",
    }  # fmt: skip
    # Earlier ones are the factory's own: tested, and each of another build.
    assert {each["tags"]["immutable:recipe"] for each in (there[BEFORE], there[OLD])} == {"service"}
    assert {each["tags"]["immutable:tests"] for each in (there[BEFORE], there[OLD])} == {"passed"}
    assert there[BEFORE]["tags"][BUILD] != there[OLD]["tags"][BUILD]
    assert engine(stage).ran == ["up images"]
    assert (stage.image, stage.earlier, stage.workspace.image("staging")) == (NEW, [BEFORE, OLD], NEW)
    assert f"Pulumi.staging.yaml: +   immutable:imageId: {NEW}" in step.notes
    assert "Pulumi.images.yaml: + logs.retainOnDestroy: false" in step.notes


def test_where_a_built_image_comes_from_is_on_record(stage: Stage) -> None:
    step = record()
    image_steps.bake(stage, step)
    [found] = step.document()["images"]
    assert (found["image"], found["recipe"], found["parent"]) == (NEW, "service", PARENT)
    assert step.notes[-1] == (
        f"{NEW} is built from service 0123456789abcdef on {PARENT}; tests passed, findings critical=0; "
        "it is in eu-central-1, eu-west-1"
    )


def test_a_build_is_waited_for_in_a_hurry_and_nothing_else_is(stage: Stage) -> None:
    image_steps.bake(stage, record())
    assert client(stage).speeds == [5000, 500]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"tests": "failed"}, "tests failed"),
        ({"commit": ""}, "without commit"),
        ({"findings": ""}, "without findings"),
        ({"regions": {"eu-central-1": NEW}}, "it is in eu-central-1, tests passed"),
    ],
)
def test_an_image_that_is_not_all_that_it_should_be_fails_the_step(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], reason: str
) -> None:
    bad = replace(built(NEW, stage.factory.regions), **wrong)
    monkeypatch.setattr(provenance, "read", lambda *_: bad)
    with pytest.raises(StepFailedError, match=reason):
        image_steps.bake(stage, record())


def test_a_changed_document_is_brought_to_the_factory_and_built(stage: Stage) -> None:
    engine(stage).changes["up"] = CONTENT
    step = record()
    assert image_steps.next_image(stage, step) == NEW
    assert step.notes[0] == "images/documents/service.yaml says one thing more"
    text = (stage.workspace.project / "images/documents/service.yaml").read_text()
    assert "next-release" in text
    assert "# of all" in text
    assert "next-release" not in (stage.workspace.source / "images/documents/service.yaml").read_text()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ([*CONTENT, NETWORK], "not update aws:ec2/vpc:Vpc network"),
        ([*CONTENT, Changed(CONTENT[2].type, "service", "replace")], "not replace aws:imagebuilder/imageP"),
        (CONTENT[:3], "should also update aws:imagebuilder/distributionConfiguration"),
        (CONTENT[1:], "should also replace aws:imagebuilder/component"),
    ],
)
def test_a_changed_document_that_changes_more_or_less_fails_the_step(
    stage: Stage, changes: list[Changed], reason: str
) -> None:
    engine(stage).changes["up"] = changes
    with pytest.raises(StepFailedError, match=reason):
        image_steps.next_image(stage, record())


class Retiring:
    """`retire` as it should be: two images before the story's first go a stage a run, the rest is kept."""

    def __init__(self, stage: Stage) -> None:
        stage.earlier = [BEFORE, OLD]
        self.asked: list[tuple[str, ...]] = []
        self.verdicts = dict.fromkeys([BEFORE, OLD], "") | {NEW: "keep"}
        self.snapshots = {"snap-1": BEFORE, "snap-2": OLD, "snap-3": NEW}
        self.goes = True

    def ask(self, _: Stage, *arguments: str) -> dict[str, Any]:
        run = sum("--dry-run" not in each for each in self.asked)
        self.asked.append(arguments)
        if run == 2 and self.goes:
            self.snapshots = {"snap-3": NEW}
        action = image_steps.RUNS[run]
        verdicts = {image: said or action for image, said in self.verdicts.items()}
        return {
            "images": [
                {"images": {"eu-central-1": image, "eu-west-1": image}, "action": said, "why": "because"}
                for image, said in verdicts.items()
            ]
        }

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_snapshots"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [
            {"Snapshots": [{"SnapshotId": each, "Description": f"of {image}"}]}
            for each, image in self.snapshots.items()
        ]


@pytest.fixture
def retiring(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Retiring:
    made = Retiring(stage)
    client(stage).fleets.update(staging=NEW, prod=NEW)
    monkeypatch.setattr(Stage, "ask", lambda *given: made.ask(*given))
    monkeypatch.setattr(Stage, "client", lambda *_: made)
    return made


def test_images_go_a_stage_a_day_with_their_snapshots(stage: Stage, retiring: Retiring) -> None:
    step = record()
    image_steps.retire(stage, step)
    run = ("retire", "--keep", "1", "--grace", "1")
    assert retiring.asked == [(*run, "--dry-run"), run, run, run]
    assert [leap["seconds"] for leap in stage.leaps] == [86_400, 86_400]
    assert step.notes[0] == f"a dry run tells: deprecate {BEFORE}: because"
    assert f"a dry run tells: keep {NEW}: because" in step.notes
    assert step.notes[-3:] == [
        f"a day later: disable {BEFORE}, {OLD}",
        f"a day later: delete {BEFORE}, {OLD}",
        "with them their 4 snapshots are gone",
    ]


@pytest.mark.parametrize(("image", "action"), [(NEW, "deprecate"), (OLD, "keep"), (OLD, "wait")])
def test_a_retirement_of_more_or_less_fails_the_step(
    stage: Stage, retiring: Retiring, image: str, action: str
) -> None:
    retiring.verdicts[image] = action
    with pytest.raises(StepFailedError, match=f"and keep all others; it tells: .*{action} {image}"):
        image_steps.retire(stage, record())


def test_a_retirement_that_misses_an_image_fails_the_step(stage: Stage, retiring: Retiring) -> None:
    del retiring.verdicts[OLD]
    with pytest.raises(StepFailedError, match="retire should deprecate"):
        image_steps.retire(stage, record())


def test_snapshots_that_stay_behind_fail_the_step(stage: Stage, retiring: Retiring) -> None:
    retiring.goes = False
    with pytest.raises(StepFailedError, match="should be gone; there is snap-1, snap-2"):
        image_steps.retire(stage, record())
