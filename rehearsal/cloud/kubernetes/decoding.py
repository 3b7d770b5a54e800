"""Reading an object as the API server does: fields that its kind does not have, values of the wrong type.

What a request says in `fieldValidation` decides what is done with an unknown field: `Strict` refuses it,
`Warn` (the default) leaves it out and warns, `Ignore` leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rehearsal.cloud.kubernetes import quantities, schemas
from rehearsal.cloud.kubernetes.errors import Object, bad_request
from rehearsal.cloud.kubernetes.schemas import Schema, Schemas

_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_GO = {"string": "string", "boolean": "bool", "number": "float64"}


class Decoder:
    """Of one request. `unknown`: the fields that were left out, in the order of the document. `as_given`:
    quantities stay as they are written, as server-side apply compares them.
    """

    def __init__(
        self, known: Schemas, kind: str, version: str, *, custom: bool = False, as_given: bool = False
    ) -> None:
        self._known, self._custom, self._as_given = known, custom, as_given
        self._who = f'{kind} in version "{version}" cannot be handled as a {kind}'
        self.unknown: list[str] = []

    def decode(self, given: Object, schema: Schema) -> Object:
        """The object without nulls and unknown fields. Raises Refused (400) for a value of a wrong type."""
        decoded: Object = self._object(given, schema, "", "")
        return decoded

    def strictly(self) -> None:
        """Raises Refused when there were unknown fields."""
        if self.unknown:
            text = ", ".join(f'unknown field "{field}"' for field in self.unknown)
            raise bad_request(f"{self._who}: strict decoding error: {text}")

    def _value(self, given: Any, schema: Schema, where: str, struct: str) -> Any:
        """`where`: as an unknown field is told, with indices; `struct`: the Go type that has the field."""
        if schemas.is_quantity(schema):
            return self._quantity(given)
        resolved = self._known.resolve(schema)
        if schemas.is_int_or_string(schema) or not (resolved.get("type") or resolved.get("properties")):
            return given
        kind = schemas.json_type(resolved)
        if not _is(given, kind):
            raise self._mismatch(given, schema, where, struct)
        if kind == "object":
            return self._object(given, schema, where, struct)
        if kind == "array":
            item = resolved.get("items", {})
            return [
                self._value(each, item, f"{where}[{number}]", struct) for number, each in enumerate(given)
            ]
        return given

    def _object(self, given: Object, schema: Schema, where: str, struct: str) -> Object:
        resolved = self._known.resolve(schema)
        struct = schemas.type_name(schema) or struct
        properties = resolved.get("properties", {})
        if not properties:
            values = schemas.values_of(resolved)
            return {
                key: self._value(each, values, where, struct) if values else each
                for key, each in given.items()
                if each is not None
            }
        found: Object = {}
        for key, each in given.items():
            path = f"{where}.{key}" if where else key
            if key not in properties:
                if resolved.get("x-kubernetes-preserve-unknown-fields"):
                    found[key] = each
                else:
                    self.unknown.append(path)
            elif each is not None:
                value = self._value(each, properties[key], path, struct)
                if value or key in resolved.get("required", ()) or not self._omitted(value, properties[key]):
                    found[key] = value
        return found

    def _omitted(self, value: Any, schema: Schema) -> bool:
        """Whether nothing is the same as an empty one: a list or map of a built-in kind."""
        empty_map = value == {} and schemas.is_map(self._known.resolve(schema))
        return not self._custom and (value == [] or empty_map)

    def _quantity(self, given: Any) -> Any:
        if isinstance(given, bool) or not isinstance(given, int | float | str):
            raise bad_request(f"{self._who}: {_QUANTITY}")
        text = str(given)
        try:
            quantities.parse(text)
        except ValueError:
            raise bad_request(f"{self._who}: {_QUANTITY}") from None
        return text if self._as_given else quantities.canonical(text)

    def _mismatch(self, given: Any, schema: Schema, where: str, struct: str) -> Exception:
        path = ".".join(part.partition("[")[0] for part in where.split("."))
        text = f"json: cannot unmarshal {_json(given)} into Go struct field {struct}.{path} of type"
        return bad_request(f"{self._who}: {text} {self._go(schema)}")

    def _go(self, schema: Schema) -> str:
        resolved = self._known.resolve(schema)
        kind = schemas.json_type(resolved)
        if kind == "integer":
            return str(resolved.get("format", "int32"))
        if kind == "array":
            return f"[]{self._go(resolved.get('items', {}))}"
        if kind == "object":
            name = schemas.type_name(schema)
            if name:
                return f"v1.{name}"
            return f"map[string]{self._go(schemas.values_of(resolved)) or 'interface {}'}"
        return _GO.get(kind, kind)


def _is(given: Any, kind: str) -> bool:
    if kind == "integer":
        return isinstance(given, int) and not isinstance(given, bool)
    if kind == "number":
        return isinstance(given, int | float) and not isinstance(given, bool)
    types = {"string": str, "boolean": bool, "array": list, "object": dict}
    return kind not in types or isinstance(given, types[kind])


def _json(given: Any) -> str:
    names = ((bool, "bool"), (int | float, "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in names if isinstance(given, kind)), "object")


def typed_errors(given: Any, schema: Schema, known: Schemas, where: str = "") -> Iterator[str]:
    """What server-side apply says of an object that is not of its kind's form."""
    resolved = known.resolve(schema)
    kind = schemas.json_type(resolved)
    open_ended = schemas.is_quantity(schema) or schemas.is_int_or_string(schema) or not kind
    if given is None or open_ended:
        return
    if not _is(given, kind):
        yield f"{where}: expected {_TYPED.get(kind, kind)}, got {_unstructured(given)}"
    elif kind == "array":
        keys = schemas.list_keys(schema)
        for number, each in enumerate(given):
            yield from typed_errors(each, resolved.get("items", {}), known, where + _item(each, keys, number))
    elif kind == "object":
        properties = resolved.get("properties", {})
        for key, each in given.items():
            if not properties:
                yield from typed_errors(each, schemas.values_of(resolved), known, f"{where}.{key}")
            elif key in properties:
                yield from typed_errors(each, properties[key], known, f"{where}.{key}")
            elif not resolved.get("x-kubernetes-preserve-unknown-fields"):
                yield f"{where}.{key}: field not declared in schema"


_TYPED = {"object": "map", "array": "list", "integer": "numeric (int or float)"}


def _unstructured(given: Any) -> str:
    shown = {True: "true", False: "false"}.get(given, given) if isinstance(given, bool) else given
    return f"&value.valueUnstructured{{Value:{_go_value(shown)}}}"


def _go_value(given: Any) -> str:
    if isinstance(given, str):
        return given if given in ("true", "false") else f'"{given}"'
    if isinstance(given, dict):
        return "map[string]interface {}{" + ", ".join(f'"{k}":{_go_value(v)}' for k, v in given.items()) + "}"
    if isinstance(given, list):
        return "[]interface {}{" + ", ".join(_go_value(each) for each in given) + "}"
    return str(given)


def _item(given: Any, keys: tuple[str, ...], number: int) -> str:
    if not keys or not isinstance(given, dict):
        return f"[{number}]"
    shown = (
        f'{key}="{given[key]}"' if isinstance(given.get(key), str) else f"{key}={given.get(key)}"
        for key in keys
    )
    return f"[{','.join(shown)}]"
