"""Emulated time: one clock and one timeline, shared by everything in the emulated cloud.

Emulated seconds are real seconds times speed. Nothing here runs by itself: what should happen later is put
on the timeline, and every request first lets the timeline catch up with the clock. No thread runs behind it,
a fast clock loses nothing, and a test can stop the clock and step it.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Emulated seconds since the cloud started; `speed` 0 stops it, so that only `step` moves it on."""

    def __init__(self, speed: float = 1.0, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._base = 0.0
        self._since = real()
        self._speed = speed
        self.epoch = datetime.now(UTC)

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._base, self._since = self.now(), self._real()
        self._speed = speed

    def now(self) -> float:
        return self._base + (self._real() - self._since) * self._speed

    def step(self, seconds: float) -> None:
        self._base += seconds

    def date(self, at: float) -> datetime:
        """The calendar time of an emulated second; runs ahead of the real one when the clock is fast."""
        return self.epoch + timedelta(seconds=at)


class Timeline:
    """What happens when, in emulated seconds. Events of one instant happen in the order they were added."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.now = clock.now()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.observers: list[Callable[[float], None]] = []

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + max(0.0, seconds), next(self._order), event))

    def catch_up(self) -> None:
        """Let everything happen that was due until now; `observers` see the world after every instant."""
        until = self.clock.now()
        while self._events and self._events[0][0] <= until:
            self.now = max(self.now, self._events[0][0])
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
            for observe in self.observers:
                observe(self.now)
        self.now = max(self.now, until)
