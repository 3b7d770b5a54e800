"""Time on the report page: how it is told, and where a moment is on a picture.

A fleet rolls over in minutes, an engine may think for an hour of the cloud, and then a week passes at once:
on an even scale the week would be all that there is to see.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

# Seconds without a change that are drawn as long as they are; of longer ones the excess counts ever less.
EVEN_SECONDS = 120.0


@dataclass(frozen=True)
class Axis:
    """Places (0 to 1) of moments; between two of them it is even. Both go up, and there are two at least."""

    moments: tuple[float, ...]
    places: tuple[float, ...]

    @classmethod
    def over(cls, changes: Iterable[float], end: float) -> Axis:
        """From 0 to `end` (the last change, if that is later), with stretches without a change shortened."""
        moments = sorted({0.0, *changes, end or 1.0})
        lengths = [_drawn(until - since) for since, until in pairwise(moments)]
        places, total = [0.0], sum(lengths)
        for length in lengths:
            places.append(places[-1] + length / total)
        return cls(tuple(moments), tuple(places))

    @property
    def end(self) -> float:
        """The last moment."""
        return self.moments[-1]

    def place(self, moment: float) -> float:
        """Where a moment is."""
        return _between(self.moments, self.places, moment)

    def moment(self, place: float) -> float:
        """Which moment is at a place."""
        return _between(self.places, self.moments, place)


def _drawn(seconds: float) -> float:
    if seconds <= EVEN_SECONDS:
        return seconds
    return EVEN_SECONDS * (1 + math.log(seconds / EVEN_SECONDS))


def _between(known: tuple[float, ...], wanted: tuple[float, ...], value: float) -> float:
    value = min(max(value, known[0]), known[-1])
    left = min(bisect_right(known, value), len(known) - 1) - 1
    share = (value - known[left]) / (known[left + 1] - known[left])
    return wanted[left] + share * (wanted[left + 1] - wanted[left])


def clock(seconds: float) -> str:
    """Seconds of the cloud as minutes and seconds, as hours and minutes beyond an hour, as days and hours."""
    whole = round(seconds)
    if whole >= 2 * 86_400:
        return f"{whole // 86_400} days {whole % 86_400 // 3600} h"
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d} h"
    return f"{whole // 60}:{whole % 60:02d} min"
