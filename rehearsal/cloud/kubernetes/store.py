"""The objects of one cluster, in memory, each with the version that etcd would give it.

An object that is in the store is never changed: who changes one puts another in its place. Reading costs no
copy then, and a change tells what was before.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.resources import Resource

#: So many changes are remembered for those who watch; a real API server keeps about as many.
REMEMBERED = 4096


class Key(NamedTuple):
    """Where an object is: `namespace` is empty for what belongs to the whole cluster."""

    group: str
    plural: str
    namespace: str
    name: str


class Change(NamedTuple):
    """`before` is None for a new object, `after` for one that is gone."""

    version: int
    key: Key
    before: Object | None
    after: Object | None


class Store:
    """Objects by group, resource, namespace and name; those of one owner are found without a search."""

    def __init__(self) -> None:
        self.version = 1
        self.listeners: list[Callable[[Change], None]] = []
        self.changes: deque[Change] = deque(maxlen=REMEMBERED)
        self._objects: dict[tuple[str, str], dict[str, dict[str, Object]]] = {}
        self._by_owner: dict[str, dict[Key, None]] = {}
        self._uids: dict[str, Key] = {}

    def get(self, key: Key) -> Object | None:
        return self._objects.get((key.group, key.plural), {}).get(key.namespace, {}).get(key.name)

    def all(self, group: str, plural: str, namespace: str | None = None) -> Iterator[Object]:
        """In the order of their names; of all namespaces without one."""
        spaces = self._objects.get((group, plural), {})
        for space in sorted(spaces) if namespace is None else (namespace,):
            found = spaces.get(space, {})
            for name in sorted(found):
                yield found[name]

    def owned(self, uid: str) -> list[tuple[Key, Object]]:
        """What names this owner in its `ownerReferences`, oldest first."""
        found = ((key, self.get(key)) for key in self._by_owner.get(uid, ()))
        return [(key, each) for key, each in found if each is not None]

    def key_of_uid(self, uid: str) -> Key | None:
        return self._uids.get(uid)

    def by_uid(self, uid: str) -> Object | None:
        key = self._uids.get(uid)
        return None if key is None else self.get(key)

    def in_namespace(self, namespace: str) -> list[Key]:
        """All that is in it, in no order that means anything."""
        return [
            Key(group, plural, namespace, name)
            for (group, plural), spaces in self._objects.items()
            for name in spaces.get(namespace, ())
        ]

    def put(self, key: Key, value: Object) -> Object:
        """Store it as it is, with the next version; returns what is stored."""
        before = self.get(key)
        self.version += 1
        stored = value | {"metadata": value["metadata"] | {"resourceVersion": str(self.version)}}
        if before is not None:
            self._forget(key, before)
        self._objects.setdefault((key.group, key.plural), {}).setdefault(key.namespace, {})[key.name] = stored
        for uid in _owners(stored):
            self._by_owner.setdefault(uid, {})[key] = None
        self._uids[stored["metadata"]["uid"]] = key
        self._tell(Change(self.version, key, before, stored))
        return stored

    def remove(self, key: Key) -> Object | None:
        """What was there."""
        before = self._objects.get((key.group, key.plural), {}).get(key.namespace, {}).pop(key.name, None)
        if before is not None:
            self.version += 1
            self._forget(key, before)
            self._uids.pop(before["metadata"]["uid"], None)
            self._tell(Change(self.version, key, before, None))
        return before

    def _forget(self, key: Key, before: Object) -> None:
        for uid in _owners(before):
            owned = self._by_owner.get(uid, {})
            owned.pop(key, None)
            if not owned:
                self._by_owner.pop(uid, None)

    def _tell(self, change: Change) -> None:
        self.changes.append(change)
        for listener in self.listeners:
            listener(change)


def copied(value: Any) -> Any:
    """A copy of what JSON can hold, all the way down."""
    if isinstance(value, dict):
        return {name: copied(each) for name, each in value.items()}
    if isinstance(value, list):
        return [copied(each) for each in value]
    return value


def new_uid() -> str:
    return str(uuid.uuid4())


def key_of(resource: Resource, value: Object) -> Key:
    metadata = value["metadata"]
    return Key(resource.group, resource.plural, metadata.get("namespace", ""), metadata["name"])


def _owners(value: Object) -> Iterable[str]:
    return [each["uid"] for each in value["metadata"].get("ownerReferences") or ()]
