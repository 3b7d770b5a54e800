"""The commands `review create`, `review destroy` and `review sweep`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.releases import deployment, json_file, review, review_config, show, step_output
from scripts.releases.deployment import Deployed
from scripts.releases.errors import RefusedError, ReleaseError
from scripts.releases.github import GitHub
from scripts.releases.images import checked
from scripts.releases.options import JsonOption, ProjectOption, errors_as_json, find_project
from scripts.releases.review import Fate
from scripts.releases.review_config import Review
from scripts.releases.step_output import OutputOption

#: A month: what is longer is no review.
MOST_HOURS = 720

commands = typer.Typer(help="An environment of its own for a request: made, taken away, and swept.")
Number = Annotated[int, typer.Argument(metavar="N", help="The request's number; the stack is pr-N.")]
MarkdownOption = Annotated[
    str | None, typer.Option("--markdown", metavar="FILE", help="Write the text for a comment.")
]
OpenOption = Annotated[
    list[int] | None,
    typer.Option("--open", metavar="N", help="A request that is open; every other one's environment goes."),
]
GitHubOption = Annotated[
    bool,
    typer.Option("--github", help="Ask GitHub which requests are open (GITHUB_TOKEN, GITHUB_REPOSITORY)."),
]


def add(app: typer.Typer) -> None:
    """Registers the commands."""
    app.add_typer(commands, name="review")


@commands.command()
def create(
    context: typer.Context,
    number: Number,
    source: Annotated[str, typer.Option("--from", metavar="ENV", help="The environment that it is like.")],
    image: Annotated[
        str | None, typer.Option("--image", metavar="AMI", help="Its image; default: ENV's configured one.")
    ] = None,
    ttl_hours: Annotated[
        int, typer.Option("--ttl-hours", min=1, max=MOST_HOURS, help="How long it is there, from now on.")
    ] = 48,
    cidr: Annotated[
        str | None, typer.Option(metavar="BLOCK", help="Its network; default: a block by its number.")
    ] = None,
    markdown: MarkdownOption = None,
    output: OutputOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Bring up pr-N: ENV scaled down, with this image; again: the same one, with its time begun anew."""
    with errors_as_json(json):
        where = find_project(context, directory)
        _check_files(markdown, output)
        if image is not None:
            checked(image, "--image")
        expires = (datetime.now(UTC) + timedelta(hours=ttl_hours)).replace(microsecond=0)
        asked = Review(number, expires, image, cidr)
        try:
            made = review.create(where, source, asked, deployment.printer(json))
        except ReleaseError as error:
            _write(markdown, f"The review environment `{asked.stack}` did not come up: {error}\n")
            raise
    _write(markdown, _text(made, expires))
    until = expires.strftime(review_config.TIME)
    values = {"stack": made.stack, "url": made.url, "expires": until, "image": made.image}
    step_output.append(output, values)
    if json:
        show.as_json({"ok": made.agrees, **values, "services": made.services})
    else:
        print(f"{made.text}; until {until}")
    if not made.agrees:
        raise ReleaseError(made.text)


@commands.command()
def destroy(
    context: typer.Context,
    number: Number,
    markdown: MarkdownOption = None,
    output: OutputOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Take pr-N away, with its stack and its file; nothing to do when there is none."""
    with errors_as_json(json):
        where = find_project(context, directory)
        _check_files(markdown, output)
        stack = review_config.stack_of(number)
        try:
            done = review.destroy(where, number, deployment.printer(json))
        except ReleaseError as error:
            _write(markdown, f"The review environment `{stack}` is still there: {error}\n")
            raise
    text = f"{stack} is gone" if done else f"there is no {stack}"
    _write(markdown, f"The review environment `{stack}` is gone.\n")
    step_output.append(output, {"stack": stack, "destroyed": done})
    if json:
        show.as_json({"ok": True, "stack": stack, "destroyed": done})
    else:
        print(text)


@commands.command()
def sweep(
    context: typer.Context,
    open_requests: OpenOption = None,
    github: GitHubOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and let it be.")] = False,
    output: OutputOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Take away what is past its time, or whose request is not open, whoever should have done so."""
    with errors_as_json(json):
        where = find_project(context, directory)
        _check_files(None, output)
        if github and open_requests:
            raise RefusedError("--open and --github both say which requests are open; give one of them")
        known = set(open_requests) if open_requests else None
        if github:
            known = {int(each["number"]) for each in _open(GitHub.from_environment(os.environ))}
        found = review.fates(where, datetime.now(UTC), known)
        seen = deployment.printer(json)
        leaving = [] if dry_run else [fate for fate in found if fate.goes]
        swept = review.sweep(where, leaving, seen)
    found = [_busy(fate) if fate.stack in swept.busy else fate for fate in found]
    _tell_sweep(found, swept.failed, dry_run, output, json)


def _open(github: GitHub) -> list[Any]:
    return list(github.pages("/pulls", state="open"))


def _busy(fate: Fate) -> Fate:
    return Fate(fate.number, False, f"{fate.why}, but an update of it runs; the next sweep looks again")


def _tell_sweep(
    found: list[Fate], failed: Mapping[str, str], dry_run: bool, output: str | None, as_json: bool
) -> None:
    goes = [fate.stack for fate in found if fate.goes and fate.stack not in failed]
    kept = [fate.stack for fate in found if not fate.goes]
    step_output.append(output, {"destroyed": [] if dry_run else goes, "failed": list(failed), "kept": kept})
    if as_json:
        rows = {each.stack: {"goes": each.goes, "why": each.why} for each in found}
        show.as_json({"ok": not failed, "dryRun": dry_run, "environments": rows, "failed": failed})
    else:
        verb = "would go" if dry_run else "is gone"
        for fate in found:
            fared = f"is still there: {failed[fate.stack]}" if fate.stack in failed else verb
            print(f"{fate.stack} {fared if fate.goes else 'stays'}: {fate.why}")
        if not found:
            print("there is no review environment")
    if failed:
        raise ReleaseError("; ".join(f"{stack}: {why}" for stack, why in failed.items()))


def _check_files(markdown: str | None, output: str | None) -> None:
    if markdown is not None:
        json_file.check(markdown, "--markdown")
    step_output.check(output)


def _write(markdown: str | None, text: str) -> None:
    if markdown == json_file.STANDARD_OUTPUT:
        sys.stdout.write(text)
    elif markdown is not None:
        Path(markdown).write_text(text, encoding="utf-8")


def _text(made: Deployed, expires: datetime) -> str:
    """What the request's readers are told."""
    rows = [
        ("Address", f"<{made.url}>"),
        ("Image", f"`{made.image}`"),
        ("Until", f"{expires:%Y-%m-%d %H:%M} UTC, or until the request is closed"),
    ]
    lines = [f"**Review environment `{made.stack}`**", "", "| | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows), ""])
