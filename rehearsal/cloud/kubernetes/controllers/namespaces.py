"""Namespaces: what each has from its beginning, and how one ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Change, Key, new_uid

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

FIRST = ("default", "kube-node-lease", "kube-public", "kube-system")
_NOTE = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such"
    " as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across"
    " distributions of Kubernetes clusters."
)


class Namespaces:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def start(self) -> None:
        for name in FIRST:
            self._put(
                Key("", "namespaces", "", name),
                {
                    "kind": "Namespace",
                    "metadata": {"labels": {"kubernetes.io/metadata.name": name}},
                    "spec": {"finalizers": ["kubernetes"]},
                    "status": {"phase": "Active"},
                },
            )

    def noticed(self, change: Change, enqueue: Callable[[Key], None]) -> None:
        """A namespace that ends waits for the last object in it; what each has comes again."""
        if change.after is None and change.key.namespace:
            enqueue(Key("", "namespaces", "", change.key.namespace))

    def reconcile(self, key: Key) -> None:
        namespace = self._cluster.store.get(key)
        if namespace is None:
            return
        if namespace["metadata"].get("deletionTimestamp"):
            self._end(key)
            return
        self._put(Key("", "serviceaccounts", key.name, "default"), {"kind": "ServiceAccount", "metadata": {}})
        metadata = {"annotations": {"kubernetes.io/description": _NOTE}}
        value = {"kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": ""}}
        self._put(Key("", "configmaps", key.name, "kube-root-ca.crt"), value)

    def _end(self, key: Key) -> None:
        for inner in self._cluster.store.in_namespace(key.name):
            value = self._cluster.store.get(inner)
            if value is not None and not value["metadata"].get("deletionTimestamp"):
                self._cluster.deletion.collect(inner)
        if not self._cluster.store.in_namespace(key.name):
            self._cluster.store.remove(key)

    def _put(self, key: Key, value: Object) -> None:
        if self._cluster.store.get(key) is not None:
            return
        metadata: Object = {"name": key.name}
        metadata |= {"namespace": key.namespace} if key.namespace else {}
        metadata |= {"uid": new_uid(), "creationTimestamp": self._cluster.now()}
        whole: Object = {"apiVersion": "v1", **value, "metadata": value["metadata"] | metadata}
        self._cluster.store.put(key, whole)
