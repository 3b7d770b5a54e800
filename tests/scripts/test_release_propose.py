"""`propose`: what a command wrote becomes one commit on a branch and one pull request, whoever runs it how
often.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery import github_server
from tests.delivery.checkouts import Checkout
from tests.delivery.github_server import Repository
from tests.scripts.release_project import CONFIG, NEW, OLD, Finished
from tests.scripts.test_release_current import PROJECT, config, run

RECIPE = "images/recipes/service.yaml"
TITLE = ("--title", "Roll prod back")
ASK = ("propose", "rollback/prod", *TITLE)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    files = {**PROJECT, **config("staging", NEW), **config("prod", NEW), RECIPE: "parent: ami-1\n"}
    return Checkout.create(tmp_path, files)


@pytest.fixture
def github(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    with github_server.serving(checkout.shared) as held:
        for name, value in held.variables.items():
            monkeypatch.setenv(name, value)
        yield held


def test_a_changed_line_becomes_a_pull_request(checkout: Checkout, github: Repository) -> None:
    checkout.write(config("prod", OLD))
    done = run(checkout, *ASK)
    assert (done.code, done.out) == (
        0,
        "Pulumi.prod.yaml on rollback/prod: https://github.example/owner/project/pull/1 (created)\n",
    )
    [pull] = github.pulls
    assert (pull["title"], pull["head"]["ref"], pull["base"]["ref"]) == (
        "Roll prod back",
        "rollback/prod",
        "main",
    )
    assert f"-  immutable:imageId: {NEW}" in pull["body"]
    assert f"+  immutable:imageId: {OLD}" in pull["body"]
    assert github.file("rollback/prod", "Pulumi.prod.yaml") == CONFIG.format(name="prod", image=OLD).strip()


def test_the_proposal_is_one_commit_upon_the_one_that_is_checked_out(
    checkout: Checkout, github: Repository
) -> None:
    """So that nothing else goes along, also when main moved on meanwhile."""
    began = checkout.git("rev-parse", "HEAD")
    checkout.commit({"README.md": "more"}, "Someone else's")
    checkout.at(began)
    checkout.write({**config("prod", OLD), "README.md": "mine", "stray.txt": "stray"})
    run(checkout, *ASK)
    assert github.git("rev-parse", "rollback/prod^") == began
    assert github.git("diff", "--name-only", began, "rollback/prod") == "Pulumi.prod.yaml"
    assert github.git("log", "-1", "--format=%s", "rollback/prod") == "Roll prod back"


def test_a_recipe_is_proposed_too(checkout: Checkout, github: Repository) -> None:
    checkout.write({RECIPE: "parent: ami-2\n"})
    assert RECIPE in run(checkout, "propose", "parent/service", "--title", "A newer parent").out
    assert github.file("parent/service", RECIPE) == "parent: ami-2"


def test_nothing_changed_is_nothing_to_propose(checkout: Checkout, github: Repository) -> None:
    """A file of nobody's stack, such as that of an environment of a request, is none of its business."""
    checkout.write({"Pulumi.pr-7.yaml": "config: {}\n", "README.md": "mine"})
    assert "nothing to propose" in run(checkout, *ASK).out
    assert github.asked == []


def test_a_second_proposal_updates_the_first(checkout: Checkout, github: Repository) -> None:
    checkout.write(config("prod", OLD))
    run(checkout, *ASK)
    checkout.write(config("prod", "ami-0000000000000000c"))
    assert "(updated)" in run(checkout, "propose", "rollback/prod", "--title", "Roll prod further back").out
    [pull] = github.pulls
    assert pull["title"] == "Roll prod further back"
    assert "ami-0000000000000000c" in pull["body"]
    assert "ami-0000000000000000c" in github.file("rollback/prod", "Pulumi.prod.yaml")
    assert github.git("rev-list", "--count", "main..rollback/prod") == "1"


def test_the_same_proposal_again_leaves_reviews_alone(checkout: Checkout, github: Repository) -> None:
    checkout.write(config("prod", OLD))
    run(checkout, *ASK)
    before = github.branch("rollback/prod")
    github.asked.clear()
    assert "(unchanged)" in run(checkout, *ASK).out
    assert github.branch("rollback/prod") == before
    assert [call for call in github.asked if not call.startswith("GET")] == []


def test_the_branch_of_an_old_proposal_is_taken_over(checkout: Checkout, github: Repository) -> None:
    """Its request was closed, so a new one is opened."""
    checkout.write(config("prod", OLD))
    run(checkout, *ASK)
    github.pulls[0]["state"] = "closed"
    checkout.write(config("prod", "ami-0000000000000000c"))
    assert "pull/2 (created)" in run(checkout, *ASK).out
    assert "ami-0000000000000000c" in github.file("rollback/prod", "Pulumi.prod.yaml")


def test_steps_and_programs_are_told(checkout: Checkout, github: Repository, tmp_path: Path) -> None:
    checkout.write(config("prod", OLD))
    output = tmp_path / "output"
    told = json.loads(run(checkout, *ASK, "--output", str(output), "--json").out)
    assert told == {
        "ok": True,
        "branch": "rollback/prod",
        "action": "created",
        "paths": ["Pulumi.prod.yaml"],
        "number": 1,
        "url": "https://github.example/owner/project/pull/1",
    }
    assert output.read_text() == f"action=created\nnumber=1\nurl={told['url']}\n"


def refused(done: Finished, code: int) -> str:
    assert (done.code, done.error.count("\n")) == (code, 1)
    return done.error.removeprefix("release: ").strip()


def test_a_repository_where_workflows_may_not_open_requests_says_what_to_allow(
    checkout: Checkout, github: Repository
) -> None:
    github.refused["POST /pulls"] = "GitHub Actions is not permitted to create or approve pull requests."
    checkout.write(config("prod", OLD))
    assert refused(run(checkout, *ASK), 1) == (
        "the branch rollback/prod is there, but workflows may not open pull requests in owner/project: "
        "allow it (Settings, Actions, General, Workflow permissions), or open it by hand"
    )
    assert github.branch("rollback/prod")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GITHUB_TOKEN", "", "GITHUB_TOKEN is not set"),
        (
            "GITHUB_REPOSITORY",
            "project",
            "GITHUB_REPOSITORY is 'project'; set it to the repository's OWNER/NAME",
        ),
        (
            "GITHUB_API_URL",
            "github",
            "GITHUB_API_URL is 'github'; set it to a URL such as https://api.github.com",
        ),
    ],
)
def test_what_is_not_set_is_refused(
    checkout: Checkout, github: Repository, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    checkout.write(config("prod", OLD))
    assert run(checkout, *ASK).refusal.startswith(said)
    assert github.asked == []


@pytest.mark.parametrize("branch", ["-f", "a..b", "a b", "/a", "a/", "a.lock", "main"])
def test_what_is_no_branch_to_propose_is_refused(checkout: Checkout, github: Repository, branch: str) -> None:
    checkout.write(config("prod", OLD))
    assert branch in run(checkout, "propose", *TITLE, "--", branch).refusal
    assert github.asked == []
