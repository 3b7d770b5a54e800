"""The image factory among the stacks: found by its recipes, and never taken for an environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.releases import project as projects
from scripts.releases.errors import RefusedError
from tests.scripts.release_project import OLD, ReleaseProject

FACTORY = """\
config:
  aws:region: eu-central-1
  immutable:recipes:
    service: {schedule: "cron(0 3 ? * sun *)"}
    base: {}
  immutable:distribution:
    regions: [eu-west-1, eu-central-1]
"""


@pytest.fixture
def project(tmp_path: Path) -> ReleaseProject:
    made = ReleaseProject(tmp_path)
    made.file("images").write_text(FACTORY)
    return made


def refusal(project: ReleaseProject) -> str:
    with pytest.raises(RefusedError) as raised:
        projects.find(project.directory).factory()
    return str(raised.value)


def test_the_factory_is_the_stack_with_recipes(project: ReleaseProject) -> None:
    found = projects.find(project.directory).factory()
    assert (found.stack, found.path.name) == ("images", "Pulumi.images.yaml")
    assert found.recipes == ("service", "base")


def test_images_are_built_in_the_factorys_region_and_go_to_each_region_once(project: ReleaseProject) -> None:
    found = projects.find(project.directory).factory()
    assert found.region == "eu-central-1"
    assert found.regions == ("eu-central-1", "eu-west-1")


def test_a_region_without_a_name_is_none(project: ReleaseProject) -> None:
    project.file("images").write_text(FACTORY.replace("[eu-west-1,", "[~, eu-west-1,"))
    assert projects.find(project.directory).factory().regions == ("eu-central-1", "eu-west-1")


def test_without_a_distribution_images_stay_where_they_are_built(project: ReleaseProject) -> None:
    project.file("images").write_text(FACTORY.split("  immutable:distribution")[0])
    assert projects.find(project.directory).factory().regions == ("eu-central-1",)


def test_status_is_of_environments_alone(project: ReleaseProject) -> None:
    document = project.json("status")
    assert [each["environment"] for each in document["environments"]] == ["prod", "staging"]


@pytest.mark.parametrize(
    "command",
    [
        "status images", "plan images", f"set-image images {OLD}", "rollback images",
        "promote staging images", "promote images prod", "drift images",
    ],
)  # fmt: skip
def test_the_factory_is_no_environment_to_any_command(project: ReleaseProject, command: str) -> None:
    assert (
        project.refused(*command.split())
        == "images is the image factory, no environment; known: prod, staging"
    )


def test_a_project_without_a_factory_is_refused(project: ReleaseProject) -> None:
    project.file("images").unlink()
    assert refusal(project) == (
        f"{project.directory} has no image factory: no Pulumi.STACK.yaml with immutable:recipes"
    )


def test_two_factories_are_refused(project: ReleaseProject) -> None:
    project.file("more").write_text(FACTORY)
    assert refusal(project) == (
        "Pulumi.images.yaml, Pulumi.more.yaml all have immutable:recipes; one factory builds for all"
    )


def test_a_factory_that_cannot_be_read_is_told_from_none(project: ReleaseProject) -> None:
    project.file("images").write_text("config: [\n")
    assert refusal(project).startswith("Pulumi.images.yaml: line 2, column 1: ")


def test_another_stacks_broken_file_is_no_concern_of_the_factory(project: ReleaseProject) -> None:
    project.file("staging").write_text("config: [\n")
    assert projects.find(project.directory).factory().stack == "images"


def test_a_factory_without_a_region_is_refused(project: ReleaseProject) -> None:
    project.file("images").write_text("config:\n  immutable:recipes: {service: {}}\n")
    assert refusal(project) == "Pulumi.images.yaml has no aws:region; it says where images are built"


def test_a_recipe_that_is_there_twice_is_refused(project: ReleaseProject) -> None:
    project.file("images").write_text(FACTORY.replace("    base:", "    service:"))
    assert refusal(project) == "Pulumi.images.yaml: line 5: the key 'service' is there twice"


@pytest.mark.parametrize("more", [f"  immutable:imageId: {OLD}\n", "  immutable:services: {web: {}}\n"])
def test_a_stack_that_claims_to_be_both_is_refused_and_seen(project: ReleaseProject, more: str) -> None:
    project.file("images").write_text(FACTORY + more)
    line = (
        "Pulumi.images.yaml has immutable:recipes beside an image, services or workloads: a stack is the "
        "image factory or an environment, not both"
    )
    assert refusal(project) == line
    assert line in project.run("status").out
