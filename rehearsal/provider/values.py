"""Values as they travel: Pulumi's camelCase inputs, AWS's PascalCase requests, and what AWS answers.

Everything here is a pure function. The central idea is `settle`: what the cloud answers is richer than what
was asked for (defaults filled in, lists in another order, numbers for strings), so a property keeps the words
of the inputs for as long as the cloud's answer still says the same, and takes the cloud's words when it does
not. That is what makes `refresh` after `up` show nothing, and show drift when there is some.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.plugin import UNKNOWN, Properties

# Pulumi's bridge keeps the names of the inputs that it filled in itself under this key; so does this
# provider.
DEFAULTS_KEY = "__defaults"


def plain(value: Any) -> Any:
    """Whole floats as ints, dicts without their `None` entries: the wire knows only doubles."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether an unknown value sits anywhere in `value`."""
    if isinstance(value, str):
        return value == UNKNOWN
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return False


def to_api(value: Any, renames: Mapping[str, str] | None = None) -> Any:
    """Pulumi's spelling to AWS's, at every depth: `volumeSize` becomes `VolumeSize`, unless renamed."""
    renames = renames or {}
    if isinstance(value, dict):
        return {
            renames.get(key, key[:1].upper() + key[1:]): to_api(item, renames)
            for key, item in value.items()
            if item is not None and key != DEFAULTS_KEY
        }
    if isinstance(value, list):
        return [to_api(item, renames) for item in value]
    return value


def from_api(value: Any, renames: Mapping[str, str] | None = None) -> Any:
    """AWS's spelling to Pulumi's, at every depth; `renames` maps AWS's word to Pulumi's."""
    renames = renames or {}
    if isinstance(value, dict):
        return {
            renames.get(key, key[:1].lower() + key[1:]): from_api(item, renames)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, (list, tuple)):
        return [from_api(item, renames) for item in value]
    return value


def pick(source: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The named entries of `source` that are there and not `None`."""
    return {name: source[name] for name in names if source.get(name) is not None}


def same_scalar(left: Any, right: Any) -> bool:
    """Equality that forgives how AWS and Pulumi write booleans and numbers (`"true"` and `True`)."""
    if left == right:
        return True
    if isinstance(left, (bool, int, float, str)) and isinstance(right, (bool, int, float, str)):
        return str(left).lower() == str(right).lower()
    return False


def covers(actual: Any, desired: Any) -> bool:
    """Whether `actual` says all that `desired` says; what it says beyond are the cloud's defaults."""
    if isinstance(desired, dict):
        if not isinstance(actual, dict):
            return not actual and not desired
        return all(
            covers(actual.get(key), item)
            for key, item in desired.items()
            if item is not None and key != DEFAULTS_KEY
        )
    if isinstance(desired, list):
        if not isinstance(actual, list):
            return not actual and not desired
        return len(actual) == len(desired) and _pairs_up(actual, desired)
    return same_scalar(actual, desired) or (actual is None and desired in ("", False))


def _pairs_up(actual: list[Any], desired: list[Any]) -> bool:
    """Whether every desired item has an actual item of its own, in any order, as in a set."""
    if all(covers(left, right) for left, right in zip(actual, desired, strict=True)):
        return True
    rest = list(actual)
    for item in desired:
        found = next((index for index, other in enumerate(rest) if covers(other, item)), None)
        if found is None:
            return False
        del rest[found]
    return True


def as_document(text: Any) -> Any:
    """A JSON document with insignificant spelling removed; what is no JSON stays as it is."""
    if not isinstance(text, str):
        return text
    try:
        return _unwrap(json.loads(text))
    except ValueError:
        return text


def _unwrap(value: Any) -> Any:
    """To IAM, `"a"` and `["a"]` are the same, and the order of such lists is nothing."""
    if isinstance(value, dict):
        return {key: _unwrap(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [_unwrap(item) for item in value]
        if all(isinstance(item, str) for item in items):
            items.sort()
        return items[0] if len(items) == 1 and isinstance(items[0], str) else items
    return value


def settle(desired: Properties, actual: Properties, documents: frozenset[str]) -> Properties:
    """The outputs: `actual` where it says something else than `desired`, `desired` otherwise.

    A `None` in `actual` means that the cloud has no such thing (it is left out); a property that `actual`
    does not name is one that the cloud does not report, and stays as desired.
    """
    outputs = {key: value for key, value in desired.items() if key != DEFAULTS_KEY}
    for key, value in actual.items():
        if key in outputs:
            wanted = outputs[key]
            if key in documents:
                if as_document(wanted) == as_document(value):
                    continue
            elif covers(value, wanted):
                continue
            else:
                value = merged(value, wanted)
        if value is None:
            outputs.pop(key, None)
        else:
            outputs[key] = value
    return outputs


def merged(actual: Any, desired: Any) -> Any:
    """`desired` with what is different in `actual`, as deep inside as it is different.

    A group whose launch template version moved on differs in that version alone, not in all that the cloud
    says of its policy beyond what the program said.
    """
    if covers(actual, desired):
        return desired
    if isinstance(actual, dict) and isinstance(desired, dict):
        parts = {key: merged(actual.get(key), item) for key, item in desired.items() if key != DEFAULTS_KEY}
        return {key: item for key, item in parts.items() if item is not None}
    if isinstance(actual, list) and isinstance(desired, list) and len(actual) == len(desired):
        return [merged(left, right) for left, right in zip(actual, desired, strict=True)]
    return actual


def canonical(value: Any, unordered: bool) -> Any:
    """A form in which equal values compare equal: whole numbers as ints, sets in one order."""
    value = plain(value)
    if unordered and isinstance(value, list):
        return sorted(value, key=lambda item: json.dumps(item, sort_keys=True, default=str))
    return value


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """AWS's list of Key/Value pairs."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_dict(tags: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """A plain mapping from AWS's list; AWS's own `aws:` tags are left out, as the real provider does."""
    pairs = (
        (tag.get("Key", tag.get("key", "")), tag.get("Value", tag.get("value", ""))) for tag in tags or ()
    )
    return {key: value for key, value in pairs if not key.startswith("aws:")}
