"""One resource of a checkpoint, Pulumi's `apitype.ResourceV3`, as JSON. Unknown fields are kept."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.engine.property_text import PropertyText
from rehearsal.engine.state import OperationKind, PendingOperation, ResourceState
from rehearsal.errors import RehearsalError


class CheckpointError(RehearsalError):
    """The text is damaged: not JSON, or not in the shape of a checkpoint. One line."""


# JSON name, attribute and type of each field of apitype.ResourceV3, in its order. `inputs`, `outputs` and
# `replacementTrigger` hold property values, where secrets may be.
_FIELDS: tuple[tuple[str, str, type], ...] = (
    ("urn", "urn", str),
    ("custom", "custom", bool),
    ("delete", "delete", bool),
    ("id", "id", str),
    ("type", "type", str),
    ("inputs", "inputs", dict),
    ("outputs", "outputs", dict),
    ("parent", "parent", str),
    ("protect", "protect", bool),
    ("taint", "taint", bool),
    ("external", "external", bool),
    ("dependencies", "dependencies", list),
    ("initErrors", "init_errors", list),
    ("provider", "provider", str),
    ("propertyDependencies", "property_dependencies", dict),
    ("pendingReplacement", "pending_replacement", bool),
    ("additionalSecretOutputs", "additional_secret_outputs", list),
    ("aliases", "aliases", list),
    ("customTimeouts", "custom_timeouts", dict),
    ("importID", "import_id", str),
    ("retainOnDelete", "retain_on_delete", bool),
    ("deletedWith", "deleted_with", str),
    ("replaceWith", "replace_with", list),
    ("created", "created", str),
    ("modified", "modified", str),
    ("sourcePosition", "source_position", str),
    ("stackTrace", "stack_trace", list),
    ("ignoreChanges", "ignore_changes", list),
    ("hideDiff", "hide_diff", list),
    ("replaceOnChanges", "replace_on_changes", list),
    ("replacementTrigger", "replacement_trigger", object),
    ("refreshBeforeUpdate", "refresh_before_update", bool),
    ("viewOf", "view_of", str),
    ("resourceHooks", "resource_hooks", dict),
)
ATTRIBUTES = {name: (attribute, kind) for name, attribute, kind in _FIELDS}
_PROPERTIES = frozenset({"inputs", "outputs", "replacementTrigger"})
_HEADS = [(name, attribute, f'"{name}":', name in _PROPERTIES) for name, attribute, _ in _FIELDS]

compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def read_resource(raw: Any, codec: PropertyText) -> ResourceState:
    """One resource from its JSON object. Raises CheckpointError when a field is of a wrong type."""
    state = ResourceState("", "")
    place = str(json_object(raw, "a resource").get("urn", ""))
    for name, value in raw.items():
        attribute, kind = ATTRIBUTES.get(name, ("", object))
        if not attribute:
            state.extra[name] = value
        elif value is not None:
            if not isinstance(value, kind):
                raise CheckpointError(f"{name} of resource {place!r} is not a {kind.__name__}: {value!r}")
            setattr(state, attribute, _property(codec, value, place, name) if name in _PROPERTIES else value)
    # Go writes null for an empty list in a map.
    state.property_dependencies = {name: urns or [] for name, urns in state.property_dependencies.items()}
    if not all(isinstance(urn, str) for urn in state.needs()):
        raise CheckpointError(f"the dependencies of resource {place!r} are not all URNs")
    return state


def _property(codec: PropertyText, value: Any, place: str, name: str) -> Any:
    try:
        return codec.read(value, f"{place}|{name}")
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{name} of resource {place!r} cannot be read: {error}") from None


def resource_text(state: ResourceState, codec: PropertyText) -> str:
    """One resource as JSON text in the order of Pulumi's fields, secrets encrypted, empty fields left out."""
    parts = []
    for name, attribute, head, properties in _HEADS:
        value = getattr(state, attribute)
        if properties:
            if value is not None and (value != {} or name == "replacementTrigger"):
                parts.append(head + codec.text(value, f"{state.urn}|{name}"))
        elif value or name == "custom":
            parts.append(head + compact(value))
    parts += (f"{compact(name)}:{compact(value)}" for name, value in state.extra.items())
    return "{" + ",".join(parts) + "}"


def operation_text(kind: OperationKind, resource: str) -> str:
    """One pending operation as JSON text, from its resource's text."""
    return f'{{"resource":{resource},"type":{compact(kind)}}}'


def read_operation(raw: Any, codec: PropertyText) -> PendingOperation:
    """One pending operation from its JSON object. Raises CheckpointError."""
    item = json_object(raw, "a pending operation")
    return PendingOperation(read_resource(item.get("resource"), codec), item.get("type", ""))


def json_object(value: Any, what: str) -> dict[str, Any]:
    """The value, if it is a JSON object. Raises CheckpointError, which says `what` it should have been."""
    if not isinstance(value, dict):
        raise CheckpointError(f"{what} is not an object")
    return value
