"""State on disk, laid out as Pulumi's file backend lays it out, so that both engines can take over from each other.

    .pulumi/meta.yaml                                         version: 1
    .pulumi/stacks/<project>/<stack>.json                     the checkpoint; .bak is the one before
    .pulumi/stacks/<project>/<stack>.json.journal             steps since; only while an operation runs, or after a kill
    .pulumi/locks/organization/<project>/<stack>/<uuid>.json  who works on it
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from rehearsal.engine.secrets import Secrets
from rehearsal.engine.state import OperationKind, ResourceState, Snapshot


class StackFile:
    """One stack, open for work. All methods may be called from several threads.

    `snapshot` is what was recorded when it was opened and does not change; `current()` is what is recorded now.
    """

    snapshot: Snapshot
    secrets: Secrets

    def begin(self, kind: OperationKind, state: ResourceState) -> int:
        """Record that an operation starts (a pending operation in the checkpoint). Returns its ticket."""
        raise NotImplementedError

    def commit(self, new: ResourceState | None, old: ResourceState | None, ticket: int | None = None) -> None:
        """Record one step, durably, and end the operation that `ticket` names.

        (new, None) adds; (new, old) puts `new` in the place of `old`; (state, state) records a state that was changed
        in place, such as the outputs of a component or `delete = True`; (None, old) removes. `old` must be an
        object from `snapshot` or one that was committed before. A replacement that creates first is
        `commit(new, None)`, then `old.delete = True; commit(old, old)`, then, once it is gone, `commit(None, old)`.
        When `new` says the same as `old`, nothing is written.
        """
        raise NotImplementedError

    def abandon(self, ticket: int) -> None:
        """End an operation that failed and changed nothing in the cloud."""
        raise NotImplementedError

    def outputs(self, state: ResourceState) -> None:
        """The same as `commit(state, state)`: a component's outputs were registered."""
        raise NotImplementedError

    def current(self) -> Snapshot:
        """What is recorded now, in dependency order."""
        raise NotImplementedError

    def replace(self, snapshot: Snapshot) -> None:
        """Put another snapshot in the place of everything (an import). Raises UsageError if it breaks the rules."""
        raise NotImplementedError

    def close(self) -> None:
        """Compact the journal into the checkpoint and let go of the lock. `with` calls it, also on an error."""
        raise NotImplementedError


class Backend:
    """The directory that PULUMI_BACKEND_URL names."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        raise NotImplementedError

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Backend:
        """Raises UsageError when PULUMI_BACKEND_URL is missing or not `file://…`."""
        raise NotImplementedError

    def open(
        self, project: str, stack: str, *, salt: str | None = None, write: bool = True
    ) -> AbstractContextManager[StackFile]:
        """Open a stack; one that does not exist is empty, and is created by the first step.

        `salt` (of the stack's config file) is used when the state names none. `write=False` is for previews: it
        takes no lock and records nothing. Raises UsageError when it is locked or damaged.
        """
        raise NotImplementedError

    def stacks(self, project: str) -> list[str]:
        """The names of the project's stacks that have state, sorted."""
        raise NotImplementedError

    def stack_outputs(self, reference: str, project: str) -> tuple[dict[str, object], list[str]] | None:
        """For a stack reference (`stack`, `org/stack` or `org/project/stack`): its outputs with secrets readable and
        marked, and the names of the secret ones; None when there is no such stack.
        """
        raise NotImplementedError

    def remove(self, project: str, stack: str) -> None:
        """Remove an empty stack's files. Raises UsageError when resources are left."""
        raise NotImplementedError

    def cancel(self, project: str, stack: str) -> list[str]:
        """Remove the stack's locks, as `pulumi cancel`; returns who held them."""
        raise NotImplementedError
