"""What the shipped stacks declare, as the rules see it: each file through its program, without a cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from policies import exceptions, families
from policies.exceptions import Exemption
from policies.rules import Resource
from policies.values import plain
from tests.stacks.declared import declared
from tests.stacks.given import stack_file

STACKS = ("images", "staging", "prod", "delivery")
STACK = "pulumi:pulumi:Stack"


class Finding(NamedTuple):
    """What a rule says of a resource."""

    rule: str
    name: str
    text: str

    def excepted(self, exemptions: tuple[Exemption, ...]) -> list[Exemption]:
        """The exceptions for it. None of them has ended: the program refuses one that has."""
        return [each for each in exemptions if each.covers(self.rule, self.name, each.until)]


@cache
def resources(stack: str) -> tuple[Resource, ...]:
    """All that the stack's program declares with the shipped file."""
    return of_config(stack, stack_file(stack))


def of_config(stack: str, values: Mapping[str, Any]) -> tuple[Resource, ...]:
    """All that the program declares with this configuration, and what it exports, as Pulumi has it."""
    built = declared(stack, values)
    exports = Resource(STACK, f"immutable-{stack}", f"urn:{stack}", plain(built.outputs))
    return exports, *(
        Resource(
            type=each.type,
            name=each.name,
            urn=each.urn,
            inputs=plain(each.inputs),
            protect=each.protected,
            ignore_changes=each.ignored,
            depends=each.depends,
        )
        for each in built.resources
    )


def findings(of: tuple[Resource, ...]) -> Iterator[Finding]:
    """What all rules say of these resources."""
    names = {each.urn: each.name for each in of}
    for rule in families.rules():
        for resource in of:
            for text in rule.of(resource):
                yield Finding(rule.id, resource.name, text)
        for urn, text in rule.of_all(of):
            yield Finding(rule.id, names.get(urn or "", ""), text)


def exempted(stack: str) -> tuple[Exemption, ...]:
    """The exceptions of the shipped file."""
    return exceptions.read(stack_file(stack).get("immutable:exceptions", []))
