"""The pinned parent of a recipe beside the newest image of its kind, and the one line that changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.ec2.models import ec2_backends

from rehearsal.cloud.world import ACCOUNT
from scripts.releases import lock, parent
from scripts.releases.errors import RefusedError
from tests.scripts.factory_project import HOME, NEWER, PINNED, RECIPE, FactoryProject, factory_project

OLD, NEW = "debian-12-arm64-20261001-2000", "debian-12-arm64-20261101-2100"
DAY = 86_400
#: A recipe whose parent is an image of the own account.
OWN = RECIPE.replace('"136693071363"', "self").replace("debian-12-arm64-*", "service-*")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryProject]:
    with factory_project(tmp_path, monkeypatch) as made:
        made.parent(PINNED, OLD)
        made.cloud.step(31 * DAY)
        yield made


def date(project: FactoryProject, image: str) -> str:
    return str(project.described(image)["CreationDate"])[:10]


def test_a_newer_parent_is_shown_beside_the_pinned_one_with_both_dates(project: FactoryProject) -> None:
    project.parent(NEWER, NEW)
    done = project.run("parent", "service")
    assert (done.code, done.error) == (0, "")
    assert date(project, NEWER) > date(project, PINNED)
    assert done.out.splitlines() == [
        f"pinned  {PINNED}  {date(project, PINNED)}  {OLD}",
        f"newest  {NEWER}  {date(project, NEWER)}  {NEW}",
        "take the newest one: scripts/release parent service --write",
    ]
    assert project.recipe_file.read_text() == RECIPE


def test_write_changes_the_one_line_and_keeps_its_comment(project: FactoryProject) -> None:
    project.parent(NEWER, NEW)
    before = project.hash
    done = project.run("parent", "service", "--write")
    assert (done.code, done.error) == (0, "")
    assert done.out.splitlines()[-1] == (
        f"images/recipes/service.yaml, parent / id: {PINNED} -> {NEWER}; build on it: "
        "pulumi up -s images, then scripts/release bake service"
    )
    assert project.recipe_file.read_text() == RECIPE.replace(PINNED, NEWER)
    assert project.hash != before


def test_a_dry_run_prints_the_diff_and_writes_nothing(project: FactoryProject) -> None:
    project.parent(NEWER, NEW)
    for arguments in (["--dry-run"], ["--write", "--dry-run"]):
        done = project.run("parent", "service", *arguments)
        assert done.out.splitlines()[2:5] == [
            "--- a/images/recipes/service.yaml",
            "+++ b/images/recipes/service.yaml",
            "@@ -1,7 +1,7 @@",
        ]
        assert f"-  id: {PINNED}  # one line changes\n+  id: {NEWER}  # one line changes\n" in done.out
        assert project.recipe_file.read_text() == RECIPE


def test_the_newest_parent_is_left_where_it_is(project: FactoryProject) -> None:
    done = project.run("parent", "service", "--write")
    assert done.out.splitlines()[-1] == "service is built on the newest one: nothing to do"
    assert project.recipe_file.read_text() == RECIPE


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("debian-13-arm64-20261101", {}),
        (NEW, {"architecture": "x86_64"}),
    ],
)
def test_another_kind_of_image_is_no_newer_parent(
    project: FactoryProject, name: str, more: dict[str, str]
) -> None:
    project.parent(NEWER, name, **more)
    assert project.json("parent", "service")["newest"]["image"] == PINNED


def test_an_image_of_another_owner_is_no_newer_parent(project: FactoryProject) -> None:
    project.parent(NEWER, NEW, owner=None)
    assert project.json("parent", "service")["isNewest"] is True


def test_a_disabled_image_is_no_newer_parent(project: FactoryProject) -> None:
    project.recipe_file.write_text(OWN)
    project.image(PINNED)
    project.cloud.step(DAY)
    project.image(NEWER, build=2)
    assert project.json("parent", "service")["newest"]["image"] == NEWER
    project.ec2().disable_image(ImageId=NEWER)
    assert project.json("parent", "service")["newest"]["image"] == PINNED


def test_a_deprecated_image_of_the_own_account_is_no_newer_parent(project: FactoryProject) -> None:
    project.recipe_file.write_text(OWN)
    project.image(PINNED)
    project.cloud.step(DAY)
    project.image(NEWER, build=2)
    project.deprecate(NEWER)
    assert project.json("parent", "service")["newest"]["image"] == PINNED


def test_a_pinned_parent_that_its_owner_deprecated_is_shown_with_its_date(project: FactoryProject) -> None:
    project.parent(NEWER, NEW)
    clock = project.cloud.world.clock
    ec2_backends[ACCOUNT][HOME].amis[PINNED].deprecate_at = clock.date(clock.now() - DAY)
    document = project.json("parent", "service")
    assert (document["pinned"]["name"], document["newest"]["image"]) == (OLD, NEWER)


def test_a_line_that_changed_meanwhile_is_left_as_it_is(project: FactoryProject) -> None:
    with pytest.raises(RefusedError, match=r"service\.yaml was changed by someone else in the meantime"):
        parent.write(project.recipe_file, "ami-0c0000000000000bf", NEWER, dry_run=False)
    assert project.recipe_file.read_text() == RECIPE


def test_a_pinned_parent_that_is_gone_is_said(project: FactoryProject) -> None:
    gone = "ami-0c0000000000000bf"
    project.recipe_file.write_text(RECIPE.replace(PINNED, gone))
    done = project.run("parent", "service")
    assert done.out.splitlines()[0] == f"pinned  {gone}              not to be seen any more"
    assert project.json("parent", "service")["pinned"] == {"image": gone}


def test_no_image_of_the_kind_is_refused_naming_the_lines(project: FactoryProject) -> None:
    project.recipe_file.write_text(RECIPE.replace("debian-12-", "debian-99-"))
    assert project.refused("parent", "service") == (
        "136693071363 has no arm64 image 'debian-99-arm64-*' in eu-central-1; look at parent / owner and "
        "name of images/recipes/service.yaml"
    )


def test_an_unknown_recipe_is_refused_with_those_that_are_known(project: FactoryProject) -> None:
    refusal = project.refused("parent", "servce")
    assert refusal == f"there is no recipe 'servce' in {project.images}/recipes; known: service"


def test_a_recipe_that_is_refused_is_so_with_file_and_line(project: FactoryProject) -> None:
    project.recipe_file.write_text(RECIPE.replace("arm64\n", "arm46\n"))
    refusal = project.refused("parent", "service")
    assert refusal.startswith("images/recipes/service.yaml:8: architecture: ")


def test_two_that_write_at_once_are_told_of_each_other(project: FactoryProject) -> None:
    project.parent(NEWER, NEW)
    with lock.held(project.recipe_file, "parent service --write"):
        assert (
            "another release command is changing service.yaml"
            in project.run("parent", "service", "--write").refusal
        )
    assert project.recipe_file.read_text() == RECIPE


def test_the_parent_for_programs(project: FactoryProject) -> None:
    project.parent(NEWER, NEW)
    document = project.json("parent", "service", "--write")
    assert document["pinned"]["image"] == PINNED
    assert document["newest"] == {
        "image": NEWER,
        "name": NEW,
        "createdAt": document["newest"]["createdAt"],
    }
    assert (document["ok"], document["recipe"]) == (True, "service")
    assert (document["isNewest"], document["written"]) == (False, True)
    assert f"+  id: {NEWER}" in document["diff"]
