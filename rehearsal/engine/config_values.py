"""A stack's configuration values: from YAML to what the SDK takes, with defaults, types and secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.engine import property_paths
from rehearsal.engine.secrets import Secrets
from rehearsal.errors import UsageError

_INTEGER = re.compile(r"[-+]?[0-9]+")
Schema = Mapping[str, dict[str, Any]]


def matches(kind: str, items: Any, value: Any) -> bool:
    """Whether a value is of a type of Pulumi.yaml's config block. Texts of integers and booleans are fine
    too.
    """
    if kind == "string":
        return isinstance(value, str)
    if kind == "integer":
        if isinstance(value, str):
            return _INTEGER.fullmatch(value) is not None
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
    if kind == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if kind == "object":
        return isinstance(value, dict)
    if not isinstance(value, list) or not isinstance(items, dict):
        return False
    return all(matches(str(items.get("type", "")), items.get("items"), item) for item in value)


def type_name(kind: str, items: Any) -> str:
    """The type as Pulumi names it in messages: `array<array<string>>`."""
    return (
        f"array<{type_name(str(items.get('type', '')), items.get('items'))}>"
        if isinstance(items, dict)
        else kind
    )


class ConfigValues:
    """The values of one stack. Ciphertexts are decrypted when first read."""

    def __init__(self, project: str, file: Path, raw: Mapping[str, Any], secrets: Secrets) -> None:
        """`raw` is the `config` map of the file. Raises UsageError for a key that is not `namespace:name`."""
        self._project = project
        self._file = file
        self._raw: dict[str, Any] = {}
        for key, value in raw.items():
            full = self._key(key)
            if full in self._raw:
                raise UsageError(f"{file}: config: {key}: {full} is there twice")
            self._raw[full] = value
        self._secret = {key for key, value in self._raw.items() if _has_secure(value)}
        self._plain = {key: self._decrypted(key, value, secrets) for key, value in self._raw.items()}

    def apply_defaults(self, schema: Schema) -> None:
        """Add what Pulumi.yaml gives as `default` or `value` and the file does not mention."""
        for key in sorted(schema):
            default = schema[key].get("value")
            default = schema[key].get("default") if default is None else default
            root, path = self._path(key)
            if default is not None and not self._mentions(root, path):
                self._plain[root] = property_paths.put(self._plain.get(root), path, default)

    def check(self, stack: str, schema: Schema) -> None:
        """Raises UsageError for the first key that is missing or not of its type; the words are Pulumi's."""
        missing = []
        for key in sorted(schema):
            root, path = self._path(key)
            if root.partition(":")[0] == self._project and not self._mentions(root, path):
                missing.append(f"'{key}'")
        if missing:
            listed = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
            noun = "value" if len(missing) == 1 else "values"
            raise UsageError(f"{self._file}: Stack '{stack}' is missing configuration {noun} {listed}")
        for key in sorted(schema):
            self._check_one(stack, key, schema[key])

    def _check_one(self, stack: str, key: str, definition: dict[str, Any]) -> None:
        kind, items = definition.get("type"), definition.get("items")
        if kind is None:
            return
        root, path = self._path(key)
        where = f"{self._file}: Stack '{stack}' with configuration key '{key}'"
        if definition.get("secret") and root not in self._secret:
            raise UsageError(f"{where} must be encrypted as it's secret")
        value = property_paths.get(self._plain[root], path)
        if not matches(kind, items, value if isinstance(value, (dict, list)) else _text(value)):
            raise UsageError(f"{where} must be of type '{type_name(kind, items)}'")

    def texts(self) -> dict[str, str]:
        """The values by full key, as the SDK reads them: text as it is, anything else as JSON."""
        return {key: _text(value) for key, value in self._plain.items()}

    def raw(self) -> dict[str, Any]:
        """What the file says, by full key: scalars as text, objects and lists as they are, secrets as their
        ciphertexts.
        """
        return {
            key: value if isinstance(value, (dict, list)) else _text(value)
            for key, value in self._raw.items()
        }

    def secret_keys(self) -> list[str]:
        """The full keys of the values that are or contain a secret, sorted."""
        return sorted(self._secret)

    def _key(self, key: str) -> str:
        """`name` → `project:name`; `a:b` stays; `a:config:b`, an old form, → `a:b`."""
        parts = key.split(":")
        if len(parts) == 1:
            return f"{self._project}:{key}"
        if len(parts) == 2 and all(parts):
            return key
        if len(parts) == 3 and parts[1] == "config":
            return f"{parts[0]}:{parts[2]}"
        raise UsageError(
            f"{self._file}: could not parse {key} as a configuration key "
            "(configuration keys should be of the form `<namespace>:<name>`)"
        )

    def _path(self, key: str) -> tuple[str, property_paths.Path]:
        """A key of Pulumi.yaml may be a path into an object, such as `network.zones`."""
        namespace, _, name = self._key(key).partition(":")
        first, *rest = property_paths.parse(name)
        return f"{namespace}:{first}", tuple(rest)

    def _mentions(self, root: str, path: property_paths.Path) -> bool:
        nothing = object()
        return root in self._plain and property_paths.get(self._plain[root], path, nothing) is not nothing

    def _decrypted(self, key: str, value: Any, secrets: Secrets) -> Any:
        if _is_secure(value):
            try:
                return secrets.decrypt(value["secure"])
            except UsageError as error:
                raise UsageError(f"{self._file}: {key}: {error}") from None
        if isinstance(value, dict):
            return {name: self._decrypted(key, item, secrets) for name, item in value.items()}
        return [self._decrypted(key, item, secrets) for item in value] if isinstance(value, list) else value


def _is_secure(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("secure"), str)


def _has_secure(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_secure(value) or any(map(_has_secure, value.values()))
    return isinstance(value, list) and any(map(_has_secure, value))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    )
