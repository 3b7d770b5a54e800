"""How an instance refresh will go: batches, the fewest and the most servers, and the time that it takes.

Pure arithmetic by AWS's rules ("Instance maintenance policies", "How an instance refresh works" and
`RefreshPreferences` in the EC2 Auto Scaling documentation): the minimum is rounded up and the maximum down;
within the two, as many servers as possible are replaced at the same time, and a batch counts as done when its
servers are warm. What nobody can know before, that servers fail or take longer, is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: `CheckpointDelay` without a value.
CHECKPOINT_SECONDS = 3600.0


@dataclass(frozen=True)
class Bounds:
    """`lowest` servers always serve; never more than `highest` are in service or on their way."""

    lowest: int
    highest: int


def bounds(desired: int, min_percent: int, max_percent: int | None) -> Bounds:
    """Both percentages as whole servers. None: no maximum is given, and nothing is launched beyond `desired`.

    Where they leave no room for a single server AWS makes some: with a maximum one server is launched first,
    without one a server is terminated first.
    """
    lowest = -(-desired * min_percent // 100)
    highest = desired if max_percent is None else desired * max_percent // 100
    if highest > lowest or desired == 0:
        return Bounds(lowest, highest)
    return Bounds(desired - 1, desired) if max_percent is None else Bounds(lowest, desired + 1)


@dataclass(frozen=True)
class Fleet:
    """Where a refresh begins: `old` servers serve and are to be replaced, `idle` are to be replaced and do
    not serve, `current` serve and stay.
    """

    desired: int
    old: int
    current: int = 0
    idle: int = 0


@dataclass(frozen=True)
class Pace:
    """Seconds: until a new server is launched, healthy and warm; until one that leaves is gone; how long the
    refresh stops at each of `checkpoints` (ascending percentages); how long it bakes at the end.
    """

    replace_seconds: float
    drain_seconds: float = 0.0
    checkpoints: Sequence[int] = ()
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    bake_seconds: float = 0.0


@dataclass(frozen=True)
class Step:
    """One moment: how many servers it takes out and launches, and how many there are right after it."""

    at_seconds: float
    terminated: int
    launched: int
    total: int
    serving: int


@dataclass(frozen=True)
class Stop:
    """Where a refresh stands still by itself, for `seconds`: a checkpoint of `percent`, or while it bakes
    (None). `current` servers are as they should be then, `old` are not.
    """

    at_seconds: float
    seconds: float
    percent: int | None
    current: int
    old: int


@dataclass(frozen=True)
class Course:
    """A whole refresh. `batches` counts the moments that launch; `extra_seconds` are server-seconds beyond
    the desired capacity, with those of servers that drain.
    """

    steps: tuple[Step, ...]
    stops: tuple[Stop, ...]
    seconds: float
    extra_seconds: float

    @property
    def batches(self) -> int:
        return sum(step.launched > 0 for step in self.steps)

    @property
    def lowest(self) -> int:
        return min(step.serving for step in self.steps)

    @property
    def highest(self) -> int:
        return max(step.total for step in self.steps)


def course(fleet: Fleet, limits: Bounds, pace: Pace) -> Course:
    """The course of a refresh in which every new server becomes healthy.

    It takes as many rounds as there are batches: each takes out what the minimum can spare, launches what the
    maximum has room for, and waits until that serves.
    """
    old, idle, current, now, extra = fleet.old, fleet.idle, fleet.current, 0.0, 0.0
    points = list(pace.checkpoints)
    steps: list[Step] = []
    stops: list[Stop] = []
    while True:
        wanted = -(-fleet.desired * points[0] // 100) if points else fleet.desired
        # At a checkpoint as many old servers stay as there are no new ones for.
        leaving = max(0, old + idle - (fleet.desired - wanted))
        gone_idle = min(idle, leaving)
        gone_old = min(old, leaving - gone_idle, max(0, old + current - limits.lowest))
        idle, old = idle - gone_idle, old - gone_old
        launched = max(0, min(limits.highest - old - idle - current, wanted - current))
        gone, total = gone_idle + gone_old, old + idle + current + launched
        steps.append(Step(now, gone, launched, total, old + current))
        wait = pace.replace_seconds if launched else 0.0
        if not launched and points and current < fleet.desired:
            reached = points.pop(0)
            if not points:
                break  # A last checkpoint below 100 percent is where the refresh ends.
            wait = pace.checkpoint_seconds
            stops.append(Stop(now, wait, reached, current, old + idle))
        elif not launched:
            break
        extra += _beyond(fleet.desired, total, gone, pace.drain_seconds, wait)
        now, current = now + wait, current + launched
    extra += _beyond(fleet.desired, steps[-1].total, steps[-1].terminated, pace.drain_seconds, 0.0)
    if pace.bake_seconds:
        stops.append(Stop(now, pace.bake_seconds, None, current, old + idle))
    return Course(tuple(steps), tuple(stops), now + pace.bake_seconds, extra)


def way_back(desired: int, current: int, limits: Bounds, pace: Pace) -> Course:
    """The course of a rollback while `current` servers are new: it replaces these alone, without checkpoints
    and bake time.
    """
    back = min(desired, current)
    plain = Pace(pace.replace_seconds, pace.drain_seconds)
    return course(Fleet(desired, back, desired - back), limits, plain)


def _beyond(desired: int, total: int, leaving: int, drain_seconds: float, seconds: float) -> float:
    """Server-seconds beyond `desired` in a round: all the while of `total`, and of those that drain."""
    together = min(drain_seconds, seconds)
    beyond = max(0, total + leaving - desired) * together + max(0, total - desired) * (seconds - together)
    # What still drains when the round is over runs beside a full fleet.
    return beyond + leaving * (drain_seconds - together)
