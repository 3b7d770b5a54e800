"""Writes plain values as YAML, in one way: the same value is the same text, whatever library is installed.

Words are always in double quotes and scripts are blocks. A YAML 1.1 reader and a YAML 1.2 reader, which
disagree on `yes`, `on` and `0644`, read the same from it, and a person can still read the scripts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Value = str | int | bool | Sequence["Value"] | Mapping[str, "Value"]


def yaml(value: Mapping[str, Value]) -> str:
    """`value` as a YAML document. Keys must be plain words; what is empty is written `{}` or `[]`."""
    return "".join(f"{line}\n" if line else "\n" for line in _lines(value))


def _lines(value: Value) -> list[str]:
    """The lines of `value`, without indentation, as they stand on lines of their own."""
    if isinstance(value, Mapping) and value:
        return [line for key, item in value.items() for line in _entry(f"{key}:", item)]
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return [line for item in value for line in _item(item)]
    return [_scalar(value)]


def _entry(key: str, value: Value) -> list[str]:
    if isinstance(value, str) and _is_block(value):
        return [f"{key} {_block_header(value)}", *_indented(_block(value))]
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str) and value:
        return [key, *_indented(_lines(value))]
    return [f"{key} {_scalar(value)}"]


def _item(value: Value) -> list[str]:
    if isinstance(value, str) and _is_block(value):
        return [f"- {_block_header(value)}", *_indented(_block(value))]
    first, *rest = _lines(value)
    return [f"- {first}", *_indented(rest)]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]


def _scalar(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def _quoted(text: str) -> str:
    """JSON's escapes, which are YAML's, but for characters that JSON writes as two halves."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if ord(character) > 0xFFFF and not character.isprintable():
        return f"\\U{ord(character):08x}"
    if character.isprintable():
        return json.dumps(character, ensure_ascii=False)[1:-1]
    return json.dumps(character)[1:-1]


def _is_block(text: str) -> bool:
    """Whether a block says `text` exactly: lines of printable characters, the first one not indented."""
    return (
        "\n" in text
        and text[0] not in " \t\n"
        and all(character.isprintable() or character in "\n\t" for character in text)
    )


def _block_header(text: str) -> str:
    if not text.endswith("\n"):
        return "|-"
    return "|+" if text.endswith("\n\n") else "|"


def _block(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")
