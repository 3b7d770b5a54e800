"""`python -m rehearsal.engine`: a Pulumi program without the `pulumi` command, against a cloud on this
machine.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rehearsal.engine.loopback import require_loopback
from rehearsal.errors import RehearsalError
from rehearsal.output_file import require_writable

OPERATIONS = ("preview", "up", "refresh", "destroy")
STATE_COMMANDS = ("export", "import", "output", "cancel")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.engine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in (*OPERATIONS, *STATE_COMMANDS):
        command = commands.add_parser(name)
        command.add_argument("--stack", "-s", required=True, help="the stack, e.g. staging")
        command.add_argument("--cwd", "-C", type=Path, default=Path(), help="the directory of Pulumi.yaml")
        command.add_argument("--json", type=Path, metavar="FILE", help="write the outcome to this file")
        if name in OPERATIONS:
            _operation_options(command, name)
        elif name in ("export", "import"):
            command.add_argument("--file", type=Path, help="instead of standard output or input")
        elif name == "output":
            command.add_argument("--show-secrets", action="store_true")
    return parser


def _operation_options(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument("--parallel", "-p", type=_positive, default=16, metavar="N", help="default: 16")
    command.add_argument("--target", "-t", action="append", default=[], metavar="URN", help="may be repeated")
    command.add_argument("--target-dependents", action="store_true", help="also what hangs on a target")
    command.add_argument("--continue-on-error", action="store_true", help="go on after a failed step")
    command.add_argument("--event-log", type=Path, metavar="FILE", help="write Pulumi's engine events there")
    if name in ("preview", "up"):
        command.add_argument("--replace", action="append", default=[], metavar="URN", help="may be repeated")
        command.add_argument(
            "--policy-pack", type=Path, action="append", default=[], metavar="DIR", help="may be repeated"
        )
    if name == "refresh":
        command.add_argument(
            "--clear-pending-creates",
            action="store_true",
            help="forget what was cut off while it was created",
        )
    if name != "refresh":
        command.add_argument("--refresh", action="store_true", help="read what exists first")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def main(arguments: list[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run one command; returns the exit code: 0 done, 1 failed, 2 bad input or refused, 130 interrupted."""
    parsed = _parser().parse_args(arguments)
    try:
        for option, file in (("--json", parsed.json), ("--event-log", getattr(parsed, "event_log", None))):
            if file:
                require_writable(option, file)
    except RehearsalError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    try:
        if parsed.command in OPERATIONS:
            require_loopback(environ)
            return _operate(parsed, environ)
        from rehearsal.engine import state_commands

        return state_commands.run(parsed, environ)
    except RehearsalError as error:
        print(f"error: {error}", file=sys.stderr)
        _write_json(parsed, {"ok": False, "operation": parsed.command, "error": str(error)})
        return error.exit_code


def _operate(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from rehearsal.engine import session

    request = session.request_of(parsed, parsed.stack)
    outcome = session.operate(request, parsed.cwd, environ, parsed.event_log)
    result: dict[str, Any] = asdict(outcome)
    code: int = result.pop("exit_code")
    _write_json(parsed, result)
    return code


def _write_json(parsed: argparse.Namespace, result: Mapping[str, Any]) -> None:
    if parsed.json:
        parsed.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    # What is made from here on lives to the end: looking for garbage in it costs a tenth of a preview.
    gc.set_threshold(200_000, 50, 1000)
    sys.exit(main())
