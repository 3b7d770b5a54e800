"""What is wrong with a stack file, as one line a problem: file, key as the YAML spells it, value, what to do.

pydantic finds the problems; its own words speak of models and link to its manual, so they are said anew here.
"""

from __future__ import annotations

import difflib
import json
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

Place = tuple[str | int, ...]

_KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a map",
}
_EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "a map of keys",
    "mapping": "a map of keys",
    "model": "a map of keys",
    "model_attributes": "a map of keys",
}
_SHOWN_CHARACTERS = 80


class SectionError(ValueError):
    """Problems that a cross-field rule found; each has a place relative to the model that raises it."""

    def __init__(self, found: Iterable[tuple[Place, str]]) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(text for _, text in self.found))

    @classmethod
    def raise_any(cls, found: Iterable[tuple[Place, str]]) -> None:
        """Raise when there is a problem at all."""
        problems = cls(found)
        if problems.found:
            raise problems


def key_path(namespace: str, place: Place) -> str:
    """`("services", "web", "min")` as `immutable:services.web.min`, the way `--path` takes it."""
    if place[:1] == ("aws:region",):
        return "aws:region"
    path = ""
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not re.fullmatch(r"[\w-]+", part):
            path += f"[{json.dumps(part)}]"
        else:
            path += f".{part}" if path else part
    return f"{namespace}:{path}"


def shown(value: object) -> str:
    """A value as the message quotes it: as JSON, text in single quotes; cut when long, never two lines."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 2] + "…'"


def nearest(wrong: str, known: Iterable[str]) -> str:
    """The advice that follows an unknown word: the word it is nearest to, or all there are."""
    names = sorted(known)
    lowered = {name.lower(): name for name in names}
    plain = wrong.lower().replace("_", "").replace("-", "")
    close = difflib.get_close_matches(plain, lowered, n=1, cutoff=0.6)
    return f"did you mean {lowered[close[0]]}?" if close else f"known are {', '.join(names)}"


def found_in(error: ValidationError, model: type[BaseModel]) -> list[tuple[Place, str]]:
    """Every problem of a failed validation, placed from the root model, in this project's words."""
    found: list[tuple[Place, str]] = []
    details = error.errors(include_url=False)
    for detail in details:
        place: Place = tuple(part for part in detail["loc"] if part != "[key]")
        # pydantic counts valid entries only: a list of one wrong entry is also too short to it.
        if detail["type"] == "too_short" and any(each["loc"][:-1] == detail["loc"] for each in details):
            continue
        inner = detail.get("ctx", {}).get("error")
        if isinstance(inner, SectionError):
            found += [(place + at, text) for at, text in inner.found]
        else:
            found.append((place, _said(dict(detail), place, model)))
    return found


def _said(detail: dict[str, Any], place: Place, model: type[BaseModel]) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return f"is missing; {_described(model, place)}"
    if kind == "extra_forbidden":
        parent = _model_at(model, place[:-1])
        return f"is not a known key; {nearest(str(place[-1]), _keys(parent))}"
    if kind.endswith("_type"):
        return _wrong_type(
            kind.removesuffix("_type"), value, secretive=bool({"environment", "secrets"} & set(place))
        )
    said = _RANGES.get(kind)
    if said is not None:
        return said(shown(value), context)
    return f"{shown(value)}: {detail['msg'].splitlines()[0]}"


def _number(limit: float) -> str:
    """A limit as the YAML would hold it: a field that takes fractions has its whole limits as 4000.0."""
    return f"{int(limit) if limit == int(limit) else limit}"


_RANGES: Mapping[str, Callable[[str, dict[str, Any]], str]] = {
    "greater_than_equal": lambda value, given: f"{value} is too low; the least is {_number(given['ge'])}",
    "greater_than": lambda value, given: f"{value} is too low; it must be more than {_number(given['gt'])}",
    "less_than": lambda value, given: f"{value} is too high; it must be less than {_number(given['lt'])}",
    "less_than_equal": lambda value, given: f"{value} is too high; the most is {_number(given['le'])}",
    "literal_error": lambda value, given: (
        f"{value} is not a choice; write {given['expected'].replace(chr(39), '')}"
    ),
    "too_short": lambda value, given: f"{value} has too few entries; give at least {given['min_length']}",
    "too_long": lambda value, given: f"{value} has too many entries; give at most {given['max_length']}",
    "string_too_short": lambda value, given: f"{value} is too short; the least is {given['min_length']}",
    "string_too_long": lambda value, given: (
        f"{value} is too long; the most is {given['max_length']} characters"
    ),
}


def _wrong_type(expected: str, value: object, *, secretive: bool) -> str:
    wanted = _EXPECTED.get(expected, expected)
    if value is None:
        return f"is empty; write {wanted}, or leave the key out"
    kind = _KINDS.get(type(value), "something else")
    what = f"is {kind}" if secretive else f"{shown(value)} is {kind}"
    if wanted == "text" and not isinstance(value, list | dict):
        return f"{what}, not text; put quotes around it"
    return f"{what}; write {wanted}"


def _described(model: type[BaseModel], place: Place) -> str:
    parent = _model_at(model, place[:-1])
    for name, info in (parent.model_fields if parent else {}).items():
        if place[-1] in (name, info.alias) and info.description:
            return f"set it to {info.description}"
    return "add it"


def _keys(model: type[BaseModel] | None) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()] if model else []


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    """The model that validates what stands at `place`; None where that is not a model."""
    here: Any = model
    for part in place:
        if isinstance(here, type) and issubclass(here, BaseModel):
            fields = here.model_fields.items()
            here = next((info.annotation for name, info in fields if part in (name, info.alias)), None)
        else:
            here = _element(here)
        here = _without_none(here)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _element(annotation: Any) -> Any:
    arguments = typing.get_args(annotation)
    if not arguments:
        return None
    return arguments[1] if issubclass(typing.get_origin(annotation) or object, Mapping) else arguments[0]


def _without_none(annotation: Any) -> Any:
    some = [each for each in typing.get_args(annotation) if each is not type(None)]
    return some[0] if type(None) in typing.get_args(annotation) and len(some) == 1 else annotation
