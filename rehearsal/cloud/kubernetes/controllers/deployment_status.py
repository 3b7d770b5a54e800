"""What a deployment tells of itself: its numbers, and whether it gets on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.controllers import parts, rolling
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

#: `progressDeadlineSeconds` of a deployment that has none.
NO_DEADLINE = 2**31 - 1
_SUMS = ("replicas", "readyReplicas", "availableReplicas", "terminatingReplicas")


class DeploymentStatus:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def tell(
        self, key: Key, current: Object | None, before: Sequence[Object], *, created: bool = False
    ) -> None:
        """Write the status down; look again when the deadline is over."""
        deployment = self._cluster.store.get(key)
        if deployment is None:
            return
        everything = [*before, *([current] if current else [])]
        sums = {name: sum(each["status"].get(name, 0) for each in everything) for name in _SUMS}
        updated = current["status"].get("replicas", 0) if current else 0
        wanted = deployment["spec"]["replicas"]
        status: Object = {"observedGeneration": deployment["metadata"]["generation"]}
        numbers = {
            "replicas": sums["replicas"], "updatedReplicas": updated, "readyReplicas": sums["readyReplicas"],
            "availableReplicas": sums["availableReplicas"],
            "unavailableReplicas": max(0, max(wanted, sums["replicas"]) - sums["availableReplicas"]),
        }  # fmt: skip
        status |= {name: number for name, number in numbers.items() if number}
        status["terminatingReplicas"] = sums["terminatingReplicas"]
        old = deployment.get("status") or {}
        status["conditions"] = [dict(each) for each in old.get("conditions") or ()]
        self._available(deployment, status)
        self._failure(status, everything)
        if deployment["spec"].get("paused"):
            self._set(status, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
        else:
            self._progress(key, deployment, status, current, before, created=created)
        self._cluster.objects.change(key, lambda after: after.update(status=status))

    def _available(self, deployment: Object, status: Object) -> None:
        least = deployment["spec"]["replicas"] - rolling.unavailable(deployment)
        if status.get("availableReplicas", 0) >= least:
            more = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        else:
            more = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        self._set(status, "Available", *more)

    def _failure(self, status: Object, everything: Sequence[Object]) -> None:
        """A set that cannot make its pods."""
        failed = next((each for each in map(_failed, everything) if each is not None), None)
        if failed is not None:
            self._set(status, "ReplicaFailure", "True", failed["reason"], failed["message"])
        else:
            status["conditions"] = [each for each in status["conditions"] if each["type"] != "ReplicaFailure"]

    def _progress(
        self, key: Key, deployment: Object, status: Object, current: Object | None, before: Sequence[Object],
        *, created: bool,
    ) -> None:  # fmt: skip
        deadline = deployment["spec"].get("progressDeadlineSeconds", NO_DEADLINE)
        if deadline == NO_DEADLINE or current is None:
            return
        old = deployment.get("status") or {}
        told = parts.condition(deployment, "Progressing")
        name = current["metadata"]["name"]
        over = rolling.complete(deployment, current, before)
        settled = told is not None and told["reason"] == "NewReplicaSetAvailable"
        same = old.get("observedGeneration") == status["observedGeneration"]
        if over:
            text = f'ReplicaSet "{name}" has successfully progressed.'
            if not settled or (told or {}).get("message") != text:
                self._set(status, "Progressing", "True", "NewReplicaSetAvailable", text, moved=True)
            return
        mine = (told or {}).get("message", "").startswith(f'ReplicaSet "{name}"')
        if settled and same and not created and mine:
            # A complete deployment whose pods come and go makes no progress, and does not fail to.
            return
        if created:
            self._set(
                status,
                "Progressing",
                "True",
                "NewReplicaSetCreated",
                f'Created new replica set "{name}"',
                moved=True,
            )
        elif _moved(old, status) or told is None or settled:
            text = f'ReplicaSet "{name}" is progressing.'
            self._set(status, "Progressing", "True", "ReplicaSetUpdated", text, moved=True)
        elif told["status"] == "True" and self._cluster.age(told["lastUpdateTime"]) >= deadline:
            text = f'ReplicaSet "{name}" has timed out progressing.'
            self._set(status, "Progressing", "False", "ProgressDeadlineExceeded", text, moved=True)
            return
        now = next(each for each in status["conditions"] if each["type"] == "Progressing")
        if now["status"] == "True":
            left = deadline - self._cluster.age(now["lastUpdateTime"])
            self._cluster.controllers.later(max(left, 1.0), key)

    def _set(
        self, status: Object, kind: str, state: str, reason: str, text: str, *, moved: bool = False
    ) -> None:
        now = self._cluster.now()
        before = next((each for each in status["conditions"] if each["type"] == kind), None)
        same = before is not None and (before["status"], before["reason"]) == (state, reason)
        since = now if before is None or moved or not same else before.get("lastUpdateTime", now)
        parts.set_condition(status, now, kind, state, reason=reason, message=text, lastUpdateTime=since)


def _failed(value: Object) -> Object | None:
    found = parts.condition(value, "ReplicaFailure")
    return found if found is not None and found["status"] == "True" else None


def _moved(old: Object, new: Object) -> bool:
    """More of the new, fewer of the old, more that are ready or available."""

    def outdated(status: Object) -> int:
        return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))

    grown = any(
        new.get(name, 0) > old.get(name, 0)
        for name in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return grown or outdated(new) < outdated(old)
