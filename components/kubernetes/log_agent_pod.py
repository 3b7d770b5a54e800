"""The log agent as Kubernetes is told of it: one pod for each node, which reads the node's logs."""

from __future__ import annotations

from typing import Any, Protocol

from ..args import Late
from .container import CONFINED, base_container
from .labels import NAME
from .log_agent_settings import LOG_FOLDER, PORT, SETTINGS_FILE, SETTINGS_FOLDER, STATE_FOLDER
from .quantities import Quantity

AGENT = "log-agent"
"""Its namespace, its service account and itself."""
GRACE_SECONDS = 30
STATE = "2Gi"
"""Of the node's disk: what waits to be sent, and how far each file was read."""


class LogAgentPodArgs(Protocol):
    """What this module takes from the log agent's arguments."""

    @property
    def image(self) -> str: ...
    @property
    def cpu(self) -> Quantity: ...
    @property
    def memory(self) -> Quantity: ...


def daemon_set(args: LogAgentPodArgs, labels: dict[str, Any], config: Late) -> dict[str, Any]:
    """The spec. `config` names its ConfigMap."""
    return {
        "selector": {"matchLabels": {NAME: AGENT}},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "minReadySeconds": 5,
        "revisionHistoryLimit": 10,
        "template": {"metadata": {"labels": labels}, "spec": _pod(args, config)},
    }


def _pod(args: LogAgentPodArgs, config: Late) -> dict[str, Any]:
    return {
        "serviceAccountName": AGENT,
        # It asks the Kubernetes API whose lines it reads.
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "priorityClassName": "system-node-critical",
        "tolerations": [{"operator": "Exists"}],
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(args)],
        "volumes": [
            {"name": "logs", "hostPath": {"path": LOG_FOLDER, "type": "Directory"}},
            {"name": "settings", "configMap": {"name": config}},
            {"name": "state", "emptyDir": {"sizeLimit": STATE}},
        ],
    }


def _container(args: LogAgentPodArgs) -> dict[str, Any]:
    """As root, for the files are root's and nobody else's, but without a single capability."""
    asked = {"httpGet": {"path": "/", "port": PORT, "scheme": "HTTP"}, "timeoutSeconds": 3}
    return {
        **base_container(args.image, args.cpu, args.memory, {**CONFINED, "runAsUser": 0}),
        "command": ["/fluent-bit/bin/fluent-bit", "--config", f"{SETTINGS_FOLDER}/{SETTINGS_FILE}"],
        "ports": [{"name": "health", "containerPort": PORT}],
        "readinessProbe": {**asked, "periodSeconds": 5},
        "livenessProbe": {**asked, "initialDelaySeconds": 30, "periodSeconds": 10, "failureThreshold": 6},
        "volumeMounts": [
            {"name": "logs", "mountPath": LOG_FOLDER, "readOnly": True},
            {"name": "settings", "mountPath": SETTINGS_FOLDER, "readOnly": True},
            {"name": "state", "mountPath": STATE_FOLDER},
        ],
    }
