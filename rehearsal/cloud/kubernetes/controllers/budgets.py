"""PodDisruptionBudgets: how many of the selected pods may be evicted now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.controllers import parts
from rehearsal.cloud.kubernetes.controllers.labels import PodLabels, Selecting
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster


class Budgets:
    def __init__(self, cluster: Cluster, pods: PodLabels, selecting: Selecting) -> None:
        self._cluster, self._pods, self._selecting = cluster, pods, selecting

    def of(self, pod: Object) -> Object | None:
        """The budget that a pod is under."""
        key = next(iter(self._selecting.of(pod)), None)
        return None if key is None else self._cluster.store.get(key)

    def settle(self, pod: Object) -> None:
        """Reckon again at once, before the next eviction."""
        for key in list(self._selecting.of(pod)):
            self.reconcile(key)

    def reconcile(self, key: Key) -> None:
        budget = self._cluster.store.get(key)
        if budget is None:
            return
        spec = budget["spec"]
        pods = [
            each
            for each in self._pods.selected(key.namespace, spec.get("selector") or {})
            if each["status"].get("phase") not in ("Succeeded", "Failed")
        ]
        expected = self._expected(pods)
        if spec.get("maxUnavailable") is not None:
            needed = max(0, expected - parts.share(spec["maxUnavailable"], expected, up=True))
        else:
            if not isinstance(spec.get("minAvailable"), str):
                expected = len(pods)
            needed = parts.share(spec.get("minAvailable", 1), expected, up=True)
        healthy = sum(1 for pod in pods if parts.ready(pod) and not pod["metadata"].get("deletionTimestamp"))
        allowed = max(0, healthy - needed) if expected else 0
        generation, now = budget["metadata"]["generation"], self._cluster.now()

        def tell(after: Object) -> None:
            status = after["status"]
            status |= {
                "observedGeneration": generation, "disruptionsAllowed": allowed, "currentHealthy": healthy,
                "desiredHealthy": needed, "expectedPods": expected,
            }  # fmt: skip
            state, reason = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
            more = {"reason": reason, "message": "", "observedGeneration": generation}
            parts.set_condition(status, now, "DisruptionAllowed", state, **more)

        self._cluster.objects.change(key, tell)

    def _expected(self, pods: list[Object]) -> int:
        """How many pods their controllers want."""
        owners = {reference["uid"]: reference for pod in pods if (reference := parts.controller_of(pod))}
        tops: dict[str, int] = {}
        for uid in owners:
            owner = self._cluster.store.by_uid(uid)
            above = parts.controller_of(owner) if owner else None
            top = self._cluster.store.by_uid(above["uid"]) if above else owner
            if top is not None:
                status = top.get("status") or {}
                wanted = top["spec"].get("replicas", status.get("desiredNumberScheduled", 1))
                tops[top["metadata"]["uid"]] = int(wanted)
        return sum(tops.values()) + sum(1 for pod in pods if parts.controller_of(pod) is None)
