"""Cron expressions as Image Builder takes them: six fields, of which the day is said by one and left by one.

Source: EC2 Image Builder User Guide, "Use cron expressions in Image Builder".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

EXAMPLE = "cron(0 3 ? * sun *)"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class _Field(NamedTuple):
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()
    special: str = r"(?!)"
    """What else an entry may be, as a pattern."""


_FIELDS = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of the month", 1, 31, special=r"\?|L|LW|([1-9]|[12]\d|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 1, 7, _DAYS, special=rf"\?|L|([1-7]|{'|'.join(_DAYS)})(L|#[1-5])"),
    _Field("year", 1970, 2199),
)


def checked(value: str) -> str:
    """`value` if it is an expression `cron(...)`. Raises ValueError that says what is wrong with it."""
    found = re.fullmatch(r"cron\(([^()]*)\)", value)
    problem = (
        next(_problems(found[1]), None) if found else f"it is not cron(...); write one such as {EXAMPLE}"
    )
    if problem:
        shown = "".join(character if character.isprintable() else "?" for character in value[:80])
        raise ValueError(f"'{shown}' is no cron expression of AWS's: {problem}")
    return value


def _problems(text: str) -> Iterator[str]:
    fields = text.split(" ")
    if len(fields) != len(_FIELDS) or "" in fields:
        count = len(text.split())
        yield (
            f"it has {count} fields and not six with one space between them; "
            "write minutes, hours, day of the month, month, day of the week, year"
            if count != len(_FIELDS)
            else "its six fields need one space between them, and none around them"
        )
        return
    for field, given in zip(_FIELDS, fields, strict=True):
        wrong = next((entry for entry in given.split(",") if not _fits(field, entry)), None)
        if wrong is not None:
            yield f"{wrong!r} is no {field.name}; {_advice(field)}"
    if (fields[2] == "?") == (fields[4] == "?"):
        yield "of day of the month and day of the week one is ?, and only one"


def _fits(field: _Field, entry: str) -> bool:
    if re.fullmatch(field.special, entry, re.IGNORECASE):
        return True
    base, slash, step = entry.partition("/")
    if slash and not (step.isascii() and step.isdigit() and 1 <= int(step) <= field.most):
        return False
    if base == "*":
        return True
    first, dash, last = base.partition("-")
    return _number(field, first) is not None and (not dash or _number(field, last) is not None)


def _number(field: _Field, text: str) -> int | None:
    """An entry's number; None when it is none, or out of range."""
    if text.lower() in field.words:
        return field.words.index(text.lower()) + field.least
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
    return number if number is not None and field.least <= number <= field.most else None


def _advice(field: _Field) -> str:
    words = f", or {field.words[0]} to {field.words[-1]}" if field.words else ""
    return f"take {field.least} to {field.most}{words}, with , - * and /"
