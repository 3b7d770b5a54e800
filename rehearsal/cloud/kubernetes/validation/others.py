"""Kinds with few rules of their own, and required fields by the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rehearsal.cloud.kubernetes import pod_security
from rehearsal.cloud.kubernetes.errors import FieldError, Object, required, unsupported, wrong
from rehearsal.cloud.kubernetes.schemas import Schema, Schemas
from rehearsal.cloud.kubernetes.validation import metadata

#: Bytes of all values of a ConfigMap or Secret.
_MOST_BYTES = 1024 * 1024


def missing(value: Any, schema: Schema, known: Schemas, where: str) -> Iterator[FieldError]:
    """Fields that the schema requires, and values that it does not list; not those of the object's head."""
    resolved = known.resolve(schema)
    if isinstance(value, dict):
        for name in resolved.get("required", ()):
            if value.get(name) is None:
                yield required(f"{where}.{name}".lstrip("."))
        properties = resolved.get("properties", {})
        for name, each in value.items():
            if name in properties and (where or name == "spec"):
                yield from missing(each, properties[name], known, f"{where}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from missing(each, resolved.get("items", {}), known, f"{where}[{number}]")
    elif "enum" in resolved and value not in resolved["enum"]:
        yield unsupported(where, value, [str(each) for each in resolved["enum"] if each is not None])


def of_config_map(value: Object) -> Iterator[FieldError]:
    for part in ("data", "binaryData"):
        for key in sorted(value.get(part) or {}):
            if not re.fullmatch(r"[-._a-zA-Z0-9]+", key) or len(key) > 253 or key in (".", ".."):
                text = (
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g."
                    " 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for"
                    " validation is '[-._a-zA-Z0-9]+')"
                )
                yield wrong(f"{part}[{key}]", key, text)
    size = sum(
        len(text.encode()) for part in ("data", "binaryData") for text in (value.get(part) or {}).values()
    )
    if size > _MOST_BYTES:
        yield FieldError("", "FieldValueTooLong", f"Too long: may not be more than {_MOST_BYTES} bytes")


def of_autoscaler(value: Object) -> Iterator[FieldError]:
    spec = value["spec"]
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if least < 1:
        yield wrong("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield wrong("spec.maxReplicas", most, "must be greater than 0")
    if most < least:
        yield wrong("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")


def of_disruption_budget(value: Object) -> Iterator[FieldError]:
    spec = value.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        told = {
            "MinAvailable": spec["minAvailable"], "Selector": spec.get("selector"),
            "MaxUnavailable": spec["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }  # fmt: skip
        yield wrong("spec", told, "minAvailable and maxUnavailable cannot be both set")
    yield from metadata.selector("spec.selector", spec.get("selector"))


def of_namespace(value: Object) -> Iterator[FieldError]:
    labels = value["metadata"].get("labels") or {}
    for mode in ("enforce", "audit", "warn"):
        level = labels.get(f"{pod_security.LABEL}{mode}")
        if level is not None and level not in pod_security.LEVELS:
            text = f"must be one of {', '.join(pod_security.LEVELS)}"
            yield wrong(f"metadata.labels[{pod_security.LABEL}{mode}]", level, text)
