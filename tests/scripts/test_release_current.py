"""`current`: an older commit leaves a stack to a newer one, and no commit undoes a rollback unseen."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.releases.cli import app
from tests.delivery.checkouts import Checkout
from tests.scripts.release_project import CONFIG, NEW, OLD, Finished

ON = ("--on", "origin/main")
PROJECT = {"Pulumi.yaml": "name: immutable\nruntime: python\n"}


def config(name: str, image: str) -> dict[str, str]:
    return {f"Pulumi.{name}.yaml": CONFIG.format(name=name, image=image)}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.create(tmp_path, {**PROJECT, **config("staging", NEW), **config("prod", NEW)})


def run(where: Checkout | Path, *arguments: str) -> Finished:
    """Runs a command in a checkout, or in any directory."""
    directory = where.directory if isinstance(where, Checkout) else where
    done = CliRunner().invoke(app, ["--project", str(directory), *arguments])
    return Finished(done.exit_code, done.stdout, done.stderr)


def rolled_back(checkout: Checkout) -> None:
    """The rollback of prod is up and proposed, and nobody merged it yet."""
    checkout.commit(config("prod", OLD), "Roll prod back", branch="rollback/prod")
    checkout.at("origin/main")


def test_the_newest_commit_is_current(checkout: Checkout) -> None:
    done = run(checkout, "current", "prod", *ON)
    assert (done.code, done.out) == (0, "this checkout is what origin/main says of prod\n")


def test_an_older_commit_is_refused_the_stack_that_a_newer_one_changes(checkout: Checkout) -> None:
    before = checkout.git("rev-parse", "HEAD")
    newer = checkout.commit(config("prod", OLD), "Another image")
    checkout.at(before)
    said = run(checkout, "current", "prod", *ON).refusal
    assert said == (
        f"origin/main has newer changes of prod, up to {newer[:7]} (Another image): their run brings them"
    )


def test_an_older_commit_is_current_for_a_stack_that_the_newer_one_leaves_alone(checkout: Checkout) -> None:
    before = checkout.git("rev-parse", "HEAD")
    checkout.commit({**config("prod", OLD), "README.md": "more"}, "Another image of prod")
    checkout.at(before)
    assert run(checkout, "current", "staging", *ON).code == 0


def test_a_newer_commit_that_takes_the_stack_away_counts(checkout: Checkout) -> None:
    before = checkout.git("rev-parse", "HEAD")
    checkout.git("rm", "--quiet", "Pulumi.prod.yaml")
    checkout.commit({}, "No prod any more")
    checkout.at(before)
    assert run(checkout, "current", "prod", *ON).code == 2


def test_a_step_is_told_and_not_failed(checkout: Checkout, tmp_path: Path) -> None:
    before = checkout.git("rev-parse", "HEAD")
    checkout.commit(config("prod", OLD), "Another image")
    checkout.at(before)
    output = tmp_path / "output"
    assert run(checkout, "current", "prod", *ON, "--output", str(output)).code == 0
    assert output.read_text().startswith("current=false\nwhy=origin/main has newer changes of prod")


def test_main_may_not_undo_a_rollback_that_is_not_merged(checkout: Checkout) -> None:
    rolled_back(checkout)
    said = run(checkout, "current", "prod", *ON).refusal
    assert said == (
        f"a rollback of prod took {NEW} away and is not merged, and Pulumi.prod.yaml still names it: "
        "merge origin/rollback/prod, or delete that branch"
    )


def test_a_rollback_of_one_environment_holds_no_other_one_up(checkout: Checkout) -> None:
    rolled_back(checkout)
    assert run(checkout, "current", "staging", *ON).code == 0


def test_another_image_may_go_past_a_rollback(checkout: Checkout) -> None:
    """It is the image that was taken away that must not come back."""
    rolled_back(checkout)
    checkout.commit(config("prod", "ami-0000000000000000c"), "A better image")
    assert run(checkout, "current", "prod", *ON).code == 0


def test_an_image_in_a_comment_is_named_by_nobody(checkout: Checkout) -> None:
    rolled_back(checkout)
    kept = CONFIG.format(name="prod", image="ami-0000000000000000c") + f"# kept: {NEW}\n"
    checkout.commit({"Pulumi.prod.yaml": kept}, "A better image")
    assert run(checkout, "current", "prod", *ON).code == 0


@pytest.mark.parametrize("squashed", [True, False])
def test_a_rollback_that_is_merged_holds_nothing_up(checkout: Checkout, squashed: bool) -> None:
    """Also while its branch is still there."""
    rolled_back(checkout)
    if squashed:
        checkout.commit(config("prod", OLD), "Roll prod back (#7)")
    else:
        checkout.git("merge", "--quiet", "--no-ff", "-m", "Merge", "origin/rollback/prod")
        checkout.git("push", "--quiet", "origin", "HEAD:main")
        checkout.git("fetch", "--quiet", "origin")
    assert run(checkout, "current", "prod", *ON).code == 0


def test_what_cannot_be_compared_is_refused(checkout: Checkout, tmp_path: Path) -> None:
    assert "there is no Pulumi.qa.yaml" in run(checkout, "current", "qa", *ON).refusal
    assert "fetch the whole history" in run(checkout, "current", "prod", "--on", "origin/master").refusal
    assert "--on" in run(checkout, "current", "prod").refusal
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in checkout.directory.glob("Pulumi*"):
        (elsewhere / path.name).write_text(path.read_text())
    assert "not a git repository" in run(elsewhere, "current", "prod", *ON).refusal
