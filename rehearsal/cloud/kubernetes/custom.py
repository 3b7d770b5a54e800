"""What add-ons bring along: the definition of SecretProviderClass, of the Secrets Store CSI driver."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Key, new_uid

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

SECRETS_STORE = "aws-secrets-store-csi-driver-provider"
GROUP = "secrets-store.csi.x-k8s.io"

_STRINGS: Object = {"type": "object", "additionalProperties": {"type": "string"}}
_KEY: Object = {"type": "object", "properties": {"key": {"type": "string"}, "objectName": {"type": "string"}}}
_SECRET: Object = {
    "type": "object",
    "properties": {
        "annotations": _STRINGS,
        "data": {"type": "array", "items": _KEY},
        "labels": _STRINGS,
        "secretName": {"type": "string"},
        "type": {"type": "string"},
    },
}
_SPEC: Object = {
    "type": "object",
    "properties": {
        "parameters": _STRINGS,
        "provider": {"type": "string"},
        "secretObjects": {"type": "array", "items": _SECRET},
    },
}


def add_on_definitions(cluster: Cluster, add_ons: Collection[str]) -> None:
    """Define what the installed add-ons define, and take away what one that is gone had defined."""
    key = Key("apiextensions.k8s.io", "customresourcedefinitions", "", f"secretproviderclasses.{GROUP}")
    there = cluster.store.get(key) is not None
    if SECRETS_STORE in add_ons and not there:
        cluster.store.put(key, _definition(cluster.now()))
    elif SECRETS_STORE not in add_ons and there:
        for value in list(cluster.store.all(GROUP, "secretproviderclasses")):
            metadata = value["metadata"]
            cluster.store.remove(Key(GROUP, "secretproviderclasses", metadata["namespace"], metadata["name"]))
        cluster.store.remove(key)


def _definition(now: str) -> Object:
    names = {
        "kind": "SecretProviderClass",
        "listKind": "SecretProviderClassList",
        "plural": "secretproviderclasses",
        "singular": "secretproviderclass",
    }
    schema = {"type": "object", "properties": {"spec": _SPEC, "status": {"type": "object"}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]}
    spec["conversion"] = {"strategy": "None"}
    metadata = {
        "name": f"{names['plural']}.{GROUP}",
        "uid": new_uid(),
        "creationTimestamp": now,
        "generation": 1,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
        "status": established(names, now),
    }


def established(names: Object, now: str) -> Object:
    """The status of a definition that is served."""
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}
        for kind, reason, message in (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        )
    ]
    return {"acceptedNames": names, "conditions": conditions, "storedVersions": ["v1"]}
