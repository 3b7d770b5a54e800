"""The objects of a cluster that a stack declares, by its state, and where the cluster has each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scripts.releases.kubernetes_api import Api, Document

#: The resource that says what of a Deployment the last rollout that ended well brought: one that failed was
#: put back, while Pulumi's own resource has the new version already.
ROLLOUT = ":DeploymentRollout"
_PREFIX = "kubernetes:"


@dataclass(frozen=True)
class Wanted:
    """One object.

    Attributes:
        inputs: what the program says of it; nothing else is anybody's business here.
        managers: in whose name Pulumi applies it.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    managers: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """Such as `Deployment shop`."""
        return f"{self.kind} {self.name}"

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.namespace, self.name

    @property
    def workload(self) -> str | None:
        """Whose it is, by its label."""
        labels = (self.inputs.get("metadata") or {}).get("labels") or {}
        found = labels.get("app.kubernetes.io/name")
        return found if isinstance(found, str) else None


def of(resources: Iterable[Mapping[str, Any]]) -> list[Wanted]:
    """The objects in a stack's state; of a Deployment what its last good rollout brought."""
    every = list(resources)
    brought = {
        (str(each["inputs"].get("namespace")), str(each["inputs"].get("deployment"))): each["inputs"]
        for each in every
        if str(each.get("type", "")).endswith(ROLLOUT) and each.get("inputs")
    }
    return [_brought(wanted, brought) for wanted in _declared(every)]


def _brought(wanted: Wanted, rollouts: Mapping[tuple[str, str], Mapping[str, Any]]) -> Wanted:
    rollout = rollouts.get((wanted.namespace, wanted.name))
    if wanted.kind != "Deployment" or rollout is None or not isinstance(rollout.get("spec"), Mapping):
        return wanted
    return replace(wanted, inputs={**wanted.inputs, "spec": rollout["spec"]})


def _declared(resources: Iterable[Mapping[str, Any]]) -> Iterator[Wanted]:
    for each in resources:
        kind = str(each.get("type", ""))
        if not each.get("custom") or not kind.startswith(_PREFIX):
            continue
        inputs, outputs = each.get("inputs") or {}, each.get("outputs") or {}
        group, _, name_of_kind = kind.removeprefix(_PREFIX).rpartition(":")
        about, given = outputs.get("metadata") or {}, inputs.get("metadata") or {}
        if not isinstance(about, Mapping) or not isinstance(given, Mapping):
            continue
        name = about.get("name") or given.get("name") or str(each.get("id", "")).rpartition("/")[2]
        manager = outputs.get("__fieldManager")
        yield Wanted(
            api_version=str(inputs.get("apiVersion") or group.removeprefix("core/")),
            kind=str(inputs.get("kind") or name_of_kind),
            namespace=str(about.get("namespace") or given.get("namespace") or ""),
            name=str(name),
            inputs=inputs,
            managers=frozenset({manager} if isinstance(manager, str) else ()),
        )


class Places:
    """Where a cluster keeps objects of a kind, as it says itself."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, dict[str, tuple[str, bool]]] = {}

    def get(self, wanted: Wanted) -> Document | None:
        """The object as the cluster has it; None where it has none. Raises ClusterError."""
        where = self._collection(wanted.api_version, wanted.kind, wanted.namespace)
        return None if where is None else self._api.get(f"{where}/{wanted.name}")

    def every(self, api_version: str, kind: str, namespace: str) -> list[Document]:
        """All of a kind in a namespace. Raises ClusterError."""
        where = self._collection(api_version, kind, namespace)
        return [] if where is None else self._api.every(where)

    def _collection(self, api_version: str, kind: str, namespace: str) -> str | None:
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if root not in self._known:
            found = (self._api.get(root) or {}).get("resources") or []
            # Those with a stroke are parts of others, such as `deployments/scale`.
            self._known[root] = {
                each["kind"]: (each["name"], bool(each.get("namespaced")))
                for each in found
                if "/" not in each["name"]
            }
        if kind not in self._known[root]:
            return None
        plural, namespaced = self._known[root][kind]
        return f"{root}/namespaces/{namespace or 'default'}/{plural}" if namespaced else f"{root}/{plural}"
