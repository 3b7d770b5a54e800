"""Sees a fleet after every instant and asserts what must hold at each, whatever is done to it.

What counts against a rollout is what the group does by itself. A server that fails or is ended by someone,
one that is put into standby, and a capacity that was raised a moment ago leave fewer in service than the
percentages say; but while that is so the rollout takes no further one out, and with each one that it
launches the total is within its bound.
"""

from __future__ import annotations

import math

from rehearsal.cloud.autoscaling.refresh import ROOT_VOLUME, START_SECONDS, Refresh
from rehearsal.cloud.autoscaling.servers import IN_SERVICE, REPLACING, Configuration, Server
from tests.rehearsal.cloud.paper import PaperWorld

BY_THE_REFRESH = "in response to an instance refresh"
BY_THE_GROUP = "a difference between desired and actual capacity"
TOO_OLD = "maximum instance lifetime"
OWN_FAILURE = "health check"
#: Within so many seconds a refresh has noticed an alarm.
POLL_SECONDS = 30


def bounds(desired: int, low: int, high: int | None) -> tuple[int, int]:
    least, most = math.ceil(desired * low / 100), math.floor(desired * (high or 100) / 100)
    if least < most or not desired:
        return least, most
    return (least - 1, most) if high is None else (least, most + 1)


def has(refresh: Refresh, server: Server, configuration: Configuration) -> bool:
    """Of new root volumes it is the image alone that counts."""
    is_image = server.configuration.image_id == configuration.image_id
    return server.matches(configuration) or (refresh.strategy == ROOT_VOLUME and is_image)


class Witness:
    """Call `acted` before time goes on after something was done to the fleet by hand."""

    def __init__(self, world: PaperWorld) -> None:
        self.world, self.fleet = world, world.fleet
        self.refresh: Refresh | None = None
        self._status = ""
        self._reached: list[float] = []
        self._rotated = 0
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
        fleet, ready, total = self.fleet, len(self._ready_now()), len(self.fleet.live())
        failed = {one for one in lost if OWN_FAILURE in causes.get(one, "") or self._fails(one)}
        by_refresh = {one for one in lost - failed if BY_THE_REFRESH in causes.get(one, "")}
        by_refresh |= {one for one in lost - failed if fleet.servers[one].lifecycle == REPLACING}
        too_old = {one for one in lost - failed if TOO_OLD in causes.get(one, "")}
        shrunk = {one for one in lost - failed if BY_THE_GROUP in causes.get(one, "")}
        self._rotated = sum(TOO_OLD in cause and "taken out" in cause for cause in causes.values())
        assert lost == by_refresh | too_old | shrunk | failed, f"lost for no reason: {causes}"
        least, most = self.bounds(causes)
        # A protected one that does not serve yet is spared in place of another.
        spared = sum(s.protected and not fleet.ready(s) for s in fleet.live()) if shrunk else 0
        if by_refresh or too_old:
            # Where the refresh ended at this instant, the group's own rules hold for what it did afterwards.
            kept = min(self.of_group()[0], least) if too_old else least
            assert ready + spared >= kept, f"{ready} ready with {kept} of {fleet.desired} to keep; {causes}"
        if shrunk:
            kept = min(fleet.desired, len(self._ready - failed - by_refresh)) - len(too_old)
            # With one that the refresh took at the same instant, it is its minimum that holds.
            kept = min(kept, least) if by_refresh else kept
            assert ready + spared >= kept, f"{ready} of {fleet.desired} left; {causes}"
        if any(BY_THE_REFRESH not in causes[server.id] for server in launched):
            most = max(most, self.of_group()[1])
        if launched:
            assert total <= most, f"{total} servers with at most {most} for {fleet.desired}; {causes}"
        return by_refresh

    def bounds(self, causes: dict[str, str]) -> tuple[int, int]:
        """How many have to serve, and may be there, when something came or went for these causes.

        In servers, from the percentages in force, and AWS's rule of one where these leave no room. Without a
        maintenance policy the group itself launches nothing beside its capacity, and of its too old servers a
        tenth goes at a time.
        """
        desired = self.fleet.desired
        by_refresh = any(BY_THE_REFRESH in cause for cause in causes.values())
        if self.refresh and (by_refresh or self.refresh.status in ("InProgress", "RollbackInProgress")):
            plan = self.refresh.preferences
            # New root volumes, and what replaces a server that failed, take no more servers than there are.
            alone = self.refresh.strategy == ROOT_VOLUME or not by_refresh
            return bounds(desired, plan.min_percent, None if alone else plan.max_percent)
        return self.of_group()

    def of_group(self) -> tuple[int, int]:
        desired, policy = self.fleet.desired, self.fleet.upkeep.policy
        return bounds(desired, *policy) if policy else (desired - max(1, desired // 10), desired)

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
        wanted = self.fleet.desired
        if rolling and self.refresh:
            plan = self.refresh.preferences
            wanted = min(wanted, bounds(wanted, plan.min_percent, plan.max_percent)[0])
        assert len(self.fleet.live()) >= wanted

    def _sees_begin(self, refresh: Refresh) -> None:
        if self._status == "Pending" != refresh.status and refresh.preferences.skip_matching:
            self._matching = {s.id for s in self.fleet.live() if has(refresh, s, refresh.target)}

    def _sees_checkpoints(self, refresh: Refresh, launched: bool, taken: bool, now: float) -> None:
        """No next wave: no more new servers than the checkpoint allows, but for those that fill up what
        failed or was added; and no old ones are taken out for these.
        """
        points, delay = refresh.preferences.checkpoints, refresh.preferences.checkpoint_delay
        if refresh.status != "InProgress":
            return
        while (passed := sum(now >= at + delay for at in self._reached)) == len(self._reached):
            # Of several that are reached at once only the last one is waited for.
            reached = [p for p in points[passed:] if self._is_reached(refresh, p)]
            self._reached += [now] * len(reached)
            if not reached:
                break
        if passed == len(points):
            return
        current, share = len(self._current(refresh)), self._share(refresh, points[passed])
        total, whole = len(self.fleet.live()), self._share(refresh, 100)
        if launched:
            assert current <= share or total <= self.fleet.desired, f"{current} at {points[passed]} percent"
        if taken and refresh.strategy == ROOT_VOLUME:
            assert current <= share, f"{current} at {points[passed]} percent"
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
            assert all(has(refresh, s, refresh.previous) for s in self.fleet.live())
            assert len(self._ready_now()) + self._rotated >= self.fleet.desired

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
        # When a refresh is over, servers that are too old may go at the same instant.
        return ready + self._rotated >= self._share(refresh, percent)

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
