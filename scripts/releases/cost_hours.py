"""How many hours of a month something runs, as its schedules say: what sleeps costs nothing meanwhile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

MONTH_HOURS = 730.0
"""Of an average month, as AWS counts it in its price calculator."""
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK_MINUTES = 7 * 24 * 60


class Switch(NamedTuple):
    """A schedule that starts something, or stops it."""

    cron: str
    """`0 20 * * MON,TUE` as Auto Scaling takes it, or `cron(0 20 ? * MON,TUE *)` as EventBridge does."""
    on: bool


def awake_hours(switches: Sequence[Switch]) -> float | None:
    """Of a month, all of its hours without schedules. None for schedules that are no weekly ones.

    A week begins as the one before it ended. Clocks that change twice a year are left out.
    """
    if not switches:
        return MONTH_HOURS
    turns: list[tuple[int, bool]] = []
    for switch in switches:
        minutes = _minutes(switch.cron)
        if minutes is None:
            return None
        turns += [(minute, switch.on) for minute in minutes]
    turns.sort()
    awake, on, since = 0, turns[-1][1], 0
    for minute, turned_on in turns:
        awake += minute - since if on else 0
        on, since = turned_on, minute
    awake += _WEEK_MINUTES - since if on else 0
    return MONTH_HOURS * awake / _WEEK_MINUTES


def _minutes(cron: str) -> list[int] | None:
    """When it happens in a week, in minutes since Monday."""
    found = re.fullmatch(
        r"(?:cron\()?(\d{1,2}) (\d{1,2}) [*?] \* (\*|[A-Za-z]{3}(?:,[A-Za-z]{3})*)(?: \*\))?", cron
    )
    if found is None:
        return None
    minute, hour, days = found.groups()
    names = WEEK if days == "*" else days.lower().split(",")
    if not set(names) <= set(WEEK):
        return None
    return [(WEEK.index(day) * 24 + int(hour)) * 60 + int(minute) for day in names]
