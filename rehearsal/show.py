"""What the rehearsal shows on the terminal: progress while it runs, the table at the end, how to go on."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from rehearsal import report_images
from rehearsal.engines import COUNTED
from rehearsal.kept import Kept
from rehearsal.on_path import commands_of
from rehearsal.stage import StepRecord
from rehearsal.steps import Step
from rehearsal.workspace import REPOSITORY, Workspace, factories_of

_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-", "same": "="}
# Columns; a narrower terminal gets signs for column heads, lest every word be cut off.
_WIDE = 72
_ENGINES = {"embedded": "the embedded engine", "pulumi": "the pulumi command"}


class Screen:
    """Tells the story on `console`: a line that moves on a terminal, plain lines anywhere else."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._title = ""
        self._total = 0
        self._number = 0

    def begin(self, engine: str, steps: Sequence[Step]) -> None:
        """Say which engine is used."""
        self._total = len(steps)
        self._console.print(
            f"Rehearsing with {_ENGINES.get(engine, engine)}, on an emulated AWS in memory.", soft_wrap=True
        )

    def step(self, step: Step) -> None:
        """Name the step that begins."""
        self._number += 1
        self._title = f"{self._number}/{self._total} {step.name}: {step.title}"
        if self._console.is_terminal:
            self._status = self._console.status(self._title)
            self._status.start()

    def line(self, text: str) -> None:
        """Show what happens now beside the step's title; only a terminal can take it back."""
        if self._status and text.strip():
            room = max(20, self._console.width - len(self._title) - 8)
            self._status.update(f"{self._title} [dim]{escape(text.strip()[:room])}[/dim]")

    def done(self, record: StepRecord) -> None:
        """Leave one line behind for the step."""
        self.close()
        mark = "[green]ok[/green]    " if record.ok else "[red]FAILED[/red]"
        self._console.print(
            f"{mark} {self._title} [dim]({record.seconds:.1f} s; {brief(record.changes)})[/dim]",
            highlight=False,
            soft_wrap=True,
        )
        if record.reason:
            self._console.print(f"       {escape(record.reason)}", highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the moving line away, also after an interruption."""
        if self._status:
            self._status.stop()
            self._status = None


def brief(changes: Mapping[str, int]) -> str:
    """Changes in a few characters, such as `+54 ~2 =3`."""
    return " ".join(f"{_SIGNS[op]}{changes[op]}" for op in COUNTED if changes.get(op)) or "no resources"


def show_steps(console: Console, document: Mapping[str, Any]) -> None:
    """The table of the steps, and the verdict."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    wide = console.width >= _WIDE
    table.add_column("step", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    for op in COUNTED:
        table.add_column(op if wide else _SIGNS[op], justify="right", no_wrap=True)
    table.add_column("")
    for step in document["steps"]:
        counts = [str(step["changes"][op] or "") for op in COUNTED]
        end = step.get("skipped") or ("ok" if step["ok"] else "FAILED")
        table.add_row(step["name"], f"{step['seconds']:.1f}", *counts, end)
    for name in document["not_run"]:
        table.add_row(f"[dim]{name}[/dim]", *[""] * (1 + len(COUNTED)), "[dim]not run[/dim]")
    console.print()
    console.print(table)
    _show_images(console, document)
    verdict = "The rehearsal passed" if document["ok"] else "The rehearsal failed"
    console.print(
        f"\n{verdict} in {document['seconds']:.1f} s with {_ENGINES[document['engine']]}.", highlight=False
    )
    if document["recorded"]:
        console.print(f"Recorded but not emulated: {', '.join(document['recorded'])}.", highlight=False)


def _show_images(console: Console, document: Mapping[str, Any]) -> None:
    """The images that were built, and what they were built from."""
    built = report_images.built(document)
    if not built:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("image", "built in", "from", "commit", "tests"):
        table.add_column(name, no_wrap=True)
    for step, image in built:
        # A changed working tree is a `+`, as in Mercurial: there is no room for more.
        commit = report_images.commit(image).replace(report_images.CHANGED, "+")
        told = f"{image['recipe']} {image['hash'][:8]}", commit, image["tests"]
        table.add_row(image["image"], step, *told)
    console.print()
    console.print(table)


def show_kept(console: Console, kept: Kept) -> None:
    """How to work with a kept rehearsal."""
    workspace: Workspace = kept.workspace
    stacks = [*workspace.environments(), *factories_of(workspace.project)]
    rehearse, release = (
        shlex.quote(_near(REPOSITORY / "scripts" / name)) for name in ("rehearse", "release")
    )
    lines = [
        "",
        f"The cloud stays up at {kept.url} (process {kept.pid}). Configuration to play with:",
        *(f"  {_near(workspace.config_file(name))}" for name in stacks),
        "Run one step against it; the program is taken fresh from this checkout each time:",
        f"  {rehearse} preview ENV | up ENV | destroy ENV",
        f"  {rehearse} manifests ENV FOLDER    # its Kubernetes objects as YAML",
        "End it:",
        f"  {rehearse} stop",
        "Or work by hand, with any AWS tool, with scripts/release, and in that folder with pulumi itself:",
        *(f"  export {name}={shlex.quote(value)}" for name, value in workspace.exports(kept.url).items()),
        f"  export PULUMI_HOME={shlex.quote(str(workspace.home))} PULUMI_DEBUG_COMMANDS=true",
        f'  export PATH={shlex.quote(str(commands_of(kept.engine, workspace)))}:"$PATH"',
        f"  {release} status --project {shlex.quote(_near(workspace.project))}",
        f"  pulumi preview --stack ENV --cwd {shlex.quote(_near(workspace.project))}",
    ]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _near(path: Path) -> str:
    """The path as short as it can be given where the caller stands."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
