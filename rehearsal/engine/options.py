"""What one operation is to do, and what it tells its surroundings while it does it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from rehearsal.engine.state import ResourceState
from rehearsal.errors import RehearsalError

Op = Literal["create", "update", "replace", "delete", "same", "read", "import", "refresh"]
"""What became of a resource, as it is counted."""

Verb = Literal[
    "create", "update", "replace", "delete", "delete-replaced", "read", "import", "refresh", "discard", "same"
]
"""What is being done to a resource, as it is shown."""

DEFAULT_PARALLEL = 16
"""Operations on resources at the same time, as in Pulumi's CLI on four cores."""


class Aborted(RehearsalError):  # noqa: N818 (not an error in itself)
    """This registration cannot go on: something failed, or the user interrupted. The reason was reported
    before.
    """


@dataclass(frozen=True)
class Options:
    """`targets` and `replace` are URNs; in a target `*` stands for a part of a URN and `**` for anything."""

    project: str
    stack: str
    root: Path
    preview: bool = False
    parallel: int = DEFAULT_PARALLEL
    targets: tuple[str, ...] = ()
    target_dependents: bool = False
    replace: frozenset[str] = frozenset()
    continue_on_error: bool = False
    config: Mapping[str, str] = field(default_factory=dict)
    secret_keys: frozenset[str] = frozenset()


class Targets:
    """The resources that an operation is limited to; without any, it is not limited."""

    def __init__(self, patterns: Iterable[str]) -> None:
        patterns = tuple(patterns)
        self._exact = {pattern for pattern in patterns if "*" not in pattern}
        self._globs = [_glob(pattern) for pattern in patterns if "*" in pattern]
        self.limited = bool(patterns)

    def __contains__(self, urn: str) -> bool:
        return not self.limited or urn in self._exact or any(glob.fullmatch(urn) for glob in self._globs)

    def add(self, urn: str) -> None:
        """Count another resource among the targets."""
        self._exact.add(urn)

    def missing(self, urns: Iterable[str]) -> list[str]:
        """The targets given by their URN that are not among `urns`."""
        return sorted(self._exact - set(urns))


def _glob(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^:]*"}.get(part, re.escape(part)) for part in parts))


class Reporter(Protocol):
    """Hears of everything that happens. Called from several threads at once."""

    def started(self, verb: Verb, state: ResourceState) -> None:
        """An operation on a resource begins."""

    def finished(self, verb: Verb, state: ResourceState, seconds: float) -> None:
        """It succeeded. In a preview only this is called."""

    def failed(self, verb: Verb, state: ResourceState, seconds: float) -> None:
        """It failed; the reason follows as a message."""

    def message(self, severity: str, urn: str, text: str) -> None:
        """A diagnostic: severity `info`, `warning` or `error`; `urn` may be empty."""


def is_default_provider(state: ResourceState) -> bool:
    """Whether this is a provider that the engine made by itself; such are neither shown nor counted."""
    return state.is_provider and state.name.startswith("default")
