"""A rehearsal that was kept: its cloud goes on in the background, and single operations run against it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from rehearsal.cloud_client import CloudClient, stop_kept
from rehearsal.engines import Engine, EngineChoice, choose
from rehearsal.errors import UsageError
from rehearsal.workspace import REPOSITORY, Workspace

FOLDER = REPOSITORY / ".rehearsal"
RECORD = "kept.json"
# Directories that this process holds, by descriptor; never closed, so that they are held until it ends.
_held: list[int] = []


@dataclass(frozen=True)
class Kept:
    """The record of a kept rehearsal: where its cloud answers and where its scratch copy is."""

    url: str
    pid: int
    scratch: str
    engine: str

    @property
    def workspace(self) -> Workspace:
        """The scratch copy, as the story left it."""
        return Workspace(Path(self.scratch))

    def open_engine(self) -> Engine:
        """The engine that the story used, on the scratch copy with the checkout's program of now."""
        workspace = self.workspace
        workspace.take_program()
        choice: EngineChoice = "pulumi" if self.engine == "pulumi" else "embedded"
        return choose(choice, workspace, workspace.variables(self.url))


def new_root() -> Path:
    """An empty folder for the rehearsal to be kept. What an earlier one left behind is removed.

    Raises UsageError when another process is at work there: its cloud is not yet on record.
    """
    FOLDER.mkdir(exist_ok=True)
    descriptor = os.open(FOLDER, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise UsageError(f"another rehearsal is at work in {FOLDER}: wait for it to end") from error
    _held.append(descriptor)
    for left in FOLDER.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    return FOLDER


def write(kept: Kept) -> None:
    """Write the record down."""
    (FOLDER / RECORD).write_text(json.dumps(asdict(kept), indent=2) + "\n")


def find() -> Kept | None:
    """The kept rehearsal, or None when there is none or its cloud no longer answers."""
    kept = _recorded()
    return kept if kept and CloudClient(kept.url).healthy() else None


def _recorded() -> Kept | None:
    try:
        return Kept(**json.loads((FOLDER / RECORD).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def require() -> Kept:
    """The kept rehearsal. Raises UsageError when there is none."""
    if found := find():
        return found
    if gone := _recorded():
        raise UsageError(
            f"the kept cloud at {gone.url} is gone, with all that was in it: "
            "run scripts/rehearse --keep for a new one"
        )
    raise UsageError("no rehearsal is kept: run scripts/rehearse --keep first")


def refuse_a_second() -> None:
    """Raises UsageError when a rehearsal is kept already: its cloud would be lost."""
    if found := find():
        raise UsageError(f"a rehearsal is kept already, at {found.url}: run scripts/rehearse stop first")


def stop() -> Kept:
    """Stop the kept cloud, if it still runs, and remove its folder. Raises UsageError when none is kept."""
    found = _recorded() or require()
    stop_kept(found.pid, CloudClient(found.url))
    shutil.rmtree(FOLDER, ignore_errors=True)
    return found
