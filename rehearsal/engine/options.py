"""What one operation is to do, and what it tells its surroundings while it does it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from rehearsal.engine.state import ResourceState, type_in
from rehearsal.errors import RehearsalError

Op = Literal["create", "update", "replace", "delete", "same", "read", "import", "refresh"]
"""What became of a resource, as it is counted."""

Verb = Literal[
    "create", "update", "replace", "delete", "delete-replaced", "read", "import", "refresh", "discard", "same"
]
"""What is being done to a resource, as it is shown."""

ORGANIZATION = "organization"
"""What Pulumi calls the organization of a stack in a file backend; there is no other one."""

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


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done to one resource. `old` and `new` are its states before and after; one of them is
    None when it is created or deleted. `diffs` are the properties that changed, `keys` those of them that
    force a replacement.
    """

    verb: Verb
    old: ResourceState | None
    new: ResourceState | None
    keys: tuple[str, ...] = ()
    diffs: tuple[str, ...] = ()

    @property
    def state(self) -> ResourceState:
        """The resource as it will be, or as it was when it goes."""
        state = self.new or self.old
        if state is None:
            raise ValueError("a step needs a resource")
        return state


@dataclass(frozen=True, slots=True)
class Finding:
    """What a policy has against a resource, or against the stack when `urn` is the stack's. A mandatory one
    stops an update. `severity` may be empty.
    """

    pack: str
    version: str
    policy: str
    level: Literal["advisory", "mandatory"]
    severity: str
    urn: str
    message: str

    @property
    def line(self) -> str:
        """The message as one line."""
        return " ".join(self.message.split())

    @property
    def where(self) -> str:
        """The resource's type and name."""
        return f"{type_in(self.urn)} {self.urn.rpartition('::')[2]}"


class Reporter(Protocol):
    """Hears of everything that happens. Called from several threads at once."""

    def started(self, step: Step) -> None:
        """A step begins."""

    def finished(self, step: Step, seconds: float) -> None:
        """A step that began succeeded."""

    def failed(self, step: Step, seconds: float) -> None:
        """A step that began failed; the reason follows as a message."""

    def told(self, step: Step) -> None:
        """A step that takes no time of its own: planned in a preview, found as it is, or read."""

    def outputs(self, step: Step) -> None:
        """The outputs of a component or of the stack are known, after its step."""

    def message(self, severity: str, urn: str, text: str) -> None:
        """A diagnostic: severity `info`, `warning` or `error`; `urn` may be empty."""

    def finding(self, finding: Finding) -> None:
        """A policy found something."""


class Reporters:
    """Several reporters as one; each hears of everything, in the order given."""

    def __init__(self, *reporters: Reporter) -> None:
        self._reporters = reporters

    def started(self, step: Step) -> None:
        """See Reporter."""
        for reporter in self._reporters:
            reporter.started(step)

    def finished(self, step: Step, seconds: float) -> None:
        """See Reporter."""
        for reporter in self._reporters:
            reporter.finished(step, seconds)

    def failed(self, step: Step, seconds: float) -> None:
        """See Reporter."""
        for reporter in self._reporters:
            reporter.failed(step, seconds)

    def told(self, step: Step) -> None:
        """See Reporter."""
        for reporter in self._reporters:
            reporter.told(step)

    def outputs(self, step: Step) -> None:
        """See Reporter."""
        for reporter in self._reporters:
            reporter.outputs(step)

    def message(self, severity: str, urn: str, text: str) -> None:
        """See Reporter."""
        for reporter in self._reporters:
            reporter.message(severity, urn, text)

    def finding(self, finding: Finding) -> None:
        """See Reporter."""
        for reporter in self._reporters:
            reporter.finding(finding)


def is_default_provider(state: ResourceState) -> bool:
    """Whether this is a provider that the engine made by itself; such are neither shown nor counted."""
    return state.is_provider and state.name.startswith("default")
