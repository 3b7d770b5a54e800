"""One operation from a command line: reads the project and its configuration, runs it, and shows the end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from rehearsal.engine import operations
from rehearsal.engine.backend import Backend
from rehearsal.engine.display import Display
from rehearsal.engine.events import open_log
from rehearsal.engine.outcome import Outcome, summarize
from rehearsal.engine.project import load_config, load_project
from rehearsal.provider import PROVIDERS


def request_of(parsed: argparse.Namespace, stack: str) -> operations.Request:
    """What the options of an operation ask for, on either command line; not every operation has every option.
    Paths are as given.
    """
    return operations.Request(
        operation=parsed.command,
        stack=stack,
        parallel=parsed.parallel,
        targets=tuple(parsed.target),
        target_dependents=parsed.target_dependents,
        replace=tuple(getattr(parsed, "replace", ())),
        refresh=getattr(parsed, "refresh", False),
        continue_on_error=parsed.continue_on_error,
        clear_pending_creates=getattr(parsed, "clear_pending_creates", False),
        policy_packs=tuple(getattr(parsed, "policy_pack", ())),
    )


def operate(
    request: operations.Request, directory: Path, environ: Mapping[str, str], event_log: Path | None = None
) -> Outcome:
    """Run it on the project in `directory`, on standard output; the events go to `event_log` too.

    Raises RehearsalError when it cannot begin; what fails later is in the outcome.
    """
    project = load_project(directory)
    backend = Backend.from_environment(environ)
    config = load_config(project, request.stack, environ, backend.stacks(project.name))
    preview = request.operation == "preview"
    display = Display(sys.stdout, preview=preview)
    with ExitStack() as opened:
        log = None
        if event_log is not None:
            log = opened.enter_context(closing(open_log(event_log, preview=preview)))
        outcome = operations.run(request, project, config, backend, PROVIDERS, display, log)
    summarize(outcome, display)
    return outcome
