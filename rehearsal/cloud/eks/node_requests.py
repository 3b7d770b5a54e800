"""Requests of EKS about managed node groups."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult

from rehearsal.cloud.eks.requests import Requests


class NodeRequests(Requests):
    def create_nodegroup(self) -> Any:
        given = self.given()
        made = self.once(given, lambda: self.backend.create_node_group(given))
        return ActionResult({"nodegroup": made.describe()})

    def describe_nodegroup(self) -> Any:
        given = self.given()
        found = self.backend.node_group(given["clusterName"], given["nodegroupName"])
        return ActionResult({"nodegroup": found.describe()})

    def list_nodegroups(self) -> Any:
        return self.listed(
            "nodegroups", sorted(self.backend.cluster(self.given()["clusterName"]).node_groups)
        )

    def update_nodegroup_config(self) -> Any:
        given = self.given()
        update = self.once(given, lambda: self.backend.update_node_group_config(given))
        return ActionResult({"update": update.describe()})

    def update_nodegroup_version(self) -> Any:
        given = self.given()
        update = self.once(given, lambda: self.backend.update_node_group_version(given))
        return ActionResult({"update": update.describe()})

    def delete_nodegroup(self) -> Any:
        given = self.given()
        found = self.backend.delete_node_group(given["clusterName"], given["nodegroupName"])
        return ActionResult({"nodegroup": found.describe()})
