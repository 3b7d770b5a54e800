"""Property paths such as `a.b[0].c`, `a["b.c"]`, `a[*].b`, as in ignoreChanges and replaceOnChanges.

The grammar and the rules are those of `resource.PropertyPath` in pulumi/pulumi. A path is a tuple of keys
(`str`) and indexes (`int`); the key `"*"` stands for any key or index of its level. No function changes its
arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

from rehearsal.engine.values import SIGNATURE, is_secret, make_secret, unwrap
from rehearsal.errors import RehearsalError, UsageError

Path = tuple[str | int, ...]

# One part of a path: ["quoted"], [12] or [*], or a bare name up to the next dot or bracket.
_PART = re.compile(
    r'\.?\[(?:"(?P<quoted>(?:\\"|[^"])*)"|(?P<index>[+-]?\d+|\*))\]|(?P<dot>\.?)(?P<name>[^.\[]+)', re.DOTALL
)
_BARE = re.compile(r"[A-Za-z0-9_]+")
_NOTHING = object()


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Read a path. Raises UsageError, with the text and where it is wrong.

    As in Pulumi, a bare name is anything up to the next `.` or `[`, and a dot before a bracket is let pass.
    """
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        # Only the first part has no dot before its name.
        if match is None or (text[0] == "." if at == 0 else match["name"] and not match["dot"]):
            raise UsageError(
                f"property path {text!r} is not valid at {text[at:]!r}: "
                'write it like a.b[0].c, a[*].b or a["b.c"]'
            )
        if match["quoted"] is not None:
            parts.append(match["quoted"].replace('\\"', '"'))
        elif match["index"] is not None:
            parts.append("*" if match["index"] == "*" else int(match["index"]))
        else:
            parts.append(match["name"])
        at = match.end()
    return tuple(parts)


def show(path: Path) -> str:
    """The path as text, quoted where a key needs it; `parse(show(path)) == path`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _BARE.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += '["{}"]'.format(part.replace('"', '\\"'))
    return text


def get(value: Any, path: Path, default: Any = None) -> Any:
    """The value at the path, or `default` where any part of it is missing. Looks through secrets."""
    for part in path:
        value = unwrap(value)
        if not _has(value, part):
            return default
        value = value[part]
    return value


def way_of(old: Any, new: Any, text: str) -> Literal["add", "delete", "update"]:
    """How what a path names became in `new` what it is."""
    path = parse(text)
    if get(old, path, _NOTHING) is _NOTHING:
        return "add"
    return "delete" if get(new, path, _NOTHING) is _NOTHING else "update"


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy with `new` at the path; parts that are missing are created, shorter lists filled up with None.

    Raises UsageError where a part that exists is not an object or a list as the path needs it.
    """
    if not path:
        return new
    part, rest = path[0], path[1:]
    if isinstance(part, str) and (value is None or _is_object(value)):
        return {**(value or {}), part: put((value or {}).get(part), rest, new)}
    if isinstance(part, int) and part >= 0 and (value is None or isinstance(value, list)):
        items = list(value or [])
        items += [None] * (part + 1 - len(items))
        items[part] = put(items[part], rest, new)
        return items
    raise UsageError(f"property path {show(path)!r} does not fit a value of type {type(value).__name__}")


def delete(value: Any, path: Path) -> Any:
    """A copy without the value at the path (in a list: None in its place); the same object if it is not
    there.
    """
    if not path or not _has(value, path[0]):
        return value
    part = path[0]
    if len(path) > 1:
        inner = delete(value[part], path[1:])
        return value if inner is value[part] else put(value, (part,), inner)
    if isinstance(part, int):
        return put(value, (part,), None)
    return {key: item for key, item in value.items() if key != part}


def contains(outer: Path, inner: Path) -> bool:
    """Whether `outer` is `inner` or an ancestor of it: `foo[*]` contains `foo[1].bar`."""
    return len(outer) <= len(inner) and all(
        a == "*" or (a == b and type(a) is type(b)) for a, b in zip(outer, inner, strict=False)
    )


def touches(patterns: Iterable[str], changed: str) -> bool:
    """Whether one of the patterns (replaceOnChanges, additional ignores) contains the changed path, or lies
    in it.

    A provider may report `tags` where the pattern says `tags.Name`: that counts, because the change may be
    there.
    """
    path = parse(changed)
    return any(contains(parse(pattern), path) or contains(path, parse(pattern)) for pattern in patterns)


