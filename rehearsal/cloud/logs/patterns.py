"""Filter patterns of CloudWatch Logs: which lines a filter takes.

Source: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail".
Emulated: everything, terms (all of them, any with `?`, none with `-`), regular expressions between `%`, and
JSON with comparisons, wildcards, IS, EXISTS, `&&`, `||` and parentheses. Columns (`[ip, user, ...]`) are not.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

#: "Supported regular expressions": in one pattern.
MOST_REGEXES = 2

Matches = Callable[[str], bool]
Holds = Callable[[Any], bool]

_REGEX = re.compile(r"%[^%]+%")
_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|([^\s"%]\S*))')
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>\(|\)|&&|\|\||>=|<=|!=|=|<|>)
    |(?P<text>"(?:[^"\\]|\\.)*")
    |%(?P<regex>[^%]+)%
    |(?P<selector>\$(?:\.[\w@-]+|\[\d+\]|\["[^"]+"\])*)
    |(?P<word>[^\s()=!<>&|"%]+))""",
    re.VERBOSE,
)
_STEP = re.compile(r'\.([\w@-]+)|\[(\d+)\]|\["([^"]+)"\]')
_NUMBERS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NOTHING = object()


class InvalidPattern(ValueError):  # noqa: N818  (the message of AWS's InvalidParameterException)
    """The pattern is none, or uses what is not emulated."""


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Matches:
    """What tells whether a line matches. Raises InvalidPattern."""
    text = pattern.strip()
    if len(_REGEX.findall(text)) > MOST_REGEXES:
        raise InvalidPattern(
            f"the filter pattern {pattern!r} has more than {MOST_REGEXES} regular expressions"
        )
    if not text:
        return lambda _: True
    if text.startswith("["):
        raise InvalidPattern(f"the filter pattern {pattern!r} has columns, which are not emulated")
    if text.startswith("{"):
        if not text.endswith("}"):
            raise InvalidPattern(f"Invalid filter pattern: {pattern!r}")
        holds = _Parser(text[1:-1]).parsed()
        return lambda line: _in_json(line, holds)
    return _terms(text)


def _terms(text: str) -> Matches:
    needed: list[Matches] = []
    anyone: list[Matches] = []
    end = 0
    while found := _TERM.match(text, end):
        end = found.end()
        kind, quoted, regex, bare = found.groups()
        holds = _searched(regex) if regex else _contained(quoted if bare is None else bare)
        if kind == "?":
            anyone.append(holds)
        else:
            needed.append(_not(holds) if kind == "-" else holds)
    if text[end:].strip() or (needed and anyone):
        raise InvalidPattern(f"Invalid filter pattern: {text!r}")
    return lambda line: (
        all(holds(line) for holds in needed) and (not anyone or any(holds(line) for holds in anyone))
    )


def _contained(text: str) -> Matches:
    wanted = re.sub(r"\\(.)", r"\1", text)
    return lambda line: wanted in line


def _searched(regex: str) -> Matches:
    found = _regex(regex)
    return lambda line: found.search(line) is not None


def _not(holds: Matches) -> Matches:
    return lambda line: not holds(line)


def _regex(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as wrong:
        raise InvalidPattern(f"Invalid regular expression in the filter pattern: {text!r}") from wrong


def _in_json(line: str, holds: Holds) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return holds(json.loads(line))
    except ValueError:
        return False


class _Parser:
    """The inside of `{ ... }`: an or of ands of comparisons."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        end = 0
        while found := _TOKEN.match(text, end):
            end = found.end()
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        if text[end:].strip():
            raise self._invalid()
        self._tokens.append(("end", ""))

    def parsed(self) -> Holds:
        holds = self._either()
        if self._tokens[0][0] != "end":
            raise self._invalid()
        return holds

    def _invalid(self) -> InvalidPattern:
        return InvalidPattern(f"Invalid filter pattern: {{{self._text}}}")

    def _next(self, *signs: str) -> str:
        """The next token if it is one of these signs or words, taken; else nothing is."""
        if self._tokens[0][1].upper() in signs and self._tokens[0][0] in ("sign", "word"):
            return self._tokens.pop(0)[1].upper()
        return ""

    def _either(self) -> Holds:
        parts = [self._both()]
        while self._next("||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda found: any(holds(found) for holds in parts)

    def _both(self) -> Holds:
        parts = [self._one()]
        while self._next("&&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda found: all(holds(found) for holds in parts)

    def _one(self) -> Holds:
        if self._next("("):
            holds = self._either()
            if not self._next(")"):
                raise self._invalid()
            return holds
        kind, text = self._tokens.pop(0)
        if kind != "selector":
            raise self._invalid()
        path, compare = _path(text), self._compare()
        return lambda found: compare(_selected(found, path))

    def _compare(self) -> Holds:
        if self._next("IS"):
            word = self._next("NULL", "TRUE", "FALSE")
            if not word:
                raise self._invalid()
            wanted = {"NULL": None, "TRUE": True, "FALSE": False}[word]
            return lambda value: value is wanted
        if self._next("NOT"):
            if not self._next("EXISTS"):
                raise self._invalid()
            return lambda value: value is _NOTHING
        sign = self._next("=", "!=", ">", ">=", "<", "<=")
        kind, text = self._tokens.pop(0)
        if not sign or kind not in ("text", "regex", "word"):
            raise self._invalid()
        if sign in _NUMBERS:
            return self._ordered(_NUMBERS[sign], text)
        equal = _equal(kind, text)
        if sign == "=":
            return lambda value: value is not _NOTHING and equal(value)
        return lambda value: value is not _NOTHING and not equal(value)

    def _ordered(self, compare: Callable[[float, float], bool], text: str) -> Holds:
        try:
            number = float(text)
        except ValueError:
            raise self._invalid() from None

        def holds(value: Any) -> bool:
            return isinstance(value, (int, float)) and not isinstance(value, bool) and compare(value, number)

        return holds


def _equal(kind: str, text: str) -> Holds:
    if kind == "regex":
        found = _regex(text)
        return lambda value: isinstance(value, str) and found.search(value) is not None
    wanted = re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "text" else text
    parts = re.compile(".*".join(re.escape(part) for part in wanted.split("*")), re.DOTALL)
    return lambda value: parts.fullmatch(value if isinstance(value, str) else json.dumps(value)) is not None


def _path(selector: str) -> list[str | int]:
    return [int(index) if index else name or quoted for name, index, quoted in _STEP.findall(selector)]


def _selected(found: Any, path: list[str | int]) -> Any:
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and step < len(found) else _NOTHING
        else:
            found = found.get(step, _NOTHING) if isinstance(found, dict) else _NOTHING
    return found
