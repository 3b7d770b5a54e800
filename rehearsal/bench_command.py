"""The command behind `scripts/bench`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from rehearsal import bench
from rehearsal.command import run, stop_on_signals
from rehearsal.errors import UsageError

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]}
)


@app.command()
def main(
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write as JSON.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer services and runs; rougher figures.")] = False,
    runs: Annotated[int, typer.Option(min=1, max=50, help="Runs of each kind.")] = 3,
) -> None:
    """Measure what a preview, an up, the whole rehearsal and an emulated refresh of 10,000 servers cost.

    Minutes; leave the machine alone.
    """
    if json_file and not json_file.absolute().parent.is_dir():
        raise UsageError(f"{json_file} cannot be written: there is no such folder")
    console = Console()
    with console.status("measuring") as status:

        def say(text: str) -> None:
            status.update(text)
            if not console.is_terminal:
                print(text, file=sys.stderr, flush=True)

        refresh = bench.refresh_10k(say)
        points = bench.QUICK if quick else bench.FULL
        measures = bench.measure(points, min(runs, 2) if quick else runs, say) | refresh
        measures["rehearsal_seconds"] = bench.rehearsal_seconds(say)
    document = {**measures, "targets": bench.TARGETS, "at_least": bench.AT_LEAST, "met": met(measures)}
    if json_file:
        json_file.write_text(json.dumps(document, indent=2) + "\n")
    console.print(table(measures))


def met(measures: Mapping[str, Any]) -> dict[str, bool]:
    """Whether each measure is within its target."""
    return {
        name: bench.AT_LEAST.get(name, -math.inf) <= measures[name] <= most
        for name, most in bench.TARGETS.items()
    }


def table(measures: Mapping[str, Any]) -> Table:
    """Each measure beside its target."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("measure")
    shown.add_column("found", justify="right")
    shown.add_column("target", justify="right")
    shown.add_column("")
    for name, good in met(measures).items():
        verdict = "[green]met[/green]" if good else "[red]missed[/red]"
        least = f"{bench.AT_LEAST[name]:g} to " if name in bench.AT_LEAST else ""
        shown.add_row(name, f"{measures[name]:.3g}", f"{least}{bench.TARGETS[name]:g}", verdict)
    return shown


if __name__ == "__main__":
    stop_on_signals()
    sys.exit(run(app, "bench"))
