"""The servers of one group over emulated time, apart from moto: launched, healthy, drained, replaced.

Changes happen at instants of the timeline; after each one the fleet is reconciled once, in O(servers). What a
server really is (an EC2 instance, a target) is behind `Substrate`: the model runs with ten thousand servers
and without moto.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from rehearsal.cloud.autoscaling import behaviours
from rehearsal.cloud.autoscaling.servers import (
    DRAINING,
    HEALTHY,
    IN_SERVICE,
    PENDING,
    TERMINATING,
    UNHEALTHY,
    Activity,
    Configuration,
    Server,
)
from rehearsal.cloud.clock import Timeline
from rehearsal.cloud.images import BEHAVIOURS

LAUNCH_RETRY_SECONDS = 60.0
ACTIVITIES_KEPT = 20_000
_DIFFERENCE = "a difference between desired and actual capacity"
_VANISHED = (
    "An instance was taken out of service in response to an EC2 health check indicating it has been "
    "terminated or stopped."
)


class LaunchError(Exception):
    """A server could not be launched; the text is the activity's StatusMessage."""


@dataclass(frozen=True)
class Timings:
    """Emulated seconds. `grace`: a failing health check is forgiven; `warmup`: until a server counts."""

    boot: float = 40.0
    to_healthy: float = 30.0
    to_unhealthy: float = 30.0
    drain: float = 30.0
    grace: float = 300.0
    warmup: float = 0.0


class Substrate(Protocol):
    """What servers are made of. Calls are synchronous and happen at the timeline's present instant."""

    def launch(self, configuration: Configuration, count: int) -> list[tuple[str, str, str]]:
        """(ID, instance type, zone) of each new server. Raises LaunchError."""

    def started(self, servers: list[Server]) -> None: ...
    def ended(self, servers: list[Server]) -> None: ...
    def behaviour(self, image_id: str) -> str:
        """One of BEHAVIOURS."""

    def timings(self) -> Timings: ...
    def checks_targets(self) -> bool:
        """Whether a server must pass the load balancer's health check (health check type ELB)."""


class Rollout(Protocol):
    """What takes over launching and terminating while it is active: an instance refresh."""

    phase: str
    configuration: Configuration
    warmup: float

    def step(self) -> None: ...


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
        servers = []
        for server_id, instance_type, zone in launched:
            phase = rollout.phase if rollout else ""
            server = Server(server_id, configuration, instance_type, zone, now, phase)
            server.protected, server.behaviour = self.protect_new, behaviour
            self.servers[server_id] = server
            servers.append(server)
            text = f"Launching a new EC2 instance: {server_id}"
            server.activity = self._activity(server_id, text, cause, "InProgress")
        warmup = rollout.warmup if rollout else timings.warmup
        self.timeline.after(timings.boot * behaviour.boot_factor, lambda: self._booted(servers, warmup))

    def terminate(self, servers: Iterable[Server], cause: str) -> None:
        going = [server for server in servers if server.lifecycle != TERMINATING]
        if not going or "Terminate" in self.suspended:
            return
        for server in going:
            registered = server.lifecycle == IN_SERVICE
            if server.lifecycle == PENDING:
                self._end(server.activity, "Cancelled")
            server.lifecycle, server.target = TERMINATING, DRAINING
            status = "WaitingForELBConnectionDraining" if registered else "InProgress"
            text = f"Terminating EC2 instance: {server.id}"
            server.activity = self._activity(server.id, text, cause, status)
        self.timeline.after(self.substrate.timings().drain, lambda: self._gone(going))
        self.changed()

    def vanish(self, servers: list[Server]) -> None:
        """Servers that someone else ended: they are gone at once, and the group notices."""
        for server in servers:
            if server.lifecycle == PENDING:
                self._end(server.activity, "Cancelled")
            if server.lifecycle != TERMINATING:
                text = f"Terminating EC2 instance: {server.id}"
                server.activity = self._activity(server.id, text, _VANISHED, "InProgress")
            self._end(server.activity, "Successful")
            self.servers.pop(server.id, None)
        self.substrate.ended(servers)
        self.changed()

    # What happens by itself

    def _booted(self, servers: list[Server], warmup: float) -> None:
        started = [s for s in servers if s.lifecycle == PENDING and s.id in self.servers]
        if not started:
            return
        for server in started:
            server.lifecycle, server.in_service_at = IN_SERVICE, self.timeline.now
            self._end(server.activity, "Successful")
        self.substrate.started(started)
        behaviours.serve(self, started, warmup)
        self.changed()

    def _gone(self, servers: list[Server]) -> None:
        there = [server for server in servers if self.servers.pop(server.id, None)]
        for server in there:
            self._end(server.activity, "Successful")
        self.substrate.ended(there)
        self.changed()

    def _reconcile(self) -> None:
        self._due = False
        self._judge()
        if "ReplaceUnhealthy" not in self.suspended:
            unhealthy = [
                s for s in self.servers.values() if s.health != "Healthy" and s.lifecycle == IN_SERVICE
            ]
            check = "ELB system" if self.substrate.checks_targets() else "EC2"
            why = f"An instance was taken out of service in response to an {check} health check failure."
            self.terminate(unhealthy, why)
        if self.rollout:
            self.rollout.step()
        else:
            self._keep_capacity()
        for observe in self.observers:
            observe()

    def _judge(self) -> None:
        """What fails the load balancer's check after its grace period is unhealthy for the group."""
        if "HealthCheck" not in self.suspended and self.substrate.checks_targets():
            for server in self.servers.values():
                if server.graced and server.target == UNHEALTHY and server.lifecycle == IN_SERVICE:
                    server.health = "Unhealthy"

    def _keep_capacity(self) -> None:
        live = self.live()
        missing = self.desired - len(live)
        if missing > 0:
            self.launch(missing, f"An instance was started in response to {_DIFFERENCE}.")
        elif missing < 0:
            self.scale_in(live, -missing)

    def scale_in(self, candidates: list[Server], count: int) -> None:
        """Terminate `count`: those that do not serve first, then those of the oldest template version."""
        open_ones = [server for server in candidates if not server.protected]
        open_ones.sort(key=lambda s: (self.ready(s), s.configuration.version, s.launched_at))
        why = f"An instance was taken out of service in response to {_DIFFERENCE}, shrinking the capacity."
        self.terminate(open_ones[:count], why)

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
