"""Exceptions from the guardrails as a stack file lists them: which rule, for what, until when, and why.

The guardrails themselves are in `policies/`, and read this list on their own. Here it is refused when it is
wrong: before anything is changed, and without the guardrails being asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from stacks.problems import Place, SectionError, nearest, shown
from stacks.sections import Section

_LEAST_REASON = 10
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?: 00:00:00 \+0000 UTC|T00:00:00Z)?")
"""A date that YAML took for a moment reaches the program as one, in Go's words."""


def _day(value: Any) -> date:
    found = _DAY.fullmatch(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError:
        raise ValueError(f"{shown(value)} is not a day; write one such as 2027-03-31") from None


def _reason(value: str) -> str:
    if len(value.strip()) < _LEAST_REASON:
        raise ValueError(f"{shown(value)} says too little; write why the rule does not hold here")
    return value


def _resource(value: str) -> str:
    if not value.strip():
        raise ValueError(
            f"{shown(value)} is no name; write a resource's, such as entry, or leave it out for all"
        )
    return value


class ExceptionConfig(Section):
    """Resources of which a rule says nothing, for a while."""

    rule: str = Field(description="a rule's ID as in docs/guardrails.md, such as ec2-9")
    resource: Annotated[str, AfterValidator(_resource)] = Field(
        default="*", description="the names that it is for; * stands for any letters, ? for one"
    )
    until: Annotated[date, BeforeValidator(_day)] = Field(
        description="the last day that it holds, in UTC, such as 2027-03-31"
    )
    reason: Annotated[str, AfterValidator(_reason)] = Field(description="why the rule does not hold here")


def _checked(given: tuple[ExceptionConfig, ...]) -> tuple[ExceptionConfig, ...]:
    SectionError.raise_any(_problems(given, datetime.now(UTC).date()))
    return given


Exceptions = Annotated[tuple[ExceptionConfig, ...], AfterValidator(_checked)]
"""As every kind of stack has them."""


def _problems(given: tuple[ExceptionConfig, ...], today: date) -> Iterator[tuple[Place, str]]:
    known = _known() if given else ()
    for index, each in enumerate(given):
        if each.rule not in known:
            text = f"{shown(each.rule)} is not a rule of docs/guardrails.md; {_meant(each.rule, known)}"
            yield (index, "rule"), text
        if each.until < today:
            text = f"{each.until} is past: mend what {each.rule} finds, or decide anew until when it may stay"
            yield (index, "until"), text
        if any((each.rule, each.resource) == (other.rule, other.resource) for other in given[:index]):
            yield (index,), f"{each.rule} is excepted for {shown(each.resource)} twice; remove one of the two"


def _known() -> tuple[str, ...]:
    from policies import families  # A stack without exceptions starts without them.

    return tuple(rule.id for rule in families.rules())


def _meant(wrong: str, known: tuple[str, ...]) -> str:
    """The rules that there are would fill the screen."""
    advice = nearest(wrong, known)
    return advice if advice.startswith("did you mean") else "each has its ID there"
