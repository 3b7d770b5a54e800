"""Each step of the story fails when what it is there to show is not so."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import image_steps, steps
from rehearsal.engines import Changed
from rehearsal.errors import RehearsalError
from rehearsal.stage import Stage, StepFailedError
from tests.rehearsal.staged import (
    BEFORE,
    CONTENT,
    NETWORK,
    NEW,
    OLD,
    REFRESH,
    TEMPLATE,
    client,
    engine,
    make_stage,
    record,
    release,
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return make_stage(tmp_path, monkeypatch)


def test_staging_has_to_run_the_image_of_its_configuration(stage: Stage) -> None:
    step = record()
    steps.staging_up(stage, step)
    assert step.notes == [f"staging: 2 in service on {OLD}"]
    engine(stage).rolls = False
    client(stage).fleets["staging"] = BEFORE
    with pytest.raises(StepFailedError, match=f"staging should run {OLD}; in service: 2 on {BEFORE}"):
        steps.staging_up(stage, record())


def test_a_fleet_that_never_comes_up_fails_the_step(stage: Stage) -> None:
    engine(stage).rolls = False
    with pytest.raises(StepFailedError, match="in service: none"):
        steps.staging_up(stage, record())


def test_an_operation_that_fails_gives_its_reason_to_the_step(stage: Stage) -> None:
    engine(stage).error = "the refresh rolled back"
    with pytest.raises(RehearsalError, match=r"^up staging: the refresh rolled back$"):
        steps.staging_up(stage, record())


def test_a_second_up_that_changes_something_fails_the_step(stage: Stage) -> None:
    steps.staging_again(stage, record())
    engine(stage).changes["up"] = [TEMPLATE]
    with pytest.raises(StepFailedError, match="update aws:ec2/launchTemplate:LaunchTemplate web"):
        steps.staging_again(stage, record())


def test_a_promotion_shows_the_one_line_that_it_changes(stage: Stage) -> None:
    step = record()
    steps.promote(stage, step)
    assert step.notes == [
        f"Pulumi.prod.yaml: -   immutable:imageId: {BEFORE}",
        f"Pulumi.prod.yaml: +   immutable:imageId: {OLD}",
    ]


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("Pulumi.prod.yaml", "  extra: 1\n", "should change one line"),
        ("Pulumi.staging.yaml", "# remark\n", "should change Pulumi.prod.yaml alone"),
    ],
)
def test_a_promotion_that_changes_more_than_one_line_fails_the_step(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, file: str, text: str, reason: str
) -> None:
    def careless(stage: Stage, *arguments: str) -> str:
        release(stage, *arguments)
        path = stage.workspace.project / file
        path.write_text(path.read_text() + text)
        return ""

    monkeypatch.setattr(Stage, "release", careless)
    with pytest.raises(StepFailedError, match=reason):
        steps.promote(stage, record())


def test_a_promotion_that_changes_nothing_fails_the_step(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stage, "release", lambda *_: "")
    with pytest.raises(StepFailedError, match="it changed nothing"):
        steps.promote(stage, record())


def test_a_first_preview_that_would_not_only_create_fails_the_step(stage: Stage) -> None:
    engine(stage).changes["preview"] = [Changed("aws:ec2/vpc:Vpc", "network", "create")]
    steps.prod_preview(stage, record())
    engine(stage).changes["preview"] = [Changed("aws:ec2/vpc:Vpc", "network", "delete")]
    with pytest.raises(StepFailedError, match="it would also: delete aws:ec2/vpc:Vpc network"):
        steps.prod_preview(stage, record())


def test_a_preview_that_touches_the_cloud_fails_the_step(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([frozenset(), frozenset({("VPC", "vpc-1")})])
    monkeypatch.setattr(image_steps, "held", lambda _: next(looks))
    with pytest.raises(StepFailedError, match="changed the cloud"):
        steps.prod_preview(stage, record())


def test_a_new_image_goes_to_staging_and_then_to_prod_each_with_a_preview_first(stage: Stage) -> None:
    engine(stage).changes.update(preview=[TEMPLATE, REFRESH], up=[TEMPLATE, REFRESH])
    engine(stage).changes["up images"] = CONTENT
    step = record()
    steps.new_image(stage, step)
    assert engine(stage).ran == ["up images", "preview staging", "up staging", "preview prod", "up prod"]
    assert client(stage).fleets == {"staging": NEW, "prod": NEW}
    # The previews are told, but what they announce counts once.
    assert step.changes == {"create": 0, "update": 6, "replace": 2, "delete": 0, "same": 15}
    assert len(step.resources) == 8


@pytest.mark.parametrize(
    ("operation", "changes", "reason"),
    [
        ("preview", [TEMPLATE, REFRESH, NETWORK], "not update aws:ec2/vpc:Vpc network"),
        ("up", [TEMPLATE, REFRESH, NETWORK], "not update aws:ec2/vpc:Vpc network"),
        ("preview", [TEMPLATE], "should change launch templates and refreshes"),
        ("preview", [REFRESH], "should change launch templates and refreshes"),
        ("preview", [], "should change launch templates and refreshes"),
        ("preview", [Changed(TEMPLATE.type, "web", "replace"), REFRESH], "not replace"),
    ],
)
def test_a_roll_out_that_changes_more_or_less_fails_the_step(
    stage: Stage, operation: str, changes: list[Changed], reason: str
) -> None:
    engine(stage).changes.update(preview=[TEMPLATE, REFRESH], up=[TEMPLATE, REFRESH])
    engine(stage).changes["up images"] = CONTENT
    engine(stage).changes[operation] = changes
    with pytest.raises(StepFailedError, match=reason):
        steps.new_image(stage, record())


def test_a_rollback_that_leaves_servers_on_the_new_image_fails_the_step(stage: Stage) -> None:
    engine(stage).changes.update(preview=[TEMPLATE, REFRESH], up=[TEMPLATE, REFRESH])
    steps.rollback(stage, record())
    assert engine(stage).ran == ["up prod"]
    assert client(stage).fleets == {"prod": OLD}
    engine(stage).rolls = False
    client(stage).fleets["prod"] = NEW
    release(stage, "set-image", "prod", NEW)
    with pytest.raises(StepFailedError, match=f"in service: 2 on {NEW}"):
        steps.rollback(stage, record())


def test_protection_is_lifted_in_the_configuration_before_a_destroy(stage: Stage) -> None:
    step = record()
    steps.destroy(stage, step)
    assert engine(stage).ran == [
        "up prod", "destroy prod", "up staging", "destroy staging", "up images", "destroy images",
    ]  # fmt: skip
    assert "Pulumi.prod.yaml: + loadBalancer.deletionProtection: false" in step.notes
    assert "Pulumi.images.yaml: + distribution.retainKeysOnDestroy: false" in step.notes
    assert "# the image" in stage.workspace.config_file("prod").read_text()
    engine(stage).ran.clear()
    steps.destroy(stage, record())
    assert engine(stage).ran == ["destroy prod", "destroy staging", "destroy images"]


def test_a_destroy_that_leaves_something_behind_fails_the_step(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.before = frozenset({("VPC", "default")})
    held = frozenset({("VPC", "default"), ("bucket", "logs")})
    monkeypatch.setattr(image_steps, "held", lambda _: held)
    with pytest.raises(StepFailedError, match="still holds 1 of ours: bucket logs"):
        steps.destroy(stage, record())
