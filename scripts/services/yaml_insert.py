"""Adds an entry to a mapping of a YAML document, in block style, and nothing else to it.

As in `scripts/releases/yaml_line.py`, the parser is asked where things stand and the text is changed there,
so that comments, quotes and order stay as people wrote them.
"""

from __future__ import annotations

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from scripts.releases.yaml_line import YamlLineError, entries, parse


def entry(text: str, path: tuple[str, ...], key: str, lines: list[str]) -> str:
    """`text` with the entry `key` behind the last one of the mapping at `path`; `lines` are those below it.

    Raises:
        YamlLineError: there is no mapping at `path`, it is in flow style or empty, it has the key, or the
            result would differ in more than this.
    """
    node = _mapping(text, path)
    if key in entries(node):
        raise YamlLineError(f"{' / '.join(path)} has {key} already")
    column = node.value[0][0].start_mark.column
    added = [f"{' ' * column}{key}:", *(f"{' ' * (column + 2)}{line}" for line in lines)]
    result = _after_line(text, _last_line(node), added)
    return _verified(text, result, (*path, key))


def item(text: str, path: tuple[str, ...], value: str) -> str:
    """`text` with `value` in the sequence at `path`, which stays one line, and is made if it is not there.

    Raises YamlLineError as `entry`, and for a sequence in block style.
    """
    *above, key = path
    node = _mapping(text, tuple(above))
    there = entries(node).get(key)
    if there is None:
        first = node.value[0][0].start_mark
        made = [f"{' ' * first.column}{key}: [{value}]"]
        return _verified(text, _after_line(text, _line_of(node) - 1, made), path)
    if not isinstance(there, SequenceNode) or not there.flow_style:
        raise YamlLineError(f"{' / '.join(path)} is not written as [a, b]; add {value} by hand")
    end = there.end_mark.index - 1
    between = ", " if there.value else ""
    return _verified(text, f"{text[:end].rstrip()}{between}{value}{text[end:]}", path)


def _mapping(text: str, path: tuple[str, ...]) -> MappingNode:
    node = parse(text)
    for key in path:
        node = entries(node).get(key)
    if not isinstance(node, MappingNode) or not node.value:
        raise YamlLineError(f"{' / '.join(path)} has no entries yet; write the first one by hand")
    if node.flow_style:
        raise YamlLineError(f"{' / '.join(path)} is written in braces; write one entry a line")
    return node


def _line_of(node: MappingNode) -> int:
    return int(node.value[0][0].start_mark.line)


def _last_line(node: Node) -> int:
    """The line of the last thing that the node holds: a block's own end is where the next token begins."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        key, value = node.value[-1]
        nothing = value.start_mark.index == value.end_mark.index
        return int(key.end_mark.line) if nothing else _last_line(value)
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1])
    end = node.end_mark
    # A block scalar ends at the beginning of the line behind it.
    return int(end.line) if end.column else int(end.line) - 1


def _after_line(text: str, line: int, added: list[str]) -> str:
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(ending)
    return ending.join([*lines[: line + 1], *added, *lines[line + 1 :]])


def _verified(before: str, after: str, path: tuple[str, ...]) -> str:
    """Raises YamlLineError unless the two differ at `path` alone."""
    reader = YAML(typ="safe", pure=True)
    try:
        old, new = reader.load(before), reader.load(after)
    except YAMLError as error:
        raise YamlLineError(f"{' / '.join(path)} cannot be added; write it by hand") from error
    for document in (old, new):
        place = document
        for key in path[:-1]:
            place = place[key]
        place.pop(path[-1], None)
    if old != new:
        raise YamlLineError(f"adding {path[-1]} would change more than {' / '.join(path)}")
    return after
