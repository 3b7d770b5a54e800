"""A node group on its way to a new version of its launch template, phase by phase.

Sources: "Understand each phase of node updates" and `NodegroupUpdateConfig`. AWS says "up to twice the number
of Availability Zones" of the nodes that are added first; here it is one a zone, or as many as may be
unavailable. An update that fails leaves the nodes that served before, and the version; what AWS leaves of the
new nodes it does not say: here they go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.autoscaling.servers import Server
from rehearsal.cloud.eks import draining, scaling
from rehearsal.cloud.eks.node_group import ACTIVE, NodeGroup
from rehearsal.cloud.eks.updates import Update, now
from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.group import Group

LOOK_SECONDS = 10.0
#: How long each phase waits for nodes that do not come.
PATIENCE_SECONDS = 900.0
#: Between the last pod that left a node and the end of its server.
PAUSE_SECONDS = 60.0
MOST_UNAVAILABLE = 100
_CAUSE = "An instance was taken out of service in response to a user request."


class RollingUpdate:
    """`version`: of the program's launch template; `force`: pods that do not leave are no reason to stop."""

    def __init__(self, node_group: NodeGroup, update: Update, version: Any, force: bool) -> None:
        self.node_group, self.update, self.version, self.force = node_group, update, version, force
        self._sizes = dict(node_group.scaling)
        self._previous = self._target = 0
        self._going: set[str] = set()
        self._since = 0.0
        self._best = 0

    # Setup

    def start(self) -> None:
        group, node_group = self._group(), self.node_group
        self._sizes = {
            "minSize": group.min_size or 0,
            "maxSize": group.max_size or 0,
            "desiredSize": group.desired_capacity,
        }
        self._previous = group.configuration().version
        self._target = scaling.next_version(node_group, self.version.data)
        scaling.use(node_group, self._target)
        minimal = node_group.update_config.get("updateStrategy") == "MINIMAL"
        self._scale_up(0 if minimal else self._surge())

    @property
    def unavailable(self) -> int:
        """How many nodes may be replaced at a time."""
        config, size = self.node_group.update_config, self._sizes["desiredSize"]
        share = config.get("maxUnavailablePercentage")
        many = max(1, size * int(share) // 100) if share else int(config.get("maxUnavailable") or 1)
        return min(many, MOST_UNAVAILABLE)

    def _surge(self) -> int:
        zones = {server.zone for server in self._old()}
        return max(len(zones), self.unavailable) if zones else 0

    # Scale up

    def _scale_up(self, more: int) -> None:
        sizes = self._sizes
        high, desired = sizes["maxSize"] + more, sizes["desiredSize"] + more
        scaling.resize(self.node_group, sizes["minSize"], high, desired)
        self._begin()
        self._until(lambda: len(self._ready_new()) >= more, self._upgrade)

    # Upgrade

    def _upgrade(self) -> None:
        """Old nodes take no new pods from now on."""
        self.node_group.cordoned |= {server.id for server in self._old()}
        self._begin()
        self._replace()

    def _replace(self) -> None:
        """One look: let go of as many old nodes as may be missing, while as many are ready as before."""
        if self._over():
            return
        self._going &= {server.id for server in self.node_group.servers}
        old = self._old()
        if not old and not self._going:
            self._until(self._whole, self._scale_down)
            return
        ready = [server for server in self.node_group.servers if self.node_group.ready(server)]
        spare = len(ready) - (self._sizes["desiredSize"] - self.unavailable)
        room = max(0, min(self.unavailable - len(self._going), spare - len(self._going & _ids(ready))))
        for server in [each for each in old if each.id not in self._going][:room]:
            self._going.add(server.id)
            draining.drain(self.node_group, server, self._drained(server))
        if self._waited(len(self._ready_new())):
            self._fail_for_nodes()
        else:
            self._later(LOOK_SECONDS, self._replace)

    def _drained(self, server: Server) -> Callable[[bool], None]:
        def done(empty: bool) -> None:
            if self._over():
                return
            if not empty and not self.force:
                self._fail("PodEvictionFailure", "Reached max retries while trying to evict pods from nodes "
                           f"in node group {self.node_group.name}", [server.id])  # fmt: skip
                return
            self._later(PAUSE_SECONDS, lambda: self._terminate(server))

        return done

    def _terminate(self, server: Server) -> None:
        if not self._over():
            self._group().fleet.terminate([server], _CAUSE)

    # Scale down

    def _scale_down(self) -> None:
        sizes = self._sizes
        scaling.resize(self.node_group, sizes["minSize"], sizes["maxSize"], sizes["desiredSize"])
        self._finish()

    def _finish(self) -> None:
        """However long the last nodes take to be empty: the hook lets them go in the end."""
        if self._over():
            return
        if len(self.node_group.servers) <= self._sizes["desiredSize"]:
            self._succeed()
        else:
            self._later(LOOK_SECONDS, self._finish)

    def _succeed(self) -> None:
        node_group = self.node_group
        node_group.launch_template = node_group.launch_template | {"version": str(self.version.number)}
        node_group.image_id, node_group.version = self.version.image_id, node_group.cluster.version
        self._end()
        self.update.succeed()

    # Failure

    def _fail_for_nodes(self) -> None:
        message = (
            "Couldn't proceed with upgrade process as new nodes are not joining node group "
            f"{self.node_group.name}"
        )
        self._fail("NodeCreationFailure", message, [server.id for server in self._new()])

    def _fail(self, code: str, message: str, resources: list[str]) -> None:
        """The version before is the group's again, its nodes take pods again, and the new ones go."""
        group, sizes, new = self._group(), self._sizes, self._new()
        scaling.use(self.node_group, self._previous)
        self.node_group.cordoned.clear()
        self.node_group.draining.clear()
        scaling.resize(self.node_group, sizes["minSize"], sizes["maxSize"], sizes["desiredSize"])
        group.fleet.terminate(new, _CAUSE)
        self._end()
        self.update.fail(code, message, resources)

    def _end(self) -> None:
        self.node_group.state, self.node_group.modified_at = ACTIVE, now()

    # What every phase asks

    def _group(self) -> Group:
        group = self.node_group.group
        assert group is not None  # noqa: S101 - looked at by `_over` before
        return group

    def _over(self) -> bool:
        """It failed meanwhile, or somebody took the Auto Scaling group away."""
        if self.update.active and self.node_group.group is None:
            self._end()
            name = self.node_group.group_name
            self.update.fail("Unknown", f"The Auto Scaling group {name} could not be found", [name])
        return not self.update.active

    def _old(self) -> list[Server]:
        servers = self.node_group.servers
        return [each for each in servers if each.live and each.configuration.version != self._target]

    def _new(self) -> list[Server]:
        servers = self.node_group.servers
        return [each for each in servers if each.live and each.configuration.version == self._target]

    def _ready_new(self) -> list[Server]:
        return [server for server in self._new() if self.node_group.ready(server)]

    def _whole(self) -> bool:
        return len(self._ready_new()) >= self._sizes["desiredSize"]

    def _begin(self) -> None:
        self._since, self._best = self._now(), len(self._ready_new())

    def _waited(self, ready: int) -> bool:
        """Whether no further node came for as long as there is patience; what drains is no reason."""
        if ready > self._best or self._going:
            self._since, self._best = self._now(), max(ready, self._best)
        return self._now() - self._since >= PATIENCE_SECONDS

    def _until(self, reached: Callable[[], bool], then: Callable[[], None]) -> None:
        if self._over():
            return
        if reached():
            then()
        elif self._waited(len(self._ready_new())):
            self._fail_for_nodes()
        else:
            self._later(LOOK_SECONDS, lambda: self._until(reached, then))

    def _now(self) -> float:
        return World.current.timeline.now

    def _later(self, seconds: float, event: Callable[[], None]) -> None:
        World.current.timeline.after(seconds, event)


def _ids(servers: list[Server]) -> set[str]:
    return {server.id for server in servers}
