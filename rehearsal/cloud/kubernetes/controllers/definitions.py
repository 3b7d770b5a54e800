"""CustomResourceDefinitions: from its creation on a kind is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.custom import established
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster


class Definitions:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def reconcile(self, key: Key) -> None:
        value = self._cluster.store.get(key)
        if value is None or (value.get("status") or {}).get("conditions"):
            return
        status = established(value["spec"]["names"], self._cluster.now())

        def tell(after: Object) -> None:
            after["status"] = status

        self._cluster.objects.change(key, tell)
