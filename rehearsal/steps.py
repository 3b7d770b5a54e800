"""The steps of the story, in order: an image is built, comes up in staging, moves to prod, and goes back.

Each step states what it expects of the engine and of the emulated cloud and fails when that is not so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rehearsal import container_steps, guardrail_steps, image_steps, outliving_steps, server_steps
from rehearsal.bad_image import bad_image
from rehearsal.engines import Changed
from rehearsal.rollouts import preview_and_roll_out, release, roll_out
from rehearsal.stage import Stage, StepFailedError, StepRecord, shown, unexpected

STAGING, PROD = "staging", "prod"


@dataclass(frozen=True)
class Step:
    """A step by its name in the JSON file, the title a person reads, and what it does."""

    name: str
    title: str
    act: Callable[[Stage, StepRecord], None]


def staging_up(stage: Stage, step: StepRecord) -> None:
    """Staging comes up from nothing."""
    stage.run("up", STAGING, step)
    stage.expect_fleet(STAGING, stage.image, step)


def staging_again(stage: Stage, step: StepRecord) -> None:
    """The same configuration again is no work."""
    outcome = stage.run("up", STAGING, step)
    if not outcome.changed_nothing:
        raise StepFailedError(
            f"a second up of staging should change nothing; it did: {shown(unexpected(outcome, _none))}"
        )
    step.notes.append(f"all {outcome.changes['same']} resources are as they should be")


def promote(stage: Stage, step: StepRecord) -> None:
    """One line of prod's configuration changes, and nothing else anywhere."""
    release(stage, step, PROD, "promote", STAGING, PROD)
    if stage.workspace.image(PROD) != stage.image:
        raise StepFailedError(f"prod's configuration should name {stage.image} now")


def prod_preview(stage: Stage, step: StepRecord) -> None:
    """What bringing prod up would do; a preview makes nothing."""
    before = image_steps.held(stage)
    outcome = stage.run("preview", PROD, step)
    if odd := unexpected(outcome, lambda changed: changed.op == "create"):
        raise StepFailedError(f"a first preview of prod should only create; it would also: {shown(odd)}")
    if image_steps.held(stage) != before:
        raise StepFailedError("the preview of prod changed the cloud")
    step.notes.append("the cloud is as it was before the preview")


def prod_up(stage: Stage, step: StepRecord) -> None:
    """Prod comes up on the image that staging ran."""
    stage.run("up", PROD, step)
    stage.expect_fleet(PROD, stage.image, step)


def new_image(stage: Stage, step: StepRecord) -> None:
    """The next image is built and goes to staging, is promoted, and replaces prod's servers."""
    stage.new_image = image_steps.next_image(stage, step)
    preview_and_roll_out(stage, step, STAGING, stage.new_image)
    release(stage, step, PROD, "promote", STAGING, PROD)
    preview_and_roll_out(stage, step, PROD, stage.new_image)


def rollback(stage: Stage, step: StepRecord) -> None:
    """Prod goes back to the image before, the same way as it came, in a hurry: without a preview."""
    release(stage, step, PROD, "rollback", PROD)
    roll_out(stage, step, PROD, stage.image)


def destroy(stage: Stage, step: StepRecord) -> None:
    """Both environments go, then the factory, and the account holds what it held before them."""
    for name in (PROD, STAGING, stage.factory.stack):
        if loosened := stage.workspace.loosen(name):
            # Protection is lifted by a change of its own first; AWS refuses to delete what is protected.
            step.notes += [f"Pulumi.{name}.yaml: + {line}" for line in loosened]
            stage.run("up", name, step)
        stage.run("destroy", name, step)
    container_steps.clear(stage, step)
    image_steps.clear(stage, step)
    if left := sorted(image_steps.held(stage) - stage.before):
        names = shown([f"{kind} {name}" for kind, name in left])
        raise StepFailedError(f"after all was destroyed the cloud still holds {len(left)} of ours: {names}")
    step.notes.append("the cloud holds nothing of ours")


STEPS: tuple[Step, ...] = (
    Step("image", "An image is built and tested", image_steps.image),
    Step("staging-up", "Staging comes up", staging_up),
    Step("staging-again", "Once more: nothing changes", staging_again),
    Step("guardrails", "What must not be is refused", guardrail_steps.guardrails),
    Step("promote", "The image is promoted to prod", promote),
    Step("prod-preview", "What prod would become", prod_preview),
    Step("prod-up", "Prod comes up", prod_up),
    Step("new-image", "A new image reaches both", new_image),
    Step("bad-image", "A bad image goes back", bad_image),
    Step("rollback", "Prod goes back", rollback),
    Step("rotation", "Old servers are renewed", server_steps.rotation),
    Step("last-line", "What a server said last is kept", outliving_steps.last_line),
    Step("drift", "What a hand did is found", server_steps.drift),
    Step("quarantine", "A suspect is cut off", server_steps.quarantine),
    Step("database", "A database is restored", outliving_steps.database),
    Step("cost", "What it costs a month", outliving_steps.cost),
    Step("containers", "The same on Kubernetes", container_steps.containers),
    Step("retire", "Images that nobody uses go", image_steps.retire),
    Step("destroy", "Everything is taken down", destroy),
)


def _none(_: Changed) -> bool:
    return False
