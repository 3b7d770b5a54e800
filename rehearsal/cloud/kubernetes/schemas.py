"""The official schemas of one Kubernetes version, as `kubernetes-validate` ships them: which fields a kind
has, of which types, and how lists are merged.
"""

from __future__ import annotations

from functools import cache
from typing import Any

Schema = dict[str, Any]

_PREFIX = "#/$defs/"


class Schemas:
    """Of one minor version; raises ValueError for one that there are no schemas of."""

    def __init__(self, version: str) -> None:
        from kubernetes_validate import utils

        minor = utils.major_minor(version.removeprefix("v"))
        if minor not in {utils.major_minor(each) for each in utils.all_versions()}:
            raise ValueError(
                f"version {version!r} has no schemas here; the latest is {utils.latest_version()}"
            )
        folder = f"kubernetes-json-schema/v{minor}.0-local-strict"
        self.version = minor
        self._types: dict[str, Schema] = utils.schema_contents(f"{folder}/_definitions.json", minor)["$defs"]
        self._kinds = {
            (each["group"], each["version"], each["kind"]): name
            for name, schema in self._types.items()
            for each in schema.get("x-kubernetes-group-version-kind", ())
        }

    def of(self, group: str, version: str, kind: str) -> Schema | None:
        """None for a kind that this version does not know."""
        name = self._kinds.get((group, version, kind))
        return None if name is None else {"$ref": _PREFIX + name}

    def resolve(self, schema: Schema) -> Schema:
        """The schema itself where it is only named."""
        name = schema.get("$ref")
        return self._types[name.removeprefix(_PREFIX)] if name else schema

    def properties(self, schema: Schema) -> dict[str, Schema]:
        found: dict[str, Schema] = self.resolve(schema).get("properties", {})
        return found


@cache
def schemas(version: str) -> Schemas:
    return Schemas(version)


def type_name(schema: Schema) -> str:
    """The last part of a named type, such as `PodSpec`; empty for one without a name."""
    return str(schema.get("$ref", "")).rpartition(".")[2]


def json_type(schema: Schema) -> str:
    """`string`, `integer`, `number`, `boolean`, `array`, `object`; empty where anything goes."""
    kind = schema.get("type", "")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "")
    return kind or ("object" if "properties" in schema else "")


def is_quantity(schema: Schema) -> bool:
    return type_name(schema) == "Quantity"


def is_int_or_string(schema: Schema) -> bool:
    return type_name(schema) == "IntOrString" or bool(schema.get("x-kubernetes-int-or-string"))


def is_map(schema: Schema) -> bool:
    """An object whose keys are data, such as labels."""
    return not schema.get("properties") and json_type(schema) in ("object", "")


def values_of(schema: Schema) -> Schema:
    """What the values of a map are."""
    more = schema.get("additionalProperties")
    return more if isinstance(more, dict) else {}


def list_keys(schema: Schema) -> tuple[str, ...]:
    """By which fields the items of a list are told apart when it is a map to server-side apply."""
    if schema.get("x-kubernetes-list-type") != "map":
        return ()
    keys: list[str] = schema.get("x-kubernetes-list-map-keys", [])
    return tuple(keys)


def default_of_key(item_properties: dict[str, Schema], key: str) -> Any:
    """The value of a key that is left out: a port's protocol."""
    given = item_properties.get(key, {}).get("default")
    return "TCP" if given is None and key == "protocol" else given
