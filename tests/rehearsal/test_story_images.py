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


def test_the_account_holds_zones_parents_and_earlier_images_before_the_factory_builds_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = record()
    monkeypatch.setattr(image_steps, "_disabled", lambda _: "ami-44444444")
    config = stage.workspace.config_file("prod")
    config.write_text(f"{config.read_text()}  immutable:names: {{zoneId: Z1, domain: a.test}}\n")
    image_steps.image(stage, step)
    assert client(stage).zones == {"Z1": "a.test"}
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
    assert stage.disabled == "ami-44444444"
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
    assert client(stage).speeds == [2500, 500]


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


OLDEST = "ami-44444444444444444"


class Account:
    """AWS with an old image that is about to go, and `retire` as it should be."""

    def __init__(self, stage: Stage) -> None:
        stage.earlier, stage.disabled = [BEFORE, OLD], OLDEST
        self.asked: list[tuple[str, ...]] = []
        self.verdicts = {NEW: "keep", OLD: "deprecate", BEFORE: "deprecate", OLDEST: "delete"}
        self.snapshots = {"snap-1": OLDEST, "snap-2": OLD, "snap-3": NEW}
        self.deletes_at: str | None = None
        self.done: list[tuple[str, dict[str, Any]]] = []

    def ask(self, _: Stage, *arguments: str) -> dict[str, Any]:
        self.asked.append(arguments)
        if self.deletes_at in (None, *arguments) and ("--dry-run" not in arguments or self.deletes_at):
            self.snapshots.pop("snap-1", None)
        return {
            "images": [
                {"images": {"eu-central-1": image, "eu-west-1": image}, "action": action, "why": "because"}
                for image, action in self.verdicts.items()
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

    def describe_images(self, **given: Any) -> dict[str, Any]:
        self.done.append(("describe", given))
        return {"Images": [{"CreationDate": "2026-01-11T01:02:03.000Z"}]}

    def create_tags(self, **given: Any) -> None:
        self.done.append(("tag", given))

    def disable_image(self, **given: Any) -> None:
        self.done.append(("disable", given))


@pytest.fixture
def account(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account(stage)
    client(stage).fleets.update(staging=NEW, prod=NEW)
    monkeypatch.setattr(Stage, "ask", lambda *given: made.ask(*given))
    monkeypatch.setattr(Stage, "client", lambda *_: made)
    return made


def test_an_old_image_is_there_as_it_is_left_for_its_last_stage(stage: Stage, account: Account) -> None:
    assert image_steps._disabled(stage) == NEW
    mark = {"Key": "immutable:retire", "Value": "disabled 2026-01-01T01:02:03Z"}
    in_region = [
        ("describe", {"ImageIds": [NEW]}),
        ("tag", {"Resources": [NEW], "Tags": [mark]}),
        ("disable", {"ImageId": NEW}),
    ]
    assert account.done == in_region * len(stage.factory.regions)
    assert client(stage).registered[NEW]["tags"]["immutable:recipe"] == "service"


def test_images_go_a_stage_further_and_the_oldest_with_its_snapshots(stage: Stage, account: Account) -> None:
    step = record()
    image_steps.retire(stage, step)
    assert account.asked == [("retire", "--keep", "1", "--dry-run"), ("retire", "--keep", "1")]
    assert step.notes == [
        f"a dry run tells: keep {NEW}: because",
        f"a dry run tells: deprecate {OLD}: because",
        f"a dry run tells: deprecate {BEFORE}: because",
        f"a dry run tells: delete {OLDEST}: because",
        f"done: deprecate {OLD}",
        f"done: deprecate {BEFORE}",
        f"done: delete {OLDEST}",
        f"with {OLDEST} its snapshots are gone: snap-1, snap-1",
    ]


@pytest.mark.parametrize(("image", "action"), [(NEW, "deprecate"), (OLD, "keep"), (OLDEST, "wait")])
def test_a_retirement_of_more_or_less_fails_the_step(
    stage: Stage, account: Account, image: str, action: str
) -> None:
    account.verdicts[image] = action
    with pytest.raises(StepFailedError, match=f"and keep all others; it tells: .*{action} {image}"):
        image_steps.retire(stage, record())


def test_a_retirement_that_misses_an_image_fails_the_step(stage: Stage, account: Account) -> None:
    del account.verdicts[OLD]
    with pytest.raises(StepFailedError, match=f"retire should delete {OLDEST}, deprecate {BEFORE}, {OLD}"):
        image_steps.retire(stage, record())


@pytest.mark.parametrize(
    ("deletes_at", "reason"),
    [("--dry-run", "a dry run should delete nothing"), ("never", "should be gone; there is snap-1")],
)
def test_snapshots_that_go_too_early_or_stay_fail_the_step(
    stage: Stage, account: Account, deletes_at: str, reason: str
) -> None:
    account.deletes_at = deletes_at
    with pytest.raises(StepFailedError, match=reason):
        image_steps.retire(stage, record())
