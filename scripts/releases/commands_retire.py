"""The command `retire`: images that nobody uses go, a stage at a time."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated

import typer

from scripts.releases import lock, retire, show
from scripts.releases.aws import Account
from scripts.releases.errors import RefusedError, ReleaseError, one_line
from scripts.releases.options import JsonOption, ProjectOption, errors_as_json, find_project
from scripts.releases.retire import Retirement
from scripts.releases.retire_plan import KEEP, WAIT, Settings

LONGEST_DAYS = 3650


def add(app: typer.Typer) -> None:
    """Registers the command."""
    app.command("retire")(retire_images)


def retire_images(
    context: typer.Context,
    keep: Annotated[int, typer.Option("--keep", metavar="N", help="So many of the newest stay, per recipe.")],
    recipe: Annotated[str | None, typer.Argument(metavar="[RECIPE]", help="Default: all recipes.")] = None,
    older_than: Annotated[
        int, typer.Option("--older-than", metavar="DAYS", help="None that is younger begins to go.")
    ] = 0,
    grace: Annotated[
        int, typer.Option("--grace", metavar="DAYS", help="An image is so long at each stage; at least 1.")
    ] = 7,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Deprecate, then disable, then delete images that nobody uses, one stage a run, grace days apart."""
    with errors_as_json(json):
        settings = _settings(keep, older_than, grace)
        where = find_project(context, directory)
        factory = where.factory()
        _check_recipe(recipe, factory.recipes)
        accounts = {region: Account(region) for region in factory.regions}
        with lock.held(factory.path, "retire"):
            done = retire.run(
                where, accounts, recipe, settings, dry_run=dry_run, say=lambda line: _say(line, json)
            )
    if json:
        show.as_json(done.as_json())
    else:
        _text(done)
    if done.failed:
        raise ReleaseError(one_line(done.failed[0]))


def _settings(keep: int, older_than: int, grace: int) -> Settings:
    """Without the newest image nothing can be released: at least one stays."""
    for name, value, low in (("--keep", keep, 1), ("--older-than", older_than, 0), ("--grace", grace, 1)):
        if not low <= value <= LONGEST_DAYS:
            raise RefusedError(f"{name} {value} is not a number from {low} to {LONGEST_DAYS}")
    return Settings(keep, timedelta(days=older_than), timedelta(days=grace))


def _check_recipe(recipe: str | None, known: tuple[str, ...]) -> None:
    """A recipe that has no pipeline any more has images all the same; a misspelled one has none."""
    if recipe is not None and not recipe.replace("-", "").replace("_", "").isalnum():
        raise RefusedError(f"RECIPE {recipe!r} is not the name of a recipe; known: {', '.join(known)}")


def _say(line: str, as_json: bool) -> None:
    if not as_json:
        print(one_line(line), flush=True)


def _text(done: Retirement) -> None:
    for verdict in done.verdicts:
        # What was done was said when it was; a dry run has said nothing yet.
        if done.dry_run or verdict.action in (KEEP, WAIT):
            print(one_line(verdict.text))
    if done.snapshots_left:
        print(f"snapshots that other images have too, or that EC2 kept: {', '.join(done.snapshots_left)}")
    counts = Counter(verdict.action for verdict in done.verdicts)
    told = ", ".join(f"{count} {action}" for action, count in sorted(counts.items())) or "no images"
    print(f"{'would be: ' if done.dry_run else ''}{told}")
