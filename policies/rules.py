"""What a rule is, and what it is told of a resource.

A rule is a function over inputs that yields what is wrong, each finding with the value:

    @rule(id="ec2-25", types=(TEMPLATE,), severity=Severity.HIGH, control="EC2.25", reason=..., fix=...)
    def ec2_25(template: Resource) -> Iterator[str]:
        for index, card in items(template, "networkInterfaces"):
            if is_true(at(card, "associatePublicIpAddress")):
                yield f"networkInterfaces[{index}].associatePublicIpAddress is true"

In a preview some values are not known yet. Such a value is `UNKNOWN`, and whatever a rule makes of it ends
the rule without a finding: it is asked again in the update, where all is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn


class Severity(StrEnum):
    """How grave a finding is, in the words of AWS Security Hub."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def mandatory(self) -> bool:
        """Whether a finding stops the update; otherwise it is a warning."""
        return self in (Severity.CRITICAL, Severity.HIGH)


class NotKnownYetError(Exception):
    """A rule made something of a value that is known only once its resource is there."""


class _Unknown:
    """A value that is not known before the update. To compare, count or convert it ends the rule."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def _ends(self, *_: object) -> NoReturn:
        raise NotKnownYetError

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _ends
    __hash__ = __len__ = __iter__ = __contains__ = __getitem__ = _ends
    __int__ = __float__ = __str__ = __format__ = __add__ = __sub__ = _ends

    def __getattr__(self, name: str) -> NoReturn:
        # Python asks every object for the names of its protocols, to copy or to show it.
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotKnownYetError


UNKNOWN: Any = _Unknown()


@dataclass(frozen=True)
class Resource:
    """One resource as a rule sees it."""

    type: str
    """Its type token, such as `aws:ec2/vpc:Vpc`."""
    name: str
    """Its name in the program, by which an exception names it."""
    urn: str
    inputs: Mapping[str, Any]
    """In camelCase, as the provider takes them. In a rule on the whole stack these are the outputs, which
    hold the inputs too: that is what Pulumi tells such a rule."""
    parent: str | None = None
    """The URN of its parent."""
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    """Inputs that a later `up` leaves as they are, such as `desiredCapacity`."""
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The URNs that each input comes from, which is known before the input is. In rules on the whole stack
    only: Pulumi tells a rule on one resource nothing of others."""

    def comes_from(self, key: str, other: Resource) -> bool:
        """Whether the input `key` is made of the other resource."""
        return other.urn in self.depends.get(key, ())


Check = Callable[[Resource], Iterator[str]]
StackCheck = Callable[[Sequence[Resource]], Iterator[tuple[str | None, str]]]


@dataclass(frozen=True)
class Rule:
    """One idea of this project, or one control of AWS, and how to tell that it is broken."""

    id: str
    """AWS's control in lower case, such as `ec2-8`, or `immutable-` and the idea."""
    types: tuple[str, ...]
    """The resource types that it is asked about, one by one; none for a rule on the whole stack."""
    severity: Severity
    reason: str
    """Why, in one sentence."""
    fix: str
    """What to do, as an order without a full stop: it ends the finding."""
    check: Callable[[Any], Iterator[Any]]
    """Yields what is wrong, as text; of the whole stack with the URN that it is said of, or None."""
    control: str | None = None
    """The control of AWS Security Hub that it answers, such as `EC2.8`."""
    also: tuple[str, ...] = ()
    """More controls that ask the same, of another resource or of the account."""

    @property
    def of_stack(self) -> bool:
        return not self.types

    def of(self, resource: Resource) -> list[str]:
        """What is wrong with the resource; nothing when it is none of the rule's types."""
        if resource.type not in self.types:
            return []
        return [f"{text}; {self.fix}" for text in _asked(self.check(resource))]

    def of_all(self, resources: Sequence[Resource]) -> list[tuple[str | None, str]]:
        """What is wrong with the stack, each with the URN that it is said of."""
        if not self.of_stack:
            return []
        found = _asked(self.check(resources), lambda text: (None, text))
        return [(urn, f"{text}; {self.fix}") for urn, text in found]


def _asked(found: Iterator[Any], said: Callable[[str], Any] = str) -> Iterator[Any]:
    """The findings, up to a value that is not known yet.

    A rule that cannot read what it is given says so in a finding, which `said` makes of a text: silent it
    would let through what it is for, and its traceback would name neither rule nor resource.
    """
    try:
        yield from found
    except NotKnownYetError:
        return
    except Exception as error:  # noqa: BLE001 - whatever a provider's inputs make of a rule
        yield said(f"it cannot be read ({type(error).__name__}: {' '.join(str(error).split())})")


def rule(
    *,
    id: str,  # noqa: A002
    types: tuple[str, ...] = (),
    severity: Severity,
    reason: str,
    fix: str,
    control: str | None = None,
    also: tuple[str, ...] = (),
) -> Callable[[Callable[[Any], Iterator[Any]]], Rule]:
    """Makes a rule of its check. Raises ValueError for an ID that could not stand in a stack's file."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", id):
        raise ValueError(f"{id!r} is no rule's ID; take lower-case words with hyphens between, such as ec2-8")
    return lambda check: Rule(id, types, severity, reason, fix, check, control, also)


def known(value: object) -> bool:
    """Whether a value is known by now."""
    return value is not UNKNOWN


def at(inputs: Resource | Mapping[str, Any], path: str, default: Any = None) -> Any:
    """The value at a path such as `metadataOptions.httpTokens` or `ingress[0].fromPort`.

    `default` where nothing stands there, UNKNOWN where the path leads through what is not known yet.
    """
    here: Any = inputs.inputs if isinstance(inputs, Resource) else inputs
    for part in re.findall(r"[^.\[\]]+", path):
        if here is UNKNOWN:
            return UNKNOWN
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list | tuple) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            here = None
        if here is None:
            return default
    return here


def items(inputs: Resource | Mapping[str, Any], path: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The maps of the list at `path`, with their places. One that is not known yet is left out: right for a
    rule that looks for wrong ones."""
    given = at(inputs, path, ())
    if given is UNKNOWN:
        return
    for index, item in enumerate(given):
        if isinstance(item, Mapping):
            yield index, item


def all_items(inputs: Resource | Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
    """The maps of the list at `path`. With one of them not known yet the rule ends: right for a rule that
    looks for a map which may be that one.
    """
    given = at(inputs, path, ())
    if given is UNKNOWN or any(each is UNKNOWN for each in given):
        raise NotKnownYetError
    return [each for each in given if isinstance(each, Mapping)]


def is_true(value: Any) -> bool:
    """Whether a flag is on: AWS's provider takes some as booleans and some as text."""
    return value is True or value == "true"


def is_false(value: Any) -> bool:
    """Whether a flag is off by word; one that is not given is not."""
    return value is False or value == "false"


def for_each(
    resources: Sequence[Resource], check: Callable[[Resource], Iterator[str]]
) -> Iterator[tuple[str, str]]:
    """What `check` finds of each resource, with its URN: an unknown value of one hides nothing of another."""
    for resource in resources:
        for text in _asked(check(resource)):
            yield resource.urn, text


def of_type(resources: Sequence[Resource], *types: str) -> list[Resource]:
    """The stack's resources of these types."""
    return [resource for resource in resources if resource.type in types]
