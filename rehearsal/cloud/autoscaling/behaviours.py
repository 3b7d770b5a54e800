"""What servers in service do by themselves, as their image says: warm up, pass health checks, err, crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.cloud.autoscaling import journal
from rehearsal.cloud.autoscaling.servers import HEALTHY, IN_SERVICE, UNHEALTHY, Server
from rehearsal.cloud.images import ERROR_SHARE

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.fleet import Fleet


def serve(fleet: Fleet, servers: list[Server]) -> None:
    """Put on the timeline what comes after `servers`, all of one launch, got in service at this instant.

    It is for as long as they are in service this time: not after standby or with another root volume.
    """
    timings, now = fleet.substrate.timings(), fleet.timeline.now
    behaviour = servers[0].behaviour

    def after(seconds: float, change: Callable[[list[Server]], None]) -> None:
        def happen() -> None:
            change([server for server in servers if server.in_service_at == now])
            fleet.changed()

        fleet.timeline.after(seconds, happen)

    def then(change: Callable[[list[Server]], None], what: str) -> Callable[[list[Server]], None]:
        def change_and_say(still: list[Server]) -> None:
            change(still)
            fleet.say(what, [server for server in still if server.lifecycle == IN_SERVICE])

        return change_and_say

    after(servers[0].warmup, _warm)
    if behaviour.gets_healthy:
        asked = fleet.substrate.checks_targets()
        after(timings.to_healthy, then(_pass, journal.SERVING if asked else journal.WORKING))
    else:
        after(timings.to_unhealthy, _fail)
        after(max(timings.to_unhealthy, timings.grace), _grace)
    if behaviour.errors_after_seconds is not None:
        after(behaviour.errors_after_seconds, then(_err, journal.ERRING))
    if behaviour.crashes_after_seconds is not None:
        noticed = behaviour.crashes_after_seconds + timings.to_unhealthy
        after(behaviour.crashes_after_seconds, then(_crash, journal.CRASHED))
        after(noticed, _fail)
        after(max(noticed, timings.grace), _grace)


def _warm(servers: list[Server]) -> None:
    for server in servers:
        server.warmed = True


def _pass(servers: list[Server]) -> None:
    _check(servers, HEALTHY)


def _fail(servers: list[Server]) -> None:
    _check(servers, UNHEALTHY)


def _check(servers: list[Server], target: str) -> None:
    for server in servers:
        if server.lifecycle == IN_SERVICE:
            server.target = target


def _grace(servers: list[Server]) -> None:
    """The grace period is over: what fails the load balancer's check is now unhealthy for the group."""
    for server in servers:
        server.graced = True


def _err(servers: list[Server]) -> None:
    for server in servers:
        server.error_share = ERROR_SHARE


def _crash(servers: list[Server]) -> None:
    for server in servers:
        server.error_share = 1.0
