"""The queue of what is to be looked at, and who looks at what."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.controllers import parts
from rehearsal.cloud.kubernetes.controllers.autoscalers import Autoscalers
from rehearsal.cloud.kubernetes.controllers.budgets import Budgets
from rehearsal.cloud.kubernetes.controllers.daemon_sets import DaemonSets
from rehearsal.cloud.kubernetes.controllers.definitions import Definitions
from rehearsal.cloud.kubernetes.controllers.deployments import Deployments
from rehearsal.cloud.kubernetes.controllers.events import Events
from rehearsal.cloud.kubernetes.controllers.garbage import Garbage
from rehearsal.cloud.kubernetes.controllers.jobs import Jobs
from rehearsal.cloud.kubernetes.controllers.kubelet import Kubelet
from rehearsal.cloud.kubernetes.controllers.labels import PodLabels, Selecting
from rehearsal.cloud.kubernetes.controllers.namespaces import Namespaces
from rehearsal.cloud.kubernetes.controllers.nodes import Nodes
from rehearsal.cloud.kubernetes.controllers.pods import PodControl
from rehearsal.cloud.kubernetes.controllers.replica_sets import ReplicaSets
from rehearsal.cloud.kubernetes.controllers.scheduler import Scheduler
from rehearsal.cloud.kubernetes.controllers.services import Services
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
        self._due: dict[Key, float] = {}
        self._running = False
        self._services, self._budgeted = Selecting(), Selecting()
        self._pod_labels = PodLabels(cluster.store)
        self.events = Events(cluster)
        self.garbage = Garbage(cluster)
        self.namespaces = Namespaces(cluster)
        self.nodes = Nodes(cluster)
        self.scheduler = Scheduler(cluster)
        self.kubelet = Kubelet(cluster)
        self.pod_control = PodControl(cluster)
        self.daemon_sets = DaemonSets(cluster, self.pod_control)
        self.autoscalers = Autoscalers(cluster)
        self.budgets = Budgets(cluster, self._pod_labels, self._budgeted)
        self._by_resource: dict[tuple[str, str], Reconcile] = {
            ("", "namespaces"): self.namespaces.reconcile,
            ("", "nodes"): self.nodes.reconcile,
            ("", "pods"): self.kubelet.reconcile,
            ("", "services"): Services(cluster, self._pod_labels).reconcile,
            ("apps", "replicasets"): ReplicaSets(cluster, self.pod_control).reconcile,
            ("apps", "deployments"): Deployments(cluster).reconcile,
            ("apps", "daemonsets"): self.daemon_sets.reconcile,
            ("batch", "jobs"): Jobs(cluster, self.pod_control).reconcile,
            ("autoscaling", "horizontalpodautoscalers"): self.autoscalers.reconcile,
            ("policy", "poddisruptionbudgets"): self.budgets.reconcile,
            ("apiextensions.k8s.io", "customresourcedefinitions"): Definitions(cluster).reconcile,
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
        """Look at it again then, unless that is to be sooner anyway."""
        at = self._cluster.seconds + seconds
        if self._due.get(key, at + 1.0) <= at:
            return
        self._due[key] = at

        def due() -> None:
            if self._due.get(key) == at:
                del self._due[key]
            self.enqueue(key)

        self._cluster.world.timeline.after(seconds, due)

    def run(self) -> None:
        if self._running:
            return
        self._running = True
        try:
            self.nodes.refresh()
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
        if reconcile is None:
            return
        try:
            reconcile(key)
        except Refused as refused:
            text = f"kubernetes: {key.plural} {key.namespace}/{key.name}: {refused}"
            print(text, file=sys.stderr, flush=True)

    def _instant(self, _: float) -> None:
        self.run()

    def _noticed(self, change: Change) -> None:
        """Whoever has to do with what changed is to look at it."""
        self.enqueue(change.key)
        self._pod_labels.noticed(change)
        self.nodes.noticed(change)
        self.scheduler.noticed(change, self.enqueue)
        self.garbage.noticed(change, self.enqueue)
        self.namespaces.noticed(change, self.enqueue)
        self.daemon_sets.noticed(change, self.enqueue)
        self.autoscalers.noticed(change, self.enqueue)
        self._selects(change)
        self._wake_owners(change)

    def _selects(self, change: Change) -> None:
        """Pods wake the services and budgets that select them."""
        key, value = change.key, change.after
        if (key.group, key.plural) == ("", "services"):
            labels = value["spec"].get("selector") if value else None
            self._services.put(key, {"matchLabels": labels} if labels else None)
        elif (key.group, key.plural) == ("policy", "poddisruptionbudgets"):
            self._budgeted.put(key, (value["spec"].get("selector") if value else None))
        elif (key.group, key.plural) == ("", "pods"):
            for pod in (each for each in (change.before, value) if each is not None):
                for other in (*self._services.of(pod), *self._budgeted.of(pod)):
                    self.enqueue(other)

    def _wake_owners(self, change: Change) -> None:
        for value in (change.before, change.after):
            reference = parts.controller_of(value) if value else None
            owner = self._cluster.store.key_of_uid(reference["uid"]) if reference else None
            if owner is not None:
                self.enqueue(owner)

    def log(self, pod: Object, container: str, *, previous: bool) -> list[str]:
        """What a container of a pod wrote."""
        return self.kubelet.log(pod, container, previous=previous)

    def budget_of(self, pod: Object) -> Object | None:
        return self.budgets.of(pod)

    def settle_budgets(self, pod: Object) -> None:
        self.budgets.settle(pod)
