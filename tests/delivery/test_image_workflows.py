"""The workflows around images, with their own commands and roles, against an emulated cloud: a newer parent
image is proposed, what main holds is baked and proposed for staging, and old images go.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rehearsal import factory_files
from tests.delivery.runner import SKIPPED, SUCCESS, Done, Event
from tests.delivery.world import FIRST, World, world

Jobs = dict[str, Done]
RECIPE = "images/recipes/service.yaml"
NEWER = "ami-0000000000000beef"


def results(jobs: Jobs) -> dict[str, str]:
    return {name: done.result for name, done in jobs.items()}


def said(jobs: Jobs) -> str:
    return "\n".join(done.said for done in jobs.values())


def head(place: World) -> str:
    return place.checkout.git("rev-parse", "origin/main")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("images")) as made:
        yield made


@pytest.fixture(scope="module")
def baked(place: World) -> Jobs:
    """Main changes, and no image of what it holds was ever built."""
    return place.workflow("bake", Event("push", head(place)))


@pytest.fixture(scope="module")
def again(place: World, baked: Jobs) -> tuple[Jobs, bool]:
    """The next push changes no image; and whether the proposal of before was left alone."""
    before = place.github.branch("image/staging")
    jobs = place.workflow("bake", Event("push", place.merge({"docs/note.md": "more"}, "A note")))
    return jobs, place.github.branch("image/staging") == before


@pytest.fixture(scope="module")
def sunday(place: World, again: tuple[Jobs, bool]) -> Jobs:
    """A week later there is a newer parent image."""
    place.cloud.client.step_clock(7 * 24 * 3600)
    [parent] = factory_files.parents(place.checkout.directory)
    name = parent.name.replace("rehearsed", "rehearsed-later")
    client = place.cloud.client
    client.register_image(name, {}, NEWER, owner=parent.owner, architecture=parent.architecture)
    return place.workflow("bake", Event("schedule", head(place)))


@pytest.fixture(scope="module")
def retired(place: World, sunday: Jobs) -> Jobs:
    return place.workflow("retire", Event("schedule", head(place)))


def test_what_main_holds_is_baked_and_proposed_for_staging(place: World, baked: Jobs) -> None:
    assert results(baked) == {"parent": SKIPPED, "bake": SUCCESS}, said(baked)
    assert baked["bake"].roles == ["delivery-images-deploy"]
    proposed = place.configured("staging", "image/staging")
    assert proposed != FIRST
    assert place.github.git("diff", "--name-only", "image/staging^", "image/staging") == "Pulumi.staging.yaml"
    assert place.configured("staging") == FIRST


def test_what_is_known_is_neither_built_nor_proposed_again(again: tuple[Jobs, bool]) -> None:
    jobs, alone = again
    assert results(jobs)["bake"] == SUCCESS, said(jobs)
    assert "(unchanged)" in jobs["bake"].said
    assert alone


def test_a_newer_parent_is_proposed_by_a_role_that_writes_nothing_in_aws(place: World, sunday: Jobs) -> None:
    assert results(sunday) == {"parent": SUCCESS, "bake": SKIPPED}, said(sunday)
    assert sunday["parent"].roles == ["delivery-images-preview"]
    assert NEWER in place.github.file("parent/service", RECIPE)
    assert NEWER not in place.github.file("main", RECIPE)


def test_old_images_are_looked_after(retired: Jobs) -> None:
    assert results(retired) == {"retire": SUCCESS}, said(retired)
    assert retired["retire"].roles == ["delivery-images-deploy"]
