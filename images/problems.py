"""What is wrong with a document or a recipe, as one line a problem: file, line, key, value, what to do."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

Place = tuple[str | int, ...]
"""Where a value stands, from the root of the file: `("phases", 0, "steps", 2, "action")`."""

_SHOWN_CHARACTERS = 80


class DocumentError(ValueError):
    """A file that is refused. `problems` has one line each, `str()` is those lines."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class PlacedError(ValueError):
    """Problems that a rule over several values found; each has a place relative to the model that raises."""

    def __init__(self, found: Iterable[tuple[Place, str]]) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(text for _, text in self.found))

    @classmethod
    def raise_any(cls, found: Iterable[tuple[Place, str]]) -> None:
        """Raise when there is a problem at all."""
        problems = cls(found)
        if problems.found:
            raise problems


def problem(file: str, line: int, place: Place, text: str) -> str:
    """`images/documents/base.yaml:12: phases[0].steps[2].action: 'ExecuteBsh' is …`."""
    key = key_path(place)
    return f"{file}:{line}: {key}: {text}" if key else f"{file}:{line}: {text}"


def key_path(place: Place) -> str:
    path = ""
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def shown(value: object) -> str:
    """A value as a message quotes it: as JSON, text in single quotes; cut when long, never two lines."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, default=str)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 2] + "…'"


def nearest(wrong: str, known: Iterable[str]) -> str:
    """The advice that follows an unknown word: the word it is nearest to, or all there are."""
    names = sorted(known)
    lowered = {name.lower(): name for name in names}
    plain = wrong.lower().replace("_", "").replace("-", "")
    close = difflib.get_close_matches(plain, lowered, n=1, cutoff=0.6)
    return f"did you mean {lowered[close[0]]}?" if close else f"known are {', '.join(names)}"


def found_in(error: ValidationError) -> list[tuple[Place, str]]:
    """Every problem of a failed validation, placed from the root, in this project's words."""
    found: list[tuple[Place, str]] = []
    details = error.errors(include_url=False)
    for detail in details:
        place: Place = tuple(detail["loc"])
        # pydantic counts valid entries only: a list of one wrong entry is also too short to it.
        inside = [each for each in details if each is not detail and each["loc"][: len(place)] == place]
        if detail["type"] == "too_short" and inside:
            continue
        inner = detail.get("ctx", {}).get("error")
        if isinstance(inner, PlacedError):
            found += [(place + at, text) for at, text in inner.found]
        else:
            found.append((place, _said(dict(detail), place)))
    return found


def _said(detail: dict[str, Any], place: Place) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden":
        return f"{shown(str(place[-1]))} is not a known key; remove it, or look at docs/images.md"
    said = _WORDS.get(kind)
    if said is not None:
        return said(shown(value), context)
    if kind.endswith("_type"):
        wanted = _EXPECTED.get(kind.removesuffix("_type"), kind.removesuffix("_type"))
        return f"is empty; write {wanted}" if value is None else f"{shown(value)} is not {wanted}"
    return f"{shown(value)}: {detail['msg'].splitlines()[0]}"


_EXPECTED = {
    "string": "text (in quotes, where YAML reads it as something else)",
    "int": "a whole number",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "dict": "a map of keys",
    "mapping": "a map of keys",
    "model": "a map of keys",
}
_WORDS: Mapping[str, Callable[[str, dict[str, Any]], str]] = {
    "greater_than_equal": lambda value, given: f"{value} is too low; the least is {given['ge']}",
    "less_than_equal": lambda value, given: f"{value} is too high; the most is {given['le']}",
    "literal_error": lambda value, given: (
        f"{value} is not a choice; write {given['expected'].replace(chr(39), '')}"
    ),
    "too_short": lambda _, given: f"is empty; give at least {given['min_length']}",
    "too_long": lambda _, given: f"has {given['actual_length']} entries; the most is {given['max_length']}",
    "string_too_short": lambda value, given: f"{value} is too short; the least is {given['min_length']}",
    "string_too_long": lambda value, given: (
        f"{value} is too long; the most is {given['max_length']} characters"
    ),
}
