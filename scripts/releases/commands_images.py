"""The commands about images: `bake`, `images` and `parent`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scripts.releases import (
    bake_run,
    images_list,
    images_show,
    json_file,
    parent,
    parent_show,
    recipe_files,
    show,
)
from scripts.releases.aws import Account
from scripts.releases.errors import RefusedError
from scripts.releases.options import JsonOption, ProjectOption, errors_as_json, find_project
from scripts.releases.project import Project

DEFAULT_MINUTES = 120

RecipeArgument = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe, as in images/recipes.")]
ToOption = Annotated[
    str | None,
    typer.Option("--to", metavar="ENV", help="Then put the image of ENV's region into ENV's config."),
]
ServiceOption = Annotated[
    str | None,
    typer.Option("--service", metavar="NAME", help="With --to: the service's own image, not the shared one."),
]
FileOption = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON; - prints it.")
]
LocalOption = Annotated[bool, typer.Option("--local", help="Build on this machine, without AWS.")]
RebuildOption = Annotated[
    bool, typer.Option("--rebuild", help="Build anew what is there already, for packages that got updates.")
]
TimeoutOption = Annotated[
    int,
    typer.Option("--timeout", metavar="MINUTES", min=1, help="Wait so long; the build goes on without it."),
]


def add(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command("bake")(bake_recipe)
    app.command("images")(show_images)
    app.command("parent")(show_parent)


def bake_recipe(
    context: typer.Context,
    recipe: RecipeArgument,
    to: ToOption = None,
    file: FileOption = None,
    local: LocalOption = False,
    rebuild: RebuildOption = False,
    minutes: TimeoutOption = DEFAULT_MINUTES,
    service: ServiceOption = None,
    directory: ProjectOption = None,
) -> None:
    """Build RECIPE's image, test it and bring it to every region; one that is there already is named.

    With --local: build and test it on this machine, from a new parent with --rebuild.
    """
    with json_file.errors(file):
        if file is not None:
            json_file.check(file, "--json")
        if service is not None and to is None:
            raise RefusedError(f"--service {service} is for a config; name its environment with --to ENV")
        where = find_project(context, directory)
        if local:
            quiet = file == json_file.STANDARD_OUTPUT
            document = _bake_here(where, recipe, to, rebuild, quiet)
        else:
            order = bake_run.Order(recipe, to, rebuild, minutes, service)
            document = bake_run.run(where, order, quiet=file == json_file.STANDARD_OUTPUT)
        if file is not None:
            json_file.write(file, document)


def _bake_here(where: Project, recipe: str, to: str | None, fresh: bool, quiet: bool) -> dict[str, Any]:
    if to is not None:
        raise RefusedError(f"--local makes no AMI that --to {to} could name; leave one of them out")
    # What builds on this machine is no concern of any other command, nor of its start.
    from scripts.releases import bake_here

    return bake_here.run(where, recipe, fresh=fresh, quiet=quiet)


def show_images(
    context: typer.Context,
    recipe: Annotated[str | None, typer.Argument(metavar="[RECIPE]", help="Default: all.")] = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Show the images that there are, in every region, and what uses each."""
    with errors_as_json(json):
        listed = images_list.look(find_project(context, directory), recipe)
    if json:
        show.as_json(images_show.as_json(listed))
    else:
        images_show.as_text(listed)


def show_parent(
    context: typer.Context,
    recipe: RecipeArgument,
    write: Annotated[bool, typer.Option("--write", help="Put the newest one into RECIPE's file.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the diff and write nothing.")] = False,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Compare RECIPE's pinned parent image with the newest one of its kind."""
    with errors_as_json(json):
        where = find_project(context, directory)
        read = recipe_files.load(where, recipe)
        factory = where.factory()
        found = parent.look(Account(factory.region), read)
        diff = ""
        if (write or dry_run) and found.newest.id != read.parent.id:
            path = parent.path_of(where.directory, recipe)
            diff = parent.write(path, read.parent.id, found.newest.id, dry_run=dry_run)
        seen = parent_show.Seen(read, factory.stack, found, diff, written=bool(diff) and not dry_run)
    if json:
        show.as_json(parent_show.as_json(seen))
    else:
        parent_show.as_text(seen)
