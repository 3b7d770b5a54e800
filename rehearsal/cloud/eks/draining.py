"""A node is emptied before its server goes: it takes no new pods, and those that it has are evicted.

The pods are the emulated Kubernetes API's, and leave as their disruption budgets let them. EKS does this for
a server that any termination of its Auto Scaling group holds in the hook, and before it replaces one itself.
Source: "Understand each phase of node updates".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.cloud.autoscaling.hooks import CONTINUE
from rehearsal.cloud.autoscaling.servers import TERMINATING_WAIT, Server
from rehearsal.cloud.eks import nodes, scaling
from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.eks.node_group import NodeGroup

LOOK_SECONDS = 5.0
#: EKS gives up on pods that do not leave.
MOST_SECONDS = 900.0


def watch(node_group: NodeGroup) -> None:
    """See to each server that comes into the termination hook from now on."""
    group = node_group.group
    if group is not None:
        group.fleet.observers.append(lambda: _look(node_group))


def _look(node_group: NodeGroup) -> None:
    for server in node_group.servers:
        held = server.lifecycle == TERMINATING_WAIT and scaling.TERMINATE_HOOK in server.waits
        if held and server.id not in node_group.held:
            node_group.held.add(server.id)
            drain(node_group, server, lambda _, server=server: _let_go(node_group, server))  # type: ignore[misc]


def _let_go(node_group: NodeGroup, server: Server) -> None:
    group = node_group.group
    if group is not None and server.id in group.fleet.servers:
        group.fleet.hooks.complete(server, scaling.TERMINATE_HOOK, CONTINUE)


def drain(node_group: NodeGroup, server: Server, done: Callable[[bool], None]) -> None:
    """Cordon the node, evict its pods, and call `done`: with False when some did not leave in time."""
    timeline = World.current.timeline
    node_group.cordoned.add(server.id)
    node_group.draining.add(server.id)
    since = timeline.now

    def look() -> None:
        left = nodes.pods_left(node_group, server)
        if not left:
            done(True)
        elif timeline.now - since >= MOST_SECONDS:
            done(False)
        else:
            timeline.after(LOOK_SECONDS, look)

    timeline.after(LOOK_SECONDS, look)
