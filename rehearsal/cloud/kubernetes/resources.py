"""Which kinds there are, under which names and addresses: discovery.

`resources.json` is what a kube-apiserver 1.36 answers to discovery, by group and version, without the second
addresses of events and autoscalers. What a custom resource definition defines comes in addition.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rehearsal.cloud.kubernetes.errors import Object

_VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]


@dataclass(frozen=True)
class Resource:
    """One kind at one address, such as `deployments` of `apps/v1`."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    subresources: frozenset[str] = frozenset()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


class Resources:
    """What the API of one cluster serves; `custom` are the definitions of custom resources in it."""

    def __init__(self, custom: Iterable[Object] = ()) -> None:
        self.groups: dict[str, list[Object]] = {key: list(found) for key, found in _official().items()}
        for definition in custom:
            self._define(definition)
        self._by_address: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str, str], Resource] = {}
        for api_version, found in self.groups.items():
            self._index(api_version, found)

    def _index(self, api_version: str, found: Sequence[Object]) -> None:
        group, _, version = api_version.rpartition("/")
        for each in (each for each in found if "/" not in each["name"]):
            name = each["name"]
            below = {o["name"].partition("/")[2] for o in found if o["name"].startswith(f"{name}/")}
            resource = Resource(group, version, name, each["kind"], each["namespaced"], frozenset(below))
            self._by_address[(group, version, name)] = resource
            self._by_kind[(group, version, each["kind"])] = resource

    def _define(self, definition: Object) -> None:
        spec = definition["spec"]
        names = spec["names"]
        for version in (each for each in spec["versions"] if each.get("served")):
            entry = {
                "name": names["plural"],
                "singularName": names.get("singular", names["kind"].lower()),
                "namespaced": spec["scope"] == "Namespaced",
                "kind": names["kind"],
                "verbs": _VERBS,
            }
            found = self.groups.setdefault(f"{spec['group']}/{version['name']}", [])
            found.append(entry | ({"shortNames": names["shortNames"]} if names.get("shortNames") else {}))
            if "status" in version.get("subresources", {}):
                status = {
                    "name": f"{names['plural']}/status",
                    "singularName": "",
                    "verbs": ["get", "patch", "update"],
                }
                found.append(entry | status)

    def at(self, group: str, version: str, plural: str) -> Resource | None:
        return self._by_address.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        group, _, version = api_version.rpartition("/")
        return self._by_kind.get((group, version, kind))

    def api_groups(self) -> list[Object]:
        """As `/apis` lists them."""
        versions: dict[str, list[str]] = {}
        for api_version in self.groups:
            group, slash, version = api_version.rpartition("/")
            if slash:
                versions.setdefault(group, []).append(version)
        return [api_group(name, found) for name, found in versions.items()]


def api_group(name: str, versions: Sequence[str]) -> Object:
    shown = [{"groupVersion": f"{name}/{each}", "version": each} for each in versions]
    return {"name": name, "versions": shown, "preferredVersion": shown[0]}


@cache
def _official() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(
        (Path(__file__).parent / "resources.json").read_text()
    )
    return found
