"""What came of an operation: as `--json` writes it, and as the last lines show it."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from rehearsal.engine.deployment import Deployment
from rehearsal.engine.display import Display
from rehearsal.engine.options import is_default_provider
from rehearsal.engine.state import STACK_TYPE, type_in
from rehearsal.engine.values import redact


@dataclass
class Outcome:
    """What came of it, as `--json` writes it. `changes` counts by operation; `resources` are those that
    changed; `findings` are what policies have against them, and `packs` (`name version`) those that looked.
    """

    ok: bool
    operation: str
    changes: dict[str, int] = field(default_factory=dict)
    resources: list[dict[str, str]] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    recorded: list[str] = field(default_factory=list)
    findings: list[dict[str, str]] = field(default_factory=list)
    packs: list[str] = field(default_factory=list)
    error: str | None = None
    seconds: float = 0.0
    exit_code: int = 0


def outcome_of(operation: str, deployment: Deployment, code: int, error: str | None) -> Outcome:
    """What the deployment did, under the exit code and the error that it ended with."""
    recorded: set[str] = set()
    for provider in deployment.providers.everyone():
        types = getattr(provider, "recorded_types", None)
        recorded.update(types() if types is not None else ())
    stack = next((state for state in deployment.news.values() if state.type == STACK_TYPE), None)
    return Outcome(
        ok=code == 0,
        operation=operation,
        changes=deployment.counts(),
        resources=[
            {"urn": urn, "type": type_in(urn), "name": urn.rpartition("::")[2], "op": op}
            for urn, op in deployment.ops.items()
            if op not in ("same", "read")
            and urn not in deployment.unfinished
            and not _hidden(deployment, urn)
        ],
        outputs=redact(stack.outputs) if stack is not None else {},
        recorded=sorted(recorded),
        findings=[asdict(finding) for finding in deployment.findings],
        error=error,
        exit_code=code,
    )


def _hidden(deployment: Deployment, urn: str) -> bool:
    state = deployment.news.get(urn) or deployment.olds.get(urn)
    return state is not None and is_default_provider(state)


def summarize(outcome: Outcome, display: Display) -> None:
    """The last lines: outputs, counts, and what was only recorded."""
    if outcome.operation != "destroy":
        display.stack_outputs(outcome.outputs)
    if outcome.recorded:
        display.line(f"Recorded, not emulated: {', '.join(outcome.recorded)}")
    display.summary(outcome.changes, outcome.seconds)
    sys.stdout.flush()
