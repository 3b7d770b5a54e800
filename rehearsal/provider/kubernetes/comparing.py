"""How new inputs differ from an object as it was last seen, as Pulumi's provider finds it.

What the object says of things that no input ever spoke of is the cluster's; what inputs spoke of is compared
with the object, so that a change made by somebody else is found as soon as a refresh has seen it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from rehearsal.engine.property_paths import Path, contains, get, parse
from rehearsal.plugin import UNKNOWN, Properties
from rehearsal.provider.kubernetes.objects import pruned

_MISSING: Any = object()
# Where Kubernetes takes amounts, which it writes in one way whatever was written.
_AMOUNTS = frozenset({"requests", "limits", "capacity", "hard", "default", "defaultRequest", "overhead"})
_AMOUNT = frozenset({"averageValue", "sizeLimit", "divisor"})
_UNITS = {unit: Decimal(10) ** power for power, unit in zip(range(3, 19, 3), "kMGTPE", strict=True)}
_UNITS |= {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}
_UNITS |= {"": Decimal(1), "m": Decimal("1e-3"), "u": Decimal("1e-6"), "n": Decimal("1e-9")}
_QUANTITY = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkKMGTPE]?i?)")


def differences(live: Properties, old: Properties, new: Properties) -> list[Path]:
    """Each place where `new` differs from the `live` object; `old` are the inputs of last time."""
    old, new = _of_secrets(old), _of_secrets(new)
    return list(_compared((), pruned(live, old), old, new))


def _of_secrets(thing: Properties) -> Properties:
    """A Secret's `stringData` where the server puts it."""
    texts = thing.get("stringData")
    if thing.get("kind") != "Secret" or not isinstance(texts, dict):
        return thing
    encoded = {
        key: value if value == UNKNOWN else base64.b64encode(str(value).encode()).decode()
        for key, value in texts.items()
    }
    rest = {key: value for key, value in thing.items() if key != "stringData"}
    return {**rest, "data": {**(thing.get("data") or {}), **encoded}}


def _compared(path: Path, live: Any, old: Any, new: Any) -> Iterator[Path]:
    if isinstance(live, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*new, *live)):
            was = old.get(key, _MISSING) if isinstance(old, dict) else _MISSING
            yield from _compared((*path, key), live.get(key, _MISSING), was, new.get(key, _MISSING))
    elif isinstance(live, list) and isinstance(new, list):
        for index in range(max(len(live), len(new))):
            was = _at(old, index) if isinstance(old, list) else _MISSING
            yield from _compared((*path, index), _at(live, index), was, _at(new, index))
    elif new is _MISSING:
        if live is not _MISSING:
            yield path
    elif live is _MISSING:
        # Nothing, said before and said again, is what the server leaves out.
        if not (new in (None, False, 0, "", [], {}) and old == new):
            yield path
    elif new == UNKNOWN or not _same(path, live, new):
        yield path


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else _MISSING


def _same(path: Path, live: Any, new: Any) -> bool:
    if live == new:
        return isinstance(live, bool) == isinstance(new, bool)
    is_amount = path[-1:] and (path[-1] in _AMOUNT or (len(path) > 1 and path[-2] in _AMOUNTS))
    return bool(is_amount) and quantity(live) is not None and quantity(live) == quantity(new)


def quantity(value: Any) -> Decimal | None:
    """A Kubernetes quantity such as `250m` or `1Gi` as a number; None for what is none."""
    match = _QUANTITY.fullmatch(str(value))
    if isinstance(value, bool) or match is None or match[2] not in _UNITS:
        return None
    try:
        return Decimal(match[1]) * _UNITS[match[2]]
    except ArithmeticError:
        return None


def replaces(path: Path, new: Properties, patterns: tuple[str, ...]) -> bool:
    """Whether a change at the path is one of what a pattern names: in it, or around it."""
    parsed = [parse(pattern) for pattern in patterns]
    return any(
        contains(pattern, path) or (contains(path, pattern) and get(new, pattern) is not None)
        for pattern in parsed
    )
