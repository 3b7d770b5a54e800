"""IAM policy documents as rules read them: who may do what to what, and whether that lets strangers in.

Pure. What it cannot read (a value that is not known yet, a text that is no JSON) has no statements: AWS, or a
later preview, says what is wrong with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

_LIMITING = frozenset(
    {
        "stringequals",
        "stringequalsignorecase",
        "stringlike",
        "arnequals",
        "arnlike",
    }
)
"""Operators that can keep a condition to fixed values. With `IfExists` a request without the key passes."""
_CALLERS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "kms:calleraccount",
    }
)
"""Keys that say who calls (Amazon S3, The meaning of "public")."""
_ARN_ACCOUNT = 4


@dataclass(frozen=True)
class Statement:
    """One statement, each of its parts as a tuple however it was written."""

    sid: str
    allow: bool
    principals: tuple[tuple[str, str], ...]
    """Kind and value, such as ("Service", "lambda.amazonaws.com"); everyone is ("AWS", "*")."""
    actions: tuple[str, ...]
    all_actions_but: tuple[str, ...]
    resources: tuple[str, ...]
    all_resources_but: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Operator and key, both in lower case, and the values that satisfy it."""

    def grants(self, action: str) -> bool:
        """Whether it allows the action, such as `kms:Decrypt`, on anything at all."""
        return self.allow and self.names(action)

    def names(self, action: str) -> bool:
        """Whether the action is among those that it is about."""
        if self.all_actions_but:
            return not any(matches(each, action) for each in self.all_actions_but)
        return any(matches(each, action) for each in self.actions)

    def on_all(self, *probes: str) -> bool:
        """Whether it is about each of these resources: two that have nothing in common stand for all."""
        if self.all_resources_but:
            return not any(matches(each, probe) for each in self.all_resources_but for probe in probes)
        return all(any(matches(each, probe) for each in self.resources) for probe in probes)

    def requires(self, operator: str, key: str) -> tuple[str, ...]:
        """The values of one condition; none where it has no such condition."""
        wanted = (operator.lower(), key.lower())
        return tuple(
            value for *found, values in self.conditions if tuple(found) == wanted for value in values
        )

    @property
    def label(self) -> str:
        """What to call it in a message."""
        return f"statement {self.sid}" if self.sid else "a statement without Sid"


def statements(document: Any) -> tuple[Statement, ...]:
    """The statements of a document, given as JSON text or as a mapping."""
    read = _read(document)
    found = read.get("Statement", ()) if isinstance(read, Mapping) else ()
    return tuple(_statement(each) for each in _listed(found) if isinstance(each, Mapping))


def open_to_all(document: Any) -> Iterator[Statement]:
    """The statements that let everyone in: any principal, and no condition that fixes who calls."""
    for each in statements(document):
        if each.allow and any(value == "*" for _, value in each.principals) and not _fixes_callers(each):
            yield each


def matches(pattern: str, text: str) -> bool:
    """By IAM's wildcards, `*` and `?`, and as it compares actions: in any case."""
    # IAM knows no sets; fnmatch does.
    return fnmatchcase(text.lower(), pattern.lower().replace("[", "[[]"))


def _read(document: Any) -> Any:
    if not isinstance(document, str):
        return document
    try:
        return json.loads(document)
    except ValueError:
        return None


def _statement(given: Mapping[str, Any]) -> Statement:
    return Statement(
        sid=str(given.get("Sid", "")),
        allow=given.get("Effect") == "Allow",
        # Everyone but a few is everyone.
        principals=(("AWS", "*"),) if "NotPrincipal" in given else tuple(_principals(given.get("Principal"))),
        actions=_texts(given.get("Action")),
        all_actions_but=_texts(given.get("NotAction")),
        resources=_texts(given.get("Resource")),
        all_resources_but=_texts(given.get("NotResource")),
        conditions=tuple(_conditions(given.get("Condition"))),
    )


def _principals(given: Any) -> Iterator[tuple[str, str]]:
    if isinstance(given, Mapping):
        for kind, values in given.items():
            for value in _texts(values):
                yield str(kind), value
    elif given is not None:
        yield "AWS", str(given)


def _conditions(given: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in given.items() if isinstance(given, Mapping) else ():
        for key, values in keys.items() if isinstance(keys, Mapping) else ():
            yield str(operator).lower(), str(key).lower(), _texts(values)


def _fixes_callers(statement: Statement) -> bool:
    return any(
        operator in _LIMITING and key in _CALLERS and bool(values) and all(_is_fixed(each) for each in values)
        for operator, key, values in statement.conditions
    )


def _is_fixed(value: str) -> bool:
    """Of an ARN the account has to be fixed (a bucket's has none: its name), of all else everything."""
    parts = value.split(":", 5) if value.startswith("arn:") else [value]
    who = "".join(parts[_ARN_ACCOUNT : _ARN_ACCOUNT + 1]) or parts[-1]
    return bool(who) and not re.search(r"[*?]|\$\{", who)


def _texts(given: Any) -> tuple[str, ...]:
    return tuple(_text(each) for each in _listed(given))


def _text(value: Any) -> str:
    # JSON's true is written as IAM writes it.
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(given: Any) -> tuple[Any, ...]:
    if given is None:
        return ()
    return tuple(given) if isinstance(given, list | tuple) else (given,)
