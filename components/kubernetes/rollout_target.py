"""What a rollout is given, and how it ended well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import rollout_view as view

Object = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """What a Deployment is to be. `metadata` and `spec` are those of its manifest."""

    namespace: str
    name: str
    metadata: Object
    spec: Object
    min_size: int = 1
    good: str = ""
    """The ReplicaSet that the last good rollout ended with."""

    @property
    def manifest(self) -> Object:
        return {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": self.metadata, "spec": self.spec
        }  # fmt: skip

    def restoring(self, replica_set: view.Object, version: str) -> Object:
        """The manifest with the template of another version, for the Deployment as it was at `version`."""
        return {
            **self.manifest,
            "metadata": {**self.metadata, "resourceVersion": version},
            "spec": {**self.spec, "template": view.template(replica_set)},
        }


@dataclass(frozen=True)
class Outcome:
    """How a rollout ended well."""

    status: str
    reason: str
    revision: str
    replica_set: str
    finished_at: str
