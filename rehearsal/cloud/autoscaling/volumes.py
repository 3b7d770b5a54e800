"""The strategy ReplaceRootVolume of an instance refresh: a server stays and gets the root volume of an image.

Source: "Replace root volumes during instance refresh" and "Lifecycle state transitions for instances
undergoing root volume replacement". A server leaves its target groups, waits for the group's termination
hooks, reboots from the new volume, waits for the launch hooks and is in service again. None is launched but
for one that failed, so that the maximum healthy percentage has nothing to say; AWS does not say how long a
replacement takes: here it takes a boot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.cloud.autoscaling import batches
from rehearsal.cloud.autoscaling.servers import (
    DRAINING,
    IN_SERVICE,
    INITIAL,
    PENDING,
    REPLACED,
    REPLACING,
    REPLACING_PROCEED,
    Configuration,
    Server,
)
from rehearsal.cloud.images import BEHAVIOURS

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.fleet import Fleet
    from rehearsal.cloud.autoscaling.protocols import Rollout

#: How long a server shows that its volume was replaced before it is pending.
REPLACED_SECONDS = 1.0


def move(fleet: Fleet, rollout: Rollout, count: batches.Count, old: list[Server], min_percent: int) -> None:
    """Replace the volumes of as many old servers as the minimum can spare; keep the fleet at its size."""
    limits = batches.bounds(fleet.desired, min_percent, None)
    surplus = max(0, count.live - fleet.desired)
    # Of all there are, as those that do not serve go first: the old ones may be all that do.
    fleet.scale_in(fleet.live(), surplus)
    most = max(0, batches.terminations(count, limits) - surplus)
    there = sorted((s for s in old if s.lifecycle == IN_SERVICE), key=lambda server: server.launched_at)
    idle = [server for server in there if not fleet.ready(server)]
    spare = max(0, sum(map(fleet.ready, fleet.live())) - limits.min_ready)
    going = (idle + [server for server in there if fleet.ready(server)][:spare])[:most]
    if going:
        replace(fleet, going, rollout)
    fleet.fill()


def replace(fleet: Fleet, servers: list[Server], rollout: Rollout) -> None:
    for server in servers:
        server.lifecycle, server.target = REPLACING, DRAINING
        server.next, server.phase, server.warmup = rollout.configuration, rollout.phase, rollout.warmup
        server.warmed, server.in_service_at = False, None
    fleet.timeline.after(fleet.substrate.timings().drain, lambda: _drained(fleet, servers))
    fleet.changed()


def proceed(fleet: Fleet, servers: list[Server]) -> None:
    """No hook holds them any more: the new volume is attached and the server reboots from it."""
    behaviour = BEHAVIOURS[fleet.substrate.behaviour(_next(servers).image_id)]
    for server in servers:
        server.lifecycle, server.behaviour = REPLACING_PROCEED, behaviour
    seconds = fleet.substrate.timings().boot * behaviour.boot_factor
    _later(fleet, seconds, servers, REPLACING_PROCEED, _replaced)


def _drained(fleet: Fleet, servers: list[Server]) -> None:
    there = _there(fleet, servers, REPLACING)
    fleet.substrate.drained(there)
    if there and not fleet.hooks.hold_replacing(there):
        proceed(fleet, there)


def _replaced(fleet: Fleet, servers: list[Server]) -> None:
    configuration = _next(servers)
    for server in servers:
        server.lifecycle, server.configuration, server.next = REPLACED, configuration, None
        server.error_share, server.health, server.graced = 0.0, "Healthy", False
    fleet.substrate.replaced(servers)
    _later(fleet, REPLACED_SECONDS, servers, REPLACED, _pending)


def _pending(fleet: Fleet, servers: list[Server]) -> None:
    for server in servers:
        server.lifecycle, server.target = PENDING, INITIAL
    fleet.booted(servers)


def _later(
    fleet: Fleet,
    seconds: float,
    servers: list[Server],
    state: str,
    then: Callable[[Fleet, list[Server]], None],
) -> None:
    def go_on() -> None:
        there = _there(fleet, servers, state)
        if there:
            then(fleet, there)

    fleet.timeline.after(seconds, go_on)
    fleet.changed()


def _there(fleet: Fleet, servers: list[Server], state: str) -> list[Server]:
    return [server for server in servers if server.id in fleet.servers and server.lifecycle == state]


def _next(servers: list[Server]) -> Configuration:
    """All of a batch get the same; it is set for as long as they are on their way to it."""
    return servers[0].next or servers[0].configuration
