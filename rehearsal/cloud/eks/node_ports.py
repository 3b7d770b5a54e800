"""What a load balancer hears when it asks a node at the port of a Service.

Every node passes a Service's port on to any pod that is ready, or, where the Service's external traffic is
local, to one of its own. Where no pod is ready nobody answers. Source: "Virtual IPs and Service Proxies" in
the documentation of Kubernetes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.world import ACCOUNT, World

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.servers import Server
    from rehearsal.cloud.eks.node_group import NodeGroup


def answers(region: str, server: Server, port: int) -> bool | None:
    """Whether a pod answers there; None for a server that is no node of a cluster."""
    node_group = _node_group(region, server)
    if node_group is None:
        return None
    api = World.current.kubernetes.get(region, node_group.cluster.name)
    if api is None or not node_group.ready(server):
        return False
    from rehearsal.cloud.eks import nodes
    from rehearsal.cloud.kubernetes.store import Key

    for service in api.store.all("", "services"):
        if any(each.get("nodePort") == port for each in service["spec"].get("ports") or []):
            metadata = service["metadata"]
            found = api.store.get(Key("", "endpoints", metadata["namespace"], metadata["name"]))
            local = service["spec"].get("externalTrafficPolicy") == "Local"
            where = nodes.name_of(node_group, server) if local else None
            return any(where in (None, each.get("nodeName")) for each in _ready(found or {}))
    return False


def _ready(endpoints: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for subset in endpoints.get("subsets") or [] for each in subset.get("addresses") or []]


def _node_group(region: str, server: Server) -> NodeGroup | None:
    """Where nobody asked EKS for anything there is none, and nothing is read in for that."""
    module = sys.modules.get("rehearsal.cloud.eks.models")
    clusters = module.eks_backends[ACCOUNT][region].clusters.values() if module else ()
    groups = (group for cluster in clusters for group in cluster.node_groups.values())
    return next((each for each in groups if any(one is server for one in each.servers)), None)
