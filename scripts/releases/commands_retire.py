"""The command `retire`: images that nobody uses go, a stage at a time."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Annotated

import typer

from scripts.releases import lock, retire, show
from scripts.releases.aws import Account
from scripts.releases.errors import RefusedError, ReleaseError, one_line
from scripts.releases.options import JsonOption, ProjectOption, errors_as_json, find_project
from scripts.releases.retire import Retirement
from scripts.releases.retire_plan import DELETE, KEEP, WAIT, Settings

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
    versions: Annotated[
        int | None,
        typer.Option(
            "--template-versions",
            metavar="N",
            help="Delete older versions of groups' launch templates first, but those in use; default: none.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Deprecate, then disable, then delete images that nobody uses, one stage a run, grace days apart."""
    with errors_as_json(json):
        settings = _settings(keep, older_than, grace, versions)
        where = find_project(context, directory)
        factory = where.factory()
        accounts = {region: Account(region) for region in factory.regions}
        with nullcontext() if dry_run else lock.held(factory.path, "retire"):
            done = retire.run(
                where, accounts, recipe, settings, dry_run=dry_run, say=lambda line: _say(line, json)
            )
    if json:
        show.as_json(done.as_json())
    else:
        _text(done)
    if done.failed:
        raise ReleaseError(one_line(done.failed[0]))


def _settings(keep: int, older_than: int, grace: int, versions: int | None) -> Settings:
    """Without the newest image nothing can be released: at least one stays."""
    given = {"--keep": keep, "--grace": grace, "--template-versions": 1 if versions is None else versions}
    for name, value, low in (
        *((name, value, 1) for name, value in given.items()),
        ("--older-than", older_than, 0),
    ):
        if not low <= value <= LONGEST_DAYS:
            raise RefusedError(f"{name} {value} is not a number from {low} to {LONGEST_DAYS}")
    return Settings(keep, timedelta(days=older_than), timedelta(days=grace), versions)


def _say(line: str, as_json: bool) -> None:
    """What is under way does not end with its reader (`| head`)."""
    if not as_json:
        with suppress(BrokenPipeError):
            print(one_line(line), flush=True)


def _text(done: Retirement) -> None:
    for old in done.versions if done.dry_run else ():
        print(one_line(f"{DELETE} {old.text}; what they alone use would be unused then"))
    for verdict in done.verdicts:
        # What was done was said when it was; a dry run has said nothing yet.
        if done.dry_run or verdict.action in (KEEP, WAIT):
            print(one_line(verdict.text))
    if done.snapshots_left:
        print(f"snapshots that other images have too, or that EC2 kept: {', '.join(done.snapshots_left)}")
    counts = Counter(verdict.action for verdict in done.verdicts)
    told = ", ".join(f"{count} {action}" for action, count in sorted(counts.items())) or "no images"
    print(f"{'would be: ' if done.dry_run else ''}{told}")
