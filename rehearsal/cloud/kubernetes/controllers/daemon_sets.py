"""DaemonSets: one pod on each node that takes it, replaced a few at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.controllers import parts
from rehearsal.cloud.kubernetes.controllers.pods import PodControl
from rehearsal.cloud.kubernetes.controllers.scheduler import tolerates
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Change, Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud.kubernetes.clusters import Cluster

_COMPONENT = "daemonset-controller"
_HASH = "controller-revision-hash"
_ALWAYS = tuple(
    {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}
    for name, effect in (
        ("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"), ("pid-pressure", "NoSchedule"), ("unschedulable", "NoSchedule"),
    )
)  # fmt: skip


class DaemonSets:
    def __init__(self, cluster: Cluster, pods: PodControl) -> None:
        self._cluster, self._pods = cluster, pods

    def noticed(self, change: Change, enqueue: Callable[[Key], None]) -> None:
        """A node that comes or goes concerns all of them."""
        if change.key.plural == "nodes":
            for each in self._cluster.store.all("apps", "daemonsets"):
                metadata = each["metadata"]
                enqueue(Key("apps", "daemonsets", metadata["namespace"], metadata["name"]))

    def reconcile(self, key: Key) -> None:
        value = self._cluster.store.get(key)
        if value is None or value["metadata"].get("deletionTimestamp"):
            return
        mark = parts.template_hash(value["spec"]["template"])
        nodes = [
            node["metadata"]["name"]
            for node in self._cluster.store.all("", "nodes")
            if tolerates(self._pod_spec(value, node["metadata"]["name"]), node)
        ]
        for pod_key, pod in self._pods.owned(value):
            failed = pod["status"].get("phase") in ("Failed", "Succeeded")
            if failed or (_node(pod) not in nodes and parts.active(pod)):
                self._pods.delete(value, pod_key, _COMPONENT)
        self._replace(value, mark)
        covered = {_node(pod) for _, pod in self._pods.owned(value)}
        for name in nodes:
            if name not in covered and self._create(key, value, name, mark):
                break
        self._tell(key, value, nodes, mark)

    def _create(self, key: Key, value: Object, node: str, mark: str) -> str:
        """Why the pod could not be made."""
        template = value["spec"]["template"]
        labels = (template.get("metadata", {}).get("labels") or {}) | {_HASH: mark}
        marked = template | {"metadata": (template.get("metadata") or {}) | {"labels": labels}}
        refused = self._pods.create(value, marked, _COMPONENT, self._more(value, node))
        if refused:
            self._cluster.controllers.later(self._pods.pause(value), key)
        return refused

    def _pod_spec(self, value: Object, node: str) -> Object:
        spec: Object = value["spec"]["template"]["spec"] | self._more(value, node)
        return spec

    @staticmethod
    def _more(value: Object, node: str) -> Object:
        given = value["spec"]["template"]["spec"]
        term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        mine = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        tolerations = [*(given.get("tolerations") or ()), *(dict(each) for each in _ALWAYS)]
        return {
            "affinity": (given.get("affinity") or {}) | {"nodeAffinity": mine},
            "tolerations": tolerations,
        }

    def _replace(self, value: Object, mark: str) -> None:
        """Take pods of an older template away, no more at a time than may be missing."""
        update = value["spec"]["updateStrategy"]
        if update["type"] != "RollingUpdate":
            return
        found = self._pods.owned(value)
        old = [(key, pod) for key, pod in found if parts.active(pod) and _marked(pod) != mark]
        missing = sum(1 for _, pod in found if not (parts.active(pod) and parts.ready(pod)))
        missing += max(0, value["status"].get("desiredNumberScheduled", 0) - len(found))
        most = parts.share(update["rollingUpdate"].get("maxUnavailable", 1), len(found), up=True)
        for key, pod in old:
            if not parts.ready(pod):
                self._pods.delete(value, key, _COMPONENT)
            elif missing < max(most, 1):
                self._pods.delete(value, key, _COMPONENT)
                missing += 1

    def _tell(self, key: Key, value: Object, nodes: list[str], mark: str) -> None:
        pods = [pod for _, pod in self._pods.owned(value) if parts.active(pod) and _node(pod) in nodes]
        ready = sum(1 for pod in pods if parts.ready(pod))
        status: Object = {
            "currentNumberScheduled": len(pods), "numberMisscheduled": 0,
            "desiredNumberScheduled": len(nodes),
            "numberReady": ready, "observedGeneration": value["metadata"]["generation"],
        }  # fmt: skip
        counts = {
            "updatedNumberScheduled": sum(1 for pod in pods if _marked(pod) == mark),
            "numberAvailable": ready,
            "numberUnavailable": len(nodes) - ready,
        }
        status |= {name: number for name, number in counts.items() if number}
        self._cluster.objects.change(key, lambda after: after.update(status=status))


def _marked(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(_HASH, ""))


def _node(pod: Object) -> str:
    """Where it is, or is to go."""
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    terms = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {}).get("nodeSelectorTerms") or ()
    named = [field["values"][0] for term in terms for field in term.get("matchFields") or ()]
    return str(pod["spec"].get("nodeName") or (named[0] if named else ""))
