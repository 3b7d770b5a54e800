"""The objects of a workload beside its pods, as Kubernetes documents them. Values may be known late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..args import Late
from .labels import APPLY, FIELD_MANAGER, NO_WAIT, SERVER, labels, selector
from .workload_args import Ingress, WorkloadArgs

#: Manifests go to arguments that Pulumi's SDK types one by one; Kubernetes' own schemas check them in tests.
Manifest = Any

REVISIONS = 10
"""ReplicaSets that are kept, and with them the configuration that they refer to."""


def metadata(
    name: Late, workload: str, args: WorkloadArgs, component: str = SERVER, annotations: Any = APPLY
) -> Manifest:
    """Of an object that is called `name` and is a part of `workload`."""
    return {
        "name": name,
        "namespace": args.namespace,
        "labels": labels(workload, args.namespace, component, dict(args.labels)),
        "annotations": dict(annotations),
    }


def deployment_metadata(name: str, args: WorkloadArgs) -> Manifest:
    manager = {"pulumi.com/patchFieldManager": FIELD_MANAGER}
    return metadata(name, name, args, annotations={**NO_WAIT, **manager})


def deployment_spec(name: str, args: WorkloadArgs, template: Manifest) -> Manifest:
    """Says nothing of replicas, which are the autoscaler's: whoever applies a number resets it at each
    change, and whoever ceases to apply one resets it to 1."""
    return {
        "selector": {"matchLabels": selector(name)},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": args.max_surge},
        },
        "minReadySeconds": args.min_ready_seconds,
        "progressDeadlineSeconds": args.progress_deadline_seconds,
        "revisionHistoryLimit": REVISIONS,
        "template": template,
    }


def autoscaler_spec(name: str, args: WorkloadArgs) -> Manifest:
    """Also where there is one size: it keeps the number that nothing else states."""
    target = {"type": "Utilization", "averageUtilization": args.cpu_target_percent}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": args.min_size,
        "maxReplicas": args.max_size,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }


def disruption_budget_spec(name: str) -> Manifest:
    """One at a time may be moved from a node, also where there is only one: a node must not stay for it.
    One that is not ready serves nobody, and holds up no node."""
    return {
        "maxUnavailable": 1,
        "selector": {"matchLabels": selector(name)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }


def service_spec(name: str, args: WorkloadArgs) -> Manifest:
    """Every port at its own number. Every node answers for an exposed one, whether it has a pod or not:
    with `externalTrafficPolicy: Local`, requests would go to a node whose only pod has just gone."""
    kind = {"type": "NodePort", "externalTrafficPolicy": "Cluster"} if args.exposed else {"type": "ClusterIP"}
    ports = [
        {"name": key, "port": port, "targetPort": key, "protocol": "TCP"} for key, port in args.served.items()
    ]
    return {**kind, "selector": selector(name), "ports": ports}


def migration_spec(args: WorkloadArgs, template: Manifest) -> Manifest:
    """Two more tries, for a database that does not answer; never two pods at once."""
    return {
        "backoffLimit": 2,
        "activeDeadlineSeconds": args.migrate_timeout_seconds,
        "podReplacementPolicy": "Failed",
        "template": template,
    }


def ingress_spec(name: str, ingress: Ingress) -> Manifest:
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    paths = [{"path": path, "pathType": "Prefix", "backend": backend} for path in ingress.paths]
    spec: dict[str, Any] = {
        "ingressClassName": ingress.class_name,
        "rules": [{"host": host, "http": {"paths": paths}} for host in ingress.hosts],
    }
    if ingress.tls_secret_name is not None:
        spec["tls"] = [{"hosts": list(ingress.hosts), "secretName": ingress.tls_secret_name}]
    return spec


def secret_objects(arns: Mapping[str, str]) -> Manifest:
    """Parameters of a SecretProviderClass: each secret becomes a file of its name. JSON is YAML, and the same
    content is the same text."""
    import json

    objects = [{"objectName": arn, "objectAlias": file} for file, arn in arns.items()]
    return {"usePodIdentity": "true", "objects": json.dumps(objects, sort_keys=True)}
