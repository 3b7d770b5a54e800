"""docs/compose-a-service.md against the program: what it shows is taken as it stands."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from components.fleet_alarms import AlarmThresholds
from components.lifecycle_hooks import Lifecycle
from components.service import ServiceArgs
from stacks.config import EnvironmentConfig
from stacks.kinds import kind_of
from stacks.rollouts import RefreshConfig
from tests.stacks.declared import declared
from tests.stacks.given import ROOT, loaded, stack_file

TEXT = (ROOT / "docs" / "compose-a-service.md").read_text()


EXAMPLES = {"billing": "web", "ledger": "web", "mail": "worker", "report": "job"}
"""The services that stand for the kinds there are: a public one, an internal one, a worker, a job."""


def blocks(language: str) -> Iterator[str]:
    for found in re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE):
        yield textwrap.dedent(found)


def shown() -> tuple[dict[str, Any], dict[str, Any]]:
    """The keys of an environment and those of a service that the document shows."""
    environment: dict[str, Any] = {}
    service: dict[str, Any] = {}
    for block in blocks("yaml"):
        keys = yaml.safe_load(block)
        if keys.keys() & (EXAMPLES.keys() - {"billing"}):
            continue
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


def examples() -> dict[str, str]:
    """The text of the first block about each."""
    found: dict[str, str] = {}
    for block in blocks("yaml"):
        for name in EXAMPLES.keys() & yaml.safe_load(block).keys():
            found.setdefault(name, block)
    return found


def with_the_examples() -> dict[str, Any]:
    values = stack_file("staging")
    services = dict(values["immutable:services"])
    for block in examples().values():
        services |= yaml.safe_load(block)
    services["web"] = {**services["web"], "calls": ["api", "ledger"]}
    return {**values, "immutable:services": services}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_kind_of_service_is_an_example_of_twelve_lines_at_most(name: str) -> None:
    assert len(examples()[name].splitlines()) <= 12
    services = loaded(with_the_examples()).services
    assert kind_of(services[name]) == EXAMPLES[name]
    assert (services[name].route is not None) == (name == "billing")


def test_the_examples_become_what_the_document_says_of_them() -> None:
    built = declared("staging", with_the_examples())
    groups = {name: built.one("Group", name).inputs for name in EXAMPLES}
    checks = {name: group["healthCheckType"] for name, group in groups.items()}
    assert checks == {"billing": "ELB", "ledger": "ELB", "mail": "EC2", "report": "EC2"}
    of_the_job = {name: groups["report"][name] for name in ("minSize", "maxSize", "protectFromScaleIn")}
    assert of_the_job == {"minSize": 0, "maxSize": 1, "protectFromScaleIn": True}
    assert built.one("Schedule", "report-run").inputs["scheduleExpressionTimezone"] == "Europe/Berlin"
    alarms = {each.name for each in built.resources if each.type == "aws:cloudwatch/metricAlarm:MetricAlarm"}
    for alarm in re.findall(r"`(failed|overdue|not-started)`", TEXT):
        assert f"report-{alarm}" in alarms
    assert built.one("ListenerRule", "billing") and built.one("ListenerRule", "ledger-internal")


def test_the_first_command_is_one_that_there_is() -> None:
    from scripts.services.order import Kind

    assert set(re.findall(r"--kind (\w+)", TEXT)) == {str(kind) for kind in Kind if kind is not Kind.WEB}
    assert (ROOT / "scripts" / "new-service").stat().st_mode & 0o111
