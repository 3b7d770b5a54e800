"""Changes the text of one scalar in a YAML document, and nothing else in it.

The parser is asked where the value stands, and the text is cut there. A round trip through a YAML writer
would keep comments and order, but not every quote, indent, width and line ending.
"""

from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import Event, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

T = TypeVar("T")
# What an event of the parser holds besides its place in the text.
ATTRIBUTES = ("anchor", "tag", "value", "style")
VALUE = ATTRIBUTES.index("value")
NULL_TAG = "tag:yaml.org,2002:null"


class YamlLineError(ValueError):
    """The document cannot be read, or its value cannot be changed as one line; the text says why."""


def parse(text: str) -> Node | None:
    """The document's root node, or None when it is empty.

    Raises:
        YamlLineError: it is not one YAML document; names line and column.
    """
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        raise YamlLineError(_where(error)) from error
    except RecursionError as error:
        raise YamlLineError("it is nested too deeply") from error
    return root


def _where(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is not valid YAML"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)


def entries(node: Node | None) -> dict[str, Node]:
    """The entries of a mapping by key; none for a missing node, for null, and for what is no mapping.

    Raises:
        YamlLineError: a key stands there twice.
    """
    if not isinstance(node, MappingNode):
        return {}
    found: dict[str, Node] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, ScalarNode) else None
        if name is None:
            continue
        if name in found:
            raise YamlLineError(f"line {key.start_mark.line + 1}: the key {name!r} is there twice")
        found[name] = value
    return found


def scalar(node: Node | None) -> str | None:
    """The text of a scalar; None for a missing node, for null, and for anything that is no scalar."""
    if isinstance(node, ScalarNode) and node.tag != NULL_TAG:
        return str(node.value)
    return None


def replace(text: str, path: tuple[str, ...], value: str) -> str:
    """`text` with the scalar at `path` changed to `value`, in the quotes that the old value had.

    `value` must need no quotes and no escapes, as an AMI ID does not.

    Raises:
        YamlLineError: there is no scalar at `path`, it is not written plainly on one line, others share it by
            an anchor, or the result would differ in more than this value.
    """
    node = _node_at(parse(text), path)
    start, end = node.start_mark.index, node.end_mark.index
    written = text[start:end]
    quote = written[:1] if written[:1] in {"'", '"'} else ""
    if written != f"{quote}{node.value}{quote}":
        raise YamlLineError(f"line {node.start_mark.line + 1}: the value is not written plainly on one line")
    result = text[:start] + quote + value + quote + text[end:]
    _verify(text, result, value)
    return result


def _node_at(root: Node | None, path: tuple[str, ...]) -> ScalarNode:
    node = root
    for key in path:
        node = entries(node).get(key)
        if node is None:
            raise YamlLineError(f"it has no line for {' / '.join(path)}; write it once by hand")
        # What is anchored may stand in several places: one line would change them all.
        if node.anchor:
            raise YamlLineError(
                f"line {node.start_mark.line + 1}: {key} has the anchor &{node.anchor}; remove it"
            )
    if not isinstance(node, ScalarNode) or node.tag == NULL_TAG:
        raise YamlLineError(f"{' / '.join(path)} is not a plain value")
    return node


def _events(text: str) -> list[tuple[type[Event], list[object]]]:
    """What the parser sees, without the places where it sees it."""
    parser = YAML(typ="safe", pure=True)
    return [
        (type(event), [getattr(event, name, None) for name in ATTRIBUTES]) for event in parser.parse(text)
    ]


def _verify(before: str, after: str, value: str) -> None:
    """Refuses a result that differs in more than one line, or in more than one value."""
    if _changed(before.split("\n"), after.split("\n")) is None:
        raise YamlLineError("changing the value would change more than one line")
    try:
        event = _changed(_events(before), _events(after))
    except YAMLError as error:
        raise YamlLineError(f"with the value changed it cannot be read: {_where(error)}") from error
    if event is None or event[0] is not ScalarEvent or event[1][VALUE] != value:
        raise YamlLineError("changing the line would change more than the value")


def _changed(before: list[T], after: list[T]) -> T | None:
    """The one item of `after` that is not as it was; None when there are more, or none."""
    changed = [new for old, new in zip(before, after, strict=False) if old != new]
    return changed[0] if len(before) == len(after) and len(changed) == 1 else None
