"""Exceptions from rules, as they stand in a stack's file under `immutable:exceptions`.

    - {rule: ec2-9, resource: bastion-*, until: 2027-03-31, reason: moves behind the load balancer in spring}

The program refuses a list that is wrong, and says so with file and key. Here only what is whole and has not
ended excepts anything: whatever else stands there, the rules hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

NOTICE_DAYS = 30
"""Long enough before its end that an exception is thought of in daylight."""


@dataclass(frozen=True)
class Exemption:
    """Resources that a rule says nothing of, until a day, for a reason."""

    rule: str
    until: date
    """The last day, in UTC."""
    reason: str
    resource: str = "*"
    """A pattern of names, with `*` and `?`."""

    def covers(self, rule_id: str, name: str, today: date) -> bool:
        return self.rule == rule_id and today <= self.until and fnmatchcase(name, self.resource)

    def __str__(self) -> str:
        return f"excepted until {self.until}: {self.reason}"


def read(given: Any) -> tuple[Exemption, ...]:
    """The exceptions of a stack's file that are whole; the others except nothing."""
    return tuple(_whole(given if isinstance(given, list) else ()))


def _whole(given: Iterable[Any]) -> Iterable[Exemption]:
    for entry in given:
        try:
            # YAML may have made a moment of the day.
            until = date.fromisoformat(str(entry["until"])[:10])
            rule, reason, resource = entry["rule"], entry["reason"], entry.get("resource", "*")
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
        if all(isinstance(text, str) and text for text in (rule, reason, resource)):
            yield Exemption(rule, until, reason, resource)


def ending(exemptions: Iterable[Exemption], today: date) -> Iterable[str]:
    """What is said of the exceptions that end within `NOTICE_DAYS`: from then on the program refuses them."""
    for each in exemptions:
        left = (each.until - today).days
        if 0 <= left <= NOTICE_DAYS:
            what = f"the exception to {each.rule} for {each.resource} ends on {each.until}, in {left} days"
            yield f"{what}; mend what it is for ({each.reason}), or decide anew until when it may stay"


def exempting(exemptions: Iterable[Exemption], rule_id: str, name: str, today: date) -> Exemption | None:
    """The exception that a finding of the rule on the resource falls under."""
    return next((each for each in exemptions if each.covers(rule_id, name, today)), None)
