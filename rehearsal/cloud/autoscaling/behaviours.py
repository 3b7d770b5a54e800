"""What servers in service do by themselves, as their image says: warm up, pass health checks, err, crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.autoscaling.servers import HEALTHY, IN_SERVICE, UNHEALTHY, Server
from rehearsal.cloud.images import ERROR_SHARE

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.fleet import Fleet


def serve(fleet: Fleet, servers: list[Server]) -> None:
    """Put on the timeline what comes after `servers`, all of one launch, got in service at this instant."""
    after, timings = fleet.timeline.after, fleet.substrate.timings()
    behaviour = servers[0].behaviour
    after(servers[0].warmup, lambda: _warmed(fleet, servers))
    if behaviour.gets_healthy:
        after(timings.to_healthy, lambda: _checked(fleet, servers, HEALTHY))
    else:
        after(timings.to_unhealthy, lambda: _checked(fleet, servers, UNHEALTHY))
    if behaviour.errors_after_seconds is not None:
        after(behaviour.errors_after_seconds, lambda: _err(fleet, servers, ERROR_SHARE))
    if behaviour.crashes_after_seconds is not None:
        after(behaviour.crashes_after_seconds, lambda: _crash(fleet, servers))


def _warmed(fleet: Fleet, servers: list[Server]) -> None:
    for server in servers:
        server.warmed = True
    fleet.changed()


def _checked(fleet: Fleet, servers: list[Server], target: str) -> None:
    for server in servers:
        if server.lifecycle == IN_SERVICE:
            server.target = target
    if target == UNHEALTHY:
        since = fleet.timeline.now - (servers[0].in_service_at or 0.0)
        fleet.timeline.after(fleet.substrate.timings().grace - since, lambda: _graced(fleet, servers))
    fleet.changed()


def _graced(fleet: Fleet, servers: list[Server]) -> None:
    """The grace period is over: what fails the load balancer's check is now unhealthy for the group."""
    for server in servers:
        server.graced = True
    fleet.changed()


def _err(fleet: Fleet, servers: list[Server], share: float) -> None:
    for server in servers:
        server.error_share = share
    fleet.changed()


def _crash(fleet: Fleet, servers: list[Server]) -> None:
    _err(fleet, servers, 1.0)
    fleet.timeline.after(fleet.substrate.timings().to_unhealthy, lambda: _checked(fleet, servers, UNHEALTHY))
