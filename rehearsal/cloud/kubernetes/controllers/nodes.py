"""Nodes: those of the machines that there are, and what goes with one that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.clusters import Node
from rehearsal.cloud.kubernetes.controllers import machines
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Change, Key, new_uid

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

_GROUP, _UNSCHEDULABLE = "eks.amazonaws.com/nodegroup", "node.kubernetes.io/unschedulable"
_DRAIN_SECONDS = 5.0


class Nodes:
    """`pods`: which pods are on which node."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._last: tuple[Node, ...] = ()
        self._draining: set[str] = set()
        self.pods: dict[str, dict[Key, None]] = {}

    def noticed(self, change: Change) -> None:
        """Keep `pods` right."""
        if change.key.plural == "pods" and not change.key.group:
            before = (change.before or {"spec": {}})["spec"].get("nodeName")
            after = (change.after or {"spec": {}})["spec"].get("nodeName")
            if before and before != after:
                self.pods.get(before, {}).pop(change.key, None)
            if after and before != after:
                self.pods.setdefault(after, {})[change.key] = None

    def refresh(self) -> None:
        """Compare with what EKS has now."""
        found = tuple(self._cluster.facts.nodes())
        if found == self._last:
            return
        before, self._last = self._last, found
        names = {each.name for each in found}
        for node in found:
            if node not in before:
                self._put(node)
        for node in before:
            if node.name not in names:
                self._cluster.store.remove(_key(node.name))
        for name in {each.name for each in found if each.draining} - self._draining:
            self._drain(name)
        self._draining = {each.name for each in found if each.draining}

    def reconcile(self, key: Key) -> None:
        """Pods of a node that is gone are gone with it."""
        if self._cluster.store.get(key) is None:
            for pod in list(self.pods.get(key.name, ())):
                self._cluster.store.remove(pod)
            self.pods.pop(key.name, None)

    def _drain(self, name: str) -> None:
        """Evict what runs there but what runs on every node, as far as disruption budgets let."""
        if name not in {each.name for each in self._cluster.facts.nodes() if each.draining}:
            return
        left = False
        for key in list(self.pods.get(name, ())):
            pod = self._cluster.store.get(key)
            if pod is None or pod["metadata"].get("deletionTimestamp") or _stays(pod):
                continue
            budget = self._cluster.controllers.budget_of(pod)
            if budget is not None and budget.get("status", {}).get("disruptionsAllowed", 0) <= 0:
                left = True
                continue
            self._cluster.deletion.collect(key)
            self._cluster.controllers.settle_budgets(pod)
        if left:
            self._cluster.world.timeline.after(_DRAIN_SECONDS, lambda: self._drain(name))

    def _put(self, node: Node) -> None:
        key = _key(node.name)
        before = self._cluster.store.get(key)
        now = self._cluster.now()
        metadata = before["metadata"] if before else {"uid": new_uid(), "creationTimestamp": now}
        metadata = metadata | {"name": node.name, "labels": self._labels(node)}
        taints = [dict(each) for each in node.taints]
        spec: Object = {"providerID": f"aws:///{node.zone}/{node.instance_id}"}
        if node.unschedulable or node.draining:
            spec["unschedulable"] = True
            taints.append({"key": _UNSCHEDULABLE, "effect": "NoSchedule", "timeAdded": now})
        spec |= {"taints": taints} if taints else {}
        status = self._status(node, (before or {}).get("status", {}), now)
        value = {"kind": "Node", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": status}
        self._cluster.store.put(key, value)

    def _labels(self, node: Node) -> dict[str, str]:
        labels = {
            "kubernetes.io/hostname": node.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": machines.architecture(node.instance_type),
            "node.kubernetes.io/instance-type": node.instance_type,
            "topology.kubernetes.io/region": self._cluster.region,
            "topology.kubernetes.io/zone": node.zone,
        }
        labels |= {_GROUP: node.node_group} if node.node_group else {}
        labels |= {"eks.amazonaws.com/nodegroup-image": node.image_id} if node.image_id else {}
        return labels | dict(node.labels)

    def _status(self, node: Node, before: Object, now: str) -> Object:
        capacity, allocatable = machines.resources(node.instance_type)
        told = next((each for each in before.get("conditions", ()) if each["type"] == "Ready"), None)
        state = "True" if node.ready else "False"
        reason, message = ("KubeletReady", "kubelet is posting ready status")
        if not node.ready:
            reason, message = (
                "KubeletNotReady",
                "container runtime network not ready: cni plugin not initialized",
            )
        since = told["lastTransitionTime"] if told and told["status"] == state else now
        ready = {"type": "Ready", "status": state, "reason": reason, "message": message}
        ready |= {"lastHeartbeatTime": now, "lastTransitionTime": since}
        version = f"v{self._cluster.schemas.version}.0-eks-rehearsal"
        return {
            "capacity": capacity,
            "allocatable": allocatable,
            "conditions": [ready],
            "addresses": [
                {"type": "InternalIP", "address": node.internal_ip},
                {"type": "Hostname", "address": node.name},
            ],
            "nodeInfo": {
                "kubeletVersion": version, "kubeProxyVersion": version, "operatingSystem": "linux",
                "architecture": machines.architecture(node.instance_type), "osImage": "Amazon Linux 2023",
                "containerRuntimeVersion": "containerd://2.1", "kernelVersion": "6.12", "machineID": "",
                "systemUUID": "", "bootID": "",
            },
        }  # fmt: skip


def _key(name: str) -> Key:
    return Key("", "nodes", "", name)


def _stays(pod: Object) -> bool:
    references = pod["metadata"].get("ownerReferences") or ()
    return any(each["kind"] == "DaemonSet" for each in references)
