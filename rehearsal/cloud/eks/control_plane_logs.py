"""The control plane's logs in CloudWatch Logs, in the group `/aws/eks/NAME/cluster`.

EKS makes the group when it is not there: without a retention, and without a key. So whoever wants both makes
it before the cluster. Source: "Send control plane logs to CloudWatch Logs".
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from rehearsal.cloud.logs.models import logs_backends

if TYPE_CHECKING:
    from rehearsal.cloud.eks.cluster import Cluster

_STREAMS = {
    "api": "kube-apiserver",
    "audit": "kube-apiserver-audit",
    "authenticator": "authenticator",
    "controllerManager": "kube-controller-manager",
    "scheduler": "kube-scheduler",
}


def group_name(cluster: Cluster) -> str:
    return f"/aws/eks/{cluster.name}/cluster"


def ship(cluster: Cluster) -> None:
    """A stream of each kind that is shipped, with the line that it began."""
    if not cluster.log_types:
        return
    logs, name = logs_backends[cluster.account][cluster.region], group_name(cluster)
    if name not in logs.groups:
        logs.create_log_group(name, {})
    group = logs.groups[name]
    there = {stream.rpartition("-")[0] for stream in group.streams}
    for kind in cluster.log_types:
        stream = _STREAMS[kind]
        if stream not in there:
            group.note(f"{stream}-{secrets.token_hex(16)}", f"{stream}: started, version {cluster.version}")
