"""One stack's state, open for work: what is recorded, step by step, and how it comes back after an
interruption.

While an operation runs, steps go to a journal beside the checkpoint (`rehearsal/engine/journal.py`). On
every way out but SIGKILL, also after a failure or Ctrl-C, the journal is compacted into the checkpoint, so
that the real engine, which does not know about the journal, misses nothing. After a SIGKILL the next start
of this engine replays it; until then the real engine would see the state of before the killed operation.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from rehearsal.engine import checkpoint, journal, resource_json, state_files
from rehearsal.engine.locks import Lock
from rehearsal.engine.property_text import PropertyText
from rehearsal.engine.records import Records
from rehearsal.engine.secrets import Secrets
from rehearsal.engine.state import (
    OperationKind,
    PendingOperation,
    ResourceState,
    Snapshot,
    integrity_error,
)
from rehearsal.errors import RehearsalError, UsageError

_READS = 5  # of a reader that comes while a writer compacts
_SECONDS_BETWEEN = 0.02


class StackFile:
    """One stack, open for work. All methods may be called from several threads.

    `snapshot` is what was recorded when it was opened; its lists do not change. `current()` is what is
    recorded now. `notes` are lines for the user: what was repaired on the way in.
    """

    def __init__(
        self, name: str, file: Path, secrets: Secrets, lock: Lock | None, *, fresh: bool = False
    ) -> None:
        """`name` is `organization/<project>/<stack>`; without a `lock` it is read only.

        `fresh` leaves out what is there (an import over a damaged file). Raises UsageError when it is
        damaged.
        """
        self.name = name
        self.file = file
        self.secrets = secrets
        self.notes: list[str] = []
        self._lock = lock
        self._mutex = threading.RLock()
        self._journal_file = file.with_name(file.name + ".journal")
        self._load(fresh)
        self.snapshot = self.current()

    # Reading

    def _load(self, fresh: bool) -> None:
        raw, steps, size = (None, [], 0) if fresh else self._read()
        self.exists = raw is not None
        base = Snapshot()
        if raw is not None:
            try:
                base, self.secrets = checkpoint.read(raw, self.secrets)
            except resource_json.CheckpointError as error:
                raise state_files.damaged(self.file, str(error)) from None
        broken = integrity_error(base.resources)
        if broken:
            raise state_files.damaged(self.file, broken)
        self._salt = self.secrets.salt
        self._records = Records(base, PropertyText(self.secrets))
        self._journal = journal.Journal(self._journal_file, journal.digest(raw))
        if steps:
            self._replay(steps, size)
        elif self._lock is not None and not fresh:
            # Of a process that was killed when all of it was in the checkpoint already.
            self._journal_file.unlink(missing_ok=True)

    def _read(self) -> tuple[bytes | None, list[dict[str, Any]], int]:
        """The checkpoint's bytes and the journal's steps. A reader without the lock may come while another
        process compacts one into the other, and looks again; it moves nothing aside.
        """
        for attempt in range(_READS):
            try:
                raw: bytes | None = self.file.read_bytes()
            except FileNotFoundError:
                raw = None
            try:
                return raw, *journal.read(self._journal_file, journal.digest(raw))
            except journal.JournalError as error:
                if self._lock is not None:
                    raise state_files.unusable_journal(self._journal_file, str(error)) from None
                if attempt == _READS - 1:
                    raise UsageError(f"the journal {self._journal_file} cannot be used: {error}") from None
                time.sleep(_SECONDS_BETWEEN)
        raise AssertionError("unreachable")

    def _replay(self, steps: list[dict[str, Any]], size: int) -> None:
        try:
            for step in steps:
                self._apply(step)
        except (resource_json.CheckpointError, KeyError) as error:
            raise UsageError(f"the journal {self._journal_file} cannot be replayed: {error}") from None
        self._records.settle()
        if self._lock is not None:
            # Into the checkpoint at once, so that the real engine sees it and the numbers are counted anew.
            self.notes.append(f"took over {len(steps)} steps of an operation that was killed")
            self._journal.reopen(size)
            self._write_checkpoint()

    def _apply(self, step: dict[str, Any]) -> None:
        records, kind = self._records, step["op"]
        if kind == "salt":
            self.secrets = self.secrets.with_salt(step["salt"])
            self._salt = self.secrets.salt
            records.codec = PropertyText(self.secrets)
        elif kind == "begin":
            resource = resource_json.read_resource(step["resource"], records.codec)
            records.operations[step["ticket"]] = PendingOperation(resource, step["kind"])
        elif kind == "put":
            records.slots[step["slot"]] = resource_json.read_resource(step["resource"], records.codec)
        elif kind == "drop":
            del records.slots[step["slot"]]
        if "ends" in step:
            records.operations.pop(step["ends"], None)

    def current(self) -> Snapshot:
        """What is recorded now, in dependency order."""
        with self._mutex:
            return self._records.snapshot()

    # Recording

    def begin(self, kind: OperationKind, state: ResourceState) -> int:
        """Record that an operation starts (a pending operation in the checkpoint). Returns its ticket."""
        text = resource_json.resource_text(state, self._records.codec)
        with self._mutex:
            self.create()
            ticket = self._records.begin(kind, state)
            self._append(f'{{"op":"begin","ticket":{ticket},"kind":"{kind}","resource":{text}}}')
        return ticket

    def commit(self, new: ResourceState | None, old: ResourceState | None, ticket: int | None = None) -> None:
        """Record one step, durably, and end the operation that `ticket` names.

        (new, None) adds; (new, old) puts `new` in the place of `old`; (state, state) records a state that
        was changed in place, such as the outputs of a component or `delete = True`; (None, old) removes.
        `old` must be an object of `snapshot` or one that was committed before. A replacement that creates
        first is `old.delete = True; commit(old, old)`, then `commit(new, None)`, then, once it is gone,
        `commit(None, old)`. When `new` says the same as `old`, nothing is written. A recorded state may be
        changed only to commit it so right after. Raises KeyError for an `old` that is not recorded.
        """
        text = resource_json.resource_text(new, self._records.codec) if new is not None else ""
        ends = "" if ticket is None else f',"ends":{ticket}'
        with self._mutex:
            self.create()
            # Memory first: whatever interrupts the write, compaction on the way out still has the step.
            if ticket is not None:
                self._records.operations.pop(ticket, None)
            slot, changed = self._records.put(new, old, text)
            if new is None:
                self._append(f'{{"op":"drop","slot":{slot}{ends}}}')
            elif changed:
                self._append(f'{{"op":"put","slot":{slot}{ends},"resource":{text}}}')
            elif ends:
                self._append(f'{{"op":"end"{ends}}}')

    def abandon(self, ticket: int) -> None:
        """End an operation that failed and changed nothing in the cloud."""
        with self._mutex:
            if self._records.operations.pop(ticket, None) is not None:
                self._append(f'{{"op":"end","ends":{ticket}}}')

    def clear_pending(self, *, creations: bool = True) -> None:
        """Forget the operations that an earlier run left unfinished. Without `creations`, only those on what
        is in the state, which the next run sees to; a creation may have left what no state knows.
        """
        with self._mutex:
            for ticket, operation in list(self._records.operations.items()):
                if creations or operation.kind != "creating":
                    self.abandon(ticket)

    def outputs(self, state: ResourceState) -> None:
        """The same as `commit(state, state)`: a component's outputs were registered."""
        self.commit(state, state)

    def _append(self, text: str) -> None:
        if self.secrets.salt != self._salt:
            self._salt = self.secrets.salt
            self._journal.append(json.dumps({"op": "salt", "salt": self._salt}))
        self._journal.append(text)

    # Import and export

    def exported(self) -> str:
        """What is recorded now, as `pulumi stack export` prints it."""
        with self._mutex:
            return checkpoint.exported(self.current(), self.secrets)

    def replace(self, text: bytes) -> Snapshot:
        """Put an export in the place of everything, as `pulumi stack import`; returns what it holds.

        Raises UsageError, and changes nothing, when it is damaged, breaks the rules, or is another stack's.
        """
        snapshot, secrets = checkpoint.importable(text, self.name, self.secrets)
        with self._mutex:
            self.secrets = secrets
            self._records = Records(snapshot, PropertyText(secrets))
            self._write_checkpoint()
        return snapshot

    # Writing

    def create(self) -> None:
        """Write the checkpoint of an empty stack if there is none, as `pulumi stack init`; the first step
        does it."""
        with self._mutex:
            if self._lock is None:
                raise RuntimeError(f"{self.name} was opened to be read only")
            if not self.exists:
                self._write_checkpoint()

    def _write_checkpoint(self) -> None:
        """The whole state, in dependency order; the checkpoint before becomes `<name>.bak`."""
        records = self._records
        snapshot = records.settle()
        resources = [records.text(state) for state in snapshot.resources]
        operations = [
            resource_json.operation_text(item.kind, resource_json.resource_text(item.resource, records.codec))
            for item in snapshot.pending
        ]
        salt = self.secrets.salt
        data = checkpoint.stack_text(self.name, snapshot, resources, operations, salt).encode()
        self._journal.finish(journal.digest(data))
        try:
            state_files.write_durably(self.file, data)
        except OSError as error:
            raise RehearsalError(f"cannot write {self.file}: {error.strerror}") from error
        self._journal.remove()
        self._journal = journal.Journal(self._journal_file, journal.digest(data))
        self._salt, self.exists = salt, True
        records.number(snapshot)

    def close(self) -> None:
        """Compact the journal into the checkpoint and let go of the lock; a second time, nothing happens."""
        with self._mutex:
            try:
                if not self._journal.is_empty:
                    self._write_checkpoint()
            finally:
                if self._lock is not None:
                    self._lock.release()
                    self._lock = None

    def __enter__(self) -> StackFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
