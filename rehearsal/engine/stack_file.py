"""One stack's state, open for work: what is recorded, step by step, and how it comes back after an
interruption.

While an operation runs, steps go to a journal beside the checkpoint (`rehearsal/engine/journal.py`). On every
way out but SIGKILL, also after a failure or Ctrl-C, the journal is compacted into the checkpoint, so that the
real engine, which does not know about the journal, misses nothing. After a SIGKILL the next start of this
engine replays it; until then the real engine would see the state of before the killed operation.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from rehearsal.engine import checkpoint, journal, state_files
from rehearsal.engine.locks import Lock
from rehearsal.engine.property_text import PropertyText
from rehearsal.engine.secrets import Secrets
from rehearsal.engine.state import (
    OperationKind,
    PendingOperation,
    ResourceState,
    Snapshot,
    in_order,
    integrity_error,
    trim,
)
from rehearsal.errors import RehearsalError, UsageError


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
        self._slots: dict[int, ResourceState] = {}
        self._texts: dict[int, str] = {}
        self._operations: dict[int, PendingOperation] = {}
        self._slot_of: dict[int, int] = {}
        self._next = 0
        self._load(fresh)
        self._settle()
        self.snapshot = self.current()

    # Reading

    def _load(self, fresh: bool) -> None:
        self._journal_file = self.file.with_name(self.file.name + ".journal")
        try:
            raw = None if fresh else self.file.read_bytes()
        except FileNotFoundError:
            raw = None
        self.exists = raw is not None
        base = journal.digest(raw)
        self._base = Snapshot()
        if raw is not None:
            try:
                self._base, self.secrets = checkpoint.read(raw, self.secrets)
            except checkpoint.CheckpointError as error:
                raise state_files.damaged(self.file, str(error)) from None
        broken = integrity_error(self._base.resources)
        if broken:
            raise state_files.damaged(self.file, broken)
        self._codec = PropertyText(self.secrets)
        self._salt = self.secrets.salt
        self._number(self._base)
        self._journal = journal.Journal(self._journal_file, base)
        steps = 0 if fresh else self._replay(base)
        if steps and self._lock is not None:
            self.notes.append(f"took over {steps} steps of an operation that was killed")
            self._write_checkpoint()

    def _replay(self, base: str) -> int:
        try:
            entries, size = journal.read(self._journal_file, base)
            for entry in entries:
                self._apply(entry)
        except (journal.JournalError, checkpoint.CheckpointError, KeyError, ValueError) as error:
            raise state_files.unusable_journal(self._journal_file, str(error)) from None
        if entries and self._lock is not None:
            self._journal.reopen(size)
        return len(entries)

    def _apply(self, entry: dict[str, Any]) -> None:
        operation = entry["op"]
        if operation == "salt":
            self.secrets = self.secrets.with_salt(entry["salt"])
            self._salt = self.secrets.salt
            self._codec = PropertyText(self.secrets)
        elif operation == "begin":
            resource = checkpoint.read_resource(entry["resource"], self._codec)
            self._operations[entry["ticket"]] = PendingOperation(resource, entry["kind"])
        elif operation == "put":
            self._slots[entry["slot"]] = checkpoint.read_resource(entry["resource"], self._codec)
        elif operation == "drop":
            self._slots.pop(entry["slot"], None)
        self._operations.pop(entry.get("ends", 0), None)

    def current(self) -> Snapshot:
        """What is recorded now, in dependency order."""
        with self._mutex:
            return Snapshot(
                resources=in_order([self._slots[slot] for slot in sorted(self._slots)]),
                pending=list(self._operations.values()),
                manifest=self._base.manifest,
                extra=self._base.extra,
            )

    # Recording

    def begin(self, kind: OperationKind, state: ResourceState) -> int:
        """Record that an operation starts (a pending operation in the checkpoint). Returns its ticket."""
        text = checkpoint.resource_text(state, self._codec)
        with self._mutex:
            self.create()
            ticket, self._next = self._next, self._next + 1
            self._operations[ticket] = PendingOperation(state, kind)
            self._append(f'{{"op":"begin","ticket":{ticket},"kind":"{kind}","resource":{text}}}')
        return ticket

    def commit(self, new: ResourceState | None, old: ResourceState | None, ticket: int | None = None) -> None:
        """Record one step, durably, and end the operation that `ticket` names.

        (new, None) adds; (new, old) puts `new` in the place of `old`; (state, state) records a state that was
        changed in place, such as the outputs of a component or `delete = True`; (None, old) removes. `old`
        must be an object of `snapshot` or one that was committed before. A replacement that creates first is
        `commit(new, None)`, then `old.delete = True; commit(old, old)`, then, once it is gone, `commit(None,
        old)`. When `new` says the same as `old`, nothing is written. A recorded state may be changed only to
        commit it so right after. Raises KeyError for an `old` that is not recorded.
        """
        text = checkpoint.resource_text(new, self._codec) if new is not None else ""
        ends = "" if ticket is None else f',"ends":{ticket}'
        with self._mutex:
            self.create()
            slot = self._slot_of.pop(id(old)) if old is not None else self._next
            before = self._recorded(old, new)
            # Memory first: whatever interrupts the write, compaction on the way out still has the step.
            if ticket is not None:
                self._operations.pop(ticket, None)
            if old is not None:
                self._texts.pop(id(old), None)
            if new is None:
                del self._slots[slot]
                self._append(f'{{"op":"drop","slot":{slot}{ends}}}')
                return
            self._next = max(self._next, slot + 1)
            self._slots[slot], self._slot_of[id(new)], self._texts[id(new)] = new, slot, text
            if text != before:
                self._append(f'{{"op":"put","slot":{slot}{ends},"resource":{text}}}')
            elif ends:
                self._append(f'{{"op":"end"{ends}}}')

    def _recorded(self, old: ResourceState | None, new: ResourceState | None) -> str:
        """What the old state says on disk; empty where that is not known, because it was changed in place."""
        if old is None or new is None:
            return ""
        return self._texts.get(id(old), "") if old is new else self._text_of(old)

    def abandon(self, ticket: int) -> None:
        """End an operation that failed and changed nothing in the cloud."""
        with self._mutex:
            if self._operations.pop(ticket, None) is not None:
                self._append(f'{{"op":"end","ends":{ticket}}}')

    def clear_pending(self) -> None:
        """Forget the operations that an earlier run left unfinished (after a refresh, or when the user says
        so).
        """
        with self._mutex:
            for ticket in list(self._operations):
                self.abandon(ticket)

    def outputs(self, state: ResourceState) -> None:
        """The same as `commit(state, state)`: a component's outputs were registered."""
        self.commit(state, state)

    def _text_of(self, state: ResourceState) -> str:
        text = self._texts.get(id(state))
        if text is None:
            text = self._texts[id(state)] = checkpoint.resource_text(state, self._codec)
        return text

    def _number(self, snapshot: Snapshot) -> None:
        """Slots and tickets as the next start counts them in the checkpoint of this snapshot."""
        self._slots = dict(enumerate(snapshot.resources))
        self._slot_of = {id(state): slot for slot, state in self._slots.items()}
        self._operations = {-1 - index: operation for index, operation in enumerate(snapshot.pending)}
        self._next = len(self._slots)

    def _settle(self) -> None:
        for state in trim(list(self._slots.values())):
            self._texts.pop(id(state), None)

    def _append(self, text: str) -> None:
        if self._lock is None:
            raise RuntimeError(f"{self.name} was opened to be read only")
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
        try:
            snapshot, secrets = checkpoint.read(text, self.secrets)
        except checkpoint.CheckpointError as error:
            raise UsageError(f"the import is not a deployment: {error}") from None
        broken = integrity_error(snapshot.resources)
        if broken:
            raise UsageError(f"the import breaks the rules of a state: {broken}")
        _, project, stack = self.name.split("/")
        for state in snapshot.resources:
            if not state.urn.startswith(f"urn:pulumi:{stack}::{project}::"):
                raise UsageError(
                    f"the import is not of stack {stack} of project {project}: it has {state.urn}"
                )
        with self._mutex:
            self.secrets, self._codec, self._base = secrets, PropertyText(secrets), snapshot
            self._texts = {}
            self._number(snapshot)
            self._write_checkpoint()
        return snapshot

    # Writing

    def _write_checkpoint(self) -> None:
        """The whole state, in dependency order: durable before it appears under its name; the one before is
        .bak.
        """
        self._settle()
        snapshot = self.current()
        resources = [self._text_of(state) for state in snapshot.resources]
        operations = [
            checkpoint.operation_text(item.kind, checkpoint.resource_text(item.resource, self._codec))
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
        self._salt, self._base, self.exists = salt, snapshot, True
        self._number(snapshot)

    def create(self) -> None:
        """Write the checkpoint of an empty stack if there is none, as `pulumi stack init`; the first step
        does it too.
        """
        with self._mutex:
            if not self.exists:
                self._write_checkpoint()

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
