"""The command `comment`: one comment on a request, updated in place."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from scripts.releases import comment, show, step_output
from scripts.releases.errors import RefusedError
from scripts.releases.github import GitHub
from scripts.releases.options import JsonOption, errors_as_json
from scripts.releases.step_output import OutputOption

FileOption = Annotated[
    list[str] | None,
    typer.Option("--file", metavar="FILE", help="Markdown, or a directory of it; several are joined."),
]
LinkOption = Annotated[
    str | None,
    typer.Option("--link", metavar="URL", help="Where the whole text is; default: the workflow run's page."),
]


def add(app: typer.Typer) -> None:
    """Registers the command."""
    app.command("comment")(put_comment)


def put_comment(
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="The request's number.")],
    file: FileOption = None,
    marker: Annotated[
        str, typer.Option(metavar="NAME", help="Which of our comments on the request.")
    ] = "preview",
    link: LinkOption = None,
    delete: Annotated[bool, typer.Option("--delete", help="Take the comment away.")] = False,
    output: OutputOption = None,
    json: JsonOption = False,
) -> None:
    """Put Markdown into one comment on request N of GitHub, the same one each time, within its size."""
    with errors_as_json(json):
        step_output.check(output)
        if bool(file) == delete:
            raise RefusedError("give either --file FILE, with what to say, or --delete")
        comment.mark(marker)
        parts = comment.texts(file or ())
        github = GitHub.from_environment(os.environ)
        bots_only = bool(os.environ.get("GITHUB_ACTIONS"))
        if delete:
            done = comment.delete(github, number, marker, bots_only=bots_only)
        else:
            text = comment.body(parts, marker, link or comment.run_page(os.environ))
            done = comment.put(github, number, marker, text, bots_only=bots_only)
        identity = None if done.id is None else str(done.id)
        step_output.append(output, {"url": done.url, "id": identity, "action": done.action})
    if json:
        show.as_json({"ok": True, "action": done.action, "id": done.id, "url": done.url})
    else:
        print(f"comment on {number}: {done.action}" + (f", {done.url}" if done.url else ""))
