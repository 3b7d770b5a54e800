"""Property values between protobuf's Struct and plain Python.

The engine strips secrets and outputs for a provider that does not accept them, and writes unknowns as marked
strings, which pass through as they are. A Struct knows only doubles: whole numbers come back as ints.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2

from rehearsal.plugin import Properties


def from_struct(struct: Any) -> Properties:
    """A Struct as a dictionary."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return from_struct(value.struct_value)
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind in (None, "null_value"):
        return None
    return getattr(value, kind)


def to_struct(properties: Properties) -> Any:
    """A dictionary as a Struct."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _fill(struct.fields[key], value)
    return struct


def _fill(target: Any, value: Any) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, (int, float)):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _fill(target.struct_value.fields[key], item)
    else:
        target.list_value.SetInParent()
        for item in value:
            _fill(target.list_value.values.add(), item)
