"""Making and taking away pods, for whatever has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.apply import UPDATE, Writer
from rehearsal.cloud.kubernetes.controllers import parts
from rehearsal.cloud.kubernetes.controllers.events import NORMAL, WARNING
from rehearsal.cloud.kubernetes.errors import Object, Refused
from rehearsal.cloud.kubernetes.objects import Write
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 300.0


class PodControl:
    """`failures`: how often in a row an owner could not make a pod, by its UID."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._failures: dict[str, int] = {}

    def owned(self, owner: Object) -> list[tuple[Key, Object]]:
        """The pods that the owner controls, with those that are over or on their way out."""
        uid = owner["metadata"]["uid"]
        found = self._cluster.store.owned(uid)
        return [(key, pod) for key, pod in found if key.plural == "pods" and _controlled(pod, uid)]

    def create(self, owner: Object, template: Object, component: str, more: Object | None = None) -> str:
        """Make one; why not, when it is refused. `more` goes into its spec."""
        cluster, namespace = self._cluster, owner["metadata"]["namespace"]
        pod = parts.pod_from(template, owner, namespace)
        pod["spec"] = pod["spec"] | (more or {})
        resource = cluster.resources.at("", "v1", "pods")
        if resource is None:
            return "there are no pods"
        write = Write(Writer("kube-controller-manager", UPDATE, "v1", cluster.now()))
        uid = owner["metadata"]["uid"]
        try:
            made = cluster.objects.create(resource, namespace, pod, write)
        except Refused as refused:
            self._failures[uid] = self._failures.get(uid, 0) + 1
            text = f"Error creating: {refused.message}"
            cluster.controllers.events.record(owner, WARNING, "FailedCreate", text, component)
            return refused.message
        self._failures.pop(uid, None)
        name = made["metadata"]["name"]
        cluster.controllers.events.record(
            owner, NORMAL, "SuccessfulCreate", f"Created pod: {name}", component
        )
        return ""

    def pause(self, owner: Object) -> float:
        """Seconds until the next try after a refusal."""
        failures = self._failures.get(owner["metadata"]["uid"], 1)
        return float(min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 10), LONGEST_PAUSE_SECONDS))

    def delete(self, owner: Object, key: Key, component: str) -> None:
        self._cluster.deletion.collect(key)
        text = f"Deleted pod: {key.name}"
        self._cluster.controllers.events.record(owner, NORMAL, "SuccessfulDelete", text, component)


def _controlled(pod: Object, uid: str) -> bool:
    reference = parts.controller_of(pod)
    return reference is not None and reference["uid"] == uid
