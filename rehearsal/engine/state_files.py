"""State files on disk: written so that no power cut halves them, kept aside when they cannot be read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from rehearsal.engine.state import now
from rehearsal.errors import UsageError


def write_durably(file: Path, data: bytes) -> None:
    """Replace the file in one step that a power cut cannot halve; what was there becomes `<name>.bak`.

    Raises OSError.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(file.name + ".tmp")
    with unfinished.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    if file.exists():
        backup = file.with_name(file.name + ".bak")
        backup.unlink(missing_ok=True)
        try:
            backup.hardlink_to(file)
        except OSError:  # not every file system has hard links
            shutil.copyfile(file, backup)
        # The real engine's storage keeps a file's checksum beside it; without one, it does without.
        for stale in (file, backup):
            stale.with_name(stale.name + ".attrs").unlink(missing_ok=True)
    unfinished.replace(file)
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def damaged(file: Path, reason: str) -> UsageError:
    """The error for a checkpoint that cannot be used; a copy is kept aside, once for each content.

    The file itself stays too: without it the next run would take the stack for empty and create everything
    again.
    """
    content = file.read_bytes()
    earlier = (copy for copy in file.parent.glob(f"{file.name}.damaged-*") if copy.read_bytes() == content)
    aside = next(earlier, None)
    if aside is None:
        aside = _aside(file)
        shutil.copyfile(file, aside)
    return UsageError(
        f"the state file {file} is damaged: {reason}; a copy is kept in {aside}: "
        f"put {file.name}.bak in its place, or import an export"
    )


def unusable_journal(file: Path, reason: str) -> UsageError:
    """The error for a journal that cannot be replayed; it is moved aside, so that the next run starts without
    it.
    """
    aside = _aside(file)
    file.replace(aside)
    return UsageError(
        f"the journal {file} cannot be used: {reason}; it was moved to {aside}: "
        "run a refresh, because steps that only it recorded may be missing from the state"
    )


def _aside(file: Path) -> Path:
    stamp = now()[:23].translate(str.maketrans("", "", "-:."))
    return file.with_name(f"{file.name}.damaged-{stamp}")
