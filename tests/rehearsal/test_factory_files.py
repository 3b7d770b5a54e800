from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rehearsal import factory_files
from rehearsal.errors import UsageError
from rehearsal.factory_files import Factory, Parent
from rehearsal.workspace import REPOSITORY

RECIPE = 'parent: {id: ami-11111111, owner: "136693071363", name: "debian-*-arm64"}\narchitecture: arm64\n'
DOCUMENT = """\
# Of people.
phases:
  - name: build
    steps:
      - name: files
        action: CreateFile
        inputs:
          - path: /opt/x
            content: !file service/x
            permissions: "0755"
      - name: long
        action: ExecuteBash
        inputs:
          commands:
            - echo a line that is longer than what a program would write of itself, which is eighty characters
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("recipes", "documents"):
        (tmp_path / "images" / folder).mkdir(parents=True)
    (tmp_path / "images/recipes/service.yaml").write_text(RECIPE)
    (tmp_path / "images/documents/service.yaml").write_text(DOCUMENT)
    (tmp_path / "Pulumi.staging.yaml").write_text("config: {immutable:imageId: ami-22222222}\n")
    (tmp_path / "Pulumi.factory.yaml").write_text(
        "config:\n  aws:region: eu-central-1\n  immutable:recipes: {service: {}, base: {}}\n"
        "  immutable:distribution: {regions: [eu-west-1]}\n"
    )
    return tmp_path


def test_the_factory_is_the_stack_that_has_recipes(project: Path) -> None:
    assert factory_files.find(project) == Factory("factory", ("eu-central-1", "eu-west-1"), "service")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "the rehearsal needs one stack with immutable:recipes to build images; there is none"),
        ("config: {immutable:recipes: {}}", "Pulumi.factory.yaml: immutable:recipes: names no recipe"),
        ("config: {immutable:recipes: {a: {}}}", "Pulumi.factory.yaml: aws:region: is missing"),
    ],
)
def test_a_story_without_a_factory_is_refused(text: str | None, line: str, project: Path) -> None:
    file = project / "Pulumi.factory.yaml"
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(UsageError) as refusal:
        factory_files.find(project)
    assert str(refusal.value).startswith(line)


def test_two_factories_are_one_too_many(project: Path) -> None:
    (project / "Pulumi.other.yaml").write_text("config: {immutable:recipes: {service: {}}}\n")
    with pytest.raises(UsageError, match=r"there is Pulumi\.factory\.yaml, Pulumi\.other\.yaml$"):
        factory_files.find(project)


def test_a_factory_of_one_region_has_one(project: Path) -> None:
    (project / "Pulumi.factory.yaml").write_text(
        "config: {aws:region: eu-central-1, immutable:recipes: {service: {}}}\n"
    )
    assert factory_files.find(project).regions == ("eu-central-1",)


def test_parents_are_each_there_once_under_a_name_that_their_pattern_finds(project: Path) -> None:
    (project / "images/recipes/base.yaml").write_text(RECIPE.replace("arm64\n", "x86_64\n"))
    (project / "images/recipes/other.yaml").write_text(RECIPE.replace("ami-11111111", "ami-33333333"))
    (project / "images/recipes/broken.yaml").write_text("parent: [")
    (project / "images/recipes/odd.yaml").write_text("- 1\n")
    found = {parent.image_id: parent for parent in factory_files.parents(project)}
    assert list(found) == ["ami-11111111", "ami-33333333"]
    assert found["ami-33333333"] == Parent("ami-33333333", "136693071363", "debian-rehearsed-arm64", "arm64")
    assert found["ami-11111111"].architecture == "x86_64"


def test_a_changed_document_says_one_step_more_and_is_otherwise_as_people_wrote_it(project: Path) -> None:
    path = factory_files.change(project, "service")
    assert path == project / "images/documents/service.yaml"
    text = path.read_text()
    assert text.startswith(DOCUMENT)
    [said] = yaml.safe_load(text.removeprefix(DOCUMENT))
    assert (said["name"], said["action"]) == ("next-release", "ExecuteBash")
    assert said["inputs"] == {"commands": ["echo 'the next release of the application'"]}


@pytest.mark.parametrize("text", [None, "", "phases: []\n", "phases: [{name: build}]\n", "[]\n"])
def test_a_document_that_cannot_be_changed_is_refused_by_name(text: str | None, project: Path) -> None:
    file = project / "images/documents/service.yaml"
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(UsageError, match=r"^images/documents/service\.yaml is no document with steps"):
        factory_files.change(project, "service")


def test_this_repository_has_a_factory_whose_first_recipe_can_be_changed(tmp_path: Path) -> None:
    factory = factory_files.find(REPOSITORY)
    assert factory_files.parents(REPOSITORY)
    source = REPOSITORY / "images/documents" / f"{factory.recipe}.yaml"
    (tmp_path / "images/documents").mkdir(parents=True)
    copy = tmp_path / "images/documents" / source.name
    copy.write_text(source.read_text())
    factory_files.change(tmp_path, factory.recipe)
    for text in (source.read_text(), copy.read_text()):
        assert yaml.safe_load(text.replace("!file ", ""))
    assert len(copy.read_text().splitlines()) > len(source.read_text().splitlines())
