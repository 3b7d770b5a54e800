"""Pulumi's values as rules read them: maps, lists, text, numbers, and `UNKNOWN` for what is not known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import proxy
from pulumi_policy.proxy import UnknownValueError

from policies.rules import UNKNOWN

_MARKS = (
    proxy.UNKNOWN_BOOLEAN_VALUE,
    proxy.UNKNOWN_NUMBER_VALUE,
    proxy.UNKNOWN_STRING_VALUE,
    proxy.UNKNOWN_ARRAY_VALUE,
    proxy.UNKNOWN_ASSET_VALUE,
    proxy.UNKNOWN_ARCHIVE_VALUE,
    proxy.UNKNOWN_OBJECT_VALUE,
)


def plain(value: Any) -> Any:
    """A value without the proxies of pulumi-policy, which raise at every unknown value."""
    if isinstance(value, Mapping):
        return {key: _unguarded(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_unguarded(value, index) for index in range(len(value))]
    if isinstance(value, str):
        # Text may be made of what is not known: a policy document with an ARN in it.
        return UNKNOWN if any(mark in value for mark in _MARKS) else value
    # All numbers arrive as floats.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _unguarded(holder: Any, key: Any) -> Any:
    try:
        return plain(holder[key])
    except UnknownValueError:
        return UNKNOWN
