"""Reads a YAML file into plain values and remembers the line of each, so that a problem can name it.

One tag of our own: `!file PATH` stands for the text of a file, by its path within the folder of images.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from images.problems import DocumentError, Place, problem, shown

_TAG = "tag:yaml.org,2002:"
_FILE = "!file"


class YamlText:
    """A YAML file below `folder`: its value, and the line of every place in it.

    Raises:
        DocumentError: it cannot be read, is no YAML, says a key twice, or names a file that is not there.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        self._folder = folder
        self._lines: dict[Place, int] = {}
        self._problems: list[str] = []
        root = self._composed(path)
        self.value: Any = None if root is None else self._read(root, ())
        if self._problems:
            raise DocumentError(self._problems)

    def line(self, place: Place) -> int:
        """The line of what stands at `place`, or of the nearest thing around it; 1 for the first."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def problem(self, place: Place, text: str) -> str:
        return problem(self.name, self.line(place), place, text)

    def _composed(self, path: Path) -> Node | None:
        try:
            node: Node | None = YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise DocumentError([f"{self.name}: cannot be read: {reason}"]) from error
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            said = getattr(error, "problem", None) or "it is not valid YAML"
            raise DocumentError([problem(self.name, mark.line + 1 if mark else 1, (), str(said))]) from error
        except RecursionError as error:
            raise DocumentError([f"{self.name}:1: it is nested too deeply"]) from error
        return node

    def _read(self, node: Node, place: Place) -> Any:
        self._lines.setdefault(place, node.start_mark.line + 1)
        if node.anchor:
            # An alias would be this node again, its lines those of another place; and it may be a cycle.
            self._refuse(node, place, f"has the anchor &{node.anchor}; write the value out where it is used")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, place)
        if isinstance(node, SequenceNode):
            return [self._read(item, (*place, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)  # noqa: S101 - YAML has these three kinds
        return self._scalar(node, place)

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._refuse(key, place, "has a key that is not a word")
            elif key.value in values:
                self._refuse(key, (*place, key.value), "stands there twice; remove one")
            else:
                self._lines[(*place, key.value)] = key.start_mark.line + 1
                values[key.value] = self._read(value, (*place, key.value))
        return values

    def _scalar(self, node: ScalarNode, place: Place) -> Any:
        kind, text = str(node.tag).removeprefix(_TAG), str(node.value)
        if kind == _FILE:
            return self._file(node, place, text)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return _integer(text)
        if kind.startswith("!"):
            self._refuse(node, place, f"{shown(kind)} is not a known tag; the only one is {_FILE}")
        # Numbers with a point stay as written: the only one is schemaVersion, and 1.0 is not 1.00 there.
        return self._text(node, place, text)

    def _file(self, node: ScalarNode, place: Place, text: str) -> str:
        within = PurePosixPath(text)
        path = self._folder / within
        if within.is_absolute() or ".." in within.parts or not text:
            advice = f"write a path within {self._folder.name}/"
            self._refuse(node, place, f"{_FILE} {shown(text)} leads out of the folder; {advice}")
            return ""
        try:
            return self._text(node, place, path.read_bytes().decode())
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self._refuse(node, place, f"{_FILE} {shown(text)} cannot be read: {reason}")
            return ""

    def _text(self, node: Node, place: Place, text: str) -> str:
        """`text`, unless AWS and a shell could not hold it: a zero, or half of a character."""
        wrong = next(
            (character for character in text if character == "\0" or "\ud800" <= character <= "\udfff"), ""
        )
        if wrong:
            self._refuse(node, place, f"holds the character {wrong!r}, which is no text; remove it")
        return text

    def _refuse(self, node: Node, place: Place, text: str) -> None:
        self._problems.append(problem(self.name, node.start_mark.line + 1, place, text))


def _integer(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text
