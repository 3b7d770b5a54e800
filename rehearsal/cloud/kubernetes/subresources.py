"""What an object has at addresses of its own: its scale, a pod's log, its eviction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes import patches
from rehearsal.cloud.kubernetes.asked import APPLY_TYPE
from rehearsal.cloud.kubernetes.errors import Object, Refused, bad_request, no_such_method
from rehearsal.cloud.kubernetes.store import key_of

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.asked import Asked
    from rehearsal.cloud.kubernetes.clusters import Cluster
    from rehearsal.cloud.kubernetes.objects import Write

Handler = Callable[["Cluster", Object, "Asked", "Write"], tuple[int, "Object | str"]]


def _scale(cluster: Cluster, value: Object, asked: Asked, write: Write) -> tuple[int, Object | str]:
    if asked.method == "GET":
        return 200, _scale_of(value)
    if asked.method not in ("PUT", "PATCH") or asked.content_type == APPLY_TYPE:
        raise no_such_method()
    given = asked.document()
    if asked.method == "PATCH":
        given = patches.merge(_scale_of(value), given)
    replicas = given.get("spec", {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise bad_request('Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal')
    wanted = value | {"spec": value["spec"] | {"replicas": replicas}}
    return 200, _scale_of(cluster.objects.update(asked.resource, value, wanted, write))


def _scale_of(value: Object) -> Object:
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    metadata = {name: value["metadata"][name] for name in names if name in value["metadata"]}
    labels = value["spec"].get("selector", {}).get("matchLabels") or {}
    status = {"replicas": value.get("status", {}).get("replicas", 0)}
    status["selector"] = ",".join(f"{key}={each}" for key, each in sorted(labels.items()))
    spec = {"replicas": value["spec"].get("replicas", 0)}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def _log(cluster: Cluster, value: Object, asked: Asked, _: Write) -> tuple[int, Object | str]:
    if asked.method != "GET":
        raise no_such_method()
    names = [each["name"] for each in value["spec"]["containers"]]
    name = asked.query.get("container") or names[0]
    pod = value["metadata"]["name"]
    if not asked.query.get("container") and len(names) > 1:
        text = f"a container name must be specified for pod {pod}, choose one of: [{' '.join(names)}]"
        raise bad_request(text)
    if name not in names:
        raise bad_request(f"container {name} is not valid for pod {pod}")
    lines = cluster.controllers.log(value, name, previous=asked.query.get("previous") in ("true", "1"))
    tail = asked.query.get("tailLines")
    kept = lines if not tail else lines[-int(tail) :] if int(tail) else []
    return 200, "".join(f"{line}\n" for line in kept)


def _evict(cluster: Cluster, value: Object, asked: Asked, write: Write) -> tuple[int, Object | str]:
    if asked.method != "POST":
        raise no_such_method()
    budget = cluster.controllers.budget_of(value)
    if budget is not None and budget.get("status", {}).get("disruptionsAllowed", 0) <= 0:
        name = budget["metadata"]["name"]
        needs = budget.get("status", {})
        message = (
            f"The disruption budget {name} needs {needs.get('desiredHealthy', 0)} healthy pods and has"
            f" {needs.get('currentHealthy', 0)} currently"
        )
        cause = {"reason": "DisruptionBudget", "message": message}
        text = "Cannot evict pod as it would violate the pod's disruption budget."
        raise Refused(429, "TooManyRequests", text, {"causes": [cause]})
    if not write.dry_run:
        resource = cluster.resource_of(key_of(asked.resource, value))
        options = asked.options().get("deleteOptions") or {}
        if resource is not None:
            cluster.deletion.delete(resource, value, options, write.warnings)
    return 201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


ANSWERS: dict[str, Handler] = {"scale": _scale, "log": _log, "eviction": _evict}
