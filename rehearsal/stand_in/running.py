"""`pulumi preview | up | refresh | destroy`: asks as Pulumi's command asks, then lets the engine run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rehearsal.engine import session
from rehearsal.engine.operations import Request
from rehearsal.errors import RehearsalError, UsageError
from rehearsal.stand_in.surroundings import Surroundings

_HEADS = {
    "preview": "Previewing update",
    "up": "Updating",
    "refresh": "Refreshing",
    "destroy": "Destroying",
}
_PREVIEWED = "up"  # of the others the engine has no preview


def run(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run the operation that `parsed` asks for, with a preview and a question before it where Pulumi has
    them. Returns the exit code. Raises RehearsalError when it cannot begin.
    """
    around = Surroundings(parsed.cwd, environ)
    asks = _asks(parsed)
    request = _request(parsed, around)
    log: Path | None = getattr(parsed, "event_log", None)
    if request.operation == _PREVIEWED and not parsed.skip_preview:
        code = _operate(replace(request, operation="preview"), around, log)
        if code != 0:
            return code
    if asks:
        _ask(request)
    return _operate(request, around, log)


def _asks(parsed: argparse.Namespace) -> bool:
    """Whether a person has to agree. Raises UsageError when there is none to ask; the words are Pulumi's."""
    if parsed.command == "preview" or parsed.yes:
        return False
    if parsed.non_interactive or not (sys.stdin.isatty() and sys.stdout.isatty()):
        if parsed.skip_preview:
            return False
        raise UsageError(
            "--yes or --skip-preview must be passed in to proceed when running in non-interactive mode"
        )
    return True


def _ask(request: Request) -> None:
    answer = input(f"Do you want to perform this {request.operation} on {request.stack}? yes or no: ")
    if answer.strip().lower() not in ("y", "yes"):
        raise RehearsalError(f"confirmation declined, not proceeding with {request.operation}")


def _request(parsed: argparse.Namespace, around: Surroundings) -> Request:
    asked = session.request_of(parsed, around.stack(parsed.stack))
    packs = tuple(around.directory / each for each in asked.policy_packs)
    return replace(asked, message=parsed.message, policy_packs=packs)


def _operate(request: Request, around: Surroundings, log: Path | None) -> int:
    print(f"{_HEADS[request.operation]} ({request.stack}):", flush=True)
    return session.operate(request, around.directory, around.environ, log).exit_code
