"""How old is what a stream has not delivered yet: the metric DeliveryToS3.DataFreshness."""

from __future__ import annotations

from bisect import bisect_left

from rehearsal.cloud.cloudwatch.history import KEPT_SECONDS, Levels
from rehearsal.cloud.cloudwatch.statistics import Samples

SAMPLE_SECONDS = 60.0
_INSTANT = 1e-6


class Freshness:
    """The age of the oldest record, once a minute while there is one, and at every delivery."""

    def __init__(self) -> None:
        self._oldest: Levels[float] = Levels()
        self._deliveries: list[tuple[float, float]] = []

    def holding(self, now: float, oldest: float | None) -> None:
        """From now on the oldest record is the one that arrived then; None: there is none."""
        self._oldest.record(now, oldest)

    def delivered(self, now: float, age: float) -> None:
        """An object whose oldest record was so many seconds old."""
        self._deliveries.append((now, age))
        del self._deliveries[: bisect_left(self._deliveries, (now - KEPT_SECONDS, 0.0))]

    def samples(self, start: float, end: float) -> Samples:
        """From `start` until before `end`."""
        first, last = (bisect_left(self._deliveries, (at, 0.0)) for at in (start, end))
        found = [(age, 1.0) for _, age in self._deliveries[first:last]]
        minute = (start // SAMPLE_SECONDS + 1) * SAMPLE_SECONDS
        while minute <= end:
            found += [(minute - old, 1.0) for old, _ in self._oldest.segments(minute - _INSTANT, minute)]
            minute += SAMPLE_SECONDS
        return found

    def changed_since(self, at: float) -> bool:
        """Also at that very instant; what is held grows older all the time."""
        holds = any(True for _ in self._oldest.segments(at, float("inf")))
        return holds or (bool(self._deliveries) and self._deliveries[-1][0] >= at)
