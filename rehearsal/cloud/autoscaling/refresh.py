"""One instance refresh over emulated time: batches, checkpoints, bake time, alarms, failure, cancel and
rollback.

Statuses and rules are AWS's ("Use an instance refresh", "Undo changes with a rollback", `InstanceRefresh` in
the API reference). The group's configuration changes only when the refresh succeeds; until then a rollback
has something to go back to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from rehearsal.cloud.autoscaling import batches, rolling, volumes
from rehearsal.cloud.autoscaling.fleet import Fleet
from rehearsal.cloud.autoscaling.preferences import Preferences
from rehearsal.cloud.autoscaling.servers import STANDBY, Configuration, Server

#: AWS gives up on standby and protected instances after one hour; the same limit ends any lack of progress.
NO_PROGRESS_SECONDS = 3600.0
START_SECONDS = 5.0
ALARM_SECONDS = 30.0
ROLLING, ROOT_VOLUME = "Rolling", "ReplaceRootVolume"

ACTIVE = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")


class Refresh:
    """Drives `fleet` to `target`. `succeeded` is called once, when the group is to take the configuration
    over.
    """

    def __init__(
        self,
        fleet: Fleet,
        target: Configuration,
        preferences: Preferences,
        desired_configuration: dict[str, Any] | None,
        succeeded: Callable[[], None],
        in_alarm: Callable[[tuple[str, ...]], list[str]] = lambda _: [],
        strategy: str = ROLLING,
    ) -> None:
        self.id, self.strategy = str(uuid4()), strategy
        self.fleet, self.target, self.preferences = fleet, target, preferences
        self.desired_configuration = desired_configuration
        self.previous = fleet.configuration()
        self.configuration = self.previous
        self.status, self.reason = "Pending", ""
        self.percentage, self.to_update = 0, len(fleet.live())
        self.start, self.end = fleet.timeline.now, None  # type: float, float | None
        self.rollback: dict[str, Any] | None = None
        self.phase = ""
        self.warmup = preferences.warmup
        self._succeeded, self._in_alarm = succeeded, in_alarm
        self._matching: set[str] = set()
        self._checkpoint = 0
        self.paused = False
        self._progress, self._progress_at = 0, fleet.timeline.now
        fleet.timeline.after(START_SECONDS, self._begin)
        self._watch()

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    # Requests

    def cancel(self, wait: bool = True) -> None:
        """End it where it is; nothing is undone. With `wait` launches and terminations under way come
        first.
        """
        self.status, self.reason = "Cancelling", "Cancelling instance refresh."
        if not wait or self.fleet.rollout is not self:
            self._finish("Cancelled", "Instance refresh was cancelled.")
        self.fleet.changed()

    def roll_back(self, why: str) -> None:
        """Replace what this refresh deployed by servers of the configuration that the group still has."""
        now = self.fleet.timeline.now
        self.rollback = {
            "RollbackReason": why,
            "RollbackStartTime": self.fleet.timeline.clock.date(now),
            "PercentageCompleteOnRollback": self.percentage,
            "InstancesToUpdateOnRollback": self.to_update,
        }
        self.status, self.reason = "RollbackInProgress", why
        self._enter("rollback", self.previous)
        self._matching = {s.id for s in self.fleet.live() if self._has(s, self.previous)}
        self._progress, self._progress_at, self.paused = 0, now, False
        self.fleet.rollout = self
        self.fleet.changed()
        self._watch()

    # Time

    def _begin(self) -> None:
        if self.status != "Pending":
            return
        self.status = "InProgress"
        self._enter("refresh", self.target)
        if self.preferences.skip_matching:
            self._matching = {s.id for s in self.fleet.live() if self._has(s, self.target)}
        self._progress_at = self.fleet.timeline.now
        self.fleet.rollout = self
        self.fleet.changed()

    def _enter(self, phase: str, configuration: Configuration) -> None:
        self.phase, self.configuration = f"{self.id}:{phase}", configuration

    def _has(self, server: Server, configuration: Configuration) -> bool:
        """Skip matching; with new root volumes it is the image alone that has to match."""
        if self.strategy == ROOT_VOLUME:
            return server.configuration.image_id == configuration.image_id and not server.replacing
        return server.matches(configuration)

    def _watch(self) -> None:
        """Look at alarms and at the clock now and then, as nothing else might happen any more."""

        def look() -> None:
            if self.active:
                self.fleet.changed()
                self._watch()

        self.fleet.timeline.after(ALARM_SECONDS, look)

    def step(self) -> None:
        """Called by the fleet after every change while this refresh is in charge."""
        if self.status == "Cancelling":
            if not any(server.moving for server in self.fleet.servers.values()):
                self._finish("Cancelled", "Instance refresh was cancelled.")
            return
        if self._stopped_by_alarm():
            return
        if self.status == "Baking":
            self.fleet.keep_capacity()
            return
        kept, old, current = self._sort()
        updated = sum(map(self.fleet.ready, current))
        self._measure(updated, len(kept))
        if self._blocked(old):
            self.fleet.fill()
            return
        paused = self._at_checkpoint(updated, len(kept))
        if self.status not in ("InProgress", "RollbackInProgress") or (not paused and self._stuck(current)):
            return
        self._move(kept, old, current)
        ends_early = paused and not self.paused
        if ends_early or (not old and updated == len(current) == max(0, self.fleet.desired - len(kept))):
            self._done()

    def _sort(self) -> tuple[list[Server], list[Server], list[Server]]:
        """Which servers are left alone, which are to be replaced, which are as they should be."""
        ignore_protected = self.preferences.protected == "Ignore" and self.status == "InProgress"
        kept: list[Server] = []
        old: list[Server] = []
        current: list[Server] = []
        for server in self.fleet.live():
            if server.phase == self.phase or server.id in self._matching:
                current.append(server)
            elif server.protected and ignore_protected:
                kept.append(server)
            else:
                old.append(server)
        return kept, old, current

    def _move(self, kept: list[Server], old: list[Server], current: list[Server]) -> None:
        fleet, preferences = self.fleet, self.preferences
        ready_old = sum(map(fleet.ready, old))
        ready = ready_old + sum(map(fleet.ready, current + kept))
        sizes = len(old), len(current), ready, ready_old, len(kept)
        count = batches.Count(fleet.desired, *sizes, self._allowed(len(kept)))
        if self.strategy == ROOT_VOLUME:
            volumes.move(fleet, self, count, old, preferences.min_percent)
        else:
            limits = batches.bounds(fleet.desired, preferences.min_percent, preferences.max_percent)
            rolling.move(fleet, count, limits, old)
        surplus = len(current) - max(0, fleet.desired - len(kept))
        if surplus > 0:
            fleet.scale_in(current, surplus)

    # Checkpoints

    def _allowed(self, kept: int) -> int | None:
        """How many servers may be replaced before the next checkpoint; None without one."""
        points = self.preferences.checkpoints
        if self.status != "InProgress" or self._checkpoint >= len(points):
            return None
        whole = max(0, self.fleet.desired - kept)
        return -(-whole * points[self._checkpoint] // 100)

    def _at_checkpoint(self, updated: int, kept: int) -> bool:
        """Whether the refresh pauses, or is to end at a last checkpoint below 100 percent."""
        points, allowed = self.preferences.checkpoints, self._allowed(kept)
        if self.paused:
            return True
        if allowed is None or updated < allowed:
            return False
        reached = points[self._checkpoint]
        if reached == 100:
            self._checkpoint += 1
            return False
        if self._checkpoint == len(points) - 1:
            return True
        delay = self.preferences.checkpoint_delay
        self.paused = True
        self.reason = f"Waiting {delay:g} seconds at the checkpoint of {reached} percent."
        self.fleet.timeline.after(delay, self._resume)
        return True

    def _resume(self) -> None:
        if self.status != "InProgress":
            return
        self.paused = False
        self._checkpoint += 1
        self.reason, self._progress_at = "", self.fleet.timeline.now
        self.fleet.changed()

    # Ends

    def _measure(self, updated: int, kept: int) -> None:
        if updated > self._progress:
            self._progress, self._progress_at = updated, self.fleet.timeline.now
        whole = max(0, self.fleet.desired - kept)
        left = max(0, whole - updated)
        share = 100 if not whole else 100 * updated // whole
        if self.status == "RollbackInProgress" and self.rollback:
            started = self.rollback["PercentageCompleteOnRollback"]
            self.percentage = min(self.percentage, started * (100 - share) // 100)
        else:
            self.percentage, self.to_update = share, left

    def _blocked(self, old: list[Server]) -> bool:
        """Standby or protected servers stop the refresh, unless the preferences say otherwise."""
        preferences = self.preferences
        standby = [s for s in self.fleet.servers.values() if s.lifecycle == STANDBY]
        if standby and preferences.standby == "Terminate":
            self.fleet.terminate(standby, rolling.CAUSE.format("taken out of service"))
        waiting = [s.id for s in standby] if preferences.standby == "Wait" else []
        what = "in standby"
        if not waiting and preferences.protected == "Wait":
            waiting, what = [s.id for s in old if s.protected], "protected from scale in"
        if not waiting or self.status != "InProgress":
            return False
        self.reason = f"Waiting for instances that are {what}: {', '.join(waiting[:5])}."
        if self.fleet.timeline.now - self._progress_at >= NO_PROGRESS_SECONDS:
            self._fail(f"{len(waiting)} instances were {what} for one hour: {', '.join(waiting[:5])}.")
        return True

    def _stuck(self, current: list[Server]) -> bool:
        waiting = [server.id for server in current if not self.fleet.ready(server)]
        if waiting:
            self.reason = f"Waiting for instances to warm up and pass health checks, such as {waiting[0]}."
        if self.fleet.timeline.now - self._progress_at < NO_PROGRESS_SECONDS + self.warmup:
            return False
        failed = [a.message for a in self.fleet.activities if a.message and a.start >= self.start]
        why = f" Last failed launch: {failed[-1]}" if failed else " They did not pass their health checks."
        self._fail(f"No new instance became healthy within {NO_PROGRESS_SECONDS:g} seconds.{why}")
        return True

    def _stopped_by_alarm(self) -> bool:
        if self.status not in ("InProgress", "Baking") or not self.preferences.alarms:
            return False
        ringing = self._in_alarm(self.preferences.alarms)
        if ringing:
            self._fail(f"CloudWatch alarms in ALARM state: {', '.join(ringing)}.")
        return bool(ringing)

    def _fail(self, why: str) -> None:
        if self.status == "RollbackInProgress":
            self._finish("RollbackFailed", why)
        elif self.preferences.auto_rollback:
            self.roll_back(f"Automatic rollback: {why}")
        else:
            self._finish("Failed", why)

    def _done(self) -> None:
        if self.status == "RollbackInProgress":
            reason = self.rollback["RollbackReason"] if self.rollback else ""
            self._finish("RollbackSuccessful", reason)
            return
        bake = self.preferences.bake_time
        if bake and self.status == "InProgress":
            self.status, self.reason = "Baking", f"Waiting {bake:g} seconds of bake time."
            self.fleet.timeline.after(bake, self._baked)
        else:
            self._baked()

    def _baked(self) -> None:
        if self.status in ("InProgress", "Baking") and not self._stopped_by_alarm():
            self._succeeded()
            self._finish("Successful", "")

    def _finish(self, status: str, reason: str) -> None:
        self.status, self.reason, self.end = status, reason, self.fleet.timeline.now
        if self.fleet.rollout is self:
            self.fleet.rollout = None
        self.fleet.changed()
