"""Pulumi.yaml declares the configuration that `stacks/config.py` takes, as both engines read it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from stacks.config import EnvironmentConfig
from stacks.delivery_sections import DeliveryConfig
from stacks.factory import FactoryConfig
from tests.stacks.given import ROOT, stack_file


@pytest.fixture
def project() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    return document


def test_the_program_runs_in_the_environment_that_set_up_makes(project: dict[str, Any]) -> None:
    assert project["name"] == "immutable"
    assert project["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}


def test_every_key_that_is_read_is_declared_and_none_else(project: dict[str, Any]) -> None:
    models = (EnvironmentConfig, FactoryConfig, DeliveryConfig)
    read = {field.alias for model in models for field in model.model_fields.values()} - {"aws:region"}
    assert set(project["config"]) == read


def test_every_declared_key_has_a_type_a_description_and_an_empty_default(project: dict[str, Any]) -> None:
    """Without a default, an engine refuses a stack that lacks the key before the program can say more."""
    empty: dict[str, Any] = {"string": "", "object": {}, "array": []}
    for key, declared in project["config"].items():
        of_items = {"items"} if declared["type"] == "array" else set()
        assert set(declared) == {"type", "default", "description"} | of_items, key
        assert declared["default"] == empty[declared["type"]], key
        assert declared["description"].endswith("."), key


@pytest.mark.parametrize("stack", ["delivery", "images", "staging", "prod"])
def test_a_stack_file_sets_its_own_namespace_and_the_region(stack: str) -> None:
    keys = set(stack_file(stack))
    assert {key for key in keys if not key.startswith("immutable:")} == {"aws:region"}


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_a_release_finds_one_line_to_change(stack: str) -> None:
    lines = (ROOT / f"Pulumi.{stack}.yaml").read_text().splitlines()
    image = stack_file(stack)["immutable:imageId"]
    assert [line for line in lines if image in line] == [f"  immutable:imageId: {image}"]
