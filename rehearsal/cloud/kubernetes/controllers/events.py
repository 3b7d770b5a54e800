"""Events: what happened to an object, for people to read. The same thing again is counted, not repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Key, new_uid

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

NORMAL, WARNING = "Normal", "Warning"
#: A real API server forgets an event after an hour.
LIFETIME_SECONDS = 3600.0


class Events:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[tuple[str, str, str], Key] = {}
        self._until: dict[Key, float] = {}

    def record(
        self, about: Object, kind: str, reason: str, message: str, component: str, *, container: str = ""
    ) -> None:
        """`component`: who says it, such as `kubelet`; `container`: of a pod, which one it is about."""
        metadata = about["metadata"]
        same = (metadata["uid"], reason, message)
        key = self._known.get(same)
        before = self._cluster.store.get(key) if key else None
        if key is not None and before is not None:
            self._until[key] = self._cluster.seconds + LIFETIME_SECONDS
            again = {"count": before["count"] + 1, "lastTimestamp": self._cluster.now()}
            self._cluster.store.put(key, before | again)
            return
        namespace = metadata.get("namespace", "default")
        if not self._open(namespace):
            return
        key = Key("", "events", namespace, f"{metadata['name']}.{new_uid().replace('-', '')[:16]}")
        self._known[same] = key
        self._keep(key, same)
        self._cluster.store.put(key, self._event(about, kind, reason, message, component, container, key))

    def _event(
        self, about: Object, kind: str, reason: str, message: str, component: str, container: str, key: Key
    ) -> Object:
        metadata, now = about["metadata"], self._cluster.now()
        involved = {"kind": about["kind"], "apiVersion": about["apiVersion"], "name": metadata["name"]}
        involved |= {"uid": metadata["uid"], "resourceVersion": metadata.get("resourceVersion", "")}
        involved |= {"namespace": metadata["namespace"]} if metadata.get("namespace") else {}
        involved |= {"fieldPath": f"spec.containers{{{container}}}"} if container else {}
        head = {"name": key.name, "namespace": key.namespace, "uid": new_uid(), "creationTimestamp": now}
        return {
            "kind": "Event", "apiVersion": "v1", "metadata": head, "involvedObject": involved,
            "reason": reason,
            "message": message, "source": {"component": component}, "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1, "type": kind, "eventTime": None, "reportingComponent": component,
            "reportingInstance": "",
        }  # fmt: skip

    def _open(self, namespace: str) -> bool:
        found = self._cluster.store.get(Key("", "namespaces", "", namespace))
        return found is not None and not found["metadata"].get("deletionTimestamp")

    def _keep(self, key: Key, same: tuple[str, str, str]) -> None:
        """Until nothing of the kind was said for an hour."""
        self._until[key] = self._cluster.seconds + LIFETIME_SECONDS

        def forget() -> None:
            left = self._until.get(key, 0.0) - self._cluster.seconds
            if left > 0 and self._cluster.store.get(key) is not None:
                self._cluster.world.timeline.after(left, forget)
                return
            self._until.pop(key, None)
            self._known.pop(same, None)
            self._cluster.store.remove(key)

        self._cluster.world.timeline.after(LIFETIME_SECONDS, forget)
