"""The command behind `scripts/rehearse`.

Exit codes: 0 passed, 1 failed, 2 refused or bad input, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console

from rehearsal import kept, report, show, story
from rehearsal.command import run, stop_on_signals
from rehearsal.engines import EngineChoice, Operation
from rehearsal.errors import UsageError
from rehearsal.output_file import require_writable
from rehearsal.show import Screen
from rehearsal.workspace import REPOSITORY, require

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Environment = Annotated[
    str, typer.Argument(metavar="ENV", help="An environment, such as staging; or the image factory.")
]


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    engine: Annotated[
        str, typer.Option(metavar="auto|pulumi|embedded", help="auto takes pulumi when it is on the PATH.")
    ] = "auto",
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write what happened as JSON.")
    ] = None,
    report_file: Annotated[
        Path, typer.Option("--report", metavar="FILE", help="Where the report page goes.")
    ] = Path("rehearsal-report.html"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the cloud up, with staging and prod in it.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The emulated cloud's port; 0 takes a free one.")
    ] = 0,
    speed: Annotated[
        float, typer.Option(min=1, max=10000, help="Emulated seconds in one real second.")
    ] = story.SPEED,
) -> None:
    """Rehearse releases on an emulated AWS: an image is built, staging, prod, a new image, a bad one, the way
    back, days of running with what may happen to servers, images that nobody uses go, and the end.

    Without a command the whole story runs; the commands run one step against a cloud left up by --keep.
    """
    if context.invoked_subcommand:
        return
    if engine not in get_args(EngineChoice):
        raise UsageError(f"unknown engine {engine!r}: choose one of {', '.join(get_args(EngineChoice))}")
    for option, file in (("--json", json_file), ("--report", report_file)):
        if file:
            require_writable(option, file)
    console = Console()
    screen = Screen(console)
    choice: EngineChoice = engine  # type: ignore[assignment]  # checked above
    try:
        document, code = story.rehearse(story.Options(choice, port, speed, keep), screen)
    finally:
        screen.close()
    show.show_steps(console, document)
    if json_file:
        json_file.write_text(json.dumps(document, indent=2) + "\n")
    report_file.write_text(report.page(document))
    console.print(f"The report is in {report_file}", highlight=False, soft_wrap=True)
    if keep and (found := kept.find()):
        show.show_kept(console, found)
    raise typer.Exit(code)


def _operate(operation: Operation, environment: str) -> None:
    require(REPOSITORY, environment)
    found = kept.require()
    workspace, engine = found.workspace, found.open_engine()
    workspace.require(environment)
    if operation == "destroy" and (loosened := workspace.loosen(environment)):
        # AWS refuses to delete what is protected, so protection goes first, by a change of its own.
        print(f"Pulumi.{environment}.yaml of the scratch copy gets {', '.join(loosened)}")
        engine.run("up", environment, print).must()
    outcome = engine.run(operation, environment, print).must()
    print(f"{operation} {environment}: {show.brief(outcome.changes)} in {outcome.seconds:.1f} s")


@app.command()
def preview(environment: Environment) -> None:
    """Show what bringing ENV up would change in the kept cloud."""
    _operate("preview", environment)


@app.command()
def up(environment: Environment) -> None:
    """Bring ENV up in the kept cloud."""
    _operate("up", environment)


@app.command()
def destroy(environment: Environment) -> None:
    """Take ENV down in the kept cloud, after lifting its protection."""
    _operate("destroy", environment)


@app.command()
def manifests(
    environment: Environment,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="One that is empty, or not there yet.")],
) -> None:
    """Write the Kubernetes objects of ENV in the kept cloud as YAML, one file each."""
    from rehearsal import manifests as rendering

    found = kept.require()
    workspace, variables = found.workspace, found.open_engine().variables
    workspace.require(environment)
    written = rendering.write(workspace.project, environment, variables, folder)
    print(f"{len(written)} objects of {environment} are in {folder}")


@app.command()
def stop() -> None:
    """Stop the kept cloud and forget it."""
    print(f"Stopped the cloud at {kept.stop().url}; its scratch copy is removed.")


if __name__ == "__main__":
    stop_on_signals()
    sys.exit(run(app, "rehearse"))
