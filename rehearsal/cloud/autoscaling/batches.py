"""How many servers a rollout may launch and terminate at one moment: AWS's percentages as whole servers.

Source: "Instance maintenance policies" and `RefreshPreferences` in the EC2 Auto Scaling documentation. The
minimum is rounded up and the maximum down, so that neither bound is ever crossed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """`min_ready` servers always serve; never more than `max_total` are in service or pending."""

    min_ready: int
    max_total: int


def bounds(desired: int, min_percent: int, max_percent: int | None) -> Bounds:
    """The two bounds in servers for a desired capacity.

    Where the percentages leave no room for a single server, AWS makes some: with an explicit maximum it
    launches one first (total desired + 1), without one (`None`) it terminates one first (ready desired - 1).
    """
    min_ready = -(-desired * min_percent // 100)
    max_total = desired * (100 if max_percent is None else max_percent) // 100
    if max_total > min_ready or not desired:
        return Bounds(min_ready, max_total)
    if max_percent is None:
        return Bounds(desired - 1, desired)
    return Bounds(min_ready, desired + 1)


@dataclass(frozen=True)
class Count:
    """A fleet in the middle of a rollout: `old` are to be replaced, `current` need not be, `kept` must
    not.
    """

    desired: int
    old: int
    current: int
    ready: int
    old_ready: int
    kept: int = 0
    allowed: int | None = None

    @property
    def live(self) -> int:
        return self.old + self.current + self.kept

    @property
    def wanted(self) -> int:
        """How many current servers there should be now; `allowed` holds the rollout at a checkpoint."""
        whole = max(0, self.desired - self.kept)
        return whole if self.allowed is None else min(whole, self.allowed)


def terminations(count: Count, limits: Bounds) -> int:
    """Old servers that may go now: those that do not serve, and as many others as the minimum can spare.

    At a checkpoint as many old servers stay as there are no new ones for.
    """
    idle = count.old - count.old_ready
    spare = max(0, count.ready - limits.min_ready)
    needed_old = max(0, count.desired - count.kept - count.wanted)
    return max(0, min(idle + min(count.old_ready, spare), count.old - needed_old))


def launches(count: Count, limits: Bounds) -> int:
    """New servers that may be launched now without more than the maximum in total.

    At a checkpoint too what fails, or is added to the desired capacity, is filled up at once.
    """
    room = limits.max_total - count.live
    missing = max(count.wanted - count.current, count.desired - count.live)
    return max(0, min(room, missing))
