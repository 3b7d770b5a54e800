"""Deleting: at once, after a grace period, when all finalizers are gone, with or without what is owned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.cloud.kubernetes.errors import (
    Object,
    Refused,
    invalid,
    modified,
    not_allowed,
    unsupported,
)
from rehearsal.cloud.kubernetes.resources import Resource
from rehearsal.cloud.kubernetes.store import Key, key_of

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

BACKGROUND, FOREGROUND, ORPHAN = "Background", "Foreground", "Orphan"
_FINALIZERS = {FOREGROUND: "foregroundDeletion", ORPHAN: "orphan"}
#: Namespaces that a cluster cannot be without.
SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public")
_JOBS_KEEP = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove"
    " them or set propagationPolicy=Orphan to suppress this warning"
)


class Deletion:
    """Of one cluster. What is left to do when an object is gone, the collector of garbage does."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._store = cluster.store

    def delete(
        self, resource: Resource, value: Object, options: Object, warnings: list[str]
    ) -> tuple[Object, bool]:
        """The object as it is left, and whether it is gone. Raises Refused: 403, 409 or 422."""
        key = key_of(resource, value)
        policy = self._policy(resource, options, warnings)
        _check(resource, value, options)
        if resource.kind == "Namespace" and key.name in SYSTEM_NAMESPACES:
            raise not_allowed("namespaces", "", key.name, "this namespace may not be deleted")
        if options.get("dryRun"):
            return value, True
        added = _FINALIZERS.get(policy, "")
        grace = self._grace(resource, value, options)
        finalizers = list(value["metadata"].get("finalizers") or ())
        if added and added not in finalizers:
            finalizers.append(added)
        if not finalizers and not grace and resource.kind != "Namespace":
            self._remove(key)
            return value, True
        if value["metadata"].get("deletionTimestamp") and not (grace == 0 and resource.kind == "Pod"):
            return value, False
        return self._mark(resource, value, finalizers, grace), False

    def _mark(self, resource: Resource, value: Object, finalizers: list[str], grace: int) -> Object:
        metadata = value["metadata"] | {"deletionTimestamp": self._cluster.now(grace)}
        if finalizers:
            metadata["finalizers"] = finalizers
        if resource.kind != "Namespace":
            metadata["deletionGracePeriodSeconds"] = grace
        if "generation" in metadata:
            metadata["generation"] += 1
        marked = value | {"metadata": metadata}
        if resource.kind == "Namespace":
            marked["status"] = (value.get("status") or {}) | {"phase": "Terminating"}
        return self._store.put(key_of(resource, value), marked)

    def finish(self, resource: Resource, value: Object) -> Object:
        """Take an object away that waited for its last finalizer; otherwise it is as it was."""
        metadata = value["metadata"]
        ending = metadata.get("deletionTimestamp") and not metadata.get("finalizers")
        if ending and resource.kind not in ("Pod", "Namespace"):
            self._remove(key_of(resource, value))
        return value

    def collect(self, key: Key, policy: str = BACKGROUND) -> None:
        """Delete as the collector of garbage and other controllers do it."""
        value, resource = self._store.get(key), self._cluster.resource_of(key)
        if value is not None and resource is not None:
            self.delete(resource, value, {"propagationPolicy": policy}, [])

    def drop_finalizer(self, key: Key, name: str) -> None:
        value, resource = self._store.get(key), self._cluster.resource_of(key)
        if value is None or resource is None or name not in (value["metadata"].get("finalizers") or ()):
            return
        left = [each for each in value["metadata"]["finalizers"] if each != name]
        metadata = {k: v for k, v in value["metadata"].items() if k != "finalizers"}
        after = self._store.put(key, value | {"metadata": metadata | ({"finalizers": left} if left else {})})
        self.finish(resource, after)

    def _remove(self, key: Key) -> None:
        if key.plural == "services":
            self._cluster.addresses.release(key)
        self._store.remove(key)

    def _policy(self, resource: Resource, options: Object, warnings: list[str]) -> str:
        policy = options.get("propagationPolicy")
        if policy is None and "orphanDependents" in options:
            return ORPHAN if options["orphanDependents"] else BACKGROUND
        if policy is None and resource.kind == "Job":
            warnings.append(_JOBS_KEEP)
            return ORPHAN
        if policy not in (None, BACKGROUND, FOREGROUND, ORPHAN):
            problem = unsupported("propagationPolicy", policy, ())
            known = '"Foreground", "Background", "Orphan", "nil"'
            problem = type(problem)(problem.field, problem.reason, f"{problem.message}{known}")
            raise invalid("DeleteOptions", "meta.k8s.io", "", [problem])
        return str(policy or BACKGROUND)

    def _grace(self, resource: Resource, value: Object, options: Object) -> int:
        """Seconds that a pod has to end; a pod that no node runs needs none."""
        if resource.kind != "Pod" or not value["spec"].get("nodeName"):
            return 0
        if value.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return 0
        given: Any = options.get("gracePeriodSeconds")
        return int(value["spec"].get("terminationGracePeriodSeconds", 30) if given is None else given)


def _check(resource: Resource, value: Object, options: Object) -> None:
    wanted = options.get("preconditions") or {}
    there = value["metadata"]
    if wanted.get("uid") not in (None, there["uid"]):
        text = (
            f'Operation cannot be fulfilled on {resource.kind} "{there["name"]}": the UID in the precondition'
            f" ({wanted['uid']}) does not match the UID in record ({there['uid']}). The object might have"
            " been deleted and then recreated"
        )
        raise Refused(409, "Conflict", text, {"name": there["name"], "kind": resource.kind})
    if wanted.get("resourceVersion") not in (None, there["resourceVersion"]):
        raise modified(resource.plural, resource.group, there["name"])
