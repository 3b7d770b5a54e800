"""The release of workloads in a preview, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scripts.releases import plan_workload_show, preview_words, preview_workloads
from scripts.releases.markdown import code, folded, table, words
from scripts.releases.plan_workload import WorkloadPlan
from scripts.releases.preview import Preview
from scripts.releases.preview_workloads import WorkloadMove


def text(preview: Preview) -> Iterator[str]:
    """The lines: what goes from which image to which, what goes with it, and how pods are replaced."""
    for _, moves in preview_words.workload_releases(preview):
        names = preview_words.joined([f"**{words(move.workload)}**" for move in moves])
        yield from (f"{names}: {_move(moves[0])}", "")
        lines = [_line(move, line, len(moves)) for move in moves for line in preview_workloads.beside(move)]
        lines += [f"- {words(line)}" for line in _passed(preview, moves[0])]
        yield from ([*lines, ""] if lines else [])
    if preview.plan is not None and preview.plan.workloads:
        yield from _pods(preview.plan.workloads)


def _move(move: WorkloadMove) -> str:
    before, after = move.images
    if move.after is None:
        return "the workload goes, with its pods."
    if move.before is None:
        return f"new, on image {code(after)}."
    if move.renewed:
        return f"every pod is replaced by one of the same image {code(after)}."
    return f"image {code(before)} → {code(after)}"


def _line(move: WorkloadMove, line: str, of: int) -> str:
    return f"- {words(f'{move.workload}: {line}' if of > 1 else line)}"


def _passed(preview: Preview, move: WorkloadMove) -> list[str]:
    """What the pre-flight says of the image that comes."""
    passed = preview.plan.passed if preview.plan else ()
    return [f"pre-flight passed: {line}" for line in passed if move.after and line.startswith(move.after)]


def _pods(plans: Sequence[WorkloadPlan]) -> Iterator[str]:
    rows = ([words(cell) for cell in plan_workload_show.row(each)] for each in plans)
    yield from table(plan_workload_show.COLUMNS, rows)
    details = [
        f"- {words(f'{each.workload}: {line}')}"
        for each in plans
        for line in plan_workload_show.details(each)
    ]
    yield from folded("How pods are replaced, and how a failure would end", [*details, ""])
