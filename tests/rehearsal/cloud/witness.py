"""Sees a fleet after every instant and asserts what must hold at each, whatever is done to it.

What counts against a rollout is what the group does by itself. A server that fails or is ended by someone,
one that is put into standby, and a capacity that was raised a moment ago leave fewer in service than the
percentages say; but while that is so the rollout takes no further one out, and with each one that it
launches the total is within its bound.
"""

from __future__ import annotations

import math

from rehearsal.cloud.autoscaling.refresh import START_SECONDS, Refresh
from rehearsal.cloud.autoscaling.servers import IN_SERVICE, Server
from tests.rehearsal.cloud.paper import PaperWorld

BY_THE_REFRESH = "in response to an instance refresh"
BY_THE_GROUP = "a difference between desired and actual capacity"
OWN_FAILURE = "health check"
#: Within so many seconds a refresh has noticed an alarm.
POLL_SECONDS = 30


class Witness:
    """Call `acted` before time goes on after something was done to the fleet by hand."""

    def __init__(self, world: PaperWorld) -> None:
        self.world, self.fleet = world, world.fleet
        self.refresh: Refresh | None = None
        self._status = ""
        self._reached: list[float] = []
        self._baking_since = self._rang_at = math.inf
        self.acted()
        world.timeline.observers.append(self.look)

    def acted(self) -> None:
        """What is there now is a given: it was done by hand, or it was seen before."""
        self._ready = self._ready_now()
        self._known = set(self.fleet.servers)
        self._activities = len(self.fleet.activities)

    def started(self, refresh: Refresh) -> None:
        self.refresh, self._status = refresh, refresh.status
        self._reached, self._baking_since = [], math.inf
        self._matching: set[str] = set()

    def look(self, now: float) -> None:
        self._sees_bells(now)
        causes = self._causes()
        launched = [s for s in self.fleet.servers.values() if s.id not in self._known]
        lost = self._ready - self._ready_now()
        taken = self._sees_capacity(launched, lost, causes)
        self._sees_versions(launched)
        self._sees_full_strength(now)
        if self.refresh:
            self._sees_begin(self.refresh)
            self._sees_checkpoints(self.refresh, bool(launched), bool(taken), now)
            self._sees_alarms(self.refresh, now)
            self._sees_end(self.refresh, now)
        self.acted()

    # What is seen

    def _sees_capacity(self, launched: list[Server], lost: set[str], causes: dict[str, str]) -> set[str]:
        """The servers in service that the refresh took out at this instant."""
        desired, ready = self.fleet.desired, len(self._ready_now())
        least, most = self.bounds()
        failed = {one for one in lost if OWN_FAILURE in causes.get(one, "") or self._fails(one)}
        by_refresh = {one for one in lost - failed if BY_THE_REFRESH in causes.get(one, "")}
        shrunk = {one for one in lost - failed if BY_THE_GROUP in causes.get(one, "")}
        assert lost == by_refresh | shrunk | failed, f"lost for no reason: {causes}"
        if by_refresh:
            assert ready >= least, f"{ready} ready with {least} of {desired} to be kept; {causes}"
        if shrunk:
            spared = sum(s.protected and not self.fleet.ready(s) for s in self.fleet.live())
            before = len(self._ready - failed - by_refresh)
            assert ready + spared >= min(desired, before), f"{ready} of {desired} left; {causes}"
        total = len(self.fleet.live())
        if any(BY_THE_REFRESH in causes[one.id] for one in launched):
            assert total <= most, f"{total} servers with at most {most} for {desired}"
        elif launched:
            assert total <= desired
        return by_refresh

    def bounds(self) -> tuple[int, int]:
        """In servers, from the refresh's percentages, and AWS's rule of one where they leave no room."""
        desired = self.fleet.desired
        low = self.refresh.preferences.min_percent if self.refresh else 0
        high = self.refresh.preferences.max_percent if self.refresh else 100
        least, most = math.ceil(desired * low / 100), math.floor(desired * (high or 100) / 100)
        if least < most or not desired:
            return least, most
        return (least - 1, most) if high is None else (least, most + 1)

    def _sees_versions(self, launched: list[Server]) -> None:
        """New servers are of the new version while the refresh goes on, and of the group's otherwise."""
        going = self.refresh is not None and self.refresh.status in ("InProgress", "Baking")
        wanted = self.refresh.target if going and self.refresh else self.world.group
        assert {s.configuration for s in launched} <= {wanted}

    def _sees_full_strength(self, now: float) -> None:
        """What is missing is launched at once, at a checkpoint and during the bake time too."""
        status = self.refresh.status if self.refresh else ""
        if self.fleet.suspended or now < self.world.refused_until or status == "Cancelling":
            return
        rolling = status in ("InProgress", "RollbackInProgress")
        wanted = min(self.bounds()[0], self.fleet.desired) if rolling else self.fleet.desired
        assert len(self.fleet.live()) >= wanted

    def _sees_begin(self, refresh: Refresh) -> None:
        if self._status == "Pending" != refresh.status and refresh.preferences.skip_matching:
            self._matching = {s.id for s in self.fleet.live() if s.matches(refresh.target)}

    def _sees_checkpoints(self, refresh: Refresh, launched: bool, taken: bool, now: float) -> None:
        """No next wave: no more new servers than the checkpoint allows, but for those that fill up what
        failed or was added; and no old ones are taken out for these.
        """
        points, delay = refresh.preferences.checkpoints, refresh.preferences.checkpoint_delay
        if refresh.status != "InProgress":
            return
        while (passed := sum(now >= at + delay for at in self._reached)) < len(points):
            if passed < len(self._reached) or not self._is_reached(refresh, points[passed]):
                break
            self._reached.append(now)
        if passed == len(points):
            return
        current, share = len(self._current(refresh)), self._share(refresh, points[passed])
        total, whole = len(self.fleet.live()), self._share(refresh, 100)
        if launched:
            assert current <= share or total <= self.fleet.desired, f"{current} at {points[passed]} percent"
        if taken:
            assert total >= self.fleet.desired or total - current >= whole - share

    def _sees_bells(self, now: float) -> None:
        watched = self.refresh.preferences.alarms if self.refresh else ()
        self._rang_at = min(self._rang_at, now) if self.world.in_alarm(watched) else math.inf

    def _sees_alarms(self, refresh: Refresh, now: float) -> None:
        noticed = max(self._rang_at, refresh.start + START_SECONDS) + POLL_SECONDS
        if now >= noticed:
            assert refresh.status not in ("Pending", "InProgress", "Baking")

    def _sees_end(self, refresh: Refresh, now: float) -> None:
        before, self._status = self._status, refresh.status
        if before == refresh.status:
            return
        if refresh.status == "Baking":
            self._baking_since = now
        if refresh.status == "Successful":
            self._sees_success(refresh, before, now)
        if refresh.status == "RollbackSuccessful":
            assert self.world.group == refresh.previous
            assert all(s.matches(refresh.previous) for s in self.fleet.live())
            assert len(self._ready_now()) >= self.fleet.desired

    def _sees_success(self, refresh: Refresh, before: str, now: float) -> None:
        preferences = refresh.preferences
        assert self.world.group == refresh.target
        assert self._rang_at == math.inf, "successful while an alarm rings"
        if preferences.bake_time:
            assert before == "Baking", f"successful after {before}"
            assert now >= self._baking_since + preferences.bake_time
            return
        assert self._is_reached(refresh, preferences.checkpoints[-1] if preferences.checkpoints else 100)

    # How far the refresh is

    def _current(self, refresh: Refresh) -> list[Server]:
        mine = f"{refresh.id}:refresh"
        return [s for s in self.fleet.live() if s.phase == mine or s.id in self._matching]

    def _share(self, refresh: Refresh, percent: int) -> int:
        current = {server.id for server in self._current(refresh)}
        ignored = refresh.preferences.protected == "Ignore"
        kept = sum(ignored and s.protected and s.id not in current for s in self.fleet.live())
        return math.ceil(max(0, self.fleet.desired - kept) * percent / 100)

    def _is_reached(self, refresh: Refresh, percent: int) -> bool:
        ready = sum(map(self.fleet.ready, self._current(refresh)))
        return ready >= self._share(refresh, percent)

    # What changed since the last instant

    def _ready_now(self) -> set[str]:
        return {server.id for server in self.fleet.live() if self.fleet.ready(server)}

    def _fails(self, server_id: str) -> bool:
        """It crashed, or does not pass its health checks any more, and so left service by itself."""
        server = self.fleet.servers[server_id]
        return server.error_share == 1 or (server.lifecycle == IN_SERVICE and not self.fleet.passing(server))

    def _causes(self) -> dict[str, str]:
        """Why each server came or went, of those for which there was an activity."""
        new = self.fleet.activities[self._activities :]
        return {activity.description.rpartition(" ")[2]: activity.cause for activity in new}
