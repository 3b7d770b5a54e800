"""What steps have in common about a release: one changed line, and an up that changes only servers."""

from __future__ import annotations

import difflib

from rehearsal.engines import Changed, Outcome
from rehearsal.stage import Stage, StepFailedError, StepRecord, shown, unexpected
from rehearsal.workspace import IMAGE_KEY

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
DYNAMIC = "pulumi-python:dynamic"


def preview_and_roll_out(stage: Stage, step: StepRecord, environment: str, image_id: str) -> None:
    """Preview and up between two images: both show the same few changes."""
    only_the_rollout(stage.run("preview", environment, step, count=False))
    roll_out(stage, step, environment, image_id)


def roll_out(stage: Stage, step: StepRecord, environment: str, image_id: str) -> None:
    """Up between two images: launch templates and their refreshes change, and nothing else."""
    only_the_rollout(stage.run("up", environment, step))
    stage.expect_fleet(environment, image_id, step)


def only_the_rollout(outcome: Outcome) -> None:
    """Raises StepFailedError unless launch templates and refreshes were updated, and nothing else was."""
    where = f"{outcome.operation} of {outcome.environment} between two images"
    if odd := unexpected(outcome, _of_the_rollout):
        raise StepFailedError(
            f"the {where} should change only launch templates and refreshes, not {shown(odd)}"
        )
    kinds = {DYNAMIC if r.type.startswith(DYNAMIC) else r.type for r in outcome.resources}
    if kinds != {LAUNCH_TEMPLATE, DYNAMIC}:
        raise StepFailedError(
            f"the {where} should change launch templates and refreshes; it does {sorted(kinds)}"
        )


def _of_the_rollout(changed: Changed) -> bool:
    return changed.op == "update" and (changed.type == LAUNCH_TEMPLATE or changed.type.startswith(DYNAMIC))


def release(stage: Stage, step: StepRecord, environment: str, *arguments: str, key: str = IMAGE_KEY) -> None:
    """Run the release command: one line of the environment's file changes, that of the image under `key`, and
    no other file.
    """
    before = {path: path.read_text() for path in stage.workspace.project.glob("Pulumi*.yaml")}
    stage.release(*arguments)
    changed = {path: path.read_text() for path, text in before.items() if path.read_text() != text}
    path = stage.workspace.config_file(environment)
    if set(changed) != {path}:
        raise StepFailedError(
            f"release {' '.join(arguments)} should change {path.name} alone; "
            f"it changed {shown([p.name for p in changed])}"
        )
    lines = changed_lines(before[path], changed[path])
    if len(lines) != 2 or not all(key in line for line in lines):
        raise StepFailedError(
            f"release {' '.join(arguments)} should change one line; it changed {shown(lines)}"
        )
    step.notes += [f"{path.name}: {line}" for line in lines]


def changed_lines(before: str, after: str) -> list[str]:
    """The lines that differ, as `- old` and `+ new`; one changed line makes two."""
    compared = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in compared if line[:2] in ("- ", "+ ")]
