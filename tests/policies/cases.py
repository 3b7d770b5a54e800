"""What the tests of rules are made of: resources in two words, and a right and a wrong one for each rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.rules import UNKNOWN, Resource, Rule

Inputs = Mapping[str, Any]
Given = Inputs | Sequence[Resource]


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
    """The smallest right and the smallest wrong thing for a rule: a resource's inputs, or a whole stack."""

    rule: Rule
    right: Given
    wrong: Given
    says: str
    """Part of the finding, the wrong value in it."""
    kind: str = ""
    """The type of the resource; without it the first one of the rule."""

    def findings(self, given: Given) -> list[str]:
        if isinstance(given, Mapping):
            return self.rule.of(res(self.kind or self.rule.types[0], **given))
        return [text for _, text in self.rule.of_all(given)]

    def __str__(self) -> str:
        return f"{self.rule.id} {self.says}"


def veiled(given: Given) -> Iterator[Given]:
    """The same, once for each value in it, with that value not known yet."""
    if isinstance(given, Mapping):
        yield from _veiled(given)
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
