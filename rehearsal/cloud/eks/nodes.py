"""The nodes of a cluster, as the emulated Kubernetes API asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.servers import Server
    from rehearsal.cloud.eks.cluster import Cluster
    from rehearsal.cloud.eks.node_group import NodeGroup
    from rehearsal.cloud.kubernetes.clusters import Node

_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}


def of(cluster: Cluster) -> list[Node]:
    """Servers that found the cluster, until they are gone; those that are being emptied take no new pods."""
    return [
        _node(node_group, server)
        for node_group in cluster.node_groups.values()
        for server in node_group.servers
        if node_group.joined(server)
    ]


def name_of(node_group: NodeGroup, server: Server) -> str:
    return str(_instance(node_group, server).private_dns_name)


def any_ready(cluster: Cluster) -> bool:
    return any(group.ready(server) for group in cluster.node_groups.values() for server in group.servers)


def pods_left(node_group: NodeGroup, server: Server) -> int:
    """How many pods a node still has that are evicted from it: a DaemonSet's stay, and what ended is none."""
    cluster, instance = node_group.cluster, _instance(node_group, server)
    api = World.current.kubernetes.get(cluster.region, cluster.name)
    if instance is None or api is None:
        return 0
    return sum(
        pod["spec"].get("nodeName") == instance.private_dns_name and _leaves(pod)
        for pod in api.store.all("", "pods")
    )


def _leaves(pod: dict[str, Any]) -> bool:
    owners = pod["metadata"].get("ownerReferences") or []
    ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return not ended and not any(each["kind"] == "DaemonSet" for each in owners)


def _node(node_group: NodeGroup, server: Server) -> Node:
    from rehearsal.cloud.kubernetes.clusters import Node

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
        draining=server.id in node_group.draining,
        internal_ip=instance.private_ip,
        image_id=server.configuration.image_id,
    )


def _taint(given: dict[str, str]) -> dict[str, str]:
    return {"key": given["key"], "value": given.get("value", ""), "effect": _EFFECTS[given["effect"]]}


def _instance(node_group: NodeGroup, server: Server) -> Any:
    group = node_group.group
    return group.autoscaling_backend.instance(server.id) if group else None
