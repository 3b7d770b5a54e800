"""Each wrong value of the factory's file is refused in one line, and so is what its recipes do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.stacks.declared import declared
from tests.stacks.given import (
    CERTIFICATE,
    SMALLEST,
    SMALLEST_FACTORY,
    complaints,
    factory_complaints,
    loaded,
    with_changes,
)
from tests.stacks.recipes import folder_of_recipes

WEB = "immutable:recipes.web"
TO = "immutable:distribution"
TAGS = "immutable:tags"
ACCOUNT = "210987654321"
NO_EMAIL = "'ops' is not an e-mail address; write one such as ops@example.com"
NO_CRON = "is no cron expression of AWS's: it is not cron(...)"
ROOT_KEYS = "alerts, aws:region, distribution, exceptions, logs, network, permissionsBoundary, recipes, tags"
NOT_ALLOWED = "holds something else; Image Builder takes letters, digits and + - = . , _ : / in a tag's key"
OURS = "starts with immutable:, which says where an image comes from; rename it"


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (f"{WEB}.schedule", "weekly", f"'weekly' {NO_CRON}; write one such as cron(0 3 ? * sun *)"),
        (f"{WEB}.schedule", 7, "7 is a number, not text; put quotes around it"),
        (f"{WEB}.timeZone", "Berlin", "'Berlin' is not a time zone; write one such as Europe/Berlin"),
        (f"{WEB}.instanceTypes", "m7g.large", "'m7g.large' is text; write a list"),
        (f"{WEB}.instanceTypes", ["big"], "'big' is not an instance type; write one such as m7g.large"),
        (f"{WEB}.instanceTypes", ["m7g.large"] * 2, "'m7g.large' stands there twice; remove one"),
        (
            f"{WEB}.instanceTypes",
            ["m7g.large", "m7i.large"],
            "'m7i.large' and 'm7g.large' differ in architecture; one image fits one",
        ),
        (f"{WEB}.cron", "x", "is not a known key; known are instanceTypes, schedule, timeZone"),
        ("immutable:recipes", None, "is missing; set it to a map of recipes by name, as in images/recipes"),
        ("immutable:network", None, "is missing; set it to a map with at least cidr"),
        (
            "immutable:network.egress",
            "endpoints",
            "'endpoints' is no way to packages, which builds fetch; write single-nat or nat-per-zone",
        ),
        ("aws:region", None, "is missing; set it to the AWS region, such as eu-central-1"),
        (f"{TO}.regions", ["Paris"], "'Paris' is not a region; write one such as eu-central-1"),
        (f"{TO}.regions", ["eu-west-1", "eu-west-1"], "'eu-west-1' stands there twice; remove one"),
        (
            f"{TO}.regions",
            ["eu-central-1"],
            "'eu-central-1' gets every image already: it is built there; remove it",
        ),
        (f"{TO}.accounts", ["12345"], "'12345' is not an account; write its 12 digits in quotes"),
        (f"{TO}.accounts", [210987654321], "210987654321 is a number, not text; put quotes around it"),
        (f"{TO}.accounts", [ACCOUNT, ACCOUNT], f"'{ACCOUNT}' stands there twice; remove one"),
        (f"{TO}.region", "eu-west-1", "is not a known key; did you mean regions?"),
        (f"{TAGS}.cost centre", "x", NOT_ALLOWED),
        (f"{TAGS}.owner@work", "x", NOT_ALLOWED),
        (f"{TAGS}.immutable:recipe", "x", OURS),
        (f"{TAGS}.Immutable:Tests", "x", OURS),
        (f"{TAGS}.CreatedBy", "x", "is set by Image Builder itself; rename it"),
        (f"{TAGS}.Ec2ImageBuilderArn", "x", "is set by Image Builder itself; rename it"),
        (f"{TAGS}.Tags", "x", "is set by Image Builder itself; rename it"),
        (f"{TAGS}.environment", "x", "is set on every resource already; remove it"),
        ("immutable:loadBalancer", {"a": 1}, f"is not a known key; known are {ROOT_KEYS}"),
        ("immutable:alerts.emails", ["ops"], NO_EMAIL),
    ],
)  # fmt: skip
def test_one_wrong_value_is_one_line(path: str, value: Any, line: str) -> None:
    beside: dict[str, Any] = {f"{TO}.accounts": []} if path == "immutable:recipes" else {}
    (said,) = factory_complaints({**beside, path: value})
    file, key, text = said.split(": ", 2)
    assert (file, text) == ("Pulumi.images.yaml", line)
    assert key.replace('["', ".").replace('"]', "").split("[")[0] == path


def test_a_stack_makes_images_or_runs_one() -> None:
    (line,) = factory_complaints({"immutable:imageId": "ami-0123456789abcdef0"})
    assert line == (
        "Pulumi.images.yaml: immutable:recipes: stands beside imageId: a stack makes images or runs one; "
        "remove one of the two"
    )


def test_a_stack_that_does_neither_is_taken_for_an_environment() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        loaded({key: value for key, value in SMALLEST.items() if key != "immutable:imageId"})
    assert str(refused.value).startswith("Pulumi.staging.yaml: immutable:imageId: is missing; set it to ")


def test_an_environment_has_no_recipes() -> None:
    (line,) = complaints({"immutable:recipes": {"web": {}}})
    assert "remove one of the two" in line


def test_a_secret_is_no_part_of_the_factorys_file() -> None:
    (line,) = factory_complaints({}, secret=["immutable:recipes"])
    assert line.startswith("Pulumi.images.yaml: immutable:recipes: is a secret, or holds one")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of_recipes(tmp_path / "images")


def refusal(folder: Path, changes: dict[str, Any]) -> list[str]:
    with pytest.raises(pulumi.RunError) as refused:
        declared("images", with_changes(changes, SMALLEST_FACTORY), folder=folder)
    return str(refused.value).splitlines()


def test_a_recipe_that_is_not_there_is_refused(folder: Path) -> None:
    assert refusal(folder, {"immutable:recipes": {"wbe": {}, "batch": {}, "colour": {}}}) == [
        "Pulumi.images.yaml: immutable:recipes.wbe: is not a recipe of images/recipes; did you mean web?",
        "Pulumi.images.yaml: immutable:recipes.colour: is not a recipe of images/recipes; "
        "known are batch, web",
    ]


def test_machines_that_the_image_would_not_boot_on_are_refused(folder: Path) -> None:
    recipes = {
        "web": {"instanceTypes": ["m7i.large", "c7i.large"]},
        "batch": {"instanceTypes": ["m7g.large"]},
    }
    assert refusal(folder, {"immutable:recipes": recipes}) == [
        "Pulumi.images.yaml: immutable:recipes.web.instanceTypes[0]: 'm7i.large' is not of arm64, as the "
        "recipe web is; write one such as m7g.large",
        "Pulumi.images.yaml: immutable:recipes.web.instanceTypes[1]: 'c7i.large' is not of arm64, as the "
        "recipe web is; write one such as m7g.large",
        "Pulumi.images.yaml: immutable:recipes.batch.instanceTypes[0]: 'm7g.large' is not of x86_64, as the "
        "recipe batch is; write one such as m7i.large",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("documents/base.yaml", "ExecuteBash", "ExecuteBsh", "images/documents/base.yaml:7: "),
        ("documents/base.yaml", "name: build", "name: bake", "images/documents/base.yaml:4: "),
        ("recipes/web.yaml", "ami-0123456789abcdef0", "debian-12", "images/recipes/web.yaml:2: parent.id: "),
    ],
)
def test_what_a_recipe_holds_is_refused_by_its_own_file_and_line(
    folder: Path, file: str, old: str, new: str, says: str
) -> None:
    path = folder / file
    path.write_text(path.read_text().replace(old, new, 1))
    lines = refusal(folder, {})
    assert lines[0].startswith(says), lines
    assert len(lines) == 1


def test_nothing_is_asked_of_aws_before_the_recipes_are_right(folder: Path) -> None:
    recipes = {"immutable:recipes": {"web": {"instanceTypes": ["m7i.large"]}}}
    with pytest.raises(pulumi.RunError, match="not of arm64"):
        declared("images", with_changes(recipes, SMALLEST_FACTORY), zones=(), folder=folder)


def test_a_region_with_too_few_zones_is_refused_as_for_an_environment(folder: Path) -> None:
    with pytest.raises(pulumi.RunError, match="is more than the 1 zones of eu-central-1; lower it"):
        declared("images", SMALLEST_FACTORY, zones=("eu-central-1a",), folder=folder)


def test_a_factory_needs_no_certificate() -> None:
    values = {"immutable:loadBalancer": {"certificateArn": CERTIFICATE}}
    (line,) = factory_complaints(values)
    assert line.startswith("Pulumi.images.yaml: immutable:loadBalancer: is not a known key")
