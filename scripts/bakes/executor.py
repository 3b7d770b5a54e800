"""Runs the steps of a phase in order, by AWSTOE's rules for attempts, time limits and failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from images.documents import Document, PhaseName, Step
from images.recipes import Recipe
from scripts.bakes import actions
from scripts.releases.errors import RefusedError, ReleaseError, one_line

TIMED_OUT = 124
"""What `timeout` exits with, and with it a step that took too long."""

RESTART = 194
"""The exit code by which a script asks AWSTOE for a restart of the machine."""

LOG_LINES = 60
Say = Callable[[str], None]


@dataclass(frozen=True)
class Ended:
    """How a script ended: its exit code, and standard output and error as they came."""

    code: int
    output: str


class Place(Protocol):
    """Where scripts run: a root file system, or a machine that was booted from it."""

    def run(self, script: str, timeout_seconds: int) -> Ended:
        """Runs `script` as root with bash; -1: without a time limit. Code `TIMED_OUT` when it took longer."""


class StepFailedError(ReleaseError):
    """A step failed, and with it the bake. `details["log"]` has the last lines of the step's own output."""

    def __init__(self, name: str, ended: Ended, step: Step) -> None:
        log = tuple(ended.output.rstrip().splitlines()[-LOG_LINES:])
        last = next((one_line(line) for line in reversed(log) if line.strip()), "it printed nothing")
        super().__init__(f"{name} failed ({_why(ended.code, step)}): {last}")
        self.details = {"step": name, "exitCode": ended.code, "log": list(log)}


def _why(code: int, step: Step) -> str:
    if code == TIMED_OUT:
        return f"took longer than {step.timeout_seconds} s"
    if code == RESTART:
        return "exit code 194 asks for a restart, and a bake on this machine has none"
    return f"exit code {code}"


def check(recipe: Recipe) -> None:
    """Raises RefusedError for the first step whose action a bake on this machine cannot carry out."""
    for document in here(recipe):
        for phase in document.phases:
            for step in phase.steps:
                if step.action not in actions.SUPPORTED:
                    raise RefusedError(
                        f"images/documents/{document.name}.yaml: {phase.name}/{step.name}: {step.action} is "
                        f"not possible in a bake on this machine; mark the document `on: aws` in the recipe, "
                        f"or use one of {', '.join(sorted(actions.SUPPORTED))}"
                    )


def here(recipe: Recipe) -> tuple[Document, ...]:
    """The documents of the recipe that a bake on this machine runs, in order."""
    return tuple(component.document for component in recipe.components if component.on == "anywhere")


def left_out(recipe: Recipe) -> tuple[str, ...]:
    """The names of the documents that only AWS runs."""
    return tuple(component.document.name for component in recipe.components if component.on == "aws")


def run_phase(documents: Sequence[Document], phase: PhaseName, place: Place, say: Say) -> None:
    """Runs the phase of each document, one document after the other.

    Raises:
        StepFailedError: a step failed that is not to be ignored. With `onFailure: Continue` the rest of its
            phase ran before.
    """
    for document in documents:
        failed: StepFailedError | None = None
        for step in document.phase(phase):
            name = f"{phase} {document.name}/{step.name}"
            began = time.monotonic()
            ended = _attempts(step, place)
            took = time.monotonic() - began
            if ended.code == 0:
                say(f"{name}: {took:.1f} s")
                continue
            error = StepFailedError(name, ended, step)
            if step.on_failure == "Ignore":
                say(f"{error}; ignored, as the step says")
            elif step.on_failure == "Continue":
                say(f"{error}; the phase goes on, as the step says")
                failed = failed or error
            else:
                raise failed or error
        if failed is not None:
            raise failed


def _attempts(step: Step, place: Place) -> Ended:
    script = actions.script(step)
    for _ in range(step.max_attempts):
        ended = place.run(script, step.timeout_seconds)
        # Without a restart the same script would ask for one again.
        if ended.code in (0, RESTART):
            break
    return ended
