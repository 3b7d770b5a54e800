"""Pulumi's wire conventions on plain Python values.

A property value is `None`, `bool`, `int`, `float`, `str`, `list` or `dict`, as in `rehearsal/plugin.py`. What
JSON cannot say is an object with the key `SIGNATURE`: a secret, an output value, an asset, an archive, a
resource reference. An unknown value is the string `UNKNOWN`; Pulumi has one such string per type, and reading
from the wire turns them all into that one.

Nothing here changes its arguments. A function that finds nothing to change returns the very same object, so
that callers may compare with `is` and large trees are not copied in vain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf import struct_pb2

from rehearsal.plugin import UNKNOWN as UNKNOWN

Properties = dict[str, Any]

# Random constants of the protocol: sdk/go/common/resource/sig in pulumi/pulumi.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a public constant of the protocol)
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
BYTE_STRING = "803fd3297a5875dc03ca845dda5d2a98"

UNKNOWNS = frozenset(
    {
        UNKNOWN,  # string
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """A message's properties as plain values. Whole numbers come back as `int`, unknowns as `UNKNOWN`."""
    read = _from_value
    return {key: read(value) for key, value in struct.fields.items()}


def _from_value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in UNKNOWNS else text
    if kind == "number_value":
        return whole(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "struct_value":
        return {key: _from_value(field) for key, field in value.struct_value.fields.items()}
    if kind == "list_value":
        return [_from_value(field) for field in value.list_value.values]
    return None


def whole(number: float) -> int | float:
    """5.0 as 5, as Go writes numbers into JSON; 1e21 and above, NaN and infinities stay floats."""
    return int(number) if -1e21 < number < 1e21 and number == int(number) else number


def to_struct(properties: Properties) -> struct_pb2.Struct:
    """The inverse of `from_struct`. Raises TypeError for a value that is not JSON-like."""
    struct = struct_pb2.Struct()
    fields = struct.fields
    for key, value in properties.items():
        _write(fields[key], value)
    return struct


def _write(target: Any, value: Any) -> None:
    if isinstance(value, str):
        target.string_value = value
    elif value is None:
        target.null_value = 0
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, (int, float)):
        target.number_value = value
    elif isinstance(value, dict):
        fields = target.struct_value.fields
        target.struct_value.SetInParent()
        for key, item in value.items():
            _write(fields[key], item)
    elif isinstance(value, (list, tuple)):
        target.list_value.SetInParent()
        for item in value:
            _write(target.list_value.values.add(), item)
    else:
        raise TypeError(f"a property value cannot be a {type(value).__name__}: {value!r}")


def is_secret(value: Any) -> bool:
    """Whether the value itself is a secret (not: has one inside)."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def make_secret(value: Any) -> Any:
    """The value as a secret; one that is a secret already is returned as it is."""
    return value if is_secret(value) else {SIGNATURE: SECRET, "value": value}


def unwrap(value: Any) -> Any:
    """A secret's value (also of a secret in a secret); anything else as it is. Does not look inside."""
    while is_secret(value):
        value = value.get("value")
    return value


def _map(value: Any, visit: Callable[[dict[str, Any]], Any]) -> Any:
    """Rebuild a tree from the leaves up; `visit` sees each object whose items were already rebuilt."""
    if isinstance(value, dict):
        new = {key: _map(item, visit) for key, item in value.items()}
        return visit(value if all(new[key] is item for key, item in value.items()) else new)
    if isinstance(value, list):
        items = [_map(item, visit) for item in value]
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    return value


def strip_secrets(value: Any) -> Any:
    """The tree with each secret replaced by its value: what a provider sees."""
    return _map(value, lambda item: item.get("value") if item.get(SIGNATURE) == SECRET else item)


