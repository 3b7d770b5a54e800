"""The workflows around an environment of a request's own, with their own commands and roles, against an
emulated cloud: it comes by a label, and goes with the request also when the workflow that should see to it
died.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delivery.runner import SKIPPED, SUCCESS, Done, Event
from tests.delivery.world import FIRST, World, world

Jobs = dict[str, Done]


def said(jobs: Jobs) -> str:
    return "\n".join(done.said for done in jobs.values())


def event(place: World, action: str, *labels: str, label: str = "review") -> Event:
    """GitHub's event of request 1, which bears these labels."""
    document = {
        "action": action,
        "label": {"name": label},
        "repository": {"default_branch": "main"},
        "pull_request": {
            "number": 1,
            "head": {"repo": {"full_name": "owner/project"}},
            "labels": [{"name": name} for name in labels],
        },
    }
    return Event(
        "pull_request", place.checkout.git("rev-parse", "origin/main"), "refs/pull/1/merge", document
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("reviews")) as made:
        made.github.open_pull("better")
        yield made


@pytest.fixture(scope="module")
def made(place: World) -> tuple[Jobs, dict[str, int]]:
    """The label is put on; and what serves then."""
    jobs = place.workflow("review", event(place, "labeled", "review"))
    return jobs, place.serving("pr-1")


@pytest.fixture(scope="module")
def swept(place: World, made: tuple[Jobs, dict[str, int]]) -> tuple[Jobs, dict[str, int]]:
    """An hour later the request is still open."""
    jobs = place.workflow("sweep", Event("schedule", place.checkout.git("rev-parse", "origin/main")))
    return jobs, place.serving("pr-1")


@pytest.fixture(scope="module")
def left(place: World, swept: tuple[Jobs, dict[str, int]]) -> tuple[Jobs, dict[str, int]]:
    """It is closed, the workflow of that died, and an hour passes."""
    place.github.pulls[0]["state"] = "closed"
    jobs = place.workflow("sweep", Event("schedule", place.checkout.git("rev-parse", "origin/main")))
    return jobs, place.serving("pr-1")


def test_a_label_brings_an_environment_and_its_address(
    place: World, made: tuple[Jobs, dict[str, int]]
) -> None:
    jobs, serving = made
    assert {name: done.result for name, done in jobs.items()} == {"create": SUCCESS, "destroy": SKIPPED}, (
        said(jobs)
    )
    assert jobs["create"].roles == ["delivery-review-deploy"]
    assert set(serving) == {FIRST}
    [comment] = place.github.comments
    assert "https://pr-1." in comment["body"]


def test_the_environment_of_an_open_request_stays(swept: tuple[Jobs, dict[str, int]]) -> None:
    jobs, serving = swept
    assert jobs["sweep"].result == SUCCESS, said(jobs)
    assert serving


def test_what_a_workflow_that_died_left_is_swept(place: World, left: tuple[Jobs, dict[str, int]]) -> None:
    jobs, serving = left
    assert jobs["sweep"].result == SUCCESS, said(jobs)
    assert serving == {}
    assert "pr-1" not in place.pulumi("stack", "ls", "--json")


def test_what_is_gone_already_is_destroyed_without_a_word(
    place: World, left: tuple[Jobs, dict[str, int]]
) -> None:
    jobs = place.workflow("review", event(place, "closed", "review"))
    assert jobs["destroy"].result == SUCCESS, said(jobs)
    assert len(place.github.comments) == 1


@pytest.mark.parametrize(
    ("action", "labels", "label"),
    [("labeled", ("review", "bug"), "bug"), ("labeled", ("bug",), "bug"), ("synchronize", ("bug",), ""),
     ("closed", ("bug",), ""), ("unlabeled", ("review",), "bug")],
)  # fmt: skip
def test_nothing_happens_to_a_request_that_did_not_ask(
    place: World, action: str, labels: tuple[str, ...], label: str
) -> None:
    jobs = place.workflow("review", event(place, action, *labels, label=label))
    assert {done.result for done in jobs.values()} == {SKIPPED}
