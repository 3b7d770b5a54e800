"""What is owned goes with its owner: in the background, before it, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Change, Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


class Garbage:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._gone: dict[Key, str] = {}

    def noticed(self, change: Change, enqueue: Callable[[Key], None]) -> None:
        """An owner that is gone, and an owner that waits for what it owns."""
        before = change.before
        if change.after is None and before is not None:
            self._gone[change.key] = before["metadata"]["uid"]
            for owner in before["metadata"].get("ownerReferences") or ():
                key = self._cluster.store.key_of_uid(owner["uid"])
                if key is not None:
                    enqueue(key)

    def reconcile(self, key: Key) -> None:
        uid = self._gone.pop(key, None)
        if uid is not None:
            self._collect(uid)
        value = self._cluster.store.get(key)
        if value is None or not value["metadata"].get("deletionTimestamp"):
            return
        finalizers = value["metadata"].get("finalizers") or ()
        if ORPHAN in finalizers:
            self._orphan(key, value)
        elif FOREGROUND in finalizers:
            self._before_owner(key, value)

    def _collect(self, uid: str) -> None:
        """Delete what has no owner left; forget the owner where there is another one."""
        for key, value in self._cluster.store.owned(uid):
            owners = value["metadata"]["ownerReferences"]
            left = [each for each in owners if self._cluster.store.by_uid(each["uid"]) is not None]
            if not left:
                self._cluster.deletion.collect(key)
            elif len(left) < len(owners):
                self._cluster.store.put(
                    key, value | {"metadata": value["metadata"] | {"ownerReferences": left}}
                )

    def _orphan(self, key: Key, value: Object) -> None:
        uid = value["metadata"]["uid"]
        for other, dependent in self._cluster.store.owned(uid):
            left = [each for each in dependent["metadata"]["ownerReferences"] if each["uid"] != uid]
            metadata = {
                name: each for name, each in dependent["metadata"].items() if name != "ownerReferences"
            }
            metadata |= {"ownerReferences": left} if left else {}
            self._cluster.store.put(other, dependent | {"metadata": metadata})
        self._cluster.deletion.drop_finalizer(key, ORPHAN)

    def _before_owner(self, key: Key, value: Object) -> None:
        uid, blocked = value["metadata"]["uid"], False
        for other, dependent in self._cluster.store.owned(uid):
            if not dependent["metadata"].get("deletionTimestamp"):
                policy = (
                    "Foreground" if self._cluster.store.owned(dependent["metadata"]["uid"]) else "Background"
                )
                self._cluster.deletion.collect(other, policy)
            reference = next(each for each in dependent["metadata"]["ownerReferences"] if each["uid"] == uid)
            blocked |= (
                bool(reference.get("blockOwnerDeletion")) and self._cluster.store.get(other) is not None
            )
        if not blocked:
            self._cluster.deletion.drop_finalizer(key, FOREGROUND)
