"""The three kinds of patches besides server-side apply: JSON, merge, and strategic merge."""

from __future__ import annotations

import copy
from typing import Any

from rehearsal.cloud.kubernetes import schemas
from rehearsal.cloud.kubernetes.errors import Object, Refused, bad_request
from rehearsal.cloud.kubernetes.schemas import Schema, Schemas

_DIRECTIVE = "$patch"


def merge(value: Any, patch: Any) -> Any:
    """RFC 7386: null takes away, a list is put in place of a list."""
    if not isinstance(patch, dict):
        return patch
    found = dict(value) if isinstance(value, dict) else {}
    for key, each in patch.items():
        if each is None:
            found.pop(key, None)
        else:
            found[key] = merge(found.get(key), each)
    return found


def strategic(value: Any, patch: Any, schema: Schema, known: Schemas) -> Any:
    """As a merge, but lists with a merge key are merged by it. Directives: `$patch`,
    `$deleteFromPrimitiveList/…`, `$retainKeys`; `$setElementOrder/…` is left out, as the order of the patch
    is taken.
    """
    if not isinstance(patch, dict):
        return patch
    if patch.get(_DIRECTIVE) == "replace":
        return {key: each for key, each in patch.items() if key != _DIRECTIVE}
    if patch.get(_DIRECTIVE) == "delete":
        return {}
    resolved = known.resolve(schema)
    properties = resolved.get("properties", {})
    found = dict(value) if isinstance(value, dict) else {}
    if "$retainKeys" in patch:
        found = {key: each for key, each in found.items() if key in patch["$retainKeys"]}
    for key, each in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            found[name] = [item for item in found.get(name, []) if item not in each]
        elif key.startswith("$"):
            continue
        elif each is None:
            found.pop(key, None)
        else:
            inner = properties.get(key, {}) if properties else schemas.values_of(resolved)
            found[key] = _strategic_value(found.get(key), each, inner, known)
    return found


def _strategic_value(value: Any, patch: Any, schema: Schema, known: Schemas) -> Any:
    if not isinstance(patch, list) or "merge" not in str(schema.get("x-kubernetes-patch-strategy", "")):
        return strategic(value, patch, schema, known)
    key = schema.get("x-kubernetes-patch-merge-key")
    present = list(value or ())
    if key is None:
        return present + [each for each in patch if each not in present]
    if any(each == {_DIRECTIVE: "replace"} for each in patch):
        return [each for each in patch if _DIRECTIVE not in each]
    item = known.resolve(schema).get("items", {})
    before = [each.get(key) for each in present]
    for each in patch:
        if key not in each:
            raise bad_request(f"map: {each} does not contain declared merge key: {key}")
        place = next((n for n, other in enumerate(present) if other.get(key) == each[key]), None)
        if each.get(_DIRECTIVE) == "delete":
            present = [other for other in present if other.get(key) != each[key]]
        elif place is None:
            present.append(strategic({}, each, item, known))
        else:
            present[place] = strategic(present[place], each, item, known)
    return _ordered(present, [each[key] for each in patch], before, str(key))


def _ordered(items: list[Any], patched: list[Any], before: list[Any], key: str) -> list[Any]:
    """Those of the patch in its order, the others between them where they were."""
    left = sorted((each for each in items if each[key] in patched), key=lambda each: patched.index(each[key]))
    right = [each for each in items if each[key] not in patched]
    found = []
    while left and right:
        known = left[0][key] in before and right[0][key] in before
        theirs = known and before.index(right[0][key]) < before.index(left[0][key])
        found.append((right if theirs else left).pop(0))
    return found + left + right


def json_patch(value: Object, operations: Any) -> Object:
    """RFC 6902. Raises Refused (422) for a path that is not there, 400 for what is no patch."""
    if not isinstance(operations, list):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    found = {"": copy.deepcopy(value)}
    for operation in operations:
        try:
            _operate(found, operation)
        except (KeyError, IndexError, ValueError, TypeError):
            raise Refused(
                422, "Invalid", "the server rejected our request due to an error in our request", {}
            ) from None
    result: Object = found[""]
    return result


def _operate(root: Object, operation: Object) -> None:
    kind, path = operation["op"], _parts(operation["path"])
    if kind in ("add", "replace"):
        _set(root, path, copy.deepcopy(operation["value"]), insert=kind == "add")
    elif kind == "remove":
        _take(root, path)
    elif kind == "test":
        if _look(root, path) != operation["value"]:
            raise ValueError("test")
    elif kind in ("move", "copy"):
        source = _parts(operation["from"])
        moved = _take(root, source) if kind == "move" else copy.deepcopy(_look(root, source))
        _set(root, path, moved, insert=True)
    else:
        raise ValueError(kind)


def _parts(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]


def _look(node: Any, path: list[str]) -> Any:
    for part in path:
        node = node[int(part)] if isinstance(node, list) else node[part]
    return node


def _set(root: Any, path: list[str], value: Any, *, insert: bool) -> None:
    node, last = _look(root, path[:-1]), path[-1]
    if isinstance(node, list):
        if last == "-":
            node.append(value)
        elif insert:
            node.insert(int(last), value)
        else:
            node[int(last)] = value
    else:
        node[last] = value


def _take(root: Any, path: list[str]) -> Any:
    node = _look(root, path[:-1])
    return node.pop(int(path[-1])) if isinstance(node, list) else node.pop(path[-1])
