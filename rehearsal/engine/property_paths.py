"""Property paths such as `a.b[0].c`, `a["b.c"]`, `a[*].b`, as in ignoreChanges and replaceOnChanges.

The grammar and the rules are those of `resource.PropertyPath` in pulumi/pulumi. A path is a tuple of keys (`str`) and
indexes (`int`); the key `"*"` stands for any key or index of its level.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rehearsal.errors import UsageError

Path = tuple[str | int, ...]


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Read a path. Raises UsageError, with the text and what is wrong with it."""
    raise NotImplementedError


def show(path: Path) -> str:
    """The path as text, quoted where a key needs it; `parse(show(path)) == path`."""
    raise NotImplementedError


def get(value: Any, path: Path, default: Any = None) -> Any:
    """The value at the path, or `default` where any part of it is missing. Does not look through secrets."""
    raise NotImplementedError


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy with `new` at the path; parts that are missing are created, shorter lists filled up with None.

    Raises UsageError where an existing part is neither an object nor a list as the path needs it.
    """
    raise NotImplementedError


def delete(value: Any, path: Path) -> Any:
    """A copy without the value at the path (in a list: None in its place); the same object if it is not there."""
    raise NotImplementedError


def contains(outer: Path, inner: Path) -> bool:
    """Whether `outer` is `inner` or an ancestor of it: `foo[*]` contains `foo[1].bar`, and `*` contains all."""
    raise NotImplementedError


def reset(old: Any, new: Any, path: Path) -> tuple[Any, bool]:
    """ignoreChanges: `new` with what the path names taken from `old`, and whether the path made sense in both.

    Looks through secrets; what was secret in `old` stays so. As Pulumi's `PropertyPath.Reset`: it neither creates
    the parts above the last one nor changes the length of a list.
    """
    raise NotImplementedError