def lower_outputs(value: Any) -> Any:
    """The tree with output values lowered: not known → `UNKNOWN`, secret → a secret; dependencies are
    dropped.
    """

    def lower(item: dict[str, Any]) -> Any:
        if item.get(SIGNATURE) != OUTPUT_VALUE:
            return item
        plain = item.get("value", UNKNOWN)
        return make_secret(plain) if item.get("secret") else plain

    return _map(value, lower)


def output_dependencies(value: Any) -> set[str]:
    """The URNs that the output values anywhere in the tree say they depend on."""
    found: set[str] = set()

    def collect(item: dict[str, Any]) -> Any:
        if item.get(SIGNATURE) == OUTPUT_VALUE:
            found.update(item.get("dependencies") or ())
        return item

    _map(value, collect)
    return found


def lower_references(value: Any) -> Any:
    """The tree with each resource reference as its ID, or its URN for a component."""

    def lower(item: dict[str, Any]) -> Any:
        if item.get(SIGNATURE) != RESOURCE_REFERENCE:
            return item
        return (item["id"] or UNKNOWN) if "id" in item else item["urn"]

    return _map(value, lower)


def contains_secret(value: Any) -> bool:
    """Whether there is a secret anywhere in the tree (also an output value that is secret)."""
    if isinstance(value, dict):
        signature = value.get(SIGNATURE)
        if signature == SECRET or (signature == OUTPUT_VALUE and value.get("secret")):
            return True
        return any(contains_secret(item) for item in value.values())
    return isinstance(value, list) and any(contains_secret(item) for item in value)


def contains_unknown(value: Any) -> bool:
    """Whether there is an unknown anywhere in the tree."""
    if isinstance(value, str):
        return value in UNKNOWNS
    if isinstance(value, dict):
        if value.get(SIGNATURE) == OUTPUT_VALUE and "value" not in value:
            return True
        return any(contains_unknown(item) for item in value.values())
    return isinstance(value, list) and any(contains_unknown(item) for item in value)


def mark_secret_like(outputs: Properties, inputs: Properties) -> Properties:
    """Outputs with those marked as secret whose input of the same name is or contains a secret.

    Plain objects are compared key by key; a list with a secret in it makes the whole output a secret. This is
    what Pulumi does for providers that do not know about secrets (`annotateSecrets`).
    """
    marked = dict(outputs)
    for key, given in inputs.items():
        if key not in marked:
            continue
        shown = marked[key]
        if _plain_object(shown) and _plain_object(given):
            marked[key] = mark_secret_like(shown, given)
        elif not is_secret(shown) and contains_secret(given):
            marked[key] = make_secret(shown)
    return marked


def _plain_object(value: Any) -> bool:
    return isinstance(value, dict) and SIGNATURE not in value


def mark_secret_keys(outputs: Properties, keys: list[str]) -> Properties:
    """Outputs with the named top-level ones marked as secret (`additionalSecretOutputs`)."""
    wanted = set(keys) & outputs.keys()
    return (
        {key: make_secret(value) if key in wanted else value for key, value in outputs.items()}
        if wanted
        else outputs
    )


def redact(value: Any, secret: str = "[secret]", unknown: str = "[unknown]") -> Any:  # noqa: S107
    """The tree for display: each secret as `secret`, each unknown as `unknown`; output values lowered."""

    def show(item: Any) -> Any:
        if isinstance(item, str):
            return unknown if item in UNKNOWNS else item
        if isinstance(item, dict):
            return secret if is_secret(item) else {key: show(inner) for key, inner in item.items()}
        return [show(inner) for inner in item] if isinstance(item, list) else item

    return show(lower_outputs(value))


def equal(a: Any, b: Any) -> bool:
    """Deep equality as Pulumi's: a missing key equals None, 1 equals 1.0 but not True; a secret only a
    secret.
    """
    if isinstance(a, dict):
        if not isinstance(b, dict):
            return False
        return all(equal(a.get(key), b.get(key)) for key in a.keys() | b.keys())
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(equal, a, b))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
