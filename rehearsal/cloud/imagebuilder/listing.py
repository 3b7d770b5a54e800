"""Filters and pages of Image Builder's lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from rehearsal.cloud.imagebuilder.exceptions import InvalidPaginationToken, InvalidParameterValue

#: Of every list without `maxResults`.
PAGE_SIZE = 25

Item = TypeVar("Item")


def page(found: list[Item], given: dict[str, Any]) -> tuple[list[Item], str | None]:
    """A page from the token on, which is an offset here. Raises InvalidPaginationToken."""
    token = given.get("nextToken") or "0"
    if not token.isdigit() or int(token) > len(found):
        raise InvalidPaginationToken(token=token)
    end = int(token) + int(given.get("maxResults") or PAGE_SIZE)
    return found[int(token) : end], str(end) if end < len(found) else None


def filtered(
    found: Iterable[dict[str, Any]], given: dict[str, Any], known: Iterable[str]
) -> list[dict[str, Any]]:
    """Described resources that fit all filters, each by one of its values.

    Raises InvalidParameterValue for a filter that the operation does not know.
    """
    fitting = list(found)
    for one in given.get("filters") or []:
        name, values = one.get("name", ""), one.get("values") or []
        if name not in known:
            raise InvalidParameterValue(name="filters", why=f"The filter '{name}' is not supported.")
        fits = _fits_name if name == "name" else str.__eq__
        fitting = [each for each in fitting if _any(fits, values, str(each.get(name, "")))]
    return fitting


def _any(fits: Callable[[str, str], bool], values: list[str], actual: str) -> bool:
    return any(fits(value, actual) for value in values)


def _fits_name(value: str, actual: str) -> bool:
    """`web*` and `*web*` are understood in the filter `name`, and nowhere else."""
    if value.startswith("*") and value.endswith("*") and len(value) > 1:
        return value.strip("*") in actual
    return actual.startswith(value[:-1]) if value.endswith("*") else actual == value
