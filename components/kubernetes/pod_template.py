"""What a pod is: one container that may as little as it can do with. The same for servers and migrations."""

from __future__ import annotations

from typing import Any

from ..args import Late
from .container import NOT_ROOT, base_container
from .labels import LOG_GROUP, MIGRATION, SERVER, labels, selector
from .workload_args import WorkloadArgs

SECRETS_FOLDER = "/mnt/secrets"
"""Not below /run: a token for AWS is mounted into /run/secrets, which this read-only folder would hide."""

_TMP = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108
_SECRETS = {"name": "secrets", "mountPath": SECRETS_FOLDER, "readOnly": True}


def server_pod(name: str, args: WorkloadArgs, config: Late | None, secrets: Late | None) -> dict[str, Any]:
    """Of a Deployment. `config` and `secrets` name its ConfigMap and SecretProviderClass, if it has them."""
    container = _container(args, args.command, config, secrets)
    if args.served:
        container["ports"] = [{"name": key, "containerPort": port} for key, port in args.served.items()]
    if args.asked_health_port is not None:
        container |= _probes(args)
    # The sleep is the kubelet's: it needs no program in the image (Kubernetes 1.30).
    if args.drain_seconds:
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": args.drain_seconds}}}
    spec = _pod(name, args, container, secrets)
    spec["terminationGracePeriodSeconds"] = args.termination_grace_seconds
    spec["topologySpreadConstraints"] = [
        _spread(name, key) for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
    return {"metadata": _metadata(name, args, SERVER), "spec": spec}


def migration_pod(name: str, args: WorkloadArgs, config: Late | None, secrets: Late | None) -> dict[str, Any]:
    """Of a Job. A pod that failed is not started again but followed by another, so that its log stays."""
    container = _container(args, args.migrate, config, secrets)
    spec = _pod(name, args, container, secrets)
    spec["restartPolicy"] = "Never"
    return {"metadata": _metadata(name, args, MIGRATION), "spec": spec}


def _metadata(name: str, args: WorkloadArgs, component: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"labels": labels(name, args.namespace, component, dict(args.labels))}
    if args.log_group_name is not None:
        metadata["annotations"] = {LOG_GROUP: args.log_group_name}
    return metadata


def _pod(name: str, args: WorkloadArgs, container: dict[str, Any], secrets: Late | None) -> dict[str, Any]:
    volumes: list[dict[str, Any]] = [
        {"name": "tmp", "emptyDir": {"sizeLimit": f"{args.tmp_size_mib}Mi"}},
    ]
    if secrets is not None:
        driver = {"driver": "secrets-store.csi.k8s.io", "readOnly": True}
        volumes.append(
            {"name": "secrets", "csi": {**driver, "volumeAttributes": {"secretProviderClass": secrets}}}
        )
    user = {} if args.user_id is None else {"runAsUser": args.user_id}
    return {
        "serviceAccountName": name,
        "automountServiceAccountToken": args.service_account_token,
        # Variables of every Service of the namespace would make a pod depend on when it started.
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, **user, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": volumes,
    }


def _container(
    args: WorkloadArgs, command: tuple[str, ...], config: Late | None, secrets: Late | None
) -> dict[str, Any]:
    container: dict[str, Any] = {
        **base_container(args.image, args.cpu, args.memory, NOT_ROOT),
        "volumeMounts": [_TMP] if secrets is None else [_TMP, _SECRETS],
    }
    if command:
        container["command"] = list(command)
    if config is not None:
        container["envFrom"] = [{"configMapRef": {"name": config}}]
    return container


def _probes(args: WorkloadArgs) -> dict[str, Any]:
    """One path answers all three: it is to say whether this container works, not what it needs elsewhere."""
    ask = {
        "httpGet": {"path": args.health_path, "port": args.asked_health_port, "scheme": "HTTP"},
        "timeoutSeconds": 3,
    }
    return {
        "startupProbe": {**ask, "periodSeconds": 5, "failureThreshold": -(-args.startup_seconds // 5)},
        "readinessProbe": {**ask, "periodSeconds": 5, "failureThreshold": 2},
        # Much later than it is out of service: a restart helps what hangs, and hurts what is busy.
        "livenessProbe": {**ask, "periodSeconds": 10, "failureThreshold": 6},
    }


def _spread(name: str, topology: str) -> dict[str, Any]:
    """As well as it goes: a zone that fails takes no other pod with it. Each version is spread by itself."""
    return {
        "maxSkew": 1,
        "topologyKey": topology,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(name)},
        "matchLabelKeys": ["pod-template-hash"],
    }
