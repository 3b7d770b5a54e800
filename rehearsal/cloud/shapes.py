"""Requests held against botocore's model of the service: patterns, lengths, ranges and allowed values.

boto3 itself checks types and what is required, the rest is left to the service, and moto checks nothing.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Any

from moto.core.utils import get_service_model


class MisfitError(Exception):
    """`name`: the member that does not fit; `why`: in a sentence."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name, self.why = name, why


def check(service: str, operation: str, given: dict[str, Any]) -> None:
    """Raises MisfitError for the first member that does not fit."""
    shape = get_service_model(service).operation_model(operation).input_shape
    for name, value in given.items():
        _check(name, shape.members[name], value)


def _check(name: str, shape: Any, value: Any) -> None:
    limits = shape.metadata
    if shape.type_name == "structure":
        for member, inner in value.items():
            _check(f"{name}.{member}", shape.members[member], inner)
    elif shape.type_name == "list":
        _sized(name, limits, len(value), "items")
        for number, inner in enumerate(value):
            _check(f"{name}[{number}]", shape.member, inner)
    elif shape.type_name == "map":
        _sized(name, limits, len(value), "entries")
        for key, inner in value.items():
            _check(f"{name}.{key}", shape.key, key)
            _check(f"{name}.{key}", shape.value, inner)
    elif shape.type_name == "string":
        _text(name, shape, value)
    elif shape.type_name in ("integer", "long"):
        _sized(name, limits, value, "")


def _text(name: str, shape: Any, value: str) -> None:
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        raise MisfitError(name, f"{name} must match pattern {pattern}")
    _sized(name, shape.metadata, len(value), "characters")
    if shape.enum and value not in shape.enum:
        raise MisfitError(name, f"Valid values are: {', '.join(shape.enum)}")


def _sized(name: str, limits: dict[str, Any], size: int, unit: str) -> None:
    low, high = limits.get("min"), limits.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        most = "or more" if high is None else f"to {high}"
        raise MisfitError(name, f"It is {size} {unit}; {low or 0} {most} are allowed.")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Java reads `--` in a set as Python does today.
        return re.compile(pattern)
