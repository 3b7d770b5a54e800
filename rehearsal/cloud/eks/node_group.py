"""One managed node group: what it was told, its Auto Scaling group, and how its nodes are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rehearsal.cloud.autoscaling.agent import Versions
from rehearsal.cloud.autoscaling.servers import IN_SERVICE, Server
from rehearsal.cloud.eks import bootstrap
from rehearsal.cloud.eks.updates import Update, now

if TYPE_CHECKING:
    from rehearsal.cloud.autoscaling.group import Group
    from rehearsal.cloud.eks.cluster import Cluster

CREATING, ACTIVE, UPDATING, DELETING = "CREATING", "ACTIVE", "UPDATING", "DELETING"
CREATE_FAILED, DEGRADED = "CREATE_FAILED", "DEGRADED"
#: From in service until the kubelet has told the control plane of itself and is ready, in emulated seconds.
JOIN_SECONDS = 20.0
_CRASHED = 1.0


class NodeGroup:
    """`launch_template`: ID, name and version that it is at; `cordoned`: the IDs of servers whose nodes take
    no new pods; `draining`: of those whose pods are evicted; `held`: of those that the termination hook holds
    until their nodes are empty.
    """

    def __init__(self, cluster: Cluster, given: dict[str, Any], template: dict[str, str]) -> None:
        self.cluster, self.name = cluster, str(given["nodegroupName"])
        self.uuid = str(uuid4())
        top = f"arn:aws:eks:{cluster.region}:{cluster.account}"
        self.arn = f"{top}:nodegroup/{cluster.name}/{self.name}/{self.uuid}"
        self.version = cluster.version
        self.role_arn, self.subnets = str(given["nodeRole"]), list(given["subnets"])
        self.instance_types: list[str] = list(given.get("instanceTypes") or [])
        self.capacity_type = str(given.get("capacityType") or "ON_DEMAND")
        self.scaling: dict[str, int] = dict(given["scalingConfig"])
        self.update_config: dict[str, Any] = dict(given.get("updateConfig") or {"maxUnavailable": 1})
        self.node_repair: dict[str, Any] = dict(given.get("nodeRepairConfig") or {"enabled": False})
        self.labels: dict[str, str] = dict(given.get("labels") or {})
        self.taints: list[dict[str, str]] = list(given.get("taints") or [])
        self.tags: dict[str, str] = dict(given.get("tags") or {})
        self.launch_template = template
        self.image_id = ""
        self.created_at = self.modified_at = now()
        self.state = CREATING
        self.issues: list[dict[str, Any]] = []
        self.cordoned: set[str] = set()
        self.draining: set[str] = set()
        self.held: set[str] = set()
        self._troubles: Versions[str] | None = None

    @property
    def group_name(self) -> str:
        return f"eks-{self.name}-{self.uuid}"

    @property
    def group(self) -> Group | None:
        """None before it is made, and when somebody deleted it."""
        from rehearsal.cloud.autoscaling.models import autoscaling_backends

        backend = autoscaling_backends[self.cluster.account][self.cluster.region]
        found: Group | None = backend.autoscaling_groups.get(self.group_name)
        return found

    @property
    def servers(self) -> list[Server]:
        group = self.group
        return list(group.fleet.servers.values()) if group else []

    def active_update(self) -> Update | None:
        found = (each for each in self.cluster.updates.values() if each.node_group == self.name)
        return next((each for each in found if each.active), None)

    # Nodes

    def joined(self, server: Server) -> bool:
        """Whether the server is a node of the cluster: the control plane knows it until it is gone."""
        since = server.in_service_at
        if since is None or (server.waits and server.pending):
            return False
        there = server.leaving or server.lifecycle == IN_SERVICE
        long_enough = since + JOIN_SECONDS <= self._now()
        return there and long_enough and server.behaviour.gets_healthy and self.trouble(server) is None

    def ready(self, server: Server) -> bool:
        return self.joined(server) and not server.leaving and server.error_share < _CRASHED

    def trouble(self, server: Server) -> str | None:
        """Why a server cannot be a node, whatever its image does."""
        if self.role_arn not in self.cluster.entries and self.cluster.authentication_mode == "API":
            return f"the cluster has no access entry for {self.role_arn}"
        group = self.group
        if self._troubles is None and group is not None:
            self._troubles = Versions(group, lambda data: bootstrap.trouble(data, self.cluster))
        return self._troubles.of(server.configuration) if self._troubles else None

    def _now(self) -> float:
        from rehearsal.cloud.world import World

        return World.current.timeline.now

    # Description

    @property
    def status(self) -> str:
        return DEGRADED if self.state == ACTIVE and self._missing() else self.state

    def _missing(self) -> list[dict[str, Any]]:
        """What somebody took away from under the node group."""
        if self.group is not None or self.state in (CREATE_FAILED, DELETING):
            return []
        message = f"The Auto Scaling group {self.group_name} could not be found"
        return [{"code": "AutoScalingGroupNotFound", "message": message, "resourceIds": [self.group_name]}]

    def describe(self) -> dict[str, Any]:
        """As DescribeNodegroup answers, for a group whose image is its launch template's."""
        return {
            "nodegroupName": self.name,
            "nodegroupArn": self.arn,
            "clusterName": self.cluster.name,
            "version": self.version,
            "releaseVersion": self.image_id,
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "status": self.status,
            "capacityType": self.capacity_type,
            "scalingConfig": self.scaling,
            "instanceTypes": self.instance_types or None,
            "subnets": self.subnets,
            "amiType": "CUSTOM",
            "nodeRole": self.role_arn,
            "labels": self.labels,
            "taints": self.taints,
            "resources": {"autoScalingGroups": [{"name": self.group_name}] if self.group else []},
            "health": {"issues": self.issues + self._missing()},
            "updateConfig": self.update_config,
            "nodeRepairConfig": self.node_repair,
            "launchTemplate": self.launch_template,
            "tags": self.tags,
        }
