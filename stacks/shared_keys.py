"""Keys that services and workloads share, and what is wrong with them wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from components.policies import refuse_wildcards
from components.server_access import VARIABLE_NAME
from stacks import secrets_check
from stacks.problems import Place, nearest, shown

KEEP_SECRETS = "keep it in Secrets Manager or Parameter Store and name it under secrets"

_STATEMENT_KEYS = {"Sid", "Effect", "Action", "Resource", "Condition"}


def _health_path(value: str) -> str:
    if not re.fullmatch(r"/[!-~]{0,1023}", value):
        raise ValueError(f"{shown(value)} is not a path; write one such as /healthz")
    return value


HealthPath = Annotated[str, AfterValidator(_health_path)]


def statement_problems(statements: Collection[Mapping[str, Any]]) -> Iterator[tuple[Place, str]]:
    """What is wrong with `policyStatements`."""
    for index, statement in enumerate(statements):
        for place, text in _statement_problems(statement):
            yield ("policyStatements", index, *place), text


def _statement_problems(statement: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    for key in statement.keys() - _STATEMENT_KEYS:
        yield (key,), f"is not a known key; {nearest(key, _STATEMENT_KEYS)}"
    for key in ("Effect", "Action", "Resource"):
        if key not in statement:
            yield (key,), "is missing; add it, spelled as IAM spells it"
    try:
        refuse_wildcards([statement])
    except ValueError as error:
        yield ("Action",), str(error)


def environment_problems(
    environment: Mapping[str, str],
    not_secret: Collection[str],
    refuse: Callable[[str, str], None],
    *,
    what: str,
    shown_by: str,
) -> Iterator[tuple[Place, str]]:
    """What is wrong with plain variables: those that cannot be set, and those that hold a secret.

    `refuse` raises ValueError for a name and a value that cannot be; `what` has them, and `shown_by` would
    show them to others.
    """
    for index, name in enumerate(not_secret):
        if name not in environment:
            yield ("notSecret", index), f"{shown(name)} is no variable of this {what}; remove it"
    for name, value in environment.items():
        place = ("environment", name)
        try:
            refuse(name, value)
        except ValueError as error:
            yield place, str(error)
        certain = secrets_check.unmistakable(value)
        doubt = None if name in not_secret else secrets_check.likely(name, value)
        if certain:
            yield place, f"holds {certain}, which {shown_by} would show; {KEEP_SECRETS}"
        elif doubt:
            text = f"looks like a secret ({doubt}); {KEEP_SECRETS}, or name it in notSecret if it is none"
            yield place, text


def taken_names(
    environment: Collection[str], secrets: Collection[str], taken: Callable[[str], str | None]
) -> Iterator[tuple[Place, str]]:
    """Variables that the program sets itself, or that are given twice; `taken` says by what one is set."""
    for name in environment:
        if why := taken(name):
            yield ("environment", name), f"is set by {why}; take it out"
    for name in secrets:
        why = taken(name)
        if not VARIABLE_NAME.fullmatch(name):
            yield ("secrets", name), "is no name for an environment variable; use letters, digits and _"
        elif why:
            yield ("secrets", name), f"is set by {why}; give the secret another name"
        elif name in environment:
            yield ("secrets", name), "stands in environment too; take it out of there"
