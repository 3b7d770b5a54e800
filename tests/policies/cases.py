"""What the tests of rules are made of: resources in two words, and a right and a wrong one for each rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.rules import UNKNOWN, Resource, Rule

Inputs = Mapping[str, Any]
Given = Inputs | Resource | Sequence[Resource]


def res(
    kind: str, name: str = "it", /, depends: Mapping[str, Resource] | None = None, **inputs: Any
) -> Resource:
    """A resource; `depends` are the resources that its inputs come from."""
    return Resource(
        type=kind,
        name=name,
        urn=f"urn:pulumi:test::immutable::{kind}::{name}",
        inputs=inputs,
        depends={key: (other.urn,) for key, other in (depends or {}).items()},
    )


@dataclass(frozen=True)
class Case:
    """The smallest right and the smallest wrong thing for a rule.

    Either is the inputs of a resource, a resource where the type is what is wrong, or a whole stack.
    """

    rule: Rule
    right: Given
    wrong: Given
    says: str
    """Part of the finding, the wrong value in it."""
    kind: str = ""
    """The type of the resource; without it the first one of the rule."""
    kinds: tuple[str, ...] = ()
    """More types on which the same is as wrong."""

    def findings(self, given: Given) -> list[list[str]]:
        """What is found, for each of the types."""
        if isinstance(given, Mapping):
            kinds = (self.kind or self.rule.types[0], *self.kinds)
            return [self.rule.of(res(kind, **given)) for kind in kinds]
        if isinstance(given, Resource):
            return [self.rule.of(given)]
        return [[text for _, text in self.rule.of_all(given)]]

    @property
    def asked(self) -> set[str]:
        """The types that the wrong thing has."""
        if isinstance(self.wrong, Mapping):
            return {self.kind or self.rule.types[0], *self.kinds}
        return {self.wrong.type} if isinstance(self.wrong, Resource) else set()

    def __str__(self) -> str:
        return f"{self.rule.id} {self.says}"


def veiled(given: Given) -> Iterator[Given]:
    """The same, once for each value in it, with that value not known yet."""
    if isinstance(given, Mapping):
        yield from _veiled(given)
        return
    if isinstance(given, Resource):
        yield from (Resource(**{**vars(given), "inputs": inputs}) for inputs in _veiled(given.inputs))
        return
    for index, resource in enumerate(given):
        for inputs in _veiled(resource.inputs):
            changed = Resource(**{**vars(resource), "inputs": inputs})
            yield [*given[:index], changed, *given[index + 1 :]]


def _veiled(value: Any) -> Iterator[Any]:
    """The value with each of its parts unknown in turn, the outer ones too."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield {**value, key: UNKNOWN}
            yield from ({**value, key: each} for each in _veiled(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for each in (UNKNOWN, *_veiled(inner)):
                yield [*value[:index], each, *value[index + 1 :]]
