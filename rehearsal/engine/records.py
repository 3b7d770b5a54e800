"""What is recorded of a stack, in memory, under the numbers that the journal uses for it.

A state's slot is its place in the checkpoint, or the next free number; an operation's ticket is such a
number too, and below zero for those that the checkpoint already holds as pending.
"""

from __future__ import annotations

from rehearsal.engine import resource_json
from rehearsal.engine.property_text import PropertyText
from rehearsal.engine.state import (
    OperationKind,
    PendingOperation,
    ResourceState,
    Snapshot,
    in_order,
    trim,
)


class Records:
    """States by slot and operations by ticket. Not safe to use from several threads: its owner has a lock."""

    def __init__(self, snapshot: Snapshot, codec: PropertyText) -> None:
        self.codec = codec
        self.slots: dict[int, ResourceState] = {}
        self.operations: dict[int, PendingOperation] = {}
        self._slot_of: dict[int, int] = {}
        self._texts: dict[int, str] = {}
        self._next = 0
        self._base = snapshot
        self.number(snapshot)

    def number(self, snapshot: Snapshot) -> None:
        """Take over the snapshot of a checkpoint, with the numbers that the next start will give it."""
        self._base = snapshot
        self.slots = dict(enumerate(snapshot.resources))
        self.operations = {-1 - index: operation for index, operation in enumerate(snapshot.pending)}
        self._index()
        kept = {id(state) for state in snapshot.resources}
        self._texts = {key: text for key, text in self._texts.items() if key in kept}

    def settle(self) -> Snapshot:
        """Trim what refers to states that are gone, and count anew: after a replay, and before a
        checkpoint."""
        for state in trim(list(self.slots.values())):
            self._texts.pop(id(state), None)
        self._index()
        return self.snapshot()

    def snapshot(self) -> Snapshot:
        """What is recorded now, in dependency order."""
        return Snapshot(
            resources=in_order([self.slots[slot] for slot in sorted(self.slots)]),
            pending=list(self.operations.values()),
            manifest=self._base.manifest,
            extra=self._base.extra,
        )

    def begin(self, kind: OperationKind, state: ResourceState) -> int:
        """A new operation's ticket."""
        ticket, self._next = self._next, self._next + 1
        self.operations[ticket] = PendingOperation(state, kind)
        return ticket

    def put(self, new: ResourceState | None, old: ResourceState | None, text: str) -> tuple[int, bool]:
        """Record `new`, whose text is given, in the place of `old`; returns the slot and whether it says
        anything new.

        Raises KeyError for an `old` that is not recorded.
        """
        slot = self._slot_of.pop(id(old)) if old is not None else self._next
        before = self._recorded(old, new)
        if old is not None:
            self._texts.pop(id(old), None)
        if new is None:
            del self.slots[slot]
            return slot, True
        self._next = max(self._next, slot + 1)
        self.slots[slot], self._slot_of[id(new)], self._texts[id(new)] = new, slot, text
        return slot, text != before

    def text(self, state: ResourceState) -> str:
        """The state as JSON text, made once."""
        text = self._texts.get(id(state))
        if text is None:
            text = self._texts[id(state)] = resource_json.resource_text(state, self.codec)
        return text

    def _recorded(self, old: ResourceState | None, new: ResourceState | None) -> str:
        """What the old state says on disk; empty where that is not known, because it was changed in place."""
        if old is None or new is None:
            return ""
        return self._texts.get(id(old), "") if old is new else self.text(old)

    def _index(self) -> None:
        self._slot_of = {id(state): slot for slot, state in self.slots.items()}
        self._next = max([*self.slots, *self.operations, -1]) + 1
