"""The command `gate`: whether an environment may take the image that its config names."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from scripts.releases import gate, show, step_output, waiting
from scripts.releases.errors import RefusedError
from scripts.releases.gate import Verdict
from scripts.releases.options import JsonOption, ProjectOption, errors_as_json, find_project
from scripts.releases.step_output import OutputOption

#: Between two looks.
PAUSE_SECONDS = 15.0
#: AWS keeps what became of an alarm for 30 days.
MOST_MINUTES = 30 * 24 * 60
#: How much longer than the soak it waits, without --timeout-minutes: a rollout comes first, an alarm between.
MORE_MINUTES = 120

SoakOption = Annotated[
    int,
    typer.Option(
        "--soak-minutes", min=0, max=MOST_MINUTES, help="How long FROM is to run the image without an alarm."
    ),
]
TimeoutOption = Annotated[
    int | None,
    typer.Option("--timeout-minutes", min=0, max=MOST_MINUTES, help="Longest wait; default: soak + 120."),
]


def add(app: typer.Typer) -> None:
    """Registers the command."""
    app.command("gate")(pass_gate)


def pass_gate(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The environment before.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The environment that is to be released.")],
    soak_minutes: SoakOption = 60,
    wait: Annotated[bool, typer.Option("--wait", help="Wait as long as time alone can open it.")] = False,
    timeout_minutes: TimeoutOption = None,
    output: OutputOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Let TO's configured image pass if FROM's fleet ran it without an alarm, or TO itself runs or ran it."""
    patience = (soak_minutes + MORE_MINUTES if timeout_minutes is None else timeout_minutes) * 60
    verdict: Verdict | None = None
    with errors_as_json(json):
        where = find_project(context, directory)
        step_output.check(output)

        def look() -> Verdict:
            return waiting.answered(
                lambda: gate.look(where, source, target, soak_minutes * 60), unheard=verdict is not None
            )

        said = ""
        for verdict in gate.steps(look, lambda: waiting.sleep(PAUSE_SECONDS), patience if wait else 0):
            if wait and verdict.hopeful and not verdict.open and verdict.why != said:
                said = verdict.why
                print(f"waiting: {said}", file=sys.stderr, flush=True)
    assert verdict is not None  # noqa: S101 - there is always a first look
    step_output.append(output, {"open": verdict.open, "why": verdict.why, "image": verdict.image})
    if json:
        show.as_json(verdict.as_json())
    if not verdict.open:
        late = f" (waited {patience / 60:.0f} minutes)" if wait and verdict.hopeful else ""
        raise RefusedError(f"{target} may not go on: {verdict.why}{late}")
    if not json:
        print(f"{target} may go on: {verdict.why}")
