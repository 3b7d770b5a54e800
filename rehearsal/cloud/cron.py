"""The cron expressions of AWS's services, which have six fields and a year: `cron(30 6 ? * MON-FRI *)`.

Source: "Schedule types in EventBridge Scheduler", "Schedule expressions in Secrets Manager rotation". Not
understood, and refused: `L`, `W` and `#`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_CRON = re.compile(r"cron\((.+)\)")
_DAY_NUMBER = re.compile(r"\d+")
#: Beyond this many candidates no date of a year that is asked for will come.
_CANDIDATES = 20_000


def next_after(expression: str, after: datetime, zone: str) -> datetime:
    """The first time after `after`, in UTC. Raises ValueError for what is no expression or never comes."""
    match = _CRON.fullmatch(expression)
    fields = match[1].split() if match else []
    if len(fields) != 6:
        raise ValueError(f"{expression!r} is no cron expression of six fields")
    if re.search(r"[LW#]", " ".join((fields[2], fields[4])).replace("JUL", "").replace("WED", "")):
        raise ValueError(f"{expression!r} is not emulated: L, W and # are not understood")
    if (fields[2] == "?") == (fields[4] == "?"):
        raise ValueError(f"{expression!r}: exactly one of day of month and day of week must be ?")
    days = _DAY_NUMBER.sub(lambda found: str(int(found[0]) - 1), fields[4].replace("?", "*"))
    plain = [fields[0], fields[1], fields[2].replace("?", "*"), fields[3], days]
    try:
        times = CronSim(" ".join(plain), after.astimezone(ZoneInfo(zone)))
        for _ in range(_CANDIDATES):
            found = next(times)
            if _in_year(found.year, fields[5]):
                return found.astimezone(UTC)
    except CronSimError as wrong:
        raise ValueError(f"{expression!r} is no cron expression: {wrong}") from wrong
    except StopIteration:
        pass
    raise ValueError(f"{expression!r} never comes")


def _in_year(year: int, field: str) -> bool:
    """`*`, `2026`, `2026,2028`, `2026-2030`."""
    for part in field.split(","):
        low, _, high = part.partition("-")
        if part == "*" or (low.isdigit() and int(low) <= year <= int(high or low)):
            return True
    return False
