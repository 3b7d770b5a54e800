"""By which labels, annotations and hashes the objects of a workload are known."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pulumi import Output, Resource
from pulumi.output import UNKNOWN

from ..args import Late

NAME = "app.kubernetes.io/name"
PART = "app.kubernetes.io/part-of"
MANAGER = "app.kubernetes.io/managed-by"
COMPONENT = "app.kubernetes.io/component"

SERVER = "server"
"""The component of pods that serve, or work: those of the Deployment."""
MIGRATION = "migration"

KEPT = "immutable/kept-for"
"""Label of what a version of a workload refers to by a hashed name, which is kept as long as a ReplicaSet
refers to it."""
LOG_GROUP = "immutable/log-group"
"""Annotation of pods that tells the log agent where to."""

FIELD_MANAGER = "pulumi-kubernetes-immutable"
"""In whose name a Deployment is applied: by Pulumi's provider and, when a version is put back, by the
rollout. With two names, what one of them leaves out would stay behind as the other's."""

APPLY = {"pulumi.com/patchForce": "true"}
"""Pulumi's provider overrules whoever changed a field by hand; that somebody did is for `drift` to say."""
NO_WAIT = {**APPLY, "pulumi.com/skipAwait": "true"}
"""And does not wait: the rollout does, and knows what for."""


def labels(name: str, namespace: Late, component: str, given: dict[str, str]) -> dict[str, Any]:
    """What each object of a workload carries."""
    own = {NAME: name, PART: namespace, MANAGER: "pulumi", COMPONENT: component}
    return {**given, **own}


def selector(name: str, component: str = SERVER) -> dict[str, str]:
    """By which pods are chosen. A Deployment's may never change."""
    return {NAME: name, COMPONENT: component}


def uid_of(owner: Resource) -> Output[str]:
    """By which the cluster knows an object for good; unknown in a preview of one that is not there yet."""
    metadata: Output[Any] = owner.metadata  # type: ignore[attr-defined]
    return metadata.apply(lambda known: known.uid or UNKNOWN)


def fingerprint(content: Any) -> str:
    """Eight characters that stand for a content, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
