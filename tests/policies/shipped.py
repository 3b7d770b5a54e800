"""What the shipped stacks declare, as the rules see it: each file through its program, without a cloud."""

from __future__ import annotations

from functools import cache
from typing import Any

from policies.rules import Resource
from policies.values import plain
from tests.stacks.declared import declared
from tests.stacks.given import stack_file

STACKS = ("images", "staging", "prod")


@cache
def resources(stack: str) -> tuple[Resource, ...]:
    """All that the stack's program declares with the shipped file."""
    return tuple(
        Resource(
            type=each.type,
            name=each.name,
            urn=each.urn,
            inputs=_plain(each.inputs),
            protect=each.protected,
            depends=each.depends,
        )
        for each in declared(stack, stack_file(stack)).resources
    )


def _plain(value: Any) -> Any:
    return plain(value)
