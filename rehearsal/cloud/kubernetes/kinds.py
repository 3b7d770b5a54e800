"""What a new object gets besides defaults, and what stays when it is written again, by kind.

Source: pkg/registry/*/strategy.go of Kubernetes 1.36.
"""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.kubernetes.errors import Object

#: Built-in kinds whose `metadata.generation` counts the changes of their spec.
GENERATIONS = {
    "Pod", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob", "PodDisruptionBudget",
    "NetworkPolicy", "Ingress", "EndpointSlice", "CustomResourceDefinition", "ReplicationController",
}  # fmt: skip

_STATUS: dict[str, Object] = {
    "Namespace": {"phase": "Active"},
    "Service": {"loadBalancer": {}},
    "ReplicaSet": {"replicas": 0},
    "DaemonSet": {
        "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0,
    },
    "Ingress": {"loadBalancer": {}},
    "HorizontalPodAutoscaler": {"desiredReplicas": 0, "currentMetrics": None},
    "PodDisruptionBudget": {
        "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0,
    },
}  # fmt: skip


def born(kind: str, value: Object, *, has_status: bool) -> None:
    """Complete an object that is to be created, in place: `uid` is there already."""
    if has_status:
        value["status"] = _pod_status(value) if kind == "Pod" else dict(_STATUS.get(kind, {}))
    if kind == "Namespace":
        value["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = value["metadata"].get(
            "name", ""
        )
    elif kind == "Job":
        _name_job(value)
    elif kind == "NetworkPolicy":
        value.pop("status", None)


def _pod_status(value: Object) -> Object:
    return {"phase": "Pending", "qosClass": quality(value["spec"])}


def quality(spec: Object) -> str:
    """`Guaranteed`, `Burstable` or `BestEffort`, by what the containers ask for."""
    resources = [each.get("resources") or {} for each in spec.get("containers") or ()]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    same = all(
        set(each.get("limits") or ()) >= {"cpu", "memory"}
        and (each.get("requests") or each["limits"]) == each["limits"]
        for each in resources
    )
    return "Guaranteed" if same else "Burstable"


def _name_job(job: Object) -> None:
    """The labels by which a job finds its pods, and the selector of them."""
    metadata, spec = job["metadata"], job["spec"]
    if spec.get("manualSelector"):
        return
    uid, name = metadata["uid"], metadata.get("name", "")
    labels = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
    labels |= {"controller-uid": uid, "job-name": name}
    given = spec.setdefault("template", {}).setdefault("metadata", {})
    given["labels"] = (given.get("labels") or {}) | labels
    if spec.get("selector") is None:
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    metadata["labels"] = labels | (metadata.get("labels") or {})


def kept(kind: str, before: Object, after: Object) -> None:
    """What an update that says nothing of it leaves as it was, in place."""
    old, new = before.get("spec") or {}, after.get("spec")
    if not isinstance(new, dict):
        return
    if kind == "Service":
        _keep_addresses(old, new)
    elif kind == "Job":
        _keep_job(before, after)
    elif kind == "Namespace":
        new["finalizers"] = old.get("finalizers", ["kubernetes"])
        labels = after["metadata"].get("labels") or {}
        after["metadata"]["labels"] = labels | {"kubernetes.io/metadata.name": after["metadata"]["name"]}
    elif kind == "Pod":
        for name in _OF_ADMISSION:
            if name in old and name not in new:
                new[name] = old[name]


_OF_ADMISSION = (
    "nodeName",
    "serviceAccountName",
    "serviceAccount",
    "tolerations",
    "priority",
    "preemptionPolicy",
)


def _keep_addresses(old: Object, new: Object) -> None:
    nodes = new.get("type") in ("NodePort", "LoadBalancer")
    if new.get("type") != "ExternalName" and not new.get("clusterIP"):
        for name in ("clusterIP", "clusterIPs"):
            if name in old:
                new[name] = old[name]
    elif new.get("clusterIP") == old.get("clusterIP") and "clusterIPs" in old:
        new.setdefault("clusterIPs", old["clusterIPs"])
    ports = {
        (each.get("port"), each.get("protocol")): each.get("nodePort") for each in old.get("ports") or ()
    }
    for port in new.get("ports") or ():
        if not nodes:
            port.pop("nodePort", None)
        elif not port.get("nodePort") and ports.get((port.get("port"), port.get("protocol"))):
            port["nodePort"] = ports[(port.get("port"), port.get("protocol"))]
    if not nodes:
        for name in ("externalTrafficPolicy", "allocateLoadBalancerNodePorts"):
            new.pop(name, None)


def _keep_job(before: Object, after: Object) -> None:
    """Who writes a job again does not know the labels that it was given."""
    old, new = before["spec"], after["spec"]
    if new.get("selector") is None:
        new["selector"] = old.get("selector")
    given: dict[str, Any] = old["template"]["metadata"].get("labels") or {}
    template = new.setdefault("template", {}).setdefault("metadata", {})
    own = {key: value for key, value in given.items() if "controller-uid" in key or "job-name" in key}
    template["labels"] = (template.get("labels") or {}) | own
