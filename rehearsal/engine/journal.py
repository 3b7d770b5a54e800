"""The steps since the last checkpoint: one line each, appended beside it.

Writing the whole checkpoint after every step would cost time in proportion to the square of the number of
resources. A line is `<CRC-32 of the rest, 8 hex digits> <JSON>`; a last line that is cut off or does not
match is one that was being written when the process died, and is left out. The first line names the
checkpoint that the steps go on from.

Durability: each line is handed to the operating system before the step counts as recorded, so it survives the
death of this process, also by SIGKILL. It is not fsynced line by line (that is 1 to 10 ms each on a laptop):
what is lost in a power cut is lost together with the emulated cloud, which lives in memory. The checkpoint
itself is fsynced.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from pathlib import Path
from typing import Any

from rehearsal.errors import RehearsalError


class JournalError(RehearsalError):
    """The journal is damaged in the middle, or belongs to another checkpoint."""


def digest(checkpoint: bytes | None) -> str:
    """The name of a checkpoint: the SHA-256 of its bytes; empty for one that does not exist yet."""
    return "" if checkpoint is None else hashlib.sha256(checkpoint).hexdigest()


class Journal:
    """Appends lines. Not safe to use from several threads: its owner has a lock."""

    def __init__(self, file: Path, base: str) -> None:
        """`base` is the digest of the checkpoint that the steps go on from. No file is made before the first
        line.
        """
        self.file = file
        self._base = base
        self._descriptor: int | None = None
        self._size = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written."""
        return self._descriptor is None

    def reopen(self, size: int) -> None:
        """Go on with the journal of a process that died; `size` bytes of it are whole lines."""
        self._descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND)
        os.ftruncate(self._descriptor, size)
        self._size = size

    def append(self, text: str) -> None:
        """Write one line of JSON. Raises RehearsalError when it cannot be written (a full disk)."""
        try:
            if self._descriptor is None:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self._descriptor = os.open(
                    self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600
                )
                self._write(json.dumps({"base": self._base}))
            self._write(text)
        except OSError as error:
            raise RehearsalError(f"cannot record a step in {self.file}: {error.strerror}") from error

    def finish(self, checkpoint: str) -> None:
        """Say that the checkpoint with this digest, about to be written, holds all the steps."""
        self.append(json.dumps({"op": "compacted", "digest": checkpoint}))

    def remove(self) -> None:
        """Close and delete the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self.file.unlink(missing_ok=True)

    def _write(self, text: str) -> None:
        if self._descriptor is None:
            raise RuntimeError("the journal is not open")
        data = text.encode()
        line = b"%08x %s\n" % (zlib.crc32(data), data)
        try:
            written = os.write(self._descriptor, line)
            if written < len(line):
                raise OSError(28, "no space left on device")
        except OSError:
            # Half a line would make all that follows unreadable.
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(line)


def read(file: Path, checkpoint: str) -> tuple[list[dict[str, Any]], int]:
    """The steps that the checkpoint with this digest lacks, and the number of bytes up to the last whole
    line.

    There are none when there is no journal or the checkpoint holds them already. Raises JournalError when the
    journal is damaged before its last line, or goes on from another checkpoint.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return [], 0
    entries: list[dict[str, Any]] = []
    size = 0
    whole = lines[:-1]  # what follows the last line break is empty, or was being written
    for number, line in enumerate(whole, start=1):
        entry = _entry(line)
        if entry is not None:
            entries.append(entry)
            size += len(line) + 1
        elif number < len(whole):
            raise JournalError(f"line {number} is damaged")
    held = any(entry.get("op") == "compacted" and entry["digest"] == checkpoint for entry in entries)
    if not entries or held:
        return [], 0
    if entries[0].get("base") != checkpoint:
        raise JournalError(
            "it goes on from another version of the state: something else wrote the state since"
        )
    return [entry for entry in entries[1:] if entry.get("op") != "compacted"], size


def _entry(line: bytes) -> dict[str, Any] | None:
    check, _, data = line.partition(b" ")
    if check != b"%08x" % zlib.crc32(data):
        return None
    entry = json.loads(data)
    return entry if isinstance(entry, dict) else None
