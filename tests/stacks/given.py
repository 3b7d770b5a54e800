"""Configuration as the engine hands it to a program: text, and JSON for maps and lists."""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

import pulumi
import yaml
from pulumi.runtime import Settings, set_all_config
from pulumi.runtime.settings import configure

from stacks import config
from stacks.factory import FactoryConfig

ROOT = Path(__file__).parents[2]
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/2b8e9f10-4c1d-4f7a-9d43-5a6b7c8d9e01"
SMALLEST: dict[str, Any] = {
    "aws:region": "eu-central-1",
    "immutable:imageId": "ami-0123456789abcdef0",
    "immutable:network": {"cidr": "10.20.0.0/16"},
    "immutable:loadBalancer": {"certificateArn": CERTIFICATE},
    "immutable:services": {
        "web": {
            "port": 8080,
            "instanceTypes": ["m7g.large"],
            "route": {"priority": 100, "paths": ["/*"]},
        }
    },
}
"""What only an owner can know, and nothing else."""

Result = TypeVar("Result")


SMALLEST_FACTORY: dict[str, Any] = {
    "aws:region": "eu-central-1",
    "immutable:recipes": {"web": {"schedule": "cron(0 3 ? * sun *)"}},
    "immutable:network": {"cidr": "10.40.0.0/16", "egress": "single-nat"},
}


def with_changes(changes: Mapping[str, Any], start: Mapping[str, Any] = SMALLEST) -> dict[str, Any]:
    """`start` with values set by path, such as `immutable:services.web.min`; None takes a key away."""
    values = dict(deepcopy(start))
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = values
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            place.pop(last, None)
        else:
            # A later path may change what is in it.
            place[last] = deepcopy(value)
    return values


def in_stack(
    stack: str, values: Mapping[str, Any], run: Callable[[], Result], secret: Iterable[str] = ()
) -> Result:
    """Call `run` as the program of `stack` with this configuration; nothing of it stays behind."""

    def program() -> Result:
        configure(Settings(project="immutable", stack=stack))
        wire = {
            key: json.dumps(value) if isinstance(value, dict | list) else value
            for key, value in values.items()
        }
        set_all_config(wire, list(secret))
        return run()

    return contextvars.copy_context().run(program)


def loaded(
    values: Mapping[str, Any], stack: str = "staging", secret: Iterable[str] = ()
) -> config.EnvironmentConfig:
    found = in_stack(stack, values, lambda: config.load(stack), secret)
    assert isinstance(found, config.EnvironmentConfig)
    return found


def complaints(changes: Mapping[str, Any], secret: Iterable[str] = ()) -> list[str]:
    """The lines of the refusal of `SMALLEST` with these changes; none if it is accepted."""
    try:
        loaded(with_changes(changes), secret=secret)
    except pulumi.RunError as error:
        return str(error).splitlines()
    return []


def loaded_factory(
    values: Mapping[str, Any], stack: str = "images", secret: Iterable[str] = ()
) -> FactoryConfig:
    found = in_stack(stack, values, lambda: config.load(stack), secret)
    assert isinstance(found, FactoryConfig)
    return found


def factory_complaints(changes: Mapping[str, Any], secret: Iterable[str] = ()) -> list[str]:
    """The lines of the refusal of `SMALLEST_FACTORY` with these changes; none if it is accepted."""
    try:
        loaded_factory(with_changes(changes, SMALLEST_FACTORY), secret=secret)
    except pulumi.RunError as error:
        return str(error).splitlines()
    return []


def complaint(changes: Mapping[str, Any]) -> str:
    """The one line of the refusal, without the name of the file."""
    (line,) = complaints(changes)
    start = "Pulumi.staging.yaml: "
    assert line.startswith(start)
    return line.removeprefix(start)


def stack_file(stack: str) -> dict[str, Any]:
    """The configuration in this repository's file of `stack`."""
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    values: dict[str, Any] = document["config"]
    return values
