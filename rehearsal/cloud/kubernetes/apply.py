"""Server-side apply and the bookkeeping of who set which field.

An apply names all that its manager wants. What it wants otherwise than another manager's field is a conflict,
unless it is forced; what it wanted before and wants no more goes, unless somebody else set it too.
Source: "Server-Side Apply", and sigs.k8s.io/structured-merge-diff.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rehearsal.cloud.kubernetes import schemas
from rehearsal.cloud.kubernetes.errors import Object, Refused
from rehearsal.cloud.kubernetes.fields import Path, fields_of, from_v1, item_part, shown, to_v1
from rehearsal.cloud.kubernetes.schemas import Schema, Schemas

APPLY, UPDATE = "Apply", "Update"


@dataclass(frozen=True)
class Writer:
    """Who writes: a manager is one by its name, what it does, and through which subresource."""

    manager: str
    operation: str
    api_version: str
    at: str
    subresource: str = ""


@dataclass
class _Entry:
    head: Object
    paths: set[Path]

    def of(self, writer: Writer) -> bool:
        head = self.head
        return (head["manager"], head["operation"], head.get("subresource", "")) == (
            writer.manager, writer.operation, writer.subresource,
        )  # fmt: skip

    def told(self) -> str:
        text = f'"{self.head["manager"]}"'
        if self.head.get("subresource"):
            text += f' with subresource "{self.head["subresource"]}"'
        if self.head["operation"] == UPDATE:
            text += f" using {self.head['apiVersion']}"
        return text


def merged(
    live: Object, applied: Object, writer: Writer, schema: Schema, known: Schemas, *, force: bool
) -> Object:
    """The live object as the apply leaves it, with `managedFields`; Refused (409) for conflicts."""
    entries = _entries(live)
    wanted = fields_of(applied, schema, known)
    present = fields_of(live, schema, known)
    others = sorted((entry for entry in entries if not entry.of(writer)), key=_Entry.told)
    conflicts = [
        (path, entry)
        for entry in others
        for path in sorted(entry.paths & wanted.keys(), key=_order)
        if path in present and present[path] is not wanted[path] and present[path] != wanted[path]
    ]
    if conflicts and not force:
        raise _conflict(conflicts)
    for path, entry in conflicts:
        entry.paths.discard(path)
    own = next((entry for entry in entries if entry.of(writer)), None)
    before = own.paths if own else set()
    result = _merge(live, applied, schema, known)
    kept = _with_prefixes(path for entry in others for path in entry.paths) | _with_prefixes(wanted)
    kept.add(("f:metadata",))
    result = _without(result, _with_prefixes(before) - kept, schema, known, ())
    gone = present.keys() - fields_of(result, schema, known).keys()
    for entry in others:
        entry.paths -= gone
    if own is None:
        own = _Entry(_head(writer), set())
        entries.insert(0, own)
    if own.paths != set(wanted):
        own.paths, own.head = set(wanted), _head(writer)
    return _with_entries(result, entries)


def updated(before: Object | None, after: Object, writer: Writer, schema: Schema, known: Schemas) -> Object:
    """An object that was written by a create, update or patch: what changed belongs to who wrote it. Entries
    that it brings along count instead of those of before.
    """
    old = fields_of(before, schema, known) if before else {}
    new = fields_of(after, schema, known)
    inner = _with_prefixes(old)
    changed = {
        path
        for path, value in new.items()
        if (_differ(old[path], value) if path in old else path not in inner)
    }
    gone = old.keys() - new.keys()
    brought = before is not None and after["metadata"].get("managedFields") is not None
    entries = _entries(after if brought else before or {"metadata": {}})
    own = next((entry for entry in entries if entry.of(writer)), None)
    for entry in entries:
        if entry is not own:
            entry.paths -= changed
        entry.paths -= gone
    if changed:
        if own is None:
            own = _Entry(_head(writer), set())
            entries.append(own)
        own.paths |= changed
        own.head = _head(writer)
    return _with_entries(after, entries)


def _differ(one: Any, other: Any) -> bool:
    return one is not other and bool(one != other)


def _entries(value: Object) -> list[_Entry]:
    return [
        _Entry({key: part for key, part in each.items() if key != "fieldsV1"}, from_v1(each["fieldsV1"]))
        for each in value["metadata"].get("managedFields") or ()
        if each.get("manager") and each.get("fieldsV1")
    ]


def _head(writer: Writer) -> Object:
    head = {"manager": writer.manager, "operation": writer.operation, "apiVersion": writer.api_version}
    head |= {"time": writer.at, "fieldsType": "FieldsV1"}
    return head | ({"subresource": writer.subresource} if writer.subresource else {})


def _with_entries(value: Object, entries: Iterable[_Entry]) -> Object:
    managed = [entry.head | {"fieldsV1": to_v1(entry.paths)} for entry in entries if entry.paths]
    metadata = {key: each for key, each in value["metadata"].items() if key != "managedFields"}
    return value | {"metadata": metadata | ({"managedFields": managed} if managed else {})}


def _conflict(found: list[tuple[Path, _Entry]]) -> Refused:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {entry.told()}", "field": shown(path)}
        for path, entry in found
    ]
    if len(found) == 1:
        text = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        text = f"Apply failed with {len(found)} conflicts:"
        by_manager: dict[str, list[str]] = {}
        for path, entry in found:
            by_manager.setdefault(entry.told(), []).append(shown(path))
        parts = (
            f"conflicts with {manager}:" + "".join(f"\n- {path}" for path in paths)
            for manager, paths in by_manager.items()
        )
        text += " " + "\n".join(parts)
    return Refused(409, "Conflict", text, {"causes": causes})


def _order(path: Path) -> list[tuple[bool, str]]:
    """Of paths below one another: what ends at a level comes before what goes on."""
    return [(number < len(path) - 1, part) for number, part in enumerate(path)]


def _with_prefixes(paths: Iterable[Path]) -> set[Path]:
    """The paths and the fields that they are in; an item of a list is held by who set the item alone."""
    return {
        path[:length]
        for path in paths
        for length in range(1, len(path) + 1)
        if length == len(path) or path[length - 1].startswith("f:")
    }


def _merge(live: Any, applied: Any, schema: Schema, known: Schemas) -> Any:
    resolved = known.resolve(schema)
    atomic = "atomic" in (schema.get("x-kubernetes-map-type"), resolved.get("x-kubernetes-map-type"))
    if isinstance(live, dict) and isinstance(applied, dict) and not atomic:
        properties = resolved.get("properties", {})
        values = schemas.values_of(resolved)
        merged_object = dict(live)
        for key, value in applied.items():
            inner = properties.get(key, {}) if properties else values
            merged_object[key] = _merge(live[key], value, inner, known) if key in live else value
        return merged_object
    kind = schema.get("x-kubernetes-list-type")
    if isinstance(live, list) and isinstance(applied, list) and kind in ("map", "set"):
        return _merged_list(live, applied, schema, known)
    return applied


def _merged_list(live: list[Any], applied: list[Any], schema: Schema, known: Schemas) -> list[Any]:
    """In the order of the apply; what is live alone stays where it was between the others."""
    item = known.resolve(schema).get("items", {})
    there = {item_part(each, schema, known): each for each in live}
    wanted = {item_part(each, schema, known): each for each in applied}
    shared = [part for part in wanted if part in there]
    left, right = list(there), list(wanted)
    found: list[Any] = []
    while left or right:
        if left and left[0] not in wanted:
            found.append(there[left.pop(0)])
        elif left and shared and left[0] != shared[0]:
            left.pop(0)  # It comes with the apply, in its turn there.
        elif right:
            part = right.pop(0)
            each = wanted[part]
            found.append(_merge(there[part], each, item, known) if part in there else each)
            if shared and part == shared[0]:
                shared.pop(0)
            if left and left[0] == part:
                left.pop(0)
        else:
            left.pop(0)
    return found


def _without(value: Any, gone: set[Path], schema: Schema, known: Schemas, path: Path) -> Any:
    if not gone:
        return value
    resolved = known.resolve(schema)
    if isinstance(value, dict):
        properties = resolved.get("properties", {})
        kept = {}
        for key, each in value.items():
            inner_path = (*path, f"f:{key}")
            if inner_path not in gone:
                inner = properties.get(key, {}) if properties else schemas.values_of(resolved)
                below = {other for other in gone if other[: len(inner_path)] == inner_path}
                left = _without(each, below, inner, known, inner_path)
                if left or not each or not (left == [] or schemas.is_map(known.resolve(inner))):
                    kept[key] = left
        return kept
    if isinstance(value, list) and schema.get("x-kubernetes-list-type") in ("map", "set"):
        item = resolved.get("items", {})
        parts = [((*path, item_part(each, schema, known)), each) for each in value]
        return [
            _without(each, {other for other in gone if other[: len(part)] == part}, item, known, part)
            for part, each in parts
            if part not in gone
        ]
    return value
