"""A fleet that nobody rolls anything out to: kept at its capacity, rid of unhealthy and of too old servers.

Sources: "Instance maintenance policies", "Health checks for instances in an Auto Scaling group" and "Replace
Auto Scaling instances based on maximum instance lifetime". Without a maintenance policy AWS terminates an
unhealthy server first; with one a replacement is bounded like a batch of an instance refresh. Too old servers
go by up to a tenth of the capacity at a time, the oldest first, and not while they are protected from scale
in. AWS documents no text for the cause of such a replacement: the ones here are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.autoscaling import batches
from rehearsal.cloud.autoscaling.servers import IN_SERVICE, Server

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.fleet import Fleet

_OUT = "An instance was taken out of service in response to {}."
_IN = "An instance was launched in response to {}."
DIFFERENCE = "a difference between desired and actual capacity"
_UNHEALTHY = "an unhealthy instance needing to be replaced"
_REPORTED = "a user health-check"
_TOO_OLD = "an instance that reached the maximum instance lifetime"
#: Less than a millisecond is what floats leave of a lifetime.
_SOON = 0.001


class Upkeep:
    """`policy`: percentages of the maintenance policy, if any. `max_lifetime`: seconds, 0 for all."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.policy: tuple[int, int] | None = None
        self.max_lifetime = 0.0
        self._wakes_at = 0.0

    def unhealthy(self) -> list[Server]:
        """Those that the group replaces; none while that is suspended."""
        if "ReplaceUnhealthy" in self.fleet.suspended:
            return []
        servers = self.fleet.servers.values()
        return [s for s in servers if s.health != "Healthy" and s.lifecycle == IN_SERVICE]

    def end_unhealthy(self, servers: list[Server]) -> None:
        check = "ELB system" if self.fleet.substrate.checks_targets() else "EC2"
        checked = [server for server in servers if not server.reported]
        self.fleet.terminate(checked, _OUT.format(f"an {check} health check failure"))
        self.fleet.terminate([server for server in servers if server.reported], _OUT.format(_REPORTED))

    def keep(self) -> None:
        """Replace who is to go, launch what is missing, terminate what is too much."""
        fleet, unhealthy = self.fleet, self.unhealthy()
        if self.policy is None:
            self.end_unhealthy(unhealthy)
            unhealthy = []
        old = [] if fleet.rollout else self._too_old()
        ids = {server.id for server in (*unhealthy, *old)}
        limits = self._limits(len(old))
        staying = [server for server in fleet.live() if server.id not in ids]
        # Whoever is to go counts until then: the others must be ready in its place first.
        spare = max(0, len(ids) + sum(map(fleet.ready, staying)) - limits.min_ready)
        self.end_unhealthy(unhealthy[:spare])
        fleet.terminate(old[: max(0, spare - len(unhealthy))], _OUT.format(_TOO_OLD))
        self._launch(len(staying), limits.max_total, _UNHEALTHY if unhealthy else _TOO_OLD)
        fleet.scale_in(staying, len(staying) - fleet.desired)

    def _launch(self, staying: int, max_total: int, why: str) -> None:
        fleet = self.fleet
        live = len(fleet.live())
        missing = max(0, fleet.desired - live)
        fleet.launch(missing, f"An instance was started in response to {DIFFERENCE}.")
        places = min(fleet.desired - staying - missing, max_total - live - missing)
        fleet.launch(places, _IN.format(why))

    def _limits(self, old: int) -> batches.Bounds:
        desired = self.fleet.desired
        if self.policy is None:
            return batches.Bounds(desired - old, desired)
        return batches.bounds(desired, *self.policy)

    def _too_old(self) -> list[Server]:
        """The oldest of the servers past their lifetime, up to a tenth of the capacity, one at least."""
        if not self.max_lifetime:
            return []
        servers = [s for s in self.fleet.servers.values() if s.lifecycle == IN_SERVICE and not s.protected]
        limit = self.fleet.timeline.now + _SOON - self.max_lifetime
        old = sorted((s for s in servers if s.launched_at <= limit), key=lambda server: server.launched_at)
        self._wake([s.launched_at for s in servers if s.launched_at > limit])
        return old[: max(1, self.fleet.desired // 10)]

    def _wake(self, launched: list[float]) -> None:
        """Look again when the next server is too old, for nothing else might happen until then."""
        now = self.fleet.timeline.now
        at = min(launched, default=now) + self.max_lifetime
        if launched and not now < self._wakes_at <= at:
            self._wakes_at = at
            self.fleet.timeline.after(at - now, self.fleet.changed)
