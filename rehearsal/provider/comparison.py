"""What changed between old and new inputs, and what outputs and inputs are by what the cloud says.

A dotted name such as `vpcConfig.vpcId` is a property inside of another: of `computed` the cloud adds it to
what the program said there, of `replaces` it cannot be changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from rehearsal.plugin import UNKNOWN, Properties
from rehearsal.provider.record import ResourceType
from rehearsal.provider.values import DEFAULTS_KEY, as_document, canonical, has_unknown, settle

_EMPTY: tuple[Any, ...] = (None, [], {}, "")


class _Call(Protocol):
    @property
    def region(self) -> str: ...
    @property
    def default_tags(self) -> dict[str, str]: ...
    def tags(self, news: Properties) -> dict[str, str]: ...


def changed(record: ResourceType, old_inputs: Properties, news: Properties) -> Iterator[str]:
    """The names of the inputs that differ in meaning; unknown values differ from everything."""
    for name in sorted((old_inputs.keys() | news.keys()) - {DEFAULTS_KEY}):
        old, new = old_inputs.get(name), news.get(name)
        if has_unknown(new):
            yield name
        elif old in _EMPTY and new in _EMPTY:
            continue
        elif name in record.documents:
            if as_document(old) != as_document(new):
                yield name
        elif canonical(old, name in record.sets) != canonical(new, name in record.sets):
            yield name


def replacing(
    record: ResourceType, names: tuple[str, ...], old: Properties, new: Properties
) -> tuple[str, ...]:
    """Which of the inputs that changed force a replacement."""
    inside = {name for path in record.replaces if (name := _changed_inside(path, old, new))}
    return tuple(name for name in names if name in record.replaces or name == "region" or name in inside)


def _changed_inside(path: str, old: Properties, new: Properties) -> str | None:
    """The property in which what the path names is another; None for no path, and for no change."""
    name, _, inner = path.partition(".")
    if not inner:
        return None
    before, after = old.get(name), new.get(name)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    return None if before.get(inner) == after.get(inner) else name


def keeps_its_name(record: ResourceType, old_inputs: Properties, news: Properties) -> bool:
    """Whether the program gave the name. Two of one name may not stand side by side, so the real provider
    deletes such a resource first, unless the program forbids it.
    """
    if record.auto_name is None or record.auto_name.property in news.get(DEFAULTS_KEY, ()):
        return False
    name = news.get(record.auto_name.property)
    return name is not None and name == old_inputs.get(record.auto_name.property)


def outputs_of(record: ResourceType, call: _Call, desired: Properties, actual: Properties) -> Properties:
    """The outputs: what the cloud says, in the words of `desired` where they mean the same."""
    actual = dict(actual)
    if record.regional:
        actual["region"] = call.region
    if record.retag is not None:
        present = actual.setdefault("tagsAll", call.tags(desired))
        if present != call.tags(desired):
            own = desired.get("tags") or {}
            actual["tags"] = {
                key: value
                for key, value in present.items()
                if key in own or call.default_tags.get(key) != value
            }
    outputs = settle(desired, actual, record.documents)
    if "tagsAll" in actual:
        outputs["tagsAll"] = actual["tagsAll"]
        if "tags" in actual:
            outputs["tags"] = actual["tags"]
    fill(record, outputs, actual)
    return outputs


def fill(record: ResourceType, outputs: Properties, source: Properties | None) -> None:
    """Put what is computed inside of a property there, from `source`; without one it is unknown."""
    for name, inner in _paths(record):
        there = (source or {}).get(name)
        if isinstance(outputs.get(name), dict) and (source is None or isinstance(there, dict)):
            value = UNKNOWN if source is None else there.get(inner)  # type: ignore[union-attr]
            if value is not None:
                outputs[name] = {**outputs[name], inner: value}


def inputs_of(record: ResourceType, inputs: Properties, outputs: Properties) -> Properties:
    """The inputs that would make what is there; for an import, all that the type takes."""
    if inputs:
        said = {key: outputs[key] for key in inputs if key in outputs}
    else:
        said = {key: value for key, value in outputs.items() if key in record.inputs and value not in _EMPTY}
    for name, inner in _paths(record):
        if isinstance(said.get(name), dict):
            said[name] = {key: value for key, value in said[name].items() if key != inner}
    defaults = {DEFAULTS_KEY: inputs[DEFAULTS_KEY]} if DEFAULTS_KEY in inputs else {}
    return {**said, **defaults}


def _paths(record: ResourceType) -> list[tuple[str, str]]:
    return [(name, inner) for each in record.computed for name, dot, inner in [each.partition(".")] if dot]
