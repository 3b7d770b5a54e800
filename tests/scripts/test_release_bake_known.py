"""A bake of content that is known: the image that is there is named, and nothing is built."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts.factory_project import (
    AWAY,
    DOCUMENT,
    FACTORY,
    HOME,
    PINNED,
    RECIPE,
    FactoryProject,
    environment,
    factory_project,
)

HERE, THERE = "ami-0000000000000001a", "ami-0000000000000001b"
NO_FINDINGS = "critical=0 high=0 medium=0"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryProject]:
    with factory_project(tmp_path, monkeypatch) as made:
        yield made


def known(project: FactoryProject, *, recipe: str = "service", tests: str = "passed") -> None:
    """The image of the present content, in both regions."""
    for image, region in ((HERE, HOME), (THERE, AWAY)):
        project.image(image, region, findings=NO_FINDINGS, recipe=recipe, tests=tests)


def unknown(project: FactoryProject) -> None:
    """The bake goes on to the pipeline, which the factory's stack does not have yet."""
    refusal = project.refused("bake", "service")
    assert refusal == "the image factory has no pipelines yet: no `pulumi up -s images` ended well"


def test_known_content_is_named_with_its_image_in_every_region(project: FactoryProject) -> None:
    known(project)
    done = project.run("bake", "service")
    assert (done.code, done.error) == (0, "")
    assert done.out.splitlines() == [
        f"service {project.hash}: built before, and its tests passed: nothing to build; "
        "findings 0 critical, 0 high, 0 medium",
        f"eu-central-1  {HERE}",
        f"eu-west-1     {THERE}",
    ]


def test_changed_content_is_not_known(project: FactoryProject) -> None:
    known(project)
    (project.images / "documents" / "thing.yaml").write_text(DOCUMENT.replace("echo made", "echo more"))
    unknown(project)


@pytest.mark.parametrize("tags", [{"tests": "failed"}, {"recipe": "other"}])
def test_an_image_that_is_not_tested_or_is_of_another_recipe_is_not_known(
    project: FactoryProject, tags: dict[str, str]
) -> None:
    known(project, **tags)
    unknown(project)


def test_an_image_that_is_not_in_every_region_is_not_known(project: FactoryProject) -> None:
    project.image(HERE)
    unknown(project)


def test_images_of_two_builds_in_two_regions_are_not_one_image(project: FactoryProject) -> None:
    project.image(HERE, build=1)
    project.image(THERE, AWAY, build=2)
    unknown(project)


def test_images_without_a_build_are_not_one_image(project: FactoryProject) -> None:
    known(project)
    for image, region in ((HERE, HOME), (THERE, AWAY)):
        project.ec2(region).delete_tags(Resources=[image], Tags=[{"Key": "Ec2ImageBuilderArn"}])
    unknown(project)


def test_a_deprecated_image_is_not_known(project: FactoryProject) -> None:
    known(project)
    project.deprecate(THERE, AWAY)
    unknown(project)


def test_a_disabled_image_is_not_known(project: FactoryProject) -> None:
    known(project)
    project.ec2().disable_image(ImageId=HERE)
    unknown(project)


def test_of_several_builds_the_newest_whole_one_is_named(project: FactoryProject) -> None:
    known(project)
    newer, copy, newest = "ami-0000000000000002a", "ami-0000000000000002b", "ami-0000000000000003a"
    for seconds, image, region, build in ((60, newer, HOME, 2), (0, copy, AWAY, 2), (60, newest, HOME, 3)):
        project.cloud.step(seconds)
        project.image(image, region, build)
    assert bake(project)["images"] == {HOME: newer, AWAY: copy}


def bake(project: FactoryProject, *arguments: str) -> dict[str, object]:
    done = project.run("bake", "service", "--json", "-", *arguments)
    assert (done.code, done.error) == (0, "")
    document: dict[str, object] = json.loads(done.out)
    return document


def test_the_result_for_programs(project: FactoryProject) -> None:
    known(project)
    document = bake(project)
    assert isinstance(document.pop("seconds"), float)
    assert document == {
        "ok": True,
        "recipe": "service",
        "hash": project.hash,
        "build": "arn:aws:imagebuilder:eu-central-1:123456789012:image/service/1.2.3/1",
        "built": False,
        "images": {HOME: HERE, AWAY: THERE},
        "otherAccounts": {},
        "commit": "c0ffee" * 6 + "c0ff-dirty",
        "parent": PINNED,
        "tests": "passed",
        "findings": {"critical": 0, "high": 0, "medium": 0},
        "change": None,
    }


def test_every_copy_is_protected_against_deregistration(project: FactoryProject) -> None:
    known(project)
    bake(project)
    for image, region in ((HERE, HOME), (THERE, AWAY)):
        assert project.described(image, region)["DeregistrationProtection"].startswith("enabled")


def test_to_writes_the_image_of_the_environments_region(project: FactoryProject) -> None:
    known(project)
    done = project.run("bake", "service", "--to", "prod")
    assert (done.code, done.error) == (0, "")
    assert project.project.file("prod").read_text() == environment(AWAY, THERE)
    assert project.project.file("staging").read_text() == environment(HOME, PINNED)
    assert done.out.splitlines()[-1] == (
        f"Pulumi.prod.yaml, immutable:imageId: {PINNED} -> {THERE}; deploy it: pulumi up -s prod"
    )


def with_an_own_image(project: FactoryProject) -> str:
    """Staging, where the service `web` has an image of its own."""
    text = environment(HOME, PINNED).replace("    web: {", f"    web: {{imageId: {PINNED}, ")
    assert text.count(PINNED) == 2
    project.project.file("staging").write_text(text)
    return text


