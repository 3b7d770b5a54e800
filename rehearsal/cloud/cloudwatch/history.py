"""What was measured over the last emulated hours: values that hold until they change, and single events.

A metric is no list of samples here: between two changes nothing is stored, so that a month without a change
costs nothing, and the statistics of any window are computed when someone asks for them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from typing import Generic, TypeVar

#: Emulated seconds that are remembered: more than any alarm of this project looks back.
KEPT_SECONDS = 3 * 3600.0
#: What happens within these is told together; no period of an alarm here is shorter.
BIN_SECONDS = 10.0

Value = TypeVar("Value")


class Levels(Generic[Value]):
    """A value over time, piecewise constant; None where there is nothing to measure."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._values: list[Value | None] = []

    def record(self, at: float, value: Value | None) -> None:
        """The value from `at` on; of two at one instant the later one holds."""
        if self._times and self._times[-1] == at:
            self._times.pop()
            self._values.pop()
        if (self._values[-1] if self._values else None) == value:
            return
        self._times.append(at)
        self._values.append(value)
        # What began before the horizon and still held at it is needed; what came before that is not.
        old = bisect_right(self._times, at - KEPT_SECONDS) - 1
        if old > 0:
            del self._times[:old], self._values[:old]

    def segments(self, start: float, end: float) -> Iterator[tuple[Value, float]]:
        """(value, seconds it held) within the window from `start` until before `end`, oldest first."""
        for index in range(max(0, bisect_right(self._times, start) - 1), len(self._times)):
            since = max(start, self._times[index])
            until = min(end, self._times[index + 1]) if index + 1 < len(self._times) else end
            value = self._values[index]
            if since >= end:
                return
            if value is not None and until > since:
                yield value, until - since

    def changed_since(self, at: float) -> bool:
        return bool(self._times) and self._times[-1] > at


class Events:
    """Instants at which something happened."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def record(self, at: float) -> None:
        self._times.append(at)
        del self._times[: bisect_left(self._times, at - KEPT_SECONDS)]

    def count(self, start: float, end: float) -> int:
        """How many there were from `start` until before `end`."""
        return bisect_left(self._times, end) - bisect_left(self._times, start)

    def changed_since(self, at: float) -> bool:
        """Also at that very instant: an event leaves the windows that begin after it."""
        return bool(self._times) and self._times[-1] >= at


class Values:
    """Single values, counted in every ten seconds: a hundred thousand lines are a few numbers."""

    def __init__(self) -> None:
        self._bins: dict[float, dict[float, float]] = {}
        self._last = float("-inf")

    def record(self, at: float, value: float, count: float = 1.0) -> None:
        start = at // BIN_SECONDS * BIN_SECONDS
        if start not in self._bins:
            for old in [each for each in self._bins if each < start - KEPT_SECONDS]:
                del self._bins[old]
            self._bins[start] = defaultdict(float)
        self._bins[start][value] += count
        self._last = max(self._last, at)

    def samples(self, start: float, end: float) -> list[tuple[float, float]]:
        """(value, how often) from `start` until before `end`, by the ten seconds that begin then."""
        there = [values for at, values in self._bins.items() if start <= at < end]
        return [sample for values in there for sample in values.items()]

    def changed_since(self, at: float) -> bool:
        return self._last >= at
