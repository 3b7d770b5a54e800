"""Creating, updating and deleting objects, as requests do it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes import admission, apply, defaults, kinds, validation
from rehearsal.cloud.kubernetes.apply import Writer
from rehearsal.cloud.kubernetes.decoding import Decoder
from rehearsal.cloud.kubernetes.errors import (
    FieldError,
    Object,
    bad_request,
    exists,
    invalid,
    modified,
    wrong,
)
from rehearsal.cloud.kubernetes.resources import Resource
from rehearsal.cloud.kubernetes.schemas import Schema
from rehearsal.cloud.kubernetes.store import Key, copied, key_of, new_uid

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

_SYSTEM = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
)
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
#: A generated name has room for its suffix of five.
_GENERATED_MOST = 58


@dataclass
class Write:
    """How a request writes. `warnings` are collected for the answer."""

    writer: Writer
    dry_run: bool = False
    validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)


class Objects:
    """The writing half of the API of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._store = cluster.store

    def schema(self, resource: Resource) -> Schema:
        return self._cluster.schema(resource)

    def create(self, resource: Resource, namespace: str, given: Object, write: Write) -> Object:
        """Raises Refused: 400, 403, 404, 409 or 422."""
        value = self._decoded(resource, given, write)
        metadata = value.setdefault("metadata", {})
        if metadata.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        if metadata.get("managedFields"):
            metadata.pop("managedFields")
        self.placed(resource, namespace, metadata)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = self.generated(resource, namespace, metadata["generateName"])
        self.opened(resource, namespace, metadata.get("name", ""))
        return self.insert(resource, value, write)

    def insert(self, resource: Resource, value: Object, write: Write) -> Object:
        """Store a new object that is decoded and has its name."""
        metadata = value["metadata"]
        for name in _SYSTEM:
            metadata.pop(name, None)
        metadata["uid"], metadata["creationTimestamp"] = new_uid(), self._cluster.now()
        if resource.kind in kinds.GENERATIONS or self._cluster.is_custom(resource):
            metadata["generation"] = 1
        defaults.fill(resource.kind, value)
        kinds.born(resource.kind, value, has_status="status" in resource.subresources)
        key = key_of(resource, value) if metadata.get("name") else Key("", "", "", "")
        if resource.kind == "Pod":
            admission.complete_pod(self._store, value)
        self._check(
            resource,
            validation.problems(resource.kind, value, self.schema(resource), self._cluster.schemas),
            value,
        )
        if self._store.get(key) is not None:
            raise exists(resource.plural, resource.group, metadata["name"])
        write.warnings += admission.pod_secure(self._store, resource.kind, value)
        write.warnings += admission.pod_warnings(resource.kind, value)
        if resource.kind == "Service":
            self._cluster.addresses.allocate(key, value, dry_run=write.dry_run)
        value = self._owned(resource, None, value, write)
        if write.dry_run:
            return value
        return self._store.put(key, value)

    def update(
        self, resource: Resource, before: Object, given: Object, write: Write, subresource: str = ""
    ) -> Object:
        """PUT, and what a patch has made of the object."""
        key = key_of(resource, before)
        after = self._decoded(resource, given, write)
        self.placed(resource, key.namespace, after.setdefault("metadata", {}))
        self._same_object(resource, before, after)
        after = self._joined(resource, before, after, subresource)
        owned = self._owned(resource, before, after, write)
        return self._replace(resource, before, owned, write)

    def apply(
        self, resource: Resource, before: Object | None, given: Object, write: Write, *, force: bool,
        subresource: str = "",
    ) -> Object:  # fmt: skip
        """Server-side apply to an object that is there; `before` is None for one that is not."""
        schema, known = self.schema(resource), self._cluster.schemas
        if before is None:
            head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {}}
            value = apply.merged(head, copied(given), write.writer, schema, known, force=False)
            return self.insert(resource, self._canonical(resource, value), write)
        self._same_object(resource, before, given)
        wanted = copied(given)
        wanted["metadata"].pop("resourceVersion", None)
        after = apply.merged(before, wanted, write.writer, schema, known, force=force)
        after = self._joined(resource, before, self._canonical(resource, after), subresource)
        return self._replace(resource, before, after, write)

    def _canonical(self, resource: Resource, value: Object) -> Object:
        """A copy with quantities as they are stored."""
        custom = self._cluster.is_custom(resource)
        decoder = Decoder(self._cluster.schemas, resource.kind, resource.version, custom=custom)
        decoded: Object = copied(decoder.decode(value, self.schema(resource)))
        return decoded

    def _replace(self, resource: Resource, before: Object, after: Object, write: Write) -> Object:
        metadata = after["metadata"]
        problems = validation.changes(resource.kind, before, after)
        whole = validation.problems(resource.kind, after, self.schema(resource), self._cluster.schemas)
        self._check(resource, [*whole, *problems], after)
        if resource.kind == "Service":
            self._cluster.addresses.allocate(key_of(resource, after), after, dry_run=write.dry_run)
        if after.get("spec") != before.get("spec") and "generation" in before["metadata"]:
            metadata["generation"] = before["metadata"]["generation"] + 1
            write.warnings += admission.pod_secure(self._store, resource.kind, after)
            write.warnings += admission.pod_warnings(resource.kind, after)
        metadata["resourceVersion"] = before["metadata"]["resourceVersion"]
        if _unchanged(before, after):
            return before
        if write.dry_run:
            return after
        return self._cluster.deletion.finish(resource, self._store.put(key_of(resource, after), after))

    def _joined(self, resource: Resource, before: Object, after: Object, subresource: str) -> Object:
        """What a write through this address may change; the rest stays as it was."""
        if subresource == "status":
            joined = before | {"status": after.get("status", {})}
            labels = {
                k: v for k, v in after["metadata"].items() if k in ("labels", "annotations", "managedFields")
            }
            return joined | {"metadata": before["metadata"] | labels}
        metadata = after["metadata"]
        for name in ("name", "namespace", "generateName", *_SYSTEM):
            metadata.pop(name, None)
            if name in before["metadata"]:
                metadata[name] = before["metadata"][name]
        if "status" in resource.subresources:
            after.pop("status", None)
            if "status" in before:
                after["status"] = before["status"]
        defaults.fill(resource.kind, after)
        kinds.kept(resource.kind, before, after)
        return after

    def _owned(self, resource: Resource, before: Object | None, after: Object, write: Write) -> Object:
        schema, known = self.schema(resource), self._cluster.schemas
        if write.writer.operation == apply.APPLY:
            # What was asked for, not what was filled in, is the manager's; that is written down already.
            return after
        return apply.updated(before, after, write.writer, schema, known)

    def _decoded(self, resource: Resource, given: Object, write: Write) -> Object:
        kind, api_version = (
            given.get("kind") or resource.kind,
            given.get("apiVersion") or resource.api_version,
        )
        if (kind, api_version) != (resource.kind, resource.api_version):
            version = api_version.rpartition("/")[2]
            text = f'{kind} in version "{version}" cannot be handled as a {resource.kind}:'
            scheme = 'in scheme "pkg/runtime/scheme.go:111"'
            shown = api_version if kind == resource.kind else resource.api_version
            raise bad_request(f'{text} no kind "{kind}" is registered for version "{shown}" {scheme}')
        custom = self._cluster.is_custom(resource)
        decoder = Decoder(self._cluster.schemas, resource.kind, resource.version, custom=custom)
        value = decoder.decode(given, self.schema(resource))
        if write.validation == "Strict":
            decoder.strictly()
        elif write.validation == "Warn":
            write.warnings += [f'unknown field "{name}"' for name in decoder.unknown]
        head = {"kind": resource.kind, "apiVersion": resource.api_version}
        decoded: Object = copied(value) | head
        return decoded

    def opened(self, resource: Resource, namespace: str, name: str) -> None:
        """Raises Refused when nothing new may come into the namespace."""
        if resource.namespaced:
            admission.namespace_open(self._store, resource, namespace, name)

    @staticmethod
    def placed(resource: Resource, namespace: str, metadata: Object) -> None:
        """Say which namespace an object is in. Raises Refused when it says another one."""
        if resource.namespaced:
            if metadata.setdefault("namespace", namespace) != namespace:
                raise bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
        elif metadata.pop("namespace", ""):
            raise bad_request("namespace is not allowed on this type")

    def _same_object(self, resource: Resource, before: Object, after: Object) -> None:
        given, there = after["metadata"], before["metadata"]
        if given.get("resourceVersion") not in (None, "", there["resourceVersion"]):
            raise modified(resource.plural, resource.group, there["name"])
        if given.get("uid") not in (None, "", there["uid"]):
            problem = wrong("metadata.uid", given["uid"], "field is immutable")
            raise invalid(resource.kind, resource.group, there["name"], [problem])

    @staticmethod
    def _check(resource: Resource, found: list[FieldError], value: Object) -> None:
        if found:
            unique = list(dict.fromkeys(found))
            raise invalid(resource.kind, resource.group, value["metadata"].get("name", ""), unique)

    def generated(self, resource: Resource, namespace: str, prefix: str) -> str:
        """A name that is not taken."""
        while True:
            name = prefix[:_GENERATED_MOST] + random_suffix()
            if self._store.get(Key(resource.group, resource.plural, namespace, name)) is None:
                return name

    def change(self, key: Key, alter: Callable[[Object], None]) -> Object | None:
        """A controller's write: `alter` changes a copy, of which the status alone is one all the way down.
        Nothing is stored when it is as before.
        """
        before = self._store.get(key)
        if before is None:
            return None
        after = {name: dict(each) if isinstance(each, dict) else each for name, each in before.items()}
        if "status" in before:
            after["status"] = copied(before["status"])
        alter(after)
        if after == before:
            return before
        if after.get("spec") != before.get("spec") and "generation" in before["metadata"]:
            after["metadata"]["generation"] = before["metadata"]["generation"] + 1
        return self._store.put(key, after)


def random_suffix(length: int = 5) -> str:
    return "".join(random.choices(_SUFFIX, k=length))  # noqa: S311 - a name, no secret


def _unchanged(before: Object, after: Object) -> bool:
    """Whether nothing would be stored but the time of who wrote it."""
    return _without_times(before) == _without_times(after)


def _without_times(value: Object) -> Object:
    managed = [
        {key: each for key, each in entry.items() if key != "time"}
        for entry in value["metadata"].get("managedFields") or ()
    ]
    return value | {"metadata": value["metadata"] | {"managedFields": managed}}
