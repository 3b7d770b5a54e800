"""The queue of what is to be looked at, and who looks at what."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.controllers.garbage import Garbage
from rehearsal.cloud.kubernetes.controllers.namespaces import Namespaces
from rehearsal.cloud.kubernetes.errors import Object, Refused
from rehearsal.cloud.kubernetes.store import Change, Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

Reconcile = Callable[[Key], None]

#: More turns than that without an end are a fault of a controller.
_MOST_TURNS = 1_000_000


class Controllers:
    """Of one cluster. `run` does all that is due; it is called after every request and every instant."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue: dict[Key, None] = {}
        self._running = False
        self.garbage = Garbage(cluster)
        self.namespaces = Namespaces(cluster)
        self._by_resource: dict[tuple[str, str], Reconcile] = {
            ("", "namespaces"): self.namespaces.reconcile,
        }

    def start(self) -> None:
        self._cluster.store.listeners.append(self._noticed)
        self._cluster.world.timeline.observers.append(self._instant)
        self.namespaces.start()
        self.run()

    def stop(self) -> None:
        self._cluster.world.timeline.observers.remove(self._instant)

    def enqueue(self, key: Key) -> None:
        self._queue.setdefault(key)

    def later(self, seconds: float, key: Key) -> None:
        """Look at it again then."""
        self._cluster.world.timeline.after(seconds, lambda: self.enqueue(key))

    def run(self) -> None:
        if self._running:
            return
        self._running = True
        try:
            for _ in range(_MOST_TURNS):
                if not self._queue:
                    return
                key = next(iter(self._queue))
                del self._queue[key]
                self._reconcile(key)
            raise RuntimeError("the controllers of the emulated cluster find no end")
        finally:
            self._running = False

    def _reconcile(self, key: Key) -> None:
        self.garbage.reconcile(key)
        reconcile = self._by_resource.get((key.group, key.plural))
        if reconcile is not None:
            try:
                reconcile(key)
            except Refused as refused:
                print(
                    f"kubernetes: {key.plural} {key.namespace}/{key.name}: {refused}",
                    file=sys.stderr,
                    flush=True,
                )

    def _instant(self, _: float) -> None:
        self.run()

    def _noticed(self, change: Change) -> None:
        self.enqueue(change.key)
        self.garbage.noticed(change, self.enqueue)
        self.namespaces.noticed(change, self.enqueue)

    def log(self, pod: Object, container: str, *, previous: bool) -> list[str]:
        del pod, container, previous
        return []

    def budget_of(self, pod: Object) -> Object | None:
        del pod
        return None
