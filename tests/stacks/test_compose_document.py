"""docs/compose-a-service.md against the program: what it shows is taken as it stands."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

from components.fleet_alarms import AlarmThresholds
from components.lifecycle_hooks import Lifecycle
from components.service import ServiceArgs
from stacks.config import EnvironmentConfig
from stacks.rollouts import RefreshConfig
from tests.stacks.given import ROOT, loaded, stack_file

TEXT = (ROOT / "docs" / "compose-a-service.md").read_text()


def blocks(language: str) -> Iterator[str]:
    for found in re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE):
        yield textwrap.dedent(found)


def shown() -> tuple[dict[str, Any], dict[str, Any]]:
    """The keys of an environment and those of a service that the document shows."""
    environment: dict[str, Any] = {}
    service: dict[str, Any] = {}
    for block in blocks("yaml"):
        keys = yaml.safe_load(block)
        if any(key.startswith("immutable:") for key in keys):
            environment |= keys
        else:
            service |= keys.get("billing", keys)
    return environment, service


def staging_with_it() -> EnvironmentConfig:
    environment, service = shown()
    values = {**stack_file("staging"), **environment}
    values["immutable:services"] = {**values["immutable:services"], "billing": service}
    return loaded(values)


def test_the_configuration_it_shows_is_taken_beside_what_is_there() -> None:
    config = staging_with_it()
    assert config.sleep is not None
    assert config.alerts.emails == ("ops@example.com",)
    assert config.services["billing"].refresh.checkpoint_percentages == (10, 100)


def test_what_it_shows_as_defaults_are_the_defaults() -> None:
    billing, refresh = staging_with_it().services["billing"], RefreshConfig()
    assert AlarmThresholds(**billing.alarms.of_fleet) == AlarmThresholds()
    assert Lifecycle(**dict(billing.lifecycle)) == Lifecycle()
    for name in ("min_healthy_percentage", "max_healthy_percentage", "bake_seconds"):
        assert getattr(billing.refresh, name) == getattr(refresh, name), name


def test_the_service_it_shows_in_python_is_one() -> None:
    (program,) = blocks("python")
    (call,) = (
        node
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ServiceArgs"
    )
    given = {keyword.arg for keyword in call.keywords}
    required = {name for name, field in ServiceArgs.model_fields.items() if field.is_required()}
    assert required <= given <= set(ServiceArgs.model_fields)
