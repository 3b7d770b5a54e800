"""The strategy Rolling of an instance refresh: old servers are terminated, new ones are launched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rehearsal.cloud.autoscaling import batches
from rehearsal.cloud.autoscaling.servers import Server

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.fleet import Fleet

CAUSE = "An instance was {} in response to an instance refresh."


def move(fleet: Fleet, count: batches.Count, limits: batches.Bounds, old: list[Server]) -> None:
    """Terminate and launch as many as the bounds allow at this instant; those that do not serve go first."""
    going = batches.terminations(count, limits)
    old.sort(key=lambda server: (fleet.ready(server), server.launched_at))
    fleet.terminate(old[:going], CAUSE.format("taken out of service"))
    # Not those that were meant to go: the group may be told to terminate none.
    count = replace(count, old=sum(server.live for server in old))
    fleet.launch(batches.launches(count, limits), CAUSE.format("launched"))