def test_to_writes_the_own_image_of_a_service_that_is_named(project: FactoryProject) -> None:
    known(project)
    before = with_an_own_image(project)
    done = project.run("bake", "service", "--to", "staging", "--service", "web")
    assert (done.code, done.error) == (0, "")
    after = before.replace(f"{{imageId: {PINNED}", f"{{imageId: {HERE}")
    assert project.project.file("staging").read_text() == after


def test_a_service_that_shares_its_image_or_is_none_is_refused_before_anything_is_built(
    project: FactoryProject,
) -> None:
    refusal = project.refused("bake", "service", "--to", "staging", "--service", "web")
    assert "web uses the shared image" in refusal
    refusal = project.refused("bake", "service", "--to", "staging", "--service", "shop")
    assert "has no service 'shop'" in refusal


def test_a_service_without_an_environment_is_refused(project: FactoryProject) -> None:
    refusal = project.refused("bake", "service", "--service", "web")
    assert refusal == "--service web is for a config; name its environment with --to ENV"


def test_to_says_what_it_changed_for_programs(project: FactoryProject) -> None:
    known(project)
    change = bake(project, "--to", "staging")["change"]
    assert isinstance(change, dict)
    assert (change["environment"], change["before"], change["image"]) == ("staging", PINNED, HERE)


def test_to_passes_the_pre_flight_or_changes_nothing(project: FactoryProject) -> None:
    project.image(HERE, findings="critical=1 high=0 medium=0")
    project.image(THERE, AWAY, findings="critical=1 high=0 medium=0")
    refusal = project.refused("bake", "service", "--to", "staging")
    assert "has 1 critical findings" in refusal


def test_the_result_goes_to_a_file_beside_what_is_printed(project: FactoryProject, tmp_path: Path) -> None:
    known(project)
    file = tmp_path / "result.json"
    done = project.run("bake", "service", "--json", str(file))
    assert HERE in done.out
    assert json.loads(file.read_text())["images"] == {HOME: HERE, AWAY: THERE}


def test_a_file_that_cannot_be_written_is_refused_before_anything(project: FactoryProject) -> None:
    refusal = project.refused("bake", "nothing", "--json", "/nowhere/result.json")
    assert refusal == (
        "--json /nowhere/result.json cannot be written: No such file or directory; name another file"
    )


def test_a_refusal_leaves_a_result_from_before_as_it_is(project: FactoryProject, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text("before")
    project.refused("bake", "nothing", "--json", str(file))
    assert file.read_text() == "before"


def test_a_refusal_leaves_no_new_file(project: FactoryProject, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    project.refused("bake", "nothing", "--json", str(file))
    assert not file.exists()


def test_a_refusal_is_printed_as_json_where_the_result_would_be(project: FactoryProject) -> None:
    done = project.run("bake", "nothing", "--json", "-")
    assert json.loads(done.out) == {"ok": False, "error": done.refusal}


def test_an_unknown_recipe_is_refused_with_those_that_are_known(project: FactoryProject) -> None:
    refusal = project.refused("bake", "servce")
    assert refusal == f"there is no recipe 'servce' in {project.images}/recipes; known: service"


def test_a_project_without_recipes_says_so(project: FactoryProject) -> None:
    project.recipe_file.unlink()
    assert project.refused("bake", "service").endswith("known: none")


def test_a_document_that_is_refused_is_so_with_file_and_line(project: FactoryProject) -> None:
    document = project.images / "documents" / "thing.yaml"
    document.write_text(DOCUMENT.replace("ExecuteBash", "ExecuteBsh", 1))
    assert project.refused("bake", "service").startswith("images/documents/thing.yaml:6: ")


def test_a_recipe_that_the_factory_does_not_build_is_refused(project: FactoryProject) -> None:
    (project.images / "recipes" / "base.yaml").write_text(RECIPE)
    assert project.refused("bake", "base") == (
        "Pulumi.images.yaml has no recipe base, so that nothing builds it; known: service"
    )


def test_a_project_without_a_factory_is_refused(project: FactoryProject) -> None:
    project.project.file("images").unlink()
    assert "has no image factory" in project.refused("bake", "service")


def test_an_unknown_environment_is_refused_before_anything_is_built(project: FactoryProject) -> None:
    known(project)
    refusal = project.refused("bake", "service", "--to", "production")
    assert refusal.startswith("there is no environment 'production'")
    assert project.refused("bake", "service", "--to", "images").startswith("images is the image factory")


def test_an_environment_where_no_image_goes_is_refused(project: FactoryProject) -> None:
    known(project)
    project.project.file("prod").write_text(environment("us-east-1", PINNED))
    assert project.refused("bake", "service", "--to", "prod") == (
        "prod is in us-east-1, and images go to eu-central-1, eu-west-1; add its region to "
        "immutable:distribution / regions in Pulumi.images.yaml"
    )


def test_an_environment_without_a_line_for_the_image_is_refused_before_anything_is_built(
    project: FactoryProject,
) -> None:
    project.project.file("staging").write_text(environment(HOME, "~"))
    assert project.refused("bake", "service", "--to", "staging").startswith("Pulumi.staging.yaml: ")


def test_a_local_bake_has_no_image_for_an_environment(project: FactoryProject) -> None:
    assert project.refused("bake", "service", "--local", "--to", "staging") == (
        "--local makes no AMI that --to staging could name; leave one of them out"
    )


def test_a_region_that_the_stack_does_not_know_yet_makes_no_image_known(project: FactoryProject) -> None:
    known(project)
    project.project.file("images").write_text(FACTORY.replace(f"[{AWAY}]", f"[{AWAY}, us-east-1]"))
    unknown(project)
