"""What changes in a resource, down to the single value, also inside of JSON documents and of user data."""

from __future__ import annotations

import base64
import binascii
import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.releases.engine_events import CREATE, DELETE, UNKNOWN, Side, Step

ABSENT = object()
LATER = "(known after up)"
#: A longer value is cut: what nobody reads hides what changes.
LONGEST = 600
#: What the SDK puts into the inputs for itself, such as a dynamic provider's code.
_INTERNAL = {"__defaults", "__meta", "__provider"}
_SIGNS = {"create": "+", "delete": "-", "update": "!", "replace": "!"}
_WORDS = {"create": "create", "delete": "delete", "update": "update", "replace": "REPLACE"}


@dataclass(frozen=True)
class Difference:
    """A value that changes; `before` or `after` is `ABSENT` when there is none."""

    path: str
    before: Any
    after: Any


def of(step: Step) -> list[Difference]:
    """Every value that a step changes, in the program's order.

    What the program says is compared with what it said before. Where nothing of that differs, a resource is
    changed back to it: then with what the cloud told last.
    """
    old, new = step.old or Side("", "", {}, {}), step.new or Side("", "", {}, {})
    if step.op == CREATE:
        return list(_compared("", {}, new.inputs))
    if step.op == DELETE:
        return []
    found = list(_compared("", old.inputs, new.inputs))
    if found:
        return found
    told = {name: old.outputs.get(name) for name in new.inputs if name in old.outputs}
    return [each for each in _compared("", told, {**told, **new.inputs}) if each.before is not ABSENT]


def properties(step: Step) -> list[str]:
    """The properties that a step changes, each by its first name, such as `tags` for `tags.owner`."""
    return list(dict.fromkeys(each.path.partition(".")[0].partition("[")[0] for each in of(step)))


def lines(step: Step) -> Iterator[str]:
    """A step as lines of a `diff` block: what is done, and every value."""
    sign = _SIGNS[step.op]
    yield f"{sign} {_WORDS[step.op]} {step.type} {step.name}{_forced(step)}"
    for each in of(step):
        yield from _shown(each)
    yield ""


def _forced(step: Step) -> str:
    return f" (because {', '.join(step.keys)} cannot be changed)" if step.keys else ""


def _compared(path: str, before: Any, after: Any) -> Iterator[Difference]:
    before, after = _opened(before, after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*after, *before]):
            if name not in _INTERNAL:
                inner = f"{path}.{name}" if path else str(name)
                yield from _compared(inner, before.get(name, ABSENT), after.get(name, ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _in_order(path, before, after)
    elif _plain(before) != _plain(after):
        yield Difference(path, before, after)


def _in_order(path: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """What is put into a list, taken out of it, or changed at its place; what only moves on is no change."""
    was, then = ([json.dumps(item, sort_keys=True) for item in items] for items in (before, after))
    for _, old, old_end, new, new_end in difflib.SequenceMatcher(a=was, b=then, autojunk=False).get_opcodes():
        for index in range(max(old_end - old, new_end - new)):
            one, other = _at(before[old:old_end], index), _at(after[new:new_end], index)
            yield from _compared(f"{path}[{(old if other is ABSENT else new) + index}]", one, other)


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else ABSENT


def _plain(value: Any) -> Any:
    """`3` and `"3"` are one value to AWS, and so are nothing and null."""
    if value is ABSENT or value is None:
        return None
    return (
        value
        if isinstance(value, (dict, list))
        else str(value).lower()
        if value in (True, False)
        else str(value)
    )


def _opened(before: Any, after: Any) -> tuple[Any, Any]:
    """Both as what is inside of them, when both are that: a JSON document, or an encoded text."""
    sides = [each for each in (before, after) if each is not ABSENT]
    for form in (_document, _decoded):
        opened = [form(each) for each in sides]
        if sides and all(each is not None for each in opened):
            return (
                opened[0] if before is not ABSENT else ABSENT,
                opened[-1] if after is not ABSENT else ABSENT,
            )
    return before, after


def _document(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _decoded(value: Any) -> str | None:
    """User data, for one, is a script in base64."""
    if not isinstance(value, str) or len(value) < 24 or " " in value:
        return None
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text if text.replace("\n", "").replace("\t", "").isprintable() else None


def _shown(each: Difference) -> Iterator[str]:
    before, after = each.before, each.after
    if _is_text(before) and _is_text(after):
        yield f"      {each.path}:"
        compared = difflib.unified_diff(_unfolded(before), _unfolded(after), lineterm="", n=1)
        for line in list(compared)[2:]:
            if not line.startswith("@@"):
                yield f"{line[:1]}         {_cut(line[1:])}"
        return
    if before is not ABSENT:
        yield f"-     {each.path}: {value(before)}"
    if after is not ABSENT:
        yield f"+     {each.path}: {value(after)}"


def _unfolded(text: str) -> list[str]:
    """The lines of a text; those that a quoted value of it holds too, such as a file's in user data."""
    return text.replace("\\n", "\n").replace('\\"', '"').splitlines()


def _is_text(text: Any) -> bool:
    return isinstance(text, str) and "\n" in text


def value(of_property: Any) -> str:
    """A value on one line, such as `"t4g.small"`; `LATER` where it is not known before an `up`."""
    if of_property == UNKNOWN:
        return LATER
    text = json.dumps(of_property, ensure_ascii=False, sort_keys=True)
    return _cut(text.replace(UNKNOWN, LATER))


def _cut(text: str) -> str:
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"
