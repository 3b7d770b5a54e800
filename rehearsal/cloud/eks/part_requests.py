"""Requests of EKS about add-ons, access entries and pod identities of a cluster."""

from __future__ import annotations

from functools import partial
from typing import Any

from moto.core.responses import ActionResult

from rehearsal.cloud.eks import access, add_ons, identities, nodes
from rehearsal.cloud.eks.requests import Requests


class PartRequests(Requests):
    # Add-ons

    def create_addon(self) -> Any:
        given = self.given()
        cluster = self.cluster(given)
        made = self.once(given, lambda: add_ons.create(cluster, given, partial(nodes.any_ready, cluster)))
        return ActionResult({"addon": made.describe()})

    def describe_addon(self) -> Any:
        given = self.given()
        return ActionResult({"addon": add_ons.get(self.cluster(given), given["addonName"]).describe()})

    def list_addons(self) -> Any:
        return self.listed("addons", sorted(self.cluster(self.given()).add_ons))

    def update_addon(self) -> Any:
        given = self.given()
        update = self.once(given, lambda: add_ons.update(self.cluster(given), given))
        return ActionResult({"update": update.describe()})

    def delete_addon(self) -> Any:
        given = self.given()
        return ActionResult({"addon": add_ons.delete(self.cluster(given), given["addonName"]).describe()})

    # Access

    def create_access_entry(self) -> Any:
        given = self.given()
        made = self.once(given, lambda: access.create(self.cluster(given), given))
        return ActionResult({"accessEntry": made.describe()})

    def describe_access_entry(self) -> Any:
        given = self.given()
        return ActionResult(
            {"accessEntry": access.entry(self.cluster(given), given["principalArn"]).describe()}
        )

    def list_access_entries(self) -> Any:
        given = self.given()
        policy = given.get("associatedPolicyArn")
        found = self.cluster(given).entries.values()
        chosen = [each.principal for each in found if policy is None or policy in each.policies]
        return self.listed("accessEntries", sorted(chosen))

    def update_access_entry(self) -> Any:
        given = self.given()
        return ActionResult({"accessEntry": access.update(self.cluster(given), given).describe()})

    def delete_access_entry(self) -> Any:
        given = self.given()
        access.delete(self.cluster(given), given["principalArn"])
        return ActionResult({})

    def associate_access_policy(self) -> Any:
        given = self.given()
        made = access.associate(self.cluster(given), given)
        said = {"clusterName": given["clusterName"], "principalArn": given["principalArn"]}
        return ActionResult(said | {"associatedAccessPolicy": made.describe()})

    def disassociate_access_policy(self) -> Any:
        given = self.given()
        access.disassociate(self.cluster(given), given["principalArn"], given["policyArn"])
        return ActionResult({})

    def list_associated_access_policies(self) -> Any:
        given = self.given()
        found = access.entry(self.cluster(given), given["principalArn"])
        return self.listed("associatedAccessPolicies", [each.describe() for each in found.policies.values()])

    def list_access_policies(self) -> Any:
        names = access.WRITERS + access.READERS
        found = [{"name": name, "arn": access.POLICY_PREFIX + name} for name in names]
        return self.listed("accessPolicies", found)

    # Pod identity

    def create_pod_identity_association(self) -> Any:
        given = self.given()
        made = self.once(given, lambda: identities.create(self.cluster(given), given))
        return ActionResult({"association": made.describe()})

    def describe_pod_identity_association(self) -> Any:
        given = self.given()
        found = identities.get(self.cluster(given), given["associationId"])
        return ActionResult({"association": found.describe()})

    def list_pod_identity_associations(self) -> Any:
        given = self.given()
        wanted = {name: given[name] for name in ("namespace", "serviceAccount") if given.get(name)}
        found = [each.summary() for each in self.cluster(given).associations.values()]
        return self.listed("associations", [each for each in found if wanted.items() <= each.items()])

    def update_pod_identity_association(self) -> Any:
        given = self.given()
        return ActionResult({"association": identities.update(self.cluster(given), given).describe()})

    def delete_pod_identity_association(self) -> Any:
        given = self.given()
        found = identities.delete(self.cluster(given), given["associationId"])
        return ActionResult({"association": found.describe()})
