"""Instance types as a stack file names them, and which processors they have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import AfterValidator

from stacks.problems import shown


def _instance_type(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", value):
        raise ValueError(f"{shown(value)} is not an instance type; write one such as m7g.large")
    return value


InstanceType = Annotated[str, AfterValidator(_instance_type)]


def is_arm(instance_type: str) -> bool:
    """AWS marks its Arm families with a `g` behind the generation (m7g, c6gn); a1 came before that rule."""
    return re.match(r"a1\.|[a-z]+\d+[a-f,h-z]*g", instance_type.split(".")[0] + ".") is not None


def conflicts(instance_types: Sequence[str]) -> Iterator[tuple[int, str]]:
    """What is wrong with a list from which one type is taken, by place in it: one image fits all of it."""
    first, *others = instance_types
    for index, other in enumerate(others, start=1):
        if other in instance_types[:index]:
            yield index, f"{shown(other)} stands there twice; remove one"
        elif is_arm(other) != is_arm(first):
            yield index, f"{shown(other)} and {shown(first)} differ in architecture; one image fits one"
