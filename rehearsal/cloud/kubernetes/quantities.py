"""Quantities such as `250m`, `64Mi` and `1.5`: k8s.io/apimachinery/pkg/api/resource."""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal

_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?")
_BINARY = {
    suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)
}
_DECIMAL = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal("1e3"),
    "M": Decimal("1e6"), "G": Decimal("1e9"), "T": Decimal("1e12"), "P": Decimal("1e15"),
    "E": Decimal("1e18"),
}  # fmt: skip


def parse(text: str) -> Decimal:
    """The number of units: cores, bytes, pieces. Raises ValueError for what is no quantity."""
    found = _FORM.fullmatch(str(text))
    if found is None:
        raise ValueError(f"{text!r} is not a quantity such as 250m or 64Mi")
    number, suffix = Decimal(found[1]), found[2] or ""
    if suffix in _BINARY:
        return number * _BINARY[suffix]
    if suffix in _DECIMAL:
        return number * _DECIMAL[suffix]
    return number.scaleb(int(suffix[1:]))


def canonical(text: str) -> str:
    """The same amount as the API server writes it: the largest suffix that needs no fraction, 1000m as 1."""
    amount, suffix = parse(text), (_FORM.fullmatch(text) or ["", "", ""])[2] or ""
    if amount == 0:
        return "0"
    if suffix in _BINARY:
        return _whole(amount, {"": Decimal(1), **_BINARY}) or _whole(amount, _DECIMAL) or text
    if suffix[:1] in ("e", "E") and suffix != "E":
        return text
    rounded = amount.quantize(Decimal("1e-9"), rounding=ROUND_UP)
    return _whole(rounded, _DECIMAL) or text


def _whole(amount: Decimal, suffixes: dict[str, Decimal]) -> str:
    for suffix, unit in reversed(suffixes.items()):
        if amount % unit == 0:
            return f"{int(amount / unit)}{suffix}"
    return ""
