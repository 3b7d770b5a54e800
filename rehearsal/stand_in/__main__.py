"""`rehearsal/bin/pulumi`: the commands of Pulumi's CLI that this repository uses, without Pulumi."""

from __future__ import annotations

import argparse
import gc
import getpass
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rehearsal.errors import RehearsalError
from rehearsal.output_file import require_writable
from rehearsal.stand_in.parser import OPERATIONS, parse

if TYPE_CHECKING:
    from rehearsal.stand_in.surroundings import Surroundings

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run one command; returns the exit code: 0 done, 1 failed, 2 bad input or refused, 6 no such stack, 130
    interrupted.
    """
    try:
        parsed = parse(sys.argv[1:] if arguments is None else arguments, environ)
        if parsed.command in OPERATIONS:
            return _operate(parsed, environ)
        return _look(parsed, environ)
    except RehearsalError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return INTERRUPTED


def _operate(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from rehearsal.engine.loopback import require_loopback
    from rehearsal.stand_in import running

    require_loopback(environ)
    if getattr(parsed, "event_log", None):
        require_writable("--event-log", parsed.event_log)
    return running.run(parsed, environ)


def _look(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from rehearsal.stand_in import stacks
    from rehearsal.stand_in.surroundings import Surroundings

    around = Surroundings(parsed.cwd, environ)
    commands: dict[str, Callable[[argparse.Namespace, Surroundings], None]] = {
        "stack ls": stacks.ls,
        "stack init": stacks.init,
        "stack select": stacks.select,
        "stack rm": stacks.rm,
        "stack export": stacks.export,
        "stack import": stacks.import_,
        "stack output": stacks.output,
        "config refresh": stacks.refresh_config,
        "cancel": stacks.cancel,
        "login": _log_in,
        "logout": lambda _, around: around.log_in(""),
        # What follows a plus says nothing about which version is newer (semver.org).
        "version": lambda *_: print(f"v{version_of('pulumi')}+rehearsal"),
        "whoami": lambda *_: print(getpass.getuser()),
    }
    commands[f"{parsed.command} {parsed.action}".strip()](parsed, around)
    return 0


def _log_in(parsed: argparse.Namespace, around: Surroundings) -> None:
    from rehearsal.engine.backend import Backend

    url = parsed.url or around.url
    Backend.from_environment({**around.environ, "PULUMI_BACKEND_URL": url})
    if parsed.url:
        around.log_in(parsed.url)
    print(f"Logged in to {socket.gethostname()} as {getpass.getuser()} ({unquote(url)})")


if __name__ == "__main__":
    # What is made from here on lives to the end: looking for garbage in it costs a tenth of a preview.
    gc.set_threshold(200_000, 50, 1000)
    sys.exit(main())
