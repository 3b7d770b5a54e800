"""The updates of a stack, as Pulumi's file backend keeps them: what was done, and with which configuration.

    .pulumi/history/<project>/<stack>/<stack>-<nanoseconds>.history.json

`pulumi stack history` lists them, and `pulumi config refresh` writes the latest one's configuration back to
a file: the way to a stack whose file is gone, such as the one of a review environment. Pulumi keeps a copy of
the checkpoint beside each; here none is kept.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.errors import RehearsalError

_ENDING = ".history.json"


@dataclass(frozen=True)
class Update:
    """One update. `kind` is `update`, `refresh` or `destroy`; `config` is the stack file's, with its
    ciphertexts; `changes` count resources by operation.
    """

    kind: str
    message: str
    config: Mapping[str, Any]
    succeeded: bool
    seconds: float
    changes: Mapping[str, int]


def add(root: Path, project: str, stack: str, update: Update) -> None:
    """Record an update that ended now. Raises RehearsalError when it cannot be written."""
    ended = time.time_ns()
    document = {
        "kind": update.kind,
        "startTime": int(ended / 1e9 - update.seconds),
        "message": update.message,
        "environment": {"exec.kind": "cli"},
        "config": update.config,
        "version": 0,
        "result": "succeeded" if update.succeeded else "failed",
        "endTime": ended // 1_000_000_000,
        "resourceChanges": {op: count for op, count in update.changes.items() if count},
    }
    folder = folder_of(root, project, stack)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, ensure_ascii=False) + "\n"
        (folder / f"{stack}-{ended}{_ENDING}").write_text(text, encoding="utf-8")
    except OSError as error:
        raise RehearsalError(f"cannot record the update in {folder}: {error.strerror}") from error


def latest_config(root: Path, project: str, stack: str) -> dict[str, Any] | None:
    """The configuration of the latest update, of either engine; None when there was none."""
    # The name ends in nanoseconds, all of one length: the last name is the latest update.
    files = sorted(folder_of(root, project, stack).glob(f"*{_ENDING}"))
    if not files:
        return None
    config: dict[str, Any] = json.loads(files[-1].read_text(encoding="utf-8"))["config"] or {}
    return config


def folder_of(root: Path, project: str, stack: str) -> Path:
    """Where a stack's updates are kept."""
    return root / ".pulumi" / "history" / project / stack
