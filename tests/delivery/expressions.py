"""GitHub's expressions `${{ … }}`, as far as the workflows use them; any other raises."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][\w-]*|==|!=|&&|\|\||[!().,*\[\]])")
_INSIDE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def fill(text: Any, contexts: Mapping[str, Any]) -> Any:
    """A value of a workflow with its expressions' values; one that is an expression alone keeps its type."""
    if not isinstance(text, str):
        return text
    if (whole := re.fullmatch(_INSIDE, text.strip())) and "${{" not in whole[1]:
        return value(whole[1], contexts)
    return _INSIDE.sub(lambda found: _text(value(found[1], contexts)), text)


def holds(condition: Any, contexts: Mapping[str, Any], *, ok: bool) -> bool:
    """Whether a job or a step with this `if` runs. `ok`: nothing before it failed; without a word on that in
    the condition GitHub asks for it as well.
    """
    if condition is None:
        return ok
    found = re.fullmatch(_INSIDE, str(condition).strip())
    text = found[1] if found else str(condition)
    status = re.search(r"\b(always|cancelled|failure|success)\(", text)
    return bool(value(text, {**contexts, "_ok": ok})) and (ok or status is not None)


def value(text: str, contexts: Mapping[str, Any]) -> Any:
    """The value of one expression."""
    return _Reader(text, contexts).whole()


def _text(of: Any) -> str:
    if of is None:
        return ""
    if isinstance(of, bool):
        return str(of).lower()
    return of if isinstance(of, str) else json.dumps(of)


class _Reader:
    """Reads an expression from left to right: or, and, comparison, not, and names with their parts."""

    def __init__(self, text: str, contexts: Mapping[str, Any]) -> None:
        self.contexts = contexts
        self.left: list[str] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if not found:
                raise ValueError(f"no expression that the tests know: {text!r}")
            self.left.append(found[1])
            at = found.end()

    def next(self, *wanted: str) -> str | None:
        """The next word if it is one of these, and takes it."""
        if self.left and (self.left[0] in wanted or not wanted):
            return self.left.pop(0)
        return None

    def whole(self) -> Any:
        found = self.either()
        if self.left:
            raise ValueError(f"no expression that the tests know: {' '.join(self.left)}")
        return found

    def either(self) -> Any:
        found = self.both()
        while self.next("||"):
            other = self.both()
            found = found or other
        return found

    def both(self) -> Any:
        found = self.compared()
        while self.next("&&"):
            other = self.compared()
            found = found and other
        return found

    def compared(self) -> Any:
        found = self.one()
        if how := self.next("==", "!="):
            # GitHub compares texts without regard to case, and null equals the empty text.
            same = _text(found).lower() == _text(self.one()).lower()
            return same if how == "==" else not same
        return found

    def one(self) -> Any:
        if self.next("!"):
            return not self.one()
        if self.next("("):
            found = self.either()
            self.expect(")")
        else:
            word = self.next() or ""
            if word.startswith("'"):
                return word[1:-1].replace("''", "'")
            found = self.call(word) if self.next("(") else self.contexts[word]
        return self.parts(found)

    def call(self, name: str) -> Any:
        given: list[Any] = []
        while not self.next(")"):
            given.append(self.either())
            self.next(",")
        if name == "fromJSON":
            return json.loads(given[0])
        if name == "contains":
            return given[1] in given[0]
        if name == "cancelled":
            return False
        if name == "always":
            return True
        if name in ("success", "failure"):
            return self.contexts["_ok"] == (name == "success")
        raise ValueError(f"no function that the tests know: {name}")

    def parts(self, found: Any) -> Any:
        """`.name`, `[index]` and `.*.name`; what is not there is null."""
        while how := self.next(".", "["):
            if how == "[":
                key = self.either()
                self.expect("]")
                found = (found or {}).get(key)
            elif self.next("*"):
                self.expect(".")
                key = self.next()
                return [each.get(key) for each in found or []]
            else:
                found = (found or {}).get(self.next())
        return found

    def expect(self, word: str) -> None:
        if not self.next(word):
            raise ValueError(f"{word} is missing before {' '.join(self.left)!r}")
