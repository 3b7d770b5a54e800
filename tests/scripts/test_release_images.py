"""Which images there are: a row for each, and what uses it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.releases import images_list, images_show
from scripts.releases import project as projects
from scripts.releases.user import ACCOUNT, CONFIG, OUTPUTS, REFERENCE, ROLLBACK, SERVER, TEMPLATE, User
from tests.scripts.factory_project import AWAY, HOME, FactoryProject, environment, factory_project
from tests.scripts.release_project import service

FIRST, SECOND, COPY = "ami-0000000000000001a", "ami-0000000000000002a", "ami-0000000000000002b"
DAY = 86_400


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryProject]:
    """Staging runs the second build and would go back to the first; prod's config has the second's copy."""
    with factory_project(tmp_path, monkeypatch) as made:
        made.image(FIRST, build=1)
        made.cloud.step(12 * DAY)
        made.image(SECOND, build=2, findings="critical=0 high=1 medium=4")
        made.image(COPY, AWAY, build=2)
        made.cloud.step(5 * 3600)
        made.project.file("staging").write_text(environment(HOME, SECOND))
        made.project.file("prod").write_text(environment(AWAY, COPY))
        made.project.state("staging", {"web": service(SECOND, previous=FIRST)})
        made.project.outputs("images", {"recipes": {}})
        yield made


def rows(project: FactoryProject, *arguments: str) -> list[list[str]]:
    done = project.run("images", *arguments)
    assert (done.code, done.error) == (0, "")
    return [
        [cell for cell in line.split("  ") if cell] for line in done.out.splitlines() if "note: " not in line
    ]


def test_every_image_has_a_row_the_newest_first_with_what_is_known_of_it(project: FactoryProject) -> None:
    head, *found = [[cell.strip() for cell in row] for row in rows(project)]
    assert head == list(images_show.COLUMNS)
    known = ["c0ffeec0ffee-dirty", "passed"]
    assert found == [
        [SECOND, HOME, "service", "5 h", *known, "0/1/4", "available", "staging (config, runs)"],
        [COPY, AWAY, "service", "5 h", *known, "-", "available", "prod (config)"],
        [FIRST, HOME, "service", "12 d", *known, "-", "available", "staging (rollback)"],
    ]


def test_a_recipe_shows_its_own_images_alone(project: FactoryProject) -> None:
    other = "ami-0000000000000003a"
    project.image(other, recipe="base")
    assert [row[0] for row in rows(project, "base")[1:]] == [other]
    assert other not in project.run("images", "service").out


def test_an_image_that_no_recipe_made_is_not_listed(project: FactoryProject) -> None:
    plain = project.cloud.image("ami-000000000000000ff")
    assert plain not in project.run("images").out


def test_deprecated_and_disabled_images_are_told_apart(project: FactoryProject) -> None:
    project.deprecate(FIRST)
    project.ec2(AWAY).disable_image(ImageId=COPY)
    stages = {each["image"]: each["state"] for each in project.json("images")["images"]}
    assert stages == {FIRST: "deprecated", SECOND: "available", COPY: "disabled"}


def test_everything_for_programs(project: FactoryProject) -> None:
    document = project.json("images")
    found = document["images"][0]
    assert found["createdAt"] == project.described(SECOND)["CreationDate"].replace(".000Z", "+00:00")
    assert found == {
        "image": SECOND,
        "region": HOME,
        "recipe": "service",
        "hash": project.hash,
        "build": "arn:aws:imagebuilder:eu-central-1:123456789012:image/service/1.2.3/2",
        "createdAt": found["createdAt"],
        "ageSeconds": 5 * 3600,
        "commit": "c0ffee" * 6 + "c0ff-dirty",
        "parent": "ami-0c0000000000000b1",
        "tests": "passed",
        "findings": {"critical": 0, "high": 1, "medium": 4},
        "state": "available",
        "deprecatedAt": None,
        "protected": False,
        "users": [
            {"kind": "config", "name": "Pulumi.staging.yaml", "environment": "staging", "region": None},
            {"kind": "outputs", "name": "web of staging", "environment": "staging", "region": None},
        ],
    }
    assert document["images"][1]["findings"] is None


def test_a_protected_image_is_said_to_be(project: FactoryProject) -> None:
    project.ec2().enable_image_deregistration_protection(ImageId=SECOND)
    assert [each["protected"] for each in project.json("images")["images"]] == [True, False, False]


def test_what_cannot_be_read_is_noted_and_hides_no_image(project: FactoryProject) -> None:
    (project.project.stacks / "prod.json").write_text("{")
    done = project.run("images")
    assert done.code == 0
    assert SECOND in done.out
    assert "note: the state of prod cannot be read: " in done.out.splitlines()[-1]
    assert any(line.startswith("the state of prod") for line in project.json("images")["unread"])


def test_no_image_at_all_is_said(project: FactoryProject) -> None:
    for image, region in ((FIRST, HOME), (SECOND, HOME), (COPY, AWAY)):
        project.ec2(region).deregister_image(ImageId=image)
    assert project.run("images").out.splitlines()[0] == "there are no images of the factory"


def test_a_recipe_that_is_gone_still_shows_its_images(project: FactoryProject) -> None:
    project.recipe_file.rename(project.recipe_file.with_name("other.yaml"))
    assert len(rows(project, "service")) == 4


def test_neither_recipe_nor_image_is_refused(project: FactoryProject) -> None:
    assert project.refused("images", "servce") == (
        "there is neither a recipe 'servce' nor an image of it in eu-central-1, eu-west-1; known: service"
    )


def test_without_a_factory_the_regions_of_environments_are_looked_at(project: FactoryProject) -> None:
    project.project.file("images").unlink()
    assert {row[1].strip() for row in rows(project)[1:]} == {HOME, AWAY}


def test_without_any_region_the_missing_factory_is_named(project: FactoryProject) -> None:
    for stack in ("images", "staging", "prod"):
        project.project.file(stack).unlink()
    assert "has no image factory" in project.refused("images")


def test_a_terminal_gets_a_table(
    project: FactoryProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {key: value for key, value in project.variables.items() if value}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    images_show.as_text(images_list.look(projects.find(project.project.directory), None))
    out = capsys.readouterr().out
    assert "┃" in out
    assert SECOND in out


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "now"), (59, "now"), (60, "1 min"), (3600, "1 h"), (86_399, "23 h"), (86_400, "1 d")],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, said: str) -> None:
    assert images_show.age(seconds) == said


def test_users_are_told_by_environment_template_and_number_of_servers() -> None:
    users = [
        User(CONFIG, "Pulumi.prod.yaml", "prod"),
        User(OUTPUTS, "web of prod", "prod"),
        User(OUTPUTS, "api of prod", "prod"),
        User(ROLLBACK, "web of staging", "staging"),
        *(User(TEMPLATE, f"web version {number}", "prod", HOME) for number in range(5)),
        User(SERVER, "i-1", "prod", HOME),
        User(SERVER, "i-2", "prod", HOME),
        User(REFERENCE, "fleet-1", "", AWAY),
        User(ACCOUNT, "123456789012", "", ""),
    ]
    assert images_show.used_by(users) == (
        "prod (config, runs), staging (rollback); web version 0, web version 1, web version 2, and 2 more; "
        "2 servers; reference fleet-1 in eu-west-1, account 123456789012"
    )
    assert images_show.used_by(users[9:10]) == "1 server"
