"""Pod identity: which role the pods of a service account get credentials of.

Source: "Learn how EKS Pod Identity grants pods access to AWS services", "Assign an IAM role to a Kubernetes
service account".
"""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.eks import exceptions, roles
from rehearsal.cloud.eks.updates import now

if TYPE_CHECKING:
    from rehearsal.cloud.eks.cluster import Cluster

SERVICE = "pods.eks.amazonaws.com"
_LETTERS = string.ascii_lowercase + string.digits

Given = dict[str, Any]


class Association:
    """`owner`: the ARN of the add-on that it was made with, and goes with."""

    def __init__(self, cluster: Cluster, given: Given, owner: str | None = None) -> None:
        self.owner = owner
        self.cluster_name = cluster.name
        self.id = "a-" + "".join(secrets.choice(_LETTERS) for _ in range(17))
        top = f"arn:aws:eks:{cluster.region}:{cluster.account}"
        self.arn = f"{top}:podidentityassociation/{cluster.name}/{self.id}"
        self.namespace, self.service_account = str(given["namespace"]), str(given["serviceAccount"])
        self.role_arn = str(given["roleArn"])
        self.disable_session_tags = bool(given.get("disableSessionTags"))
        self.tags: dict[str, str] = dict(given.get("tags") or {})
        self.created_at = self.modified_at = now()

    def describe(self) -> dict[str, Any]:
        return self.summary() | {
            "roleArn": self.role_arn,
            "tags": self.tags,
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "disableSessionTags": self.disable_session_tags,
        }

    def summary(self) -> dict[str, Any]:
        return {
            "clusterName": self.cluster_name,
            "namespace": self.namespace,
            "serviceAccount": self.service_account,
            "associationArn": self.arn,
            "associationId": self.id,
            "ownerArn": self.owner,
        }


def create(cluster: Cluster, given: Given, owner: str | None = None) -> Association:
    """Raises InUse for a service account that has a role, InvalidParameter for a role not made for pods."""
    _check_emulated(given)
    for each in cluster.associations.values():
        if (each.namespace, each.service_account) == (given["namespace"], given["serviceAccount"]):
            raise exceptions.InUse(f"Association already exists: {each.id}")
    _check_role(given["roleArn"])
    made = Association(cluster, given, owner)
    cluster.associations[made.id] = made
    return made


def update(cluster: Cluster, given: Given) -> Association:
    """Another role; namespace and service account are the association's for ever."""
    _check_emulated(given)
    found = get(cluster, given["associationId"])
    if given.get("roleArn"):
        _check_role(given["roleArn"])
        found.role_arn = given["roleArn"]
    if given.get("disableSessionTags") is not None:
        found.disable_session_tags = given["disableSessionTags"]
    found.modified_at = now()
    return found


def get(cluster: Cluster, association_id: str) -> Association:
    """Raises NotFound."""
    if association_id not in cluster.associations:
        raise exceptions.NotFound(f"The association id {association_id} could not be found")
    return cluster.associations[association_id]


def delete(cluster: Cluster, association_id: str) -> Association:
    found = get(cluster, association_id)
    if found.owner:
        raise exceptions.InvalidRequest(f"The association {found.id} is owned by the add-on {found.owner}")
    return cluster.associations.pop(found.id)


def of_owner(cluster: Cluster, owner: str) -> list[Association]:
    return [each for each in cluster.associations.values() if each.owner == owner]


def change_owned(cluster: Cluster, owner: str, namespace: str, wanted: list[Given]) -> None:
    """Let an add-on have these associations and no others. Raises InUse, InvalidParameter."""
    for each in wanted:
        _check_role(each["roleArn"])
    accounts = {each["serviceAccount"] for each in wanted}
    for before in of_owner(cluster, owner):
        if before.service_account not in accounts:
            del cluster.associations[before.id]
    there = {each.service_account: each for each in of_owner(cluster, owner)}
    for given in wanted:
        found = there.get(given["serviceAccount"])
        if found is None:
            create(cluster, {"namespace": namespace, **given}, owner)
        else:
            found.role_arn, found.modified_at = given["roleArn"], now()


def role_of(cluster: Cluster, namespace: str, service_account: str) -> str | None:
    """The ARN of the role that these pods get, None for none."""
    wanted = namespace, service_account
    found = cluster.associations.values()
    return next((each.role_arn for each in found if (each.namespace, each.service_account) == wanted), None)


def _check_emulated(given: Given) -> None:
    for name in ("targetRoleArn", "policy"):
        if given.get(name):
            raise exceptions.NotEmulated(name)


def _check_role(arn: str) -> None:
    role = roles.find(arn)
    if role is None:
        raise exceptions.InvalidParameter(f"Role provided in the request does not exist: {arn}")
    if not all(roles.trusts(role, SERVICE, f"sts:{each}") for each in ("AssumeRole", "TagSession")):
        raise exceptions.InvalidParameter(
            "Trust policy of the role provided is invalid. Follow the official documentation to resolve the "
            "issue"
        )
