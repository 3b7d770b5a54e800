"""Add-ons of a cluster: made, brought to another version, deleted.

Source: "Amazon EKS add-ons" and the API reference of each operation. What runs in a cluster of an add-on is
the emulated Kubernetes API's to know; here it takes its time, and is degraded while it has no node to run on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rehearsal.cloud.eks import exceptions, identities, versions
from rehearsal.cloud.eks.updates import Update, now
from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.eks.cluster import Cluster

CREATING, ACTIVE, UPDATING, DELETING, DEGRADED = "CREATING", "ACTIVE", "UPDATING", "DELETING", "DEGRADED"
#: How long each takes, in emulated seconds.
SECONDS = 20.0
_KINDS = {
    "addonVersion": "AddonVersion",
    "serviceAccountRoleArn": "ServiceAccountRoleArn",
    "resolveConflicts": "ResolveConflicts",
    "configurationValues": "ConfigurationValues",
}

Given = dict[str, Any]


class AddOn:
    """`has_nodes`: whether the cluster has a node that is ready."""

    def __init__(self, cluster: Cluster, given: Given, has_nodes: Callable[[], bool]) -> None:
        self.cluster_name, self.name = cluster.name, str(given["addonName"])
        self.version = versions.add_on(self.name, given.get("addonVersion"), cluster.version)
        top = f"arn:aws:eks:{cluster.region}:{cluster.account}"
        self.arn = f"{top}:addon/{cluster.name}/{self.name}/{uuid4()}"
        self.role_arn: str | None = given.get("serviceAccountRoleArn")
        self.configuration = configuration(given.get("configurationValues"))
        self.tags: dict[str, str] = dict(given.get("tags") or {})
        self.namespace = versions.ADD_ONS[self.name].namespace
        self.created_at = self.modified_at = now()
        self.state = CREATING
        self._cluster, self._has_nodes = cluster, has_nodes

    @property
    def status(self) -> str:
        return DEGRADED if self.state == ACTIVE and self._issues() else self.state

    def _issues(self) -> list[dict[str, Any]]:
        if not versions.ADD_ONS[self.name].needs_nodes or self._has_nodes():
            return []
        message = "The add-on is unhealthy because it doesn't have the desired number of replicas."
        return [{"code": "InsufficientNumberOfReplicas", "message": message}]

    def describe(self) -> dict[str, Any]:
        return {
            "addonName": self.name,
            "clusterName": self.cluster_name,
            "status": self.status,
            "addonVersion": self.version,
            "health": {"issues": self._issues()},
            "addonArn": self.arn,
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "serviceAccountRoleArn": self.role_arn,
            "tags": self.tags,
            "configurationValues": self.configuration,
            "namespaceConfig": {"namespace": self.namespace},
            "podIdentityAssociations": [each.arn for each in identities.of_owner(self._cluster, self.arn)],
        }


def configuration(text: str | None) -> str | None:
    """Raises InvalidParameter for what is no JSON object. Its schema is the add-on's, and not known here."""
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError as wrong:
        raise exceptions.InvalidParameter(
            f"ConfigurationValue provided in request is not supported: {wrong}"
        ) from wrong
    if not isinstance(found, dict):
        raise exceptions.InvalidParameter(
            "ConfigurationValue provided in request is not supported: it is no object"
        )
    return text


def create(cluster: Cluster, given: Given, has_nodes: Callable[[], bool]) -> AddOn:
    """Raises InUse, NotFound, InvalidParameter."""
    _check_emulated(given)
    if given["addonName"] in cluster.add_ons:
        raise exceptions.InUse("Addon already exists.")
    made = AddOn(cluster, given, has_nodes)
    identities.change_owned(cluster, made.arn, made.namespace, given.get("podIdentityAssociations") or [])
    cluster.add_ons[made.name] = made
    _later(lambda: setattr(made, "state", ACTIVE))
    return made


def get(cluster: Cluster, name: str) -> AddOn:
    """Raises NotFound."""
    if name not in cluster.add_ons:
        raise exceptions.NotFound(f"No addon: {name} found in cluster: {cluster.name}")
    return cluster.add_ons[name]


def update(cluster: Cluster, given: Given) -> Update:
    _check_emulated(given)
    found = get(cluster, given["addonName"])
    if found.state != ACTIVE:
        raise exceptions.InUse(f"Addon {found.name} is {found.state}, and cannot be updated now")
    version = versions.add_on(found.name, given.get("addonVersion") or found.version, cluster.version)
    values = configuration(given.get("configurationValues", found.configuration))
    if given.get("podIdentityAssociations") is not None:
        identities.change_owned(cluster, found.arn, found.namespace, given["podIdentityAssociations"])
    params = {kind: str(given[name]) for name, kind in _KINDS.items() if given.get(name)}
    made = cluster.keep(Update("AddonUpdate", params, add_on=found.name))
    found.state = UPDATING

    def done() -> None:
        found.version, found.configuration, found.modified_at = version, values, now()
        found.role_arn = given.get("serviceAccountRoleArn", found.role_arn)
        found.state = ACTIVE
        made.succeed()

    _later(done)
    return made


def delete(cluster: Cluster, name: str) -> AddOn:
    found = get(cluster, name)
    if found.state != DELETING:
        found.state = DELETING
        _later(lambda: _gone(cluster, found))
    return found


def _gone(cluster: Cluster, add_on: AddOn) -> None:
    if cluster.add_ons.get(add_on.name) is add_on:
        identities.change_owned(cluster, add_on.arn, add_on.namespace, [])
        del cluster.add_ons[add_on.name]


def _check_emulated(given: Given) -> None:
    namespace = (given.get("namespaceConfig") or {}).get("namespace")
    known = versions.ADD_ONS.get(given["addonName"])
    if namespace and known and namespace != known.namespace:
        raise exceptions.NotEmulated("namespaceConfig")


def _later(event: Callable[[], None]) -> None:
    World.current.timeline.after(SECONDS, event)
