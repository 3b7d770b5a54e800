"""One emulated server of a group, and the description of what a server is launched from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.images import Behaviour

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.hooks import Wait

PENDING, IN_SERVICE, STANDBY, TERMINATING = "Pending", "InService", "Standby", "Terminating"
PENDING_WAIT, TERMINATING_WAIT = "Pending:Wait", "Terminating:Wait"
REPLACING, REPLACING_WAIT = "ReplacingRootVolume", "ReplacingRootVolume:Wait"
REPLACING_PROCEED, REPLACED = "ReplacingRootVolume:Proceed", "RootVolumeReplaced"
_REPLACING = (REPLACING, REPLACING_WAIT, REPLACING_PROCEED, REPLACED)
_LIVE = (PENDING, PENDING_WAIT, IN_SERVICE, *_REPLACING)
INITIAL, HEALTHY, UNHEALTHY, DRAINING = "initial", "healthy", "unhealthy", "draining"

#: Of a server that is well: the 99th percentile of its answers.
LATENCY_SECONDS = 0.05

_TARGET_REASONS = {
    INITIAL: ("Elb.InitialHealthChecking", "Initial health checks in progress"),
    HEALTHY: (None, None),
    UNHEALTHY: ("Target.FailedHealthChecks", "Health checks failed"),
    DRAINING: ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
}


@dataclass(frozen=True)
class Configuration:
    """What servers are launched from: a launch template at a numeric version, and the types it may use."""

    template_id: str
    template_name: str
    version: int
    image_id: str
    instance_types: tuple[str, ...]


class Server:
    """State of one server. `warmed` is set when its warm-up is over; only then it counts as ready.

    `behaviour`: of its image when it was launched. `graced`: a failing health check counts now.
    `error_share`: 0 to 1 of its requests are answered 5xx. `latency_seconds`: its 99th percentile.
    `activity`: the launch or termination that it is in, or was in last. `waits`: for which lifecycle hooks,
    by name. `warmup`: seconds from in service to warm. `next`: what its root volume is being replaced for.
    `reported`: its health is what somebody said of it, by SetInstanceHealth.
    """

    __slots__ = (
        "activity", "behaviour", "configuration", "error_share", "graced", "health", "id", "in_service_at",
        "instance_type", "latency_seconds", "launched_at", "lifecycle", "next", "phase", "protected",
        "reported", "target", "waits", "warmed", "warmup", "zone",
    )  # fmt: skip

    def __init__(
        self,
        server_id: str,
        configuration: Configuration,
        instance_type: str,
        zone: str,
        at: float,
        phase: str,
    ) -> None:
        self.id = server_id
        self.configuration = configuration
        self.instance_type = instance_type
        self.zone = zone
        self.launched_at = at
        self.phase = phase
        self.lifecycle = PENDING
        self.health = "Healthy"
        self.target = INITIAL
        self.in_service_at: float | None = None
        self.warmed = self.graced = self.reported = False
        self.error_share, self.latency_seconds = 0.0, LATENCY_SECONDS
        self.activity: Activity | None = None
        self.behaviour = Behaviour()
        self.waits: dict[str, Wait] = {}
        self.warmup = 0.0
        self.next: Configuration | None = None
        self.protected = False

    @property
    def live(self) -> bool:
        """Counts towards the capacity of the group."""
        return self.lifecycle in _LIVE

    @property
    def pending(self) -> bool:
        return self.lifecycle in (PENDING, PENDING_WAIT)

    @property
    def replacing(self) -> bool:
        """Its root volume is on its way to be another."""
        return self.lifecycle in _REPLACING

    @property
    def leaving(self) -> bool:
        return self.lifecycle in (TERMINATING, TERMINATING_WAIT)

    @property
    def moving(self) -> bool:
        """On its way in or out, or to another root volume. A server that a hook refused is not, while the
        group may terminate none.
        """
        return self.lifecycle == PENDING or self.leaving or self.replacing or bool(self.waits)

    def report(self, health: str) -> None:
        """Healthy or Unhealthy, as somebody says: a person, or the server itself."""
        self.health, self.reported = health, health == "Unhealthy"

    def target_health(self) -> dict[str, Any]:
        reason, description = _TARGET_REASONS[self.target]
        return {"State": self.target, "Reason": reason, "Description": description}

    def matches(self, configuration: Configuration) -> bool:
        """AWS's skip matching: same template and version, and a type that the configuration may use.

        A server whose root volume is being replaced has what it is on its way to.
        """
        mine = self.next or self.configuration
        return (
            mine.template_id == configuration.template_id
            and mine.version == configuration.version
            and (not configuration.instance_types or self.instance_type in configuration.instance_types)
        )


class Activity:
    """One scaling activity, as DescribeScalingActivities shows it. Times are emulated seconds.

    `server_id` is empty where nothing could be launched.
    """

    __slots__ = ("cause", "description", "end", "id", "message", "server_id", "start", "status")

    def __init__(
        self, activity_id: str, server_id: str, description: str, cause: str, start: float, status: str
    ) -> None:
        self.id = activity_id
        self.server_id = server_id
        self.description = description
        self.cause = cause
        self.start = start
        self.end: float | None = None
        self.status = status
        self.message: str | None = None

    def finish(self, status: str, at: float, message: str | None = None) -> None:
        self.status, self.end, self.message = status, at, message
