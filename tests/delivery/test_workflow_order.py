"""What comes after what: tests before all, staging before prod, an approval outside of the queue, one
deploy at a time, and everything that there is gets its turn.
"""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from tests.delivery.workflow_files import ALL, FOLDER, ROOT, Job, each, job, read


@pytest.mark.parametrize("file", ["pull-request.yml", "deploy.yml"])
def test_nothing_goes_on_without_the_tests(file: str) -> None:
    assert job(file, "test").runs == ["scripts/test"]
    assert job("pull-request.yml", "preview").document["needs"] == ["test", "touched"]
    assert job("deploy.yml", "staging").document["needs"] == "test"


@each([one for one in ALL if "strategy" in one.document])
def test_one_stack_that_fails_leaves_the_others_their_turn(one: Job) -> None:
    assert one.document["strategy"]["fail-fast"] is False


@each([one for one in ALL if "concurrency" in one.document])
def test_what_waits_for_its_turn_gets_it(one: Job) -> None:
    assert one.document["concurrency"]["queue"] == "max"
    assert "cancel-in-progress" not in one.document["concurrency"]


def test_a_newer_push_ends_the_previews_of_the_one_before() -> None:
    """They write nothing, and nobody needs their answer any more."""
    assert read(FOLDER / "pull-request.yml")["concurrency"]["cancel-in-progress"] is True


@pytest.mark.parametrize("name", ["promote", "soak"])
def test_an_older_commit_that_left_staging_alone_goes_no_further(name: str) -> None:
    assert job("deploy.yml", name).document["if"] == "needs.staging.outputs.current == 'true'"


@pytest.mark.parametrize(
    ("file", "name", "ref"),
    [("rollback.yml", "rollback", "main"),
     ("review.yml", "destroy", "${{ github.event.repository.default_branch }}")],
)  # fmt: skip
def test_what_undoes_a_change_does_not_depend_on_its_branch(file: str, name: str, ref: str) -> None:
    checkout = job(file, name).steps[0]
    assert checkout["uses"].startswith("actions/checkout@")
    assert checkout["with"]["ref"] == ref


@each([one for one in ALL if one.environment and one.environment != "prod-approval"])
def test_a_deploy_waits_for_the_one_before_and_none_is_dropped(one: Job) -> None:
    """By itself GitHub drops what waits when the next comes, and a cancelled `up` leaves a lock behind."""
    waiting = one.document.get("concurrency") or read(one.path)["concurrency"]
    assert waiting["queue"] == "max"
    assert "cancel-in-progress" not in waiting
    if one.path.name not in ("review.yml", "sweep.yml"):
        assert waiting["group"] == f"deploy-{one.environment}"


@each([one for one in ALL if one.environment == "prod-approval"])
def test_an_approval_holds_no_queue_and_has_no_way_into_aws(one: Job) -> None:
    assert "concurrency" not in {**read(one.path), **one.document}
    assert one.document["permissions"] == {"contents": "read"}


@each([one for one in ALL if one.path.name == "pull-request.yml"])
def test_a_pull_request_waits_for_no_deploy_and_holds_none_up(one: Job) -> None:
    assert one.environment is None
    group = read(one.path)["concurrency"]["group"]
    assert "concurrency" not in one.document
    assert not group.startswith("deploy")


def test_prod_comes_after_staging_its_soak_and_an_approval() -> None:
    chain = {
        name: job("deploy.yml", name).document["needs"]
        for name in ("staging", "soak", "plan", "approve", "prod")
    }
    assert chain == {
        "staging": "test",
        "soak": "staging",
        "plan": "soak",
        "approve": "plan",
        "prod": "approve",
    }
    assert job("deploy.yml", "approve").environment == "prod-approval"


@each([one for one in ALL if one.path.name in ("deploy.yml", "bake.yml") and one.environment])
def test_a_deploy_of_main_leaves_it_to_a_newer_commit(one: Job) -> None:
    """GitHub does not serve a queue in order: `current` comes first, and what follows heeds it."""
    stack = (one.environment or "").removesuffix("-approval")
    commands = [step for step in one.steps if "run" in step]
    assert commands[0]["run"].startswith(f"scripts/release current {stack} --on origin/main")
    if "--output" in commands[0]["run"]:
        assert {step["if"] for step in commands[1:]} == {"steps.current.outputs.current == 'true'"}
    [checkout] = [step for step in one.steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["fetch-depth"] == 0


def test_nobody_is_asked_before_the_soak_is_over() -> None:
    [gate] = job("deploy.yml", "soak").runs
    assert gate == "scripts/release gate staging prod --soak-minutes 30 --wait --timeout-minutes 150"
    assert job("deploy.yml", "soak").document["timeout-minutes"] > 150
    assert job("deploy.yml", "approve").document["if"] == "needs.plan.outputs.changes == 'true'"


def test_a_rollback_is_proposed_before_servers_go_back_and_they_go_back_all_the_same() -> None:
    """Of the two the branch comes first: from then on no deploy of main comes in between."""
    back, proposal, up = [step for step in job("rollback.yml", "rollback").steps if "run" in step]
    assert back["run"].startswith("scripts/release rollback ")
    assert proposal["run"].startswith('scripts/release propose "rollback/$ENVIRONMENT"')
    assert up["run"] == 'scripts/release up "$ENVIRONMENT"'
    assert up["if"] == "${{ !cancelled() && steps.rollback.outcome == 'success' }}"


def test_prod_asks_the_gate_once_more_before_its_up() -> None:
    """An approval may come days after the soak."""
    assert job("deploy.yml", "prod").runs == [
        "scripts/release current prod --on origin/main",
        "scripts/release gate staging prod --soak-minutes 30",
        "scripts/release up prod",
    ]


def environments(key: str) -> set[str]:
    reader = YAML(typ="safe", pure=True)
    files = {path: reader.load(path.read_text()) or {} for path in ROOT.glob("Pulumi.*.yaml")}
    return {path.name.split(".")[1] for path, document in files.items() if key in document.get("config", {})}


def test_drift_looks_at_every_environment() -> None:
    assert set(job("drift.yml", "drift").document["strategy"]["matrix"]["environment"]) == environments(
        "immutable:imageId"
    )


def test_a_rollback_may_go_to_every_environment() -> None:
    options = read(FOLDER / "rollback.yml")["on"]["workflow_dispatch"]["inputs"]["environment"]["options"]
    assert set(options) == environments("immutable:imageId")


def test_every_recipe_is_baked_and_its_parent_looked_after() -> None:
    """A recipe that is added to the factory gets its lines in bake.yml."""
    reader = YAML(typ="safe", pure=True)
    recipes = reader.load((ROOT / "Pulumi.images.yaml").read_text())["config"]["immutable:recipes"]
    for recipe in recipes:
        assert any(run.startswith(f"scripts/release bake {recipe} ") for run in job("bake.yml", "bake").runs)
        assert f"scripts/release parent {recipe} --write" in job("bake.yml", "parent").runs
