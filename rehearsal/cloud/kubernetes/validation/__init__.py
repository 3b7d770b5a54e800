"""What the API server does not take, beyond an object's form: 422, each problem with its field.

Source: pkg/apis/*/validation of Kubernetes 1.36. `problems` is for a new object or the new state of one;
`changes` for what may not be changed any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rehearsal.cloud.kubernetes.errors import FieldError, Object
from rehearsal.cloud.kubernetes.schemas import Schema, Schemas
from rehearsal.cloud.kubernetes.validation import immutable, others, pods, services, workloads
from rehearsal.cloud.kubernetes.validation.metadata import of_metadata

Check = Callable[[Object], Iterator[FieldError]]

_CHECKS: dict[str, Check] = {
    "Pod": pods.of_pod, "Deployment": workloads.of_deployment, "ReplicaSet": workloads.of_replica_set,
    "DaemonSet": workloads.of_daemon_set, "StatefulSet": workloads.of_stateful_set, "Job": workloads.of_job,
    "Service": services.of_service, "Ingress": services.of_ingress,
    "NetworkPolicy": services.of_network_policy,
    "ConfigMap": others.of_config_map, "Secret": others.of_config_map,
    "HorizontalPodAutoscaler": others.of_autoscaler, "PodDisruptionBudget": others.of_disruption_budget,
    "Namespace": others.of_namespace,
}  # fmt: skip
#: Kinds whose checks above tell of each required field; of the others the schema tells.
_WHOLE = {"Pod", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "Service"}


def problems(kind: str, value: Object, schema: Schema, known: Schemas) -> list[FieldError]:
    """In the order of the real one: metadata first."""
    found = list(of_metadata(kind, value))
    if kind not in _WHOLE:
        found += others.missing(value, schema, known, "")
    if not found or kind in _WHOLE:
        check = _CHECKS.get(kind)
        found += check(value) if check else ()
    return found


def changes(kind: str, before: Object, after: Object) -> list[FieldError]:
    return list(immutable.changes(kind, before, after))
