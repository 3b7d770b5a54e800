"""Components and recipes: their versions, and that the old ones stay until the pipeline has moved."""

from __future__ import annotations

import base64
import re
import subprocess
from typing import Any

import pytest
from pydantic import ValidationError

from components.image_recipe import Document, bootstrap, content_version
from tests.components.pipelines import BASE, PARENT, SEAL, Build, key, pipeline, tags
from tests.components.recorder import REGION


def version(build: Build, **changed: Any) -> str:
    return str(pipeline(build, **changed).inputs()["ImageRecipe web"]["version"])


def test_a_document_is_a_component_of_the_recipes_own(build: Build) -> None:
    def component(document: Document) -> dict[str, Any]:
        name = f"web-{document.name}"
        return {
            "name": name,
            "version": document.version,
            "platform": "Linux",
            "data": document.data,
            "tags": tags(name),
        }

    assert pipeline(build).inputs("Component") == {
        "Component web-base": component(BASE),
        "Component web-seal": component(SEAL),
    }


def test_the_recipe_puts_them_on_the_parent_in_order_on_an_encrypted_volume(build: Build) -> None:
    built = pipeline(build, volume_size_gib=12)
    recipe = built.inputs()["ImageRecipe web"]
    assert recipe == {
        "name": "web",
        "description": "what every server has",
        "version": recipe["version"],
        "parentImage": PARENT,
        "components": [
            {"componentArn": "arn:component/web-base"},
            {"componentArn": "arn:component/web-seal"},
        ],
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {
                    "volumeType": "gp3",
                    "volumeSize": 12,
                    "encrypted": "true",
                    "kmsKeyId": key(REGION),
                    "deleteOnTermination": "true",
                },
            }
        ],
        "systemsManagerAgent": {"uninstallAfterBuild": False},
        "userDataBase64": base64.b64encode(bootstrap(REGION, "arm64").encode()).decode(),
        "tags": tags("web"),
    }


def test_an_old_version_stays_until_the_pipeline_has_moved(build: Build) -> None:
    """With a fixed name the provider would delete it first, which Image Builder refuses while it is used."""
    options = pipeline(build).options()
    for kept in ("Component web-base", "Component web-seal", "ImageRecipe web"):
        assert options[kept] == {"delete_before_replace": False}


def test_everything_that_makes_another_recipe_makes_another_version(build: Build) -> None:
    versions = [
        version(build),
        version(build, recipe_hash="fedcba9876543210"),
        version(build, description="something else"),
        version(build, regions=("eu-west-1",)),
        version(build, architecture="x86_64"),
    ]
    assert len(set(versions)) == len(versions)
    assert all(re.fullmatch(r"1\.\d+\.\d+", each) for each in versions)


def test_the_same_recipe_has_the_same_version(build: Build) -> None:
    first = version(build)
    assert version(build, commit="other", tags={}, schedule="cron(0 4 * * ? *)") == first


def test_a_version_has_numbers_that_image_builder_takes() -> None:
    """Each is below 2 to the power of 30 (CreateComponent)."""
    for content in range(200):
        one, *numbers = content_version([str(content)]).split(".")
        assert one == "1"
        assert all(0 <= int(number) < 2**28 for number in numbers)
        assert len(numbers) == 2


def test_parts_of_a_version_do_not_run_into_each_other() -> None:
    assert content_version(["ab", "c"]) != content_version(["a", "bc"])


@pytest.mark.parametrize(("architecture", "package"), [("arm64", "debian_arm64"), ("x86_64", "debian_amd64")])
def test_a_parent_without_an_agent_gets_one_from_the_regions_own_bucket(
    architecture: str, package: str
) -> None:
    script = bootstrap("eu-west-1", architecture)
    url = f"https://amazon-ssm-eu-west-1.s3.eu-west-1.amazonaws.com/latest/{package}/amazon-ssm-agent.deb"
    assert f"'{url}'" in script
    lines = script.splitlines()
    assert lines[:3] == ["#!/bin/sh", "set -eu", "command -v amazon-ssm-agent >/dev/null && exit 0"]
    assert lines[-2:] == ["dpkg -i agent.deb", "systemctl enable --now amazon-ssm-agent.service"]
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": "Base"}, "should match pattern"),
        ({"name": "base-"}, "should match pattern"),
        ({"version": "1.0"}, "should match pattern"),
        ({"version": "x.x.x"}, "should match pattern"),
        ({"data": ""}, "at least 1 character"),
        ({"data": "x" * 16_001}, "at most 16000 characters"),
        ({"uri": "s3://bucket/key"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_document_is_refused(changed: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Document(**{"name": "base", "version": "1.0.0", "data": "name: base", **changed})


def test_a_document_may_be_as_long_as_image_builder_takes() -> None:
    assert len(Document(name="base", version="1.0.0", data="x" * 16_000).data) == 16_000
