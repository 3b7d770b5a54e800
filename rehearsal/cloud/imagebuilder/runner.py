"""The task orchestrator on a build or test instance: runs phases of component documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rehearsal.cloud.imagebuilder import scripts
from rehearsal.cloud.imagebuilder.documents import Document, Phase, Step

Say = Callable[[str], None]


@dataclass(frozen=True)
class Failure:
    """The first step that failed: of which component, in which phase, and what it said."""

    component_arn: str
    phase: str
    step: str
    action: str
    message: str

    def describe(self) -> dict[str, str]:
        return {
            "componentArn": self.component_arn,
            "phaseName": self.phase,
            "stepName": self.step,
            "action": self.action,
            "errorMessage": self.message[:1024],
        }


def run(components: Iterable[tuple[str, Document]], phases: set[str], say: Say) -> Failure | None:
    """Run the phases of these names of each document, in the documents' order, until one document fails."""
    for arn, document in components:
        say(f"Document {arn}")
        failures: list[Failure] = []
        for phase in document.phases:
            if phase.name in phases and not _phase(arn, phase, failures, say):
                break
        if failures:
            say("TOE has completed execution with failure - Execution failed!")
            return failures[0]
    say("TOE has completed execution successfully")
    return None


def _phase(arn: str, phase: Phase, failures: list[Failure], say: Say) -> bool:
    """Whether the document goes on: a step with `Continue` fails it at its end, one with `Ignore` never."""
    say(f"Phase {phase.name}")
    for step in phase.steps:
        message = _step(step, say)
        if message is None or step.on_failure == "Ignore":
            continue
        failures.append(Failure(arn, phase.name, step.name, step.action, message))
        if step.on_failure == "Abort":
            return False
    return True


def _step(step: Step, say: Say) -> str | None:
    """Why the last attempt failed; None when one went well."""
    say(f"Step {step.name}")
    say(f"{step.action}: STARTED EXECUTION")
    message = None
    for _ in range(step.max_attempts):
        message = _attempt(step, say)
        if message is None:
            break
    say(f"{step.action}: {'FINISHED' if message is None else 'FAILED'} EXECUTION")
    return message


def _attempt(step: Step, say: Say) -> str | None:
    """Scripts are looked through; all other actions go well."""
    if step.action != "ExecuteBash":
        return None
    found = scripts.outcome(step.inputs["commands"])
    for kind, lines in (("Stdout", found.stdout), ("Stderr", found.stderr)):
        for line in lines:
            say(f"CmdExecution: {kind}: {line}")
    say(f"CmdExecution: ExitCode {found.code}")
    if found.code == 0:
        return None
    return "\n".join([*found.stderr, f"exit status {found.code}"])
