"""ReplicaSets: as many pods of a template as are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.controllers import parts
from rehearsal.cloud.kubernetes.controllers.pods import PodControl
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

_COMPONENT = "replicaset-controller"


class ReplicaSets:
    def __init__(self, cluster: Cluster, pods: PodControl) -> None:
        self._cluster, self._pods = cluster, pods
        self._pausing: dict[str, float] = {}

    def reconcile(self, key: Key) -> None:
        value = self._cluster.store.get(key)
        if value is None:
            return
        refused = ""
        if not value["metadata"].get("deletionTimestamp"):
            refused = self._scale(key, value)
        self._tell(key, value, refused)

    def _scale(self, key: Key, value: Object) -> str:
        """Why a pod could not be made, if one could not."""
        found = [(other, pod) for other, pod in self._pods.owned(value) if parts.active(pod)]
        missing = value["spec"]["replicas"] - len(found)
        uid = value["metadata"]["uid"]
        if missing > 0 and self._pausing.get(uid, 0.0) > self._cluster.seconds:
            return str((parts.condition(value, "ReplicaFailure") or {}).get("message", ""))
        for _ in range(missing):
            refused = self._pods.create(value, value["spec"]["template"], _COMPONENT)
            if refused:
                pause = self._pods.pause(value)
                self._pausing[uid] = self._cluster.seconds + pause
                self._cluster.controllers.later(pause, key)
                return refused
        self._pausing.pop(uid, None)
        for other, _ in sorted(found, key=lambda each: _worth(each[1]))[: max(-missing, 0)]:
            self._pods.delete(value, other, _COMPONENT)
        return ""

    def _tell(self, key: Key, value: Object, refused: str) -> None:
        found = self._pods.owned(value)
        alive = [pod for _, pod in found if parts.active(pod)]
        least = value["spec"].get("minReadySeconds", 0)
        ready = [pod for pod in alive if parts.ready(pod)]
        available = [pod for pod in ready if self._since_ready(pod) >= least]
        if least and len(available) < len(ready):
            soonest = min(least - self._since_ready(pod) for pod in ready if pod not in available)
            self._cluster.controllers.later(soonest, key)
        ending = sum(1 for _, pod in found if pod["metadata"].get("deletionTimestamp"))
        counts = {
            "replicas": len(alive), "fullyLabeledReplicas": len(alive), "readyReplicas": len(ready),
            "availableReplicas": len(available),
        }  # fmt: skip
        now = self._cluster.now()

        def tell(after: Object) -> None:
            status = after["status"] = {
                "replicas": 0, **{name: number for name, number in counts.items() if number},
                "terminatingReplicas": ending, "observedGeneration": after["metadata"]["generation"],
            }  # fmt: skip
            if refused:
                before = value.get("status", {}).get("conditions")
                status["conditions"] = [dict(each) for each in before or ()]
                more = {"reason": "FailedCreate", "message": refused}
                parts.set_condition(status, now, "ReplicaFailure", "True", **more)

        self._cluster.objects.change(key, tell)

    def _since_ready(self, pod: Object) -> float:
        found = parts.condition(pod, "Ready")
        return self._cluster.age((found or {}).get("lastTransitionTime", ""))


def _worth(pod: Object) -> tuple[bool, bool, str]:
    """Which pod goes first: one without a node, one that is not ready, the youngest."""
    created = pod["metadata"]["creationTimestamp"]
    backwards = "".join(chr(255 - ord(letter)) for letter in created)
    return bool(pod["spec"].get("nodeName")), parts.ready(pod), backwards
