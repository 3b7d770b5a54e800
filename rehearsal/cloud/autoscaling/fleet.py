"""The servers of one group over emulated time, apart from moto: launched, healthy, drained, replaced.

Changes happen at instants of the timeline; after each one the fleet is reconciled once, in O(servers). What a
server really is (an EC2 instance, a target) is behind `Substrate`: the model runs with ten thousand servers
and without moto.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from uuid import uuid4

from rehearsal.cloud.autoscaling import behaviours, journal
from rehearsal.cloud.autoscaling.hooks import LAUNCHING, TERMINATION, Hooks
from rehearsal.cloud.autoscaling.protocols import LaunchError, Rollout, Substrate, Timings
from rehearsal.cloud.autoscaling.servers import (
    DRAINING,
    HEALTHY,
    IN_SERVICE,
    INITIAL,
    PENDING,
    PENDING_WAIT,
    STANDBY,
    TERMINATING,
    UNHEALTHY,
    Activity,
    Configuration,
    Server,
)
from rehearsal.cloud.autoscaling.upkeep import DIFFERENCE, Upkeep
from rehearsal.cloud.clock import Timeline
from rehearsal.cloud.images import BEHAVIOURS

__all__ = ["Fleet", "LaunchError", "Rollout", "Substrate", "Timings"]

LAUNCH_RETRY_SECONDS = 60.0
ACTIVITIES_KEPT = 20_000
_ABANDONED = "An instance was taken out of service in response to an abandoned launch lifecycle action."
_VANISHED = (
    "An instance was taken out of service in response to an EC2 health check indicating it has been "
    "terminated or stopped."
)


class Fleet:
    """`desired` servers of `configuration()`, replaced when they fail, unless a rollout is in charge."""

    def __init__(
        self,
        timeline: Timeline,
        substrate: Substrate,
        configuration: Callable[[], Configuration],
    ) -> None:
        self.timeline = timeline
        self.substrate = substrate
        self.configuration = configuration
        self.desired = 0
        self.servers: dict[str, Server] = {}
        self.activities: list[Activity] = []
        self.rollout: Rollout | None = None
        #: Called after every change, when all that follows from it at this instant is settled.
        self.observers: list[Callable[[], None]] = []
        #: Called with each activity that ended: Successful, Failed or Cancelled.
        self.listeners: list[Callable[[Activity], None]] = []
        #: Called with what servers say, and which: one of `journal`'s words.
        self.hearers: list[Callable[[str, list[Server]], None]] = []
        self.hooks = Hooks(self)
        self.upkeep = Upkeep(self)
        self.suspended: set[str] = set()
        self.protect_new = False
        self._due = False
        self._retry_at = 0.0

    # What the fleet is now

    def live(self) -> list[Server]:
        return [server for server in self.servers.values() if server.live]

    def passing(self, server: Server) -> bool:
        """In service and healthy by every check the group uses."""
        return (
            server.lifecycle == IN_SERVICE
            and server.health == "Healthy"
            and (server.target == HEALTHY or not self.substrate.checks_targets())
        )

    def ready(self, server: Server) -> bool:
        return server.warmed and self.passing(server)

    # What changes it

    def changed(self) -> None:
        """Reconcile once after everything that happens at this instant."""
        if not self._due:
            self._due = True
            self.timeline.after(0, self._reconcile)

    def launch(self, count: int, cause: str) -> None:
        if count <= 0 or "Launch" in self.suspended or self.timeline.now < self._retry_at:
            return
        rollout, now = self.rollout, self.timeline.now
        configuration = rollout.configuration if rollout else self.configuration()
        try:
            launched = self.substrate.launch(configuration, count)
        except LaunchError as failed:
            activity = self._activity("", "Launching a new EC2 instance.", cause, "InProgress")
            self._end(activity, "Failed", f"{failed} Launching EC2 instance failed.")
            self._retry_at = now + LAUNCH_RETRY_SECONDS
            self.timeline.after(LAUNCH_RETRY_SECONDS, self.changed)
            return
        timings = self.substrate.timings()
        behaviour = BEHAVIOURS[self.substrate.behaviour(configuration.image_id)]
        warmup = rollout.warmup if rollout else timings.warmup
        servers = []
        for server_id, instance_type, zone in launched:
            phase = rollout.phase if rollout else ""
            server = Server(server_id, configuration, instance_type, zone, now, phase)
            server.protected, server.behaviour, server.warmup = self.protect_new, behaviour, warmup
            self.servers[server_id] = server
            servers.append(server)
            text = f"Launching a new EC2 instance: {server_id}"
            server.activity = self._activity(server_id, text, cause, "InProgress")
        self.timeline.after(timings.boot * behaviour.boot_factor, lambda: self.booted(servers))

    def terminate(self, servers: Iterable[Server], cause: str) -> None:
        going = [server for server in servers if not server.leaving]
        if not going or "Terminate" in self.suspended:
            return
        drain = self.substrate.timings().drain
        never_served = [server for server in going if server.lifecycle == PENDING_WAIT]
        others = [server for server in going if server.lifecycle != PENDING_WAIT]
        for some, seconds in ((others, drain), (never_served, 0.0)):
            if some:
                self.timeline.after(seconds, partial(self._drained, some))
        for server in going:
            registered = server.lifecycle == IN_SERVICE
            if server.pending:
                self._end(server.activity, "Cancelled")
            server.lifecycle, server.target, server.waits = TERMINATING, DRAINING, {}
            status = "WaitingForELBConnectionDraining" if registered else "InProgress"
            text = f"Terminating EC2 instance: {server.id}"
            server.activity = self._activity(server.id, text, cause, status)
        self.changed()

    def vanish(self, servers: list[Server]) -> None:
        """Servers that someone else ended: they are gone at once, and the group notices."""
        for server in servers:
            if server.pending:
                self._end(server.activity, "Cancelled")
            if not server.leaving:
                text = f"Terminating EC2 instance: {server.id}"
                server.activity = self._activity(server.id, text, _VANISHED, "InProgress")
            self._end(server.activity, "Successful")
            self.servers.pop(server.id, None)
        self.substrate.ended(servers)
        self.changed()

    def say(self, what: str, servers: list[Server]) -> None:
        """Let servers say something; who hears it is told with it."""
        if servers:
            for hear in self.hearers:
                hear(what, servers)

    # What happens by itself, and what lifecycle hooks let happen

    def booted(self, servers: list[Server]) -> None:
        there = [s for s in servers if s.lifecycle == PENDING and s.id in self.servers]
        if not there:
            return
        self.say(journal.BOOTED, there)
        if self.hooks.hold(there, LAUNCHING):
            self.substrate.booted(there)
        else:
            self.enter_service(there)

    def enter_service(self, servers: list[Server]) -> None:
        for server in servers:
            server.lifecycle, server.in_service_at = IN_SERVICE, self.timeline.now
            self._end(server.activity, "Successful")
        self.substrate.started(servers)
        behaviours.serve(self, servers)
        self.changed()

    def stand_by(self, servers: list[Server]) -> None:
        """Out of service and without traffic until they enter service again, to be checked anew."""
        for server in servers:
            server.lifecycle, server.target = STANDBY, INITIAL
        self.substrate.drained(servers)
        self.changed()

    def abandon(self, servers: list[tuple[Server, str]]) -> None:
        """Servers that a launch hook refused, each with why: they go, and others are launched."""
        for server, why in servers:
            self._end(server.activity, "Cancelled", why)
        self.changed()

    def _drained(self, servers: list[Server]) -> None:
        there = [s for s in servers if s.id in self.servers]
        if there and self.hooks.hold(there, TERMINATION):
            self.substrate.drained(there)
        else:
            self.leave(there)

    def leave(self, servers: list[Server]) -> None:
        for server in servers:
            self._end(server.activity, "Successful")
            self.servers.pop(server.id)
        self.substrate.ended(servers)
        self.changed()

    def _reconcile(self) -> None:
        self._due = False
        self._judge()
        refused = [s for s in self.servers.values() if s.lifecycle == PENDING_WAIT and not s.waits]
        self.terminate(refused, _ABANDONED)
        if self.rollout:
            self.upkeep.end_unhealthy(self.upkeep.unhealthy())
            self.rollout.step()
        else:
            self.keep_capacity()
        for observe in self.observers:
            observe()

    def _judge(self) -> None:
        """What fails the load balancer's check after its grace period is unhealthy for the group."""
        if "HealthCheck" not in self.suspended and self.substrate.checks_targets():
            for server in self.servers.values():
                if server.graced and server.target == UNHEALTHY and server.lifecycle == IN_SERVICE:
                    server.health = "Unhealthy"

    def keep_capacity(self) -> None:
        """Launch what is missing, terminate what is too much, replace who is unhealthy or too old."""
        self.upkeep.keep()

    def fill(self) -> None:
        self.launch(self.desired - len(self.live()), f"An instance was started in response to {DIFFERENCE}.")

    def scale_in(self, candidates: list[Server], count: int) -> None:
        """Terminate `count`: those that do not serve first, then those of the oldest template version."""
        open_ones = [server for server in candidates if not server.protected]
        open_ones.sort(key=lambda s: (self.ready(s), s.configuration.version, s.launched_at))
        why = f"An instance was taken out of service in response to {DIFFERENCE}, shrinking the capacity."
        self.terminate(open_ones[: max(0, count)], why)

    def _activity(self, server_id: str, description: str, cause: str, status: str) -> Activity:
        activity = Activity(str(uuid4()), server_id, description, cause, self.timeline.now, status)
        self.activities.append(activity)
        if len(self.activities) > ACTIVITIES_KEPT:
            del self.activities[: ACTIVITIES_KEPT // 10]
        return activity

    def _end(self, activity: Activity | None, status: str, message: str | None = None) -> None:
        if activity is not None and activity.end is None:
            activity.finish(status, self.timeline.now, message)
            for listen in self.listeners:
                listen(activity)
