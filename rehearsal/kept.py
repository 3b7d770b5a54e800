"""A rehearsal that was kept: its cloud goes on in the background, and single operations run against it."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from rehearsal.cloud_client import CloudClient, stop_kept
from rehearsal.engines import Engine, EngineChoice, choose
from rehearsal.errors import UsageError
from rehearsal.workspace import REPOSITORY, Workspace

FOLDER = REPOSITORY / ".rehearsal"
RECORD = "kept.json"


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
    """An empty folder for the rehearsal to be kept. What an earlier one left behind is removed."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    return FOLDER


def write(kept: Kept) -> None:
    """Write the record down."""
    (FOLDER / RECORD).write_text(json.dumps(asdict(kept), indent=2) + "\n")


def find() -> Kept | None:
    """The kept rehearsal, or None when there is none or its cloud no longer answers."""
    try:
        kept = Kept(**json.loads((FOLDER / RECORD).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return kept if CloudClient(kept.url).healthy() else None


def require() -> Kept:
    """The kept rehearsal. Raises UsageError when there is none."""
    if found := find():
        return found
    raise UsageError("no rehearsal is kept: run scripts/rehearse --keep first")


def refuse_a_second() -> None:
    """Raises UsageError when a rehearsal is kept already: its cloud would be lost."""
    if found := find():
        raise UsageError(f"a rehearsal is kept already, at {found.url}: run scripts/rehearse stop first")


def stop() -> Kept:
    """Stop the kept cloud and remove its folder. Raises UsageError when there is none."""
    found = require()
    stop_kept(found.pid, CloudClient(found.url))
    shutil.rmtree(FOLDER, ignore_errors=True)
    return found
