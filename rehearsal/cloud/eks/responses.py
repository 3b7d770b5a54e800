"""Requests of EKS about clusters, updates and tags."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult

from rehearsal.cloud.eks import exceptions, versions
from rehearsal.cloud.eks.node_requests import NodeRequests
from rehearsal.cloud.eks.part_requests import PartRequests
from rehearsal.cloud.tagging import TagRequests


class EksResponse(NodeRequests, PartRequests, TagRequests):
    def create_cluster(self) -> Any:
        made = self.backend.create_cluster(self.given(), self._caller())
        return ActionResult({"cluster": made.describe()})

    def _caller(self) -> str:
        from moto.sts.models import sts_backends

        sts = sts_backends[self.current_account]["aws"]
        return str(sts.get_caller_identity(self.access_key, self.region)[1])

    def describe_cluster(self) -> Any:
        return ActionResult({"cluster": self.backend.cluster(self.given()["name"]).describe()})

    def list_clusters(self) -> Any:
        return self.listed("clusters", sorted(self.backend.clusters))

    def update_cluster_config(self) -> Any:
        given = self.given()
        return ActionResult({"update": self.backend.update_cluster_config(given["name"], given).describe()})

    def update_cluster_version(self) -> Any:
        given = self.given()
        update = self.backend.update_cluster_version(given["name"], given["version"])
        return ActionResult({"update": update.describe()})

    def delete_cluster(self) -> Any:
        return ActionResult({"cluster": self.backend.delete_cluster(self.given()["name"]).describe()})

    # Updates

    def describe_update(self) -> Any:
        given = self.given()
        found = self.backend.cluster(given["name"]).updates.get(given["updateId"])
        if found is None:
            raise exceptions.NotFound(f"No update found for ID: {given['updateId']}")
        return ActionResult({"update": found.describe()})

    def list_updates(self) -> Any:
        """Of the cluster itself, or of the node group or add-on that the request names."""
        given = self.given()
        wanted = given.get("nodegroupName"), given.get("addonName")
        every = reversed(list(self.backend.cluster(given["name"]).updates.values()))
        return self.listed(
            "updateIds", [each.id for each in every if (each.node_group, each.add_on) == wanted]
        )

    # Versions of add-ons

    def describe_addon_versions(self) -> Any:
        given = self.given()
        named, version = given.get("addonName"), given.get("kubernetesVersion")
        every = [_add_on_versions(name, version) for name in versions.ADD_ONS if named in (None, name)]
        return self.listed("addons", every)


def _add_on_versions(name: str, kubernetes: str | None) -> dict[str, Any]:
    """The default version of an add-on for each version of Kubernetes, or for the one that is asked about."""
    by_version: dict[str, list[str]] = {}
    for each in versions.KUBERNETES:
        if kubernetes in (None, each):
            by_version.setdefault(versions.add_on(name, None, each), []).append(each)
    return {
        "addonName": name,
        "type": "addon",
        "publisher": "eks",
        "owner": "aws",
        "defaultNamespace": versions.ADD_ONS[name].namespace,
        "addonVersions": [
            {
                "addonVersion": version,
                "architecture": ["amd64", "arm64"],
                "compatibilities": [
                    {"clusterVersion": each, "platformVersions": ["*"], "defaultVersion": True}
                    for each in clusters
                ],
            }
            for version, clusters in by_version.items()
        ],
    }
