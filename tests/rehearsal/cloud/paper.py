"""A fleet without moto on a clock that is stepped: its servers are numbers, its images are words."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

from rehearsal.cloud.autoscaling.fleet import LAUNCH_RETRY_SECONDS, Fleet, LaunchError, Timings
from rehearsal.cloud.autoscaling.preferences import Preferences
from rehearsal.cloud.autoscaling.refresh import ROLLING, Refresh
from rehearsal.cloud.autoscaling.servers import Configuration, Server
from rehearsal.cloud.clock import Clock, Timeline
from rehearsal.cloud.images import BEHAVIOURS

#: The image of each version of the launch template; an image's name is how its servers behave.
IMAGES = dict(enumerate(("healthy", *BEHAVIOURS), 1))
#: Rings by itself while a server in service errs.
ERRORS = "errors"
TIMINGS = Timings(boot=40, to_healthy=20, to_unhealthy=20, drain=30, grace=120, warmup=60)


def version(number: int) -> Configuration:
    return Configuration("lt-1", "web", number, IMAGES[number], ("m7g.large",))


class Paper:
    """Servers that are nothing but a number; `refusal` is why none can be launched at the moment."""

    def __init__(self) -> None:
        self.numbers = itertools.count()
        self.refusal = ""

    def launch(self, configuration: Configuration, count: int) -> list[tuple[str, str, str]]:
        if self.refusal:
            raise LaunchError(self.refusal)
        return [(f"i-{next(self.numbers)}", "m7g.large", "a") for _ in range(count)]

    def booted(self, servers: list[Server]) -> None: ...
    def started(self, servers: list[Server]) -> None: ...
    def drained(self, servers: list[Server]) -> None: ...
    def replaced(self, servers: list[Server]) -> None: ...
    def ended(self, servers: list[Server]) -> None: ...

    def behaviour(self, image_id: str) -> str:
        return image_id

    def timings(self) -> Timings:
        return TIMINGS

    def checks_targets(self) -> bool:
        return True


class PaperWorld:
    """A group of `desired` servers of version 1, all ready, and the alarms that ring at the moment."""

    def __init__(self, desired: int) -> None:
        self.clock = Clock(0)
        self.timeline = Timeline(self.clock)
        self.paper = Paper()
        self.group = version(1)
        self.fleet = Fleet(self.timeline, self.paper, lambda: self.group)
        self.fleet.desired = desired
        self.ringing: set[str] = set()
        self.refused_until = 0.0
        self.fleet.changed()
        self.step(1000)

    def step(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.timeline.catch_up()

    def refuse(self, why: str) -> None:
        """No server can be launched from now on, for `why`; with nothing the next attempt succeeds again."""
        self.paper.refusal = why
        self.refused_until = math.inf if why else self.timeline.now + LAUNCH_RETRY_SECONDS
        self.fleet.changed()

    def refresh(self, target: Configuration, preferences: Preferences, strategy: str = ROLLING) -> Refresh:
        def succeed() -> None:
            self.group = target

        desired: dict[str, dict[str, str]] = {"LaunchTemplate": {}}
        return Refresh(self.fleet, target, preferences, desired, succeed, self.in_alarm, strategy)

    def in_alarm(self, names: tuple[str, ...]) -> list[str]:
        errs = any(server.error_share and self.fleet.passing(server) for server in self.fleet.live())
        return [name for name in names if name in self.ringing or (name == ERRORS and errs)]

    def end(self, refresh: Refresh, limit: float = 300_000) -> None:
        until = self.timeline.now + limit
        while refresh.active:
            assert self.timeline.now < until, f"still {refresh.status}: {refresh.reason}"
            self.step(100)


def preferences(low: int, high: int | None, **more: Any) -> Preferences:
    return replace(Preferences({}, low, high, warmup=60), **more)
