"""EKS of one region: its clusters, and the Kubernetes API that each of them opens."""

from __future__ import annotations

from collections.abc import Iterator

from moto.core.base_backend import BackendDict

from rehearsal.cloud.eks import exceptions
from rehearsal.cloud.eks.cluster import Cluster
from rehearsal.cloud.eks.facts import Facts
from rehearsal.cloud.eks.node_groups import NodeGroups
from rehearsal.cloud.world import World


class EksBackend(NodeGroups):
    def opened(self, cluster: Cluster) -> None:
        World.current.kubernetes.open(cluster.region, cluster.name, Facts(cluster))

    def closed(self, cluster: Cluster) -> None:
        World.current.kubernetes.close(cluster.region, cluster.name)

    # Tags

    def tagged(self, arn: str) -> dict[str, str]:
        """The tags of whatever an ARN names. Raises NotFound."""
        found = next((tags for each, tags in self._all_tags() if each == arn), None)
        if found is None:
            raise exceptions.NotFound(f"The resource with the ARN {arn} was not found")
        return found

    def _all_tags(self) -> Iterator[tuple[str, dict[str, str]]]:
        for cluster in self.clusters.values():
            yield cluster.arn, cluster.tags
            yield from ((each.arn, each.tags) for each in cluster.node_groups.values())
            yield from ((each.arn, each.tags) for each in cluster.add_ons.values())
            yield from ((each.arn, each.tags) for each in cluster.entries.values())
            yield from ((each.arn, each.tags) for each in cluster.associations.values())


eks_backends = BackendDict(EksBackend, "eks")
