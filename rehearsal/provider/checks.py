"""Required inputs, enums, ranges, defaults and names. Unknown values pass; nothing here calls AWS."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from rehearsal.plugin import UNKNOWN, CheckFailure, Properties
from rehearsal.provider.assets import hashed
from rehearsal.provider.record import AutoName, ResourceType
from rehearsal.provider.values import DEFAULTS_KEY, plain

RANDOM_HEX_DIGITS = 7


def checked(
    record: ResourceType, logical_name: str, olds: Properties, news: Properties, seed: bytes
) -> tuple[Properties, list[CheckFailure]]:
    """`news` with defaults and a name filled in, and everything that is wrong with it."""
    inputs = plain({key: value for key, value in news.items() if key != DEFAULTS_KEY})
    for key in record.assets & inputs.keys():
        inputs[key] = hashed(inputs[key])
    filled = [key for key, value in record.defaults.items() if key not in inputs and value is not None]
    for key in filled:
        inputs[key] = record.defaults[key]
    if record.auto_name is not None and _fill_name(record.auto_name, logical_name, olds, inputs, seed):
        filled.append(record.auto_name.property)
    failures = [*_missing(record, inputs), *_not_in_enum(record, inputs), *_out_of_range(record, inputs)]
    if filled:
        inputs[DEFAULTS_KEY] = sorted(filled)
    return inputs, failures


def auto_name(rule: AutoName, logical_name: str, seed: bytes) -> str:
    """Pulumi's name: the logical name, a dash and seven hex digits of the seed; cut to what AWS takes."""
    digest = hashlib.sha256(seed).hexdigest()[:RANDOM_HEX_DIGITS] if seed else "0" * RANDOM_HEX_DIGITS
    stem = rule.stem + (logical_name.lower() if rule.lower else logical_name)
    return f"{stem[: rule.max_length - RANDOM_HEX_DIGITS - 1]}-{digest}"


def _fill_name(rule: AutoName, logical_name: str, olds: Properties, inputs: Properties, seed: bytes) -> bool:
    """Name the resource unless the program did; an auto-name given before is kept."""
    if rule.property in inputs or (rule.prefix_property and rule.prefix_property in inputs):
        return False
    old = olds.get(rule.property)
    if old is not None and rule.property in olds.get(DEFAULTS_KEY, ()):
        inputs[rule.property] = old
    else:
        inputs[rule.property] = auto_name(rule, logical_name, seed)
    return True


def _missing(record: ResourceType, inputs: Properties) -> Iterator[CheckFailure]:
    for name in record.required:
        if inputs.get(name) is None:
            yield CheckFailure(name, f"missing required property '{name}'")
    for group in record.one_of:
        if all(inputs.get(name) is None for name in group):
            yield CheckFailure("", f"one of {', '.join(group)} must be given")


def _not_in_enum(record: ResourceType, inputs: Properties) -> Iterator[CheckFailure]:
    for pattern, allowed in record.enums.items():
        for path, value in at(inputs, pattern):
            if value not in allowed and str(value) not in allowed:
                yield CheckFailure(path, f"{path} must be one of {', '.join(allowed)}, not {value!r}")


def _out_of_range(record: ResourceType, inputs: Properties) -> Iterator[CheckFailure]:
    for pattern, (low, high) in record.ranges.items():
        for path, value in at(inputs, pattern):
            number = _number(value)
            if number is None or not low <= number <= high:
                yield CheckFailure(path, f"{path} must be a number from {low:g} to {high:g}, not {value!r}")
    for pattern, longest in record.lengths.items():
        for path, value in at(inputs, pattern):
            if len(str(value)) > longest:
                yield CheckFailure(
                    path, f"{path} must have at most {longest} characters, not {len(str(value))}: {value!r}"
                )


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def at(inputs: Properties, pattern: str) -> Iterator[tuple[str, Any]]:
    """Every known value that a path pattern reaches, with its own path (`ingress[1].fromPort`)."""
    yield from _walk(inputs, re.split(r"\.", pattern), "")


def _walk(value: Any, steps: list[str], path: str) -> Iterator[tuple[str, Any]]:
    if value is None or value == UNKNOWN:
        return
    if not steps:
        yield path, value
        return
    step, rest = steps[0], steps[1:]
    if not isinstance(value, dict):
        return
    name = step.removesuffix("[]")
    found, here = value.get(name), f"{path}.{name}" if path else name
    if not step.endswith("[]"):
        yield from _walk(found, rest, here)
    elif isinstance(found, list):
        for index, item in enumerate(found):
            yield from _walk(item, rest, f"{here}[{index}]")
