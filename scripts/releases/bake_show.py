"""How a bake looks: a bar over the phases on a terminal, a line at every change in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.text import Text

from scripts.releases import builds, show
from scripts.releases.aws import Account
from scripts.releases.bake import BuildFailedError
from scripts.releases.builds import Build
from scripts.releases.errors import one_line
from scripts.releases.progress import spell


class Follower:
    """Shows a build while it runs, and the end of its log when it fails; a context manager that is called at
    every look.
    """

    def __init__(self, account: Account, quiet: bool = False) -> None:
        self._account, self._quiet = account, quiet
        self._progress = None if quiet or not sys.stdout.isatty() else _progress()
        self._task: TaskID | None = None
        self._said: set[str] = set()

    def __enter__(self) -> Follower:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()
        if isinstance(error, BuildFailedError) and not self._quiet:
            for line in _end_of_log(error):
                print(line)

    def __call__(self, build: Build) -> None:
        """Shows what Image Builder says now."""
        if self._quiet:
            return
        self._say("log", f"log: {log_command(build, self._account.region)}")
        phase = _phase(build)
        # AWS tells its time in whole seconds, and when a build began more exactly.
        after = spell(max(0.0, (self._account.now() - build.started_at).total_seconds()))
        if self._progress:
            if self._task is None:
                self._task = self._progress.add_task(f"{build.name}", total=_LAST, said="")
            self._progress.update(self._task, completed=_done(build), said=f"{phase}, {after}")
        else:
            self._say(phase, f"{build.name}: {phase} after {after}")

    def _say(self, key: str, line: str) -> None:
        """Prints a line, once for each key."""
        if key in self._said:
            return
        self._said.add(key)
        if self._progress:
            self._progress.console.print(Text(one_line(line)), soft_wrap=True)
        else:
            print(one_line(line), flush=True)


def log_command(build: Build, region: str) -> str:
    """What shows the log of a build, now and as it grows."""
    return f"aws logs tail {build.log_group} --log-stream-names {build.log_stream} --region {region} --follow"


def baked(document: Mapping[str, Any]) -> None:
    """Prints the result, an image's ID for each region."""
    findings = document["findings"]
    said = [
        "built and tested now"
        if document["built"]
        else "built before, and its tests passed: nothing to build",
        f"findings {', '.join(f'{count} {name}' for name, count in findings.items())}"
        if findings
        else "no scan on record",
    ]
    print(f"{document['recipe']} {document['hash']}: {'; '.join(said)}")
    show.columns([(region, image) for region, image in document["images"].items()])
    for account, images in document["otherAccounts"].items():
        show.columns([(region, image, f"of account {account}") for region, image in images.items()])


def _end_of_log(error: BuildFailedError) -> Iterator[str]:
    if error.failure.log:
        yield f"the end of the log ({error.build.log_group}, {error.build.log_stream}):"
        yield from (f"  {line}" for line in error.failure.log)


_LAST = len(builds.PHASES)


def _done(build: Build) -> int:
    """How many phases are over."""
    return builds.PHASES.index(build.status) if build.running else _LAST


def _phase(build: Build) -> str:
    """Image Builder's word; and how the scan stands, once that is what is waited for."""
    if build.status == builds.AVAILABLE and build.scanned in builds.SCANNING:
        return f"{build.status}, scan {build.scanned}"
    return build.status


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[said]}", markup=False),
        console=Console(file=sys.stdout),
    )
