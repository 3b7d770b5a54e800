"""When an alarm changes state: M of N datapoints against a threshold, and what missing ones count as.

Source: "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data" (the tables there are
in the tests).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import datetime

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

#: An alarm fetches more periods than it evaluates; AWS shows 5 for 3 and names no other number.
EXTRA_PERIODS = 2

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


def comparable(comparison: str) -> bool:
    """Whether the operator compares with a fixed threshold; anomaly detection is not emulated."""
    return comparison in _COMPARISONS


def breaches(value: float, comparison: str, threshold: float) -> bool:
    return _COMPARISONS[comparison][0](value, threshold)


def judge(breaching: Sequence[bool | None], datapoints: int, periods: int, missing: str) -> str | None:
    """The state after these periods, oldest first, None where no data is; None: it stays what it is.

    `datapoints` of the last `periods` must breach (M of N); `missing` is the alarm's treatMissingData. Data
    from before the last N periods is used where periods are missing, and missing ones as few as possible.
    """
    real = [each for each in breaching if each is not None][-periods:]
    if not real:
        return {"breaching": ALARM, "notBreaching": OK, "ignore": None}.get(missing, INSUFFICIENT_DATA)
    filled = (periods - len(real)) if missing == "breaching" else 0
    if sum(real) + filled >= datapoints:
        return ALARM
    if len(real) == periods or missing in ("breaching", "notBreaching") or not all(real):
        return OK
    # Few datapoints, all of them breaching: "avoiding premature transitions to alarm state".
    oldest = next(age for age, each in zip(range(len(breaching), 0, -1), breaching, strict=True) if each)
    if missing == "ignore":
        return None
    return ALARM if oldest >= datapoints else OK


def reason(
    state: str,
    points: Sequence[tuple[datetime, float | None]],
    comparison: str,
    threshold: float,
    datapoints: int,
    periods: int,
    missing: str,
) -> str:
    """The StateReason in CloudWatch's words. `points` are (start of the period, value), oldest first."""
    real = [(at, value) for at, value in points if value is not None][-periods:]
    if state == INSUFFICIENT_DATA:
        return f"Insufficient Data: {_many(periods, 'datapoint')} {_were(periods)} unknown."
    crossed = "Threshold Crossed: "
    if not real:
        treated = f"{_many(periods, 'missing datapoint')} {_were(periods)} treated as [{_TREATED[missing]}]."
        return f"{crossed}no datapoints were received for {_many(periods, 'period')} and {treated}"
    alarming = state == ALARM
    chosen = [each for each in real if breaches(each[1], comparison, threshold) == alarming] or real
    listed = ", ".join(f"{value} ({at:%d/%m/%y %H:%M:%S})" for at, value in reversed(chosen))
    needed = datapoints if alarming else periods - datapoints + 1
    change = "OK -> ALARM" if alarming else "ALARM -> OK"
    verb = f"{_were(len(chosen))}{'' if alarming else ' not'}"
    return (
        f"{crossed}{len(chosen)} out of the last {_many(periods, 'datapoint')} [{listed}] {verb} "
        f"{_COMPARISONS[comparison][1]} the threshold ({threshold}) "
        f"(minimum {_many(needed, 'datapoint')} for {change} transition)."
    )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
