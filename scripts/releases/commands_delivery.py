"""The commands that carry a change to its environments: `touched` and `up`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from scripts.releases import deployment, show, step_output, touched
from scripts.releases.errors import RefusedError, ReleaseError
from scripts.releases.options import JsonOption, ProjectOption, errors_as_json, find_project
from scripts.releases.step_output import OutputOption

PathsOption = Annotated[
    str | None,
    typer.Option("--paths", metavar="FILE", help="The changed paths, one a line; - is standard input."),
]
LeaveOutOption = Annotated[
    list[str] | None,
    typer.Option(
        "--leave-out", metavar="STACK", help="Only note this one, such as one that nobody may read."
    ),
]
StackArgument = Annotated[str, typer.Argument(metavar="STACK", help="A stack, as in Pulumi.STACK.yaml.")]
PackOption = Annotated[
    list[Path] | None,
    typer.Option("--policy-pack", metavar="DIR", help="Guardrails; default: policies, where it is there."),
]
WaitOption = Annotated[
    int, typer.Option("--wait-minutes", min=0, max=1440, help="How long to wait for another update.")
]


def add(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command("touched")(show_touched)
    app.command()(up)


def show_touched(
    context: typer.Context,
    base: Annotated[
        str | None, typer.Option(metavar="REF", help="Where the change began; default: origin/main.")
    ] = None,
    head: Annotated[str, typer.Option(metavar="REF", help="Where the change ends.")] = "HEAD",
    paths: PathsOption = None,
    leave_out: LeaveOutOption = None,
    output: OutputOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Name the stacks that a change touches, one a line: by their files, and by what their programs read."""
    with errors_as_json(json):
        where = find_project(context, directory)
        step_output.check(output)
        changed = touched.changed(where, base, head) if paths is None else touched.paths_in(_lines(paths))
        everything = touched.find(where, changed)
        found = everything.without(leave_out or ())
        environments, factories = found.of(touched.ENVIRONMENT), found.of(touched.FACTORY)
        step_output.append(
            output,
            {
                "stacks": list(found.stacks),
                "any": bool(found.stacks),
                "environments": environments,
                "factory": factories[0] if factories else "",
                "images": found.images,
            },
        )
    if json:
        document = {"stacks": found.stacks, "removed": found.removed, "images": found.images}
        show.as_json({"ok": True, "paths": changed, **document})
        return
    for name in found.stacks:
        print(name)
    for name in everything.stacks.keys() - found.stacks.keys():
        print(f"note: {name} is touched too, and left out", file=sys.stderr)
    for name in found.removed:
        print(
            f"note: Pulumi.{name}.yaml is gone; its stack, if it is up, stays until `pulumi destroy`",
            file=sys.stderr,
        )


def _lines(file: str) -> list[str]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"--paths {file} cannot be read: {error}") from error
    return text.splitlines()


def up(
    context: typer.Context,
    stack: StackArgument,
    policy_pack: PackOption = None,
    wait_minutes: WaitOption = 60,
    output: OutputOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Run `pulumi up` of a stack to its end, after any other update of it; then say what its fleet runs."""
    with errors_as_json(json):
        where = find_project(context, directory)
        step_output.check(output)
        order = deployment.Order(stack, tuple(policy_pack or ()), wait_minutes * 60)
        done = deployment.bring_up(where, order, deployment.printer(json))
        step_output.append(output, done.outputs)
    if json:
        show.as_json({"ok": done.agrees, **done.as_json()})
    else:
        print(done.text)
    if not done.agrees:
        raise ReleaseError(f"up of {stack} is over, and {done.text}; see status {stack}")
