"""What the emulated Kubernetes API asks of the cluster that it is the API of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from rehearsal.cloud.eks import access, add_ons, identities, nodes

if TYPE_CHECKING:
    from rehearsal.cloud.eks.cluster import Cluster
    from rehearsal.cloud.kubernetes.clusters import Node


class Facts:
    """As they are at the moment of the question."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @property
    def version(self) -> str:
        return self._cluster.version

    def nodes(self) -> Sequence[Node]:
        return nodes.of(self._cluster)

    def add_ons(self) -> Collection[str]:
        """The names of those that are there; one that is degraded or being updated is."""
        return [each.name for each in self._cluster.add_ons.values() if each.state != add_ons.CREATING]

    def access(self, principal_arn: str) -> str | None:
        """ "admin", "view", or None for who has no entry, and for who may do nothing."""
        return access.may(self._cluster, principal_arn)

    def pod_role(self, namespace: str, service_account: str) -> str | None:
        """By pod identity, where its agent is on the nodes."""
        if "eks-pod-identity-agent" not in self.add_ons():
            return None
        return identities.role_of(self._cluster, namespace, service_account)
