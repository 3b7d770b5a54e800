"""Schedule expressions of pipelines: `cron(0 3 ? * sun *)` of six fields, or `rate(7 days)`.

Source: "Use cron expressions in Image Builder". cronsim counts days of the week from 0 and knows no years.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from cronsim import CronSim, CronSimError

Times = Callable[[datetime], Iterator[datetime]]

_RATE = re.compile(r"rate\(\s*([1-9][0-9]*)\s+(minute|hour|day)(s?)\s*\)")
_CRON = re.compile(r"cron\((.*)\)", re.DOTALL)
_YEAR = re.compile(r"\*|\d{4}(-\d{4})?(,\d{4}(-\d{4})?)*")
#: A date that never comes, such as February 30: cronsim looks for fifty years.
_TRIES = 2000


def parse(expression: str) -> Times:
    """The times after a given one, in its time zone. Raises ValueError, in one line."""
    rate = _RATE.fullmatch(expression)
    if rate:
        count, unit, plural = int(rate[1]), rate[2], rate[3]
        if (count == 1) == bool(plural):
            raise ValueError(f"{expression!r} takes {unit if count == 1 else unit + 's'}")
        step = timedelta(**{f"{unit}s": count})
        return lambda after: (after + step * number for number in _counted())
    cron = _CRON.fullmatch(expression)
    if not cron:
        raise ValueError(
            f"{expression!r} is not cron(MINUTE HOUR DAY MONTH WEEKDAY YEAR) or rate(NUMBER UNIT)"
        )
    return _cron(expression, cron[1].split())


def _counted() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


def _cron(expression: str, fields: list[str]) -> Times:
    if len(fields) != 6:
        raise ValueError(
            f"{expression!r} has {len(fields)} fields, not 6: minute hour day month weekday year"
        )
    day, weekday, year = fields[2], fields[4], fields[5]
    if (day == "?") == (weekday == "?"):
        raise ValueError(f"{expression!r} must have ? as its day or as its weekday, and not as both")
    if "W" in day.upper():
        raise ValueError(f"{expression!r} has a W, which is not emulated in the rehearsal's cloud")
    if not _YEAR.fullmatch(year):
        raise ValueError(f"{expression!r} has the year {year!r}; years are numbers, ranges and lists of them")
    five = [*fields[:2], day.replace("?", "*"), fields[3], _weekdays(weekday.replace("?", "*"))]
    years = _years(year)
    try:
        CronSim(" ".join(five), datetime(2000, 1, 1))  # noqa: DTZ001  (any date: this checks the fields)
    except (CronSimError, ValueError) as wrong:
        raise ValueError(f"{expression!r} is not a cron expression") from wrong
    return lambda after: (
        time for time in islice(CronSim(" ".join(five), after), _TRIES) if years is None or time.year in years
    )


def _weekdays(field: str) -> str:
    """Days by number count from 1, Sunday, as names do not; a number after # is no day.

    Raises ValueError for a number that is none of 1 to 7.
    """

    def moved(match: re.Match[str]) -> str:
        if not 1 <= int(match[0]) <= 7:
            raise ValueError(f"the weekday {match[0]} is none of 1 (Sunday) to 7")
        return str(int(match[0]) - 1)

    return re.sub(r"(?<![#/\d])\d+", moved, field)


def _years(field: str) -> set[int] | None:
    if field == "*":
        return None
    years: set[int] = set()
    for part in field.split(","):
        first, _, last = part.partition("-")
        years |= set(range(int(first), int(last or first) + 1))
    return years
