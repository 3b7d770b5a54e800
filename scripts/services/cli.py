"""The command `scripts/new-service`, and how it ends: 0 done, 1 failed, 2 refused or bad input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from scripts.releases import config_file, project
from scripts.releases.errors import RefusedError, ReleaseError, one_line
from scripts.releases.options import ProjectOption
from scripts.releases.project import Project
from scripts.services import plan
from scripts.services.order import Kind, Order
from scripts.services.plan import Written

UsageError: type[Exception] = typer.BadParameter.__bases__[0]

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def new_service(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as billing; also that of its recipe.")],
    kind: Annotated[
        Kind,
        typer.Option(
            help="web: routed; internal: called by others; worker: asked by nobody; job: scheduled."
        ),
    ] = Kind.WEB,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Of web and internal; default 8080.")
    ] = None,
    path: Annotated[
        str | None, typer.Option(metavar="PATH", help="Of web: whose requests are its own; default /NAME.")
    ] = None,
    caller: Annotated[
        list[str] | None, typer.Option(metavar="SERVICE", help="A service that calls it; may be repeated.")
    ] = None,
    schedule: Annotated[
        str | None, typer.Option(metavar="CRON", help="Of job; default 'cron(0 3 * * ? *)', in UTC.")
    ] = None,
    environment: Annotated[
        list[str] | None, typer.Option(metavar="ENV", help="Add it to this one alone; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the diff and write nothing.")] = False,
    directory: ProjectOption = None,
) -> None:
    """Add the service NAME: config in every environment, a recipe, an example of a program, and a test."""
    order = Order(
        name, kind, port, path, tuple(caller or ()), schedule, tuple(dict.fromkeys(environment or ()))
    )
    where = project.find(directory or project.ROOT)
    written = plan.make(where, order)
    if dry_run:
        print("".join(each.diff(where.directory) for each in written), end="")
        return
    _write(written)
    for each in written:
        print(f"{'wrote' if each.before is None else 'changed'} {each.path.relative_to(where.directory)}")
    print(_next(where, order))


def _write(written: Sequence[Written]) -> None:
    """All of it, or what was there before."""
    done: list[Written] = []
    try:
        for each in written:
            done.append(each)
            if each.before is None:
                each.path.parent.mkdir(parents=True, exist_ok=True)
                with each.path.open("x", encoding="utf-8") as file:
                    file.write(each.after)
                each.path.chmod(each.mode)
            else:
                config_file.put(each.path, each.before.encode(), each.after.encode())
    except BaseException:
        for each in reversed(done):
            _undo(each)
        raise


def _undo(written: Written) -> None:
    if written.before is None:
        written.path.unlink(missing_ok=True)
        # The folder, if it is empty now.
        with suppress(OSError):
            written.path.parent.rmdir()
    elif written.path.read_bytes() == written.after.encode():
        config_file.put(written.path, written.after.encode(), written.before.encode())


def _next(where: Project, order: Order) -> str:
    """What is left to do, as commands."""
    environments = plan.environments_of(where, order)
    steps = [f"put your program into images/{order.name}/ and its test into tests/images/"]
    steps += [f"pulumi up -s {where.factory().stack}"]
    for each in environments:
        steps += [plan.command(order, each, environments[0]), f"pulumi up -s {each}"]
    return "next:\n" + "\n".join(f"  {step}" for step in steps)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with its code; an error is one line on standard error."""
    command = typer.main.get_command(app)
    try:
        code = command.main(arguments, prog_name="scripts/new-service", standalone_mode=False)
    except UsageError as error:
        code = _say(f"{error.format_message()} (see --help)", RefusedError.exit_code)  # type: ignore[attr-defined]
    except ReleaseError as error:
        code = _say(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = _say("interrupted; nothing was changed", 130)
    except OSError as error:
        code = _say(f"{error.filename or 'the system'}: {error.strerror or error}", ReleaseError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _say(message: str, code: int) -> int:
    print(f"new-service: {one_line(message)}", file=sys.stderr)
    return code
