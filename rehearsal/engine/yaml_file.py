"""Reads a YAML file as Pulumi's own reader (Go's yaml.v3) does.

PyYAML follows YAML 1.1: for it `yes` is true, `2:30` is 150 and of two equal keys the last one wins, all
without a word. Here `yes` and `2:30` are text, `0o17` and `1e3` are numbers, and a key given twice is an
error. Every value knows how the real engine would show it: whole floats are integers, a date is its moment in
UTC, as text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from rehearsal.engine.values import whole
from rehearsal.errors import UsageError

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # in C where it can be: ten times faster
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_MOMENT = re.compile(r"\d{4}-\d\d?-\d\d?([Tt ]\d\d?:\d\d?:\d\d?(\.\d+)?([Zz]|[-+]\d\d:\d\d)?)?")
_MERGE = "<<"
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq")}


def read(file: Path) -> Any:
    """The file's only document; None for an empty one. Raises UsageError, one line with file, line and
    column.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {error}") from None
    try:
        node = yaml.compose(text, Loader=_LOADER)
        return None if node is None else _value(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
        raise UsageError(f"{place}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise UsageError(f"{file}: not valid YAML: it is nested too deeply") from None


def _value(node: Any, above: tuple[Any, ...]) -> Any:
    if any(node is other for other in above):
        raise yaml.MarkedYAMLError(problem="an alias refers to what it is in", problem_mark=node.start_mark)
    if node.tag not in _TAGS:
        raise yaml.MarkedYAMLError(
            problem=f"the tag {node.tag} is not supported", problem_mark=node.start_mark
        )
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else _plain(node.value)
    above = (*above, node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, above) for item in node.value]
    return _mapping(node, above)


def _mapping(node: Any, above: tuple[Any, ...]) -> dict[str, Any]:
    """Keys are text: the real engine makes them so when it writes JSON."""
    merged: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key must be text", problem_mark=key_node.start_mark)
        key, value = key_node.value, _value(value_node, above)
        if key == _MERGE and not key_node.style:
            for other in value if isinstance(value, list) else [value]:
                if not isinstance(other, dict):
                    raise yaml.MarkedYAMLError(problem="<< takes a map", problem_mark=value_node.start_mark)
                merged = {**other, **merged}
        elif key in own:
            raise yaml.MarkedYAMLError(
                problem=f"the key {key!r} is there twice", problem_mark=key_node.start_mark
            )
        else:
            own[key] = value
    return {**merged, **own}


def _plain(text: str) -> Any:
    """A scalar without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-.":
        return text
    if _MOMENT.fullmatch(text):
        return _moment(text)
    digits = text.replace("_", "")
    if _INTEGER.fullmatch(digits):
        number = digits.lstrip("+-")
        octal = len(number) > 1 and number[0] == "0" and number[1].isdigit()
        value = int(number, 8 if octal else 0)
        return -value if digits[0] == "-" else value
    return whole(float(digits)) if _FLOAT.fullmatch(digits) else text


def _moment(text: str) -> str:
    """A date or time as Go prints it. One that is on no calendar is text."""
    date, _, clock = text.replace("T", " ").replace("t", " ").partition(" ")
    clock = re.sub(r"\b(\d)\b", r"0\1", clock.partition(".")[0] if "." not in clock else clock)
    try:
        year, month, number = map(int, date.split("-"))
        day = datetime(year, month, number, tzinfo=UTC)
        moment = datetime.fromisoformat(f"{day:%Y-%m-%d}T{clock.upper() or '00:00:00'}")
    except ValueError:
        return text
    offset = moment.strftime("%z") or "+0000"
    return f"{moment:%Y-%m-%d %H:%M:%S} {offset} {'UTC' if offset == '+0000' else offset}"
