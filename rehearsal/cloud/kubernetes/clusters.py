"""The clusters of a world, and the API of one: its store, its clock, its nodes, who may do what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from rehearsal.cloud.kubernetes.admission import Addresses
from rehearsal.cloud.kubernetes.custom import add_on_definitions
from rehearsal.cloud.kubernetes.deletion import Deletion
from rehearsal.cloud.kubernetes.objects import Objects
from rehearsal.cloud.kubernetes.resources import Resource, Resources
from rehearsal.cloud.kubernetes.schemas import Schema, Schemas, schemas
from rehearsal.cloud.kubernetes.store import Change, Key, Store

PREFIX = "/kubernetes/"
#: Instead of a role: whatever a pod does with AWS is allowed.
ANY_ROLE = "*"
_DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")


@dataclass(frozen=True)
class Node:
    """A machine that runs pods, as the group it is of knows it."""

    name: str
    instance_id: str = ""
    instance_type: str = "m7g.large"
    zone: str = ""
    node_group: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()
    ready: bool = True
    unschedulable: bool = False
    internal_ip: str = ""
    image_id: str = ""
    draining: bool = False


class Facts(Protocol):
    """What a cluster is told from outside, by EKS or by a test; asked again at every request."""

    @property
    def version(self) -> str: ...

    def nodes(self) -> Sequence[Node]: ...

    def add_ons(self) -> Collection[str]: ...

    def access(self, principal_arn: str) -> str | None:
        """`admin`, `view`, or None for who has no entry."""

    def pod_role(self, namespace: str, service_account: str) -> str | None:
        """The ARN of the role that such pods get, None for none; ANY_ROLE where that is not looked at."""


class Cluster:
    """One emulated Kubernetes API with all that is behind it."""

    def __init__(self, world: Any, region: str, name: str, facts: Facts) -> None:
        from rehearsal.cloud.kubernetes.controllers import Controllers

        self.world, self.region, self.name, self.facts = world, region, name, facts
        self.tokens: dict[str, str] = {}
        self.store = Store()
        self.addresses = Addresses()
        self.objects = Objects(self)
        self.deletion = Deletion(self)
        self._resources: Resources | None = None
        self._add_ons: frozenset[str] = frozenset()
        self.store.listeners.append(self._noticed)
        self.controllers = Controllers(self)
        self.controllers.start()

    @property
    def path(self) -> str:
        return f"{PREFIX}{self.region}/{self.name}"

    @property
    def endpoint(self) -> str:
        return f"{self.world.endpoint}{self.path}"

    @property
    def schemas(self) -> Schemas:
        return schemas(self.facts.version)

    @property
    def seconds(self) -> float:
        """The emulated time, in seconds since the cloud started."""
        return float(self.world.timeline.now)

    def now(self, later: float = 0.0) -> str:
        """The emulated time as objects tell it."""
        return str(self.world.clock.date(self.seconds + later).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def age(self, moment: str) -> float:
        """Seconds since a time that an object tells; for ever without one."""
        if not moment:
            return float("inf")
        since = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S%z")
        return float((self.world.clock.date(self.seconds) - since).total_seconds())

    def refresh(self) -> None:
        """Take in what EKS says now, and let the controllers do what there is to do."""
        add_ons = frozenset(self.facts.add_ons())
        if add_ons != self._add_ons:
            self._add_ons = add_ons
            add_on_definitions(self, add_ons)
        self.controllers.run()

    @property
    def resources(self) -> Resources:
        if self._resources is None:
            self._resources = Resources(self.store.all(*_DEFINITIONS))
        return self._resources

    def resource_of(self, key: Key) -> Resource | None:
        """The resource under whichever version it is served."""
        for api_version in self.resources.groups:
            group, _, version = api_version.rpartition("/")
            found = self.resources.at(group, version, key.plural) if group == key.group else None
            if found:
                return found
        return None

    def schema(self, resource: Resource) -> Schema:
        """Of a custom kind it is the definition's own."""
        found = self.schemas.of(resource.group, resource.version, resource.kind)
        return found if found is not None else self._custom_schema(resource)

    def is_custom(self, resource: Resource) -> bool:
        return self.schemas.of(resource.group, resource.version, resource.kind) is None

    def _custom_schema(self, resource: Resource) -> Schema:
        definition = self.store.get(Key(*_DEFINITIONS, "", f"{resource.plural}.{resource.group}"))
        versions = (definition or {"spec": {"versions": []}})["spec"]["versions"]
        schema: Schema = next(
            (
                each.get("schema", {}).get("openAPIV3Schema", {})
                for each in versions
                if each["name"] == resource.version
            ),
            {},
        )
        head: Schema = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
        head["metadata"] = {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
        return schema | {"type": "object", "properties": schema.get("properties", {}) | head}

    def _noticed(self, change: Change) -> None:
        if (change.key.group, change.key.plural) == _DEFINITIONS:
            self._resources = None


class Clusters:
    """All clusters of a world, by region and name."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self.clusters: dict[tuple[str, str], Cluster] = {}

    def open(self, region: str, name: str, facts: Facts) -> str:
        """Let a cluster answer; its endpoint. Raises ValueError for a version that has no schemas here."""
        schemas(facts.version)
        cluster = Cluster(self._world, region, name, facts)
        self.clusters[(region, name)] = cluster
        return cluster.endpoint

    def close(self, region: str, name: str) -> None:
        cluster = self.clusters.pop((region, name), None)
        if cluster is not None:
            cluster.controllers.stop()

    def get(self, region: str, name: str) -> Cluster | None:
        return self.clusters.get((region, name))
