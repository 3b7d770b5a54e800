"""The commands that mind what everyone shares, the main branch: `current` and `propose`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from scripts.releases import propose, show, source, step_output
from scripts.releases.commands_delivery import StackArgument
from scripts.releases.errors import RefusedError
from scripts.releases.github import GitHub
from scripts.releases.options import JsonOption, ProjectOption, errors_as_json, find_project
from scripts.releases.propose import Proposal
from scripts.releases.step_output import OutputOption


def add(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command()(current)
    app.command("propose")(propose_change)


def current(
    context: typer.Context,
    stack: StackArgument,
    branch: Annotated[str, typer.Option("--on", metavar="REF", help="The branch that deploys come from.")],
    output: OutputOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Refuse a stack to an older commit, and to one that would undo a rollback; with --output only say so."""
    with errors_as_json(json):
        where = find_project(context, directory)
        step_output.check(output)
        found = source.standing(where, stack, branch)
        step_output.append(output, {"current": found.current, "why": found.why})
        if not found.current and output is None:
            raise RefusedError(found.why)
    if json:
        show.as_json({"ok": True, "stack": stack, "current": found.current, "why": found.why})
    else:
        print(found.why)


def propose_change(
    context: typer.Context,
    branch: Annotated[str, typer.Argument(metavar="BRANCH", help="The branch to put the change on.")],
    title: Annotated[str, typer.Option(metavar="TEXT", help="The commit's and the pull request's title.")],
    base: Annotated[str, typer.Option(metavar="BRANCH", help="The branch that it is to go to.")] = "main",
    output: OutputOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Make what commands changed in config files and recipes a pull request, or update the open one."""
    with errors_as_json(json):
        where = find_project(context, directory)
        step_output.check(output)
        proposal = Proposal(branch, title, base)
        propose.check(proposal)
        done = propose.make(where, proposal, GitHub.from_environment(os.environ))
        number = None if done.number is None else str(done.number)
        step_output.append(output, {"action": done.action, "number": number, "url": done.url})
    if json:
        document = {"action": done.action, "paths": done.paths, "number": done.number, "url": done.url}
        show.as_json({"ok": True, "branch": branch, **document})
    elif not done.paths:
        print("there is nothing to propose: no config file and no recipe differs from the commit")
    else:
        print(f"{', '.join(done.paths)} on {branch}: {done.url} ({done.action})")