def ignore_changes(old: dict[str, Any], new: dict[str, Any], patterns: Iterable[str]) -> dict[str, Any]:
    """New inputs with what the patterns name taken from the old ones.

    Raises RehearsalError, naming every path that leads nowhere in one of the two; the words are Pulumi's.
    """
    result, wrong = new, []
    for pattern in patterns:
        result, sensible = reset(old, result, parse(pattern))
        if not sensible:
            wrong.append(pattern)
    if wrong:
        raise RehearsalError(
            "cannot ignore changes to the following properties because one or more elements of the path "
            f'are missing: "{", ".join(wrong)}"'
        )
    return result


def reset(old: Any, new: Any, path: Path) -> tuple[Any, bool]:
    """`new` with what the path names taken from `old`, and whether the path made sense in both.

    Looks through secrets; what was secret in `old` stays so. As Pulumi's `PropertyPath.Reset`, it neither
    creates the parts above the last one nor changes the length of a list; a path that leads nowhere in both
    is fine.
    """
    return _reset(old, new, path, False, False)


def _reset(old: Any, new: Any, path: Path, old_secret: bool, new_secret: bool) -> tuple[Any, bool]:
    """Rebuilds the way down to the value; secrets around `new` are kept around what is put inside them."""
    if is_secret(new):
        inner, sensible = _reset(old, new.get("value"), path, old_secret, True)
        return (new if inner is new.get("value") else make_secret(inner)), sensible
    old_secret, old = old_secret or is_secret(old), unwrap(old)

    def taken(value: Any) -> Any:
        return make_secret(value) if old_secret and not new_secret else value

    part, rest = path[0], path[1:]
    if isinstance(part, int) and part < 0:
        return new, False
    if part == "*":
        return _reset_all(old, new, rest, taken, (old_secret, new_secret))
    if rest:
        return _reset_below(old, new, path, (old_secret, new_secret))
    if isinstance(part, int):
        return _reset_index(old, new, part, taken)
    if not _has(old, part):
        return (delete(new, (part,)) if _is_object(new) else new), True
    return (put(new, (part,), taken(old[part])), True) if _is_object(new) else (new, False)


def _reset_below(old: Any, new: Any, path: Path, secrecy: tuple[bool, bool]) -> tuple[Any, bool]:
    """A part that is not the last: it must be in both, or in neither."""
    part, rest = path[0], path[1:]
    if not _is_kind(old, part) or not _is_kind(new, part):
        return new, not _is_kind(old, part) and not _is_kind(new, part)
    if isinstance(part, str) and part not in old and part not in new:
        return new, True
    if not _has(new, part) or (isinstance(part, int) and not _has(old, part)):
        return new, False
    before = old[part] if _has(old, part) else None
    inner, sensible = _reset(before, new[part], rest, *secrecy)
    return (new if inner is new[part] else put(new, (part,), inner)), sensible


def _reset_index(old: Any, new: Any, index: int, taken: Any) -> tuple[Any, bool]:
    if not isinstance(old, list) or not isinstance(new, list):
        return new, not isinstance(old, list) and not isinstance(new, list)
    if index >= len(old) or index >= len(new):
        return new, index >= len(old) and index >= len(new)
    return put(new, (index,), taken(old[index])), True


def _reset_all(old: Any, new: Any, rest: Path, taken: Any, secrecy: tuple[bool, bool]) -> tuple[Any, bool]:
    """The wildcard: every key or index of this level."""
    if _is_object(new):
        if not _is_object(old):
            return new, not rest
        if not rest:
            return {key: taken(value) for key, value in old.items()}, True
        if old.keys() - new.keys():
            return new, False
        parts: Iterable[str | int] = old.keys()
        sensible = True
    elif isinstance(new, list):
        if not isinstance(old, list):
            return new, not rest
        parts = range(min(len(old), len(new)))
        sensible = len(old) == len(new)
        if not rest:
            return [*map(taken, old[: len(new)]), *new[len(old) :]], sensible
    else:
        return new, False
    result = new
    for part in parts:
        inner, fine = _reset(old[part], new[part], rest, *secrecy)
        result, sensible = put(result, (part,), inner), sensible and fine
    return result, sensible


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and SIGNATURE not in value


def _is_kind(value: Any, part: str | int) -> bool:
    """Whether the value is a list for an index, an object for a key."""
    return isinstance(value, list) if isinstance(part, int) else _is_object(value)


def _has(value: Any, part: str | int) -> bool:
    if not _is_kind(value, part):
        return False
    return 0 <= part < len(value) if isinstance(part, int) else part in value
