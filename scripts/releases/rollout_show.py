"""How running refreshes look: progress bars on a terminal, a line at every change in a pipe."""

from __future__ import annotations

import sys
from datetime import datetime
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from images import containers
from scripts.releases.errors import one_line
from scripts.releases.groups import Group
from scripts.releases.progress import Stage
from scripts.releases.refreshes import Refresh
from scripts.releases.rollout import Outcome
from scripts.releases.scene import Scene, Seen
from scripts.releases.workloads import Live

BAR = 20


class Follower:
    """Shows refreshes while they run; a context manager that is called at every look."""

    def __init__(self, quiet: bool = False, scene: Scene | None = None) -> None:
        self._progress = None if quiet or not sys.stdout.isatty() else _progress()
        self._quiet = quiet
        self._scene = scene
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, str] = {}

    def __enter__(self) -> Follower:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def __call__(self, group: Group, refresh: Refresh) -> None:
        """Shows what AWS says now."""
        if self._quiet:
            return
        seen = self._scene.look(group, refresh) if self._scene else Seen()
        if self._progress:
            if group.name not in self._tasks:
                self._tasks[group.name] = self._progress.add_task(group.service, total=100, said="")
            said = one_line(_step(refresh, seen.stage, seen.at))
            self._progress.update(self._tasks[group.name], completed=refresh.percentage or 0, said=said)
        else:
            self._say(group.name, f"{group.service}: {_step(refresh, seen.stage, None)}")
        for key, line in seen.lines.items():
            self._say(key, line)

    def workload(self, live: Live) -> None:
        """Shows what a cluster says now of a workload's rollout."""
        if self._quiet:
            return
        said, key = (
            one_line(f"{live.step} (to {containers.short(live.image or '-')})"),
            f"workload {live.name}",
        )
        if self._progress:
            if key not in self._tasks:
                self._tasks[key] = self._progress.add_task(live.name, total=100, said="")
            self._progress.update(self._tasks[key], completed=live.percentage, said=said)
        else:
            self._say(key, f"{live.name}: {said}")

    def _say(self, key: str, line: str) -> None:
        """Prints a line, unless the last one of the same key said the same."""
        if self._said.get(key) == line:
            return
        self._said[key] = line
        if self._progress:
            self._progress.console.print(Text(one_line(line)))
        else:
            print(one_line(line), flush=True)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[said]}", markup=False),
        TimeElapsedColumn(),
        console=Console(file=sys.stdout),
    )


def _step(refresh: Refresh, stage: Stage | None, now: datetime | None) -> str:
    """Such as `InProgress, 50%, 2 left (to version 7), pauses at 50% until 14:05:00Z`. The reason names
    another server at every look, so it is left out until the end.
    """
    parts = [refresh.status]
    if refresh.percentage is not None:
        parts.append(f"{refresh.percentage}%")
    if refresh.to_update is not None and refresh.running:
        parts.append(f"{refresh.to_update} left")
    said = ", ".join(parts) + (f" (to version {refresh.version})" if refresh.version else "")
    if stage and (text := stage.text(now)):
        said += f", {text}"
    return said


def bar(refresh: Refresh, stage: Stage | None, now: datetime) -> str:
    """The refresh in one line, with its progress as a bar of plain characters and its reason."""
    done = BAR * (refresh.percentage or 0) // 100
    said = f"[{'#' * done}{'.' * (BAR - done)}] {_step(refresh, stage, now)}"
    return said + (f": {refresh.reason}" if refresh.reason else "")


def ending(outcome: Outcome) -> str:
    """How a refresh ended, in one line."""
    refresh = outcome.refresh
    return f"{outcome.group.service}: {refresh.status}" + (f": {refresh.reason}" if refresh.reason else "")


def refresh_json(refresh: Refresh | None) -> dict[str, Any] | None:
    """A refresh for programs."""
    if refresh is None:
        return None
    return {
        "id": refresh.id,
        "status": refresh.status,
        "reason": refresh.reason,
        "percentage": refresh.percentage,
        "left": refresh.to_update,
        "launchTemplateVersion": refresh.version,
        "startedAt": refresh.started_at.isoformat() if refresh.started_at else None,
        "endedAt": refresh.ended_at.isoformat() if refresh.ended_at else None,
    }
