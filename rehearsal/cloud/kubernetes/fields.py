"""Which fields of an object somebody set: sets of paths, and their form in `managedFields`.

A path's parts are `f:name` for a field, `k:{"name":"app"}` for an item of a list that is a map,
`v:"value"` for one of a list that is a set. A list or object that is atomic is one field.
Source: sigs.k8s.io/structured-merge-diff.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rehearsal.cloud.kubernetes import schemas
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.schemas import Schema, Schemas

Path = tuple[str, ...]
Fields = dict[Path, Any]

#: What every object has and nobody owns.
_UNOWNED = {
    ("f:apiVersion",), ("f:kind",), ("f:metadata",), ("f:metadata", "f:name"), ("f:metadata", "f:namespace"),
    ("f:metadata", "f:uid"), ("f:metadata", "f:resourceVersion"), ("f:metadata", "f:creationTimestamp"),
    ("f:metadata", "f:generation"), ("f:metadata", "f:selfLink"), ("f:metadata", "f:managedFields"),
    ("f:metadata", "f:deletionTimestamp"), ("f:metadata", "f:deletionGracePeriodSeconds"), ("f:spec",),
    ("f:status",),
}  # fmt: skip


#: The value of a path that holds others: two of them are never different.
CONTAINER = object()


def fields_of(given: Object, schema: Schema, known: Schemas) -> Fields:
    """The paths that an object sets, with their values. A container of others is a path of its own where it
    is an item of a list or empty."""
    found: Fields = {}
    _walk(given, schema, known, (), found)
    return {
        path: value
        for path, value in found.items()
        if path not in _UNOWNED and not (len(path) > 2 and path[:2] == ("f:metadata", "f:managedFields"))
    }


def _walk(given: Any, schema: Schema, known: Schemas, path: Path, found: Fields) -> None:
    resolved = known.resolve(schema)
    if isinstance(given, dict) and not _atomic(schema, resolved):
        properties = resolved.get("properties", {})
        if path and (not given or not path[-1].startswith("f:")):
            found[path] = CONTAINER if given else {}
        for key, value in given.items():
            inner = properties.get(key) if properties else schemas.values_of(resolved)
            _walk(value, inner or {}, known, (*path, f"f:{key}"), found)
        return
    kind = schema.get("x-kubernetes-list-type")
    if isinstance(given, list) and kind in ("map", "set"):
        if not given:
            found[path] = []
        item = resolved.get("items", {})
        for each in given:
            part = item_part(each, schema, known)
            if kind == "set":
                found[(*path, part)] = each
            else:
                _walk(each, item, known, (*path, part), found)
        return
    found[path] = given


def _atomic(schema: Schema, resolved: Schema) -> bool:
    return "atomic" in (schema.get("x-kubernetes-map-type"), resolved.get("x-kubernetes-map-type"))


def item_part(item: Any, schema: Schema, known: Schemas) -> str:
    """How a path names an item of such a list."""
    keys = schemas.list_keys(schema)
    if not keys:
        return f"v:{json.dumps(item, separators=(',', ':'))}"
    properties = known.properties(schema.get("items", {}))
    shown = {key: item.get(key, schemas.default_of_key(properties, key)) for key in sorted(keys)}
    shown = {key: value for key, value in shown.items() if value is not None}
    return f"k:{json.dumps(shown, separators=(',', ':'))}"


def to_v1(paths: Iterable[Path]) -> Object:
    """`fieldsV1`: `.` marks a container that is set itself."""
    tree: Object = {}
    for path in sorted(paths):
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node["."] = {}
    return _tidy(tree)


def _tidy(node: Object) -> Object:
    """A leaf needs no dot."""
    return {part: {} if set(inner) <= {"."} else _tidy(inner) for part, inner in node.items()}


def from_v1(tree: Object, path: Path = ()) -> set[Path]:
    found: set[Path] = set()
    for part, inner in tree.items():
        if part == ".":
            found.add(path)
        elif inner:
            found |= from_v1(inner, (*path, part))
        else:
            found.add((*path, part))
    return found


def shown(path: Path) -> str:
    """As a conflict names it: `.spec.template.spec.containers[name="app"].image`."""
    text = ""
    for part in path:
        kind, _, value = part.partition(":")
        if kind == "f":
            text += f".{value}"
        elif kind == "k":
            pairs = json.loads(value)
            text += "[" + ",".join(f"{key}={json.dumps(each)}" for key, each in pairs.items()) + "]"
        else:
            text += f"[={value}]"
    return text
