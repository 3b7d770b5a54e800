"""What the commands share: options, the project they work on, and errors for programs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from scripts.releases import backend, project, show, state
from scripts.releases.errors import ReleaseError, one_line
from scripts.releases.project import Project
from scripts.releases.state import EnvironmentState

ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", metavar="DIR", help="Directory of Pulumi.yaml; default: this repository."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Environment = Annotated[str, typer.Argument(metavar="ENV", help="Environment, as in Pulumi.ENV.yaml.")]


def find_project(context: typer.Context, directory: Path | None) -> Project:
    """The project that --project names, behind the command or before it; else this repository."""
    return project.find(directory or context.obj or project.ROOT)


def fleet(where: Project, environment: str) -> EnvironmentState:
    """What the environment's stack says; see `state.read` for what is raised."""
    return state.read(backend.choose(where, os.environ), environment)


@contextmanager
def errors_as_json(wanted: bool) -> Iterator[None]:
    """With --json, a program that reads standard output finds the error there too."""
    try:
        yield
    except ReleaseError as error:
        if wanted:
            show.as_json({"ok": False, "error": one_line(error)})
        raise
