"""The nodes of a cluster, as the emulated Kubernetes API asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.servers import Server
    from rehearsal.cloud.eks.cluster import Cluster
    from rehearsal.cloud.eks.node_group import NodeGroup

_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}


@dataclass(frozen=True)
class Node:
    """One node, with the names that Kubernetes has for what it says of itself."""

    name: str
    instance_id: str
    instance_type: str
    zone: str
    node_group: str
    labels: dict[str, str]
    taints: tuple[dict[str, str], ...]
    ready: bool
    unschedulable: bool
    internal_ip: str
    image_id: str


def of(cluster: Cluster) -> list[Node]:
    """Servers that found the cluster, until they are gone; those that are being emptied take no new pods."""
    return [
        _node(node_group, server)
        for node_group in cluster.node_groups.values()
        for server in node_group.servers
        if node_group.joined(server)
    ]


def any_ready(cluster: Cluster) -> bool:
    return any(group.ready(server) for group in cluster.node_groups.values() for server in group.servers)


def evict(node_group: NodeGroup, server: Server) -> int:
    """Ask the pods of a node to leave, as far as their budgets allow; how many are left."""
    cluster, instance = node_group.cluster, _instance(node_group, server)
    if instance is None:
        return 0
    kubernetes = getattr(World.current, "kubernetes", None)
    return int(kubernetes.evict(cluster.region, cluster.name, instance.private_dns_name)) if kubernetes else 0


def _node(node_group: NodeGroup, server: Server) -> Node:
    instance = _instance(node_group, server)
    leaving = server.leaving or server.id in node_group.cordoned
    return Node(
        name=instance.private_dns_name,
        instance_id=server.id,
        instance_type=server.instance_type,
        zone=server.zone,
        node_group=node_group.name,
        labels=dict(node_group.labels),
        taints=tuple(_taint(each) for each in node_group.taints),
        ready=server.error_share < 1.0,
        unschedulable=leaving,
        internal_ip=instance.private_ip,
        image_id=server.configuration.image_id,
    )


def _taint(given: dict[str, str]) -> dict[str, str]:
    return {"key": given["key"], "value": given.get("value", ""), "effect": _EFFECTS[given["effect"]]}


def _instance(node_group: NodeGroup, server: Server) -> Any:
    group = node_group.group
    return group.autoscaling_backend.instance(server.id) if group else None
