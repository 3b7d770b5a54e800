"""How a preview looks on a terminal, and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.releases import differences, graph, plan_show, preview_words, preview_workloads, show
from scripts.releases.errors import one_line
from scripts.releases.preview import Preview
from scripts.releases.preview_release import Move
from scripts.releases.prices import Prices

COLUMNS = ("component", "resource", "what", "properties")


def as_text(preview: Preview, prices: Prices) -> None:
    """Prints what changes: the release, the rest as a table, cost, findings and remarks."""
    print(one_line(f"{preview.stack}: {preview_words.headline(preview)}"))
    if preview.plan is not None:
        plan_show.as_text(preview.plan, prices)
    rows = [
        tuple(
            map(
                one_line,
                (
                    part.component or graph.ALONE,
                    f"{preview_words.kind(step)} {step.name}",
                    preview_words.done(step),
                    ", ".join(preview_words.properties(preview, step)),
                ),
            )
        )
        for part in preview_words.parts(preview)
        for step in part.steps
    ]
    if rows:
        show.columns([COLUMNS, *rows])
    for line in _lines(preview):
        print(one_line(line))


def _lines(preview: Preview) -> Iterator[str]:
    for move in preview.workloads:
        yield from (f"{move.workload}: {line}" for line in preview_workloads.beside(move))
    for lost in preview_words.losses(preview):
        yield f"would be gone, with what is in it: {lost}"
    if preview.costs is not None:
        yield f"cost: {preview_words.cost(preview.costs)}"
        yield from (
            f"cost of {part}: {was or '-'} becomes {then or '-'}" for part, was, then in preview.costs.rows
        )
        yield from preview_words.unpriced(preview.costs)
    for each in preview.findings:
        stops = "stops an up" if each.mandatory else "advice"
        yield f"guardrail {each.policy} ({stops}): {each.name or 'the whole stack'}: {each.message}"
    yield from preview.remarks


def as_json(preview: Preview) -> dict[str, Any]:
    """A preview for programs; see docs/releases.md for the fields."""
    return {
        "ok": preview.failure is None,
        "stack": preview.stack,
        "error": preview.failure,
        "headline": preview_words.headline(preview),
        "release": [_move_json(move) for move in preview.moves],
        "workloads": [preview_workloads.as_json(move) for move in preview.workloads],
        "changes": [
            {
                "op": step.op,
                "type": step.type,
                "name": step.name,
                "urn": step.urn,
                "component": preview_words.component(preview.events, step),
                "properties": differences.properties(step) if step.op in ("update", "replace") else [],
            }
            for step in preview.events.changed
            if step.side.custom
        ],
        "losses": preview_words.losses(preview),
        "plan": None if preview.plan is None else plan_show.as_json(preview.plan),
        "cost": _cost_json(preview),
        "findings": [
            {
                "rule": each.policy,
                "resource": each.name or None,
                "severity": each.severity or None,
                "mandatory": each.mandatory,
                "message": each.message,
            }
            for each in preview.findings
        ],
        "remarks": list(preview.remarks),
    }


def _move_json(move: Move) -> dict[str, Any]:
    return {"service": move.service, "from": move.before, "to": move.after, "renewed": move.renewed}


def _cost_json(preview: Preview) -> dict[str, Any] | None:
    costs = preview.costs
    if costs is None:
        return None
    return {
        "currency": costs.after.currency,
        "least": round(costs.becomes.least, 2),
        "most": round(costs.becomes.most, 2),
        "moreLeast": round(costs.more.least, 2),
        "moreMost": round(costs.more.most, 2),
        "unpriced": list(costs.unpriced),
    }
