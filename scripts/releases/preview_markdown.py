"""A preview as Markdown: what the comment on a pull request says of one stack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from images import preflight
from scripts.releases import (
    differences,
    graph,
    graph_mermaid,
    plan_show,
    preview_markdown_workloads,
    preview_words,
    preview_workloads,
)
from scripts.releases.engine_events import Finding
from scripts.releases.graph import Graph
from scripts.releases.markdown import alert, code, fenced, folded, table, words
from scripts.releases.plan_service import ServicePlan
from scripts.releases.plan_words import minutes
from scripts.releases.preview import Preview
from scripts.releases.preview_release import Move

#: Rows of a table; the rest is in the full difference, or folded away.
MOST_CHANGES, MOST_FINDINGS = 30, 15
_PROVENANCE = ("recipe", "commit", "parent", "tests", "findings")


def text(preview: Preview, before: Graph) -> str:
    """The whole text. `before`: the resources that are there, for what needs what."""
    lines = [
        f"### {words(preview.stack)}: {words(preview_words.headline(preview))}",
        "",
        *_warnings(preview),
        *_release(preview),
        *preview_markdown_workloads.text(preview),
        *_others(preview),
        *_cost(preview),
        *_guardrails(preview),
        *_remarks(preview),
        *_diagram(preview, before),
        *_difference(preview),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _warnings(preview: Preview) -> Iterator[str]:
    if preview.failure is not None:
        yield from alert("CAUTION", [f"The preview failed: {words(preview.failure)}"])
    if preview.stopping and preview.failure is None:
        yield from alert("CAUTION", [f"The guardrails refuse this: {', '.join(_rules(preview.stopping))}"])
    if lost := preview_words.losses(preview):
        yield from alert("CAUTION", [f"This would be gone, with what is in it: {words(', '.join(lost))}"])


def _rules(findings: Sequence[Finding]) -> list[str]:
    return [code(rule) for rule in dict.fromkeys(each.policy for each in findings)]


def _release(preview: Preview) -> Iterator[str]:
    for _, moves in preview_words.releases(preview):
        yield from _move(preview, moves)
    if preview.plan is None:
        return
    named = {move.service for move in preview.moves}
    every = [each for each in preview.plan.services if each.service in named]
    plans = [each for each in every if each.course.batches and each.desired]
    if still := [f"- {line}" for each in every if each not in plans for line in _details(each)]:
        yield from (*still, "")
    if plans:
        yield from table(
            (
                "service",
                "servers replaced",
                "batches",
                "minutes",
                "fewest that serve",
                "most",
                "extra cost, once",
            ),
            ([words(cell) for cell in _row(each)] for each in plans),
        )
        details = [f"- {line}" for each in plans for line in _details(each)]
        yield from folded("How servers are replaced, and how a failure would end", [*details, ""])


def _details(each: ServicePlan) -> Iterator[str]:
    yield from (words(f"{each.service}: {line}") for line in plan_show.details(each))


def _row(each: ServicePlan) -> tuple[str, ...]:
    course = each.course
    return (
        each.service,
        f"{each.replaced} of {each.now}",
        str(course.batches),
        minutes(course.seconds),
        f"{course.lowest} of {each.desired}",
        str(course.highest),
        plan_show.amount(each.cost),
    )


def _move(preview: Preview, moves: tuple[Move, ...]) -> Iterator[str]:
    first, names = moves[0], preview_words.joined([f"**{words(move.service)}**" for move in moves])
    if first.after is None:
        yield from (f"{names}: the service goes, with its servers.", "")
    elif first.before is None:
        yield from (f"{names}: new, on image {code(first.after)}.", "")
        yield from _provenance(preview, {"image": first.after})
    elif first.renewed:
        yield f"{names}: every server is replaced by one of the same image {code(first.after)}: the launch"
        yield from ("template changes in something else.", "")
    else:
        yield from (f"{names}: image {code(first.before)} → {code(first.after)}", "")
        yield from _provenance(preview, {"runs now": first.before, "will run": first.after})


def _provenance(preview: Preview, images: dict[str, str]) -> Iterator[str]:
    """Where images come from; nothing of those that AWS did not tell of."""
    records = [
        preflight.record(preview.images[image]) if image in preview.images else {}
        for image in images.values()
    ]
    rows = []
    for name in _PROVENANCE:
        said = [
            f"{record.get(name, '')} {record.get('hash', '') if name == 'recipe' else ''}"
            for record in records
        ]
        if any(cell.strip() for cell in said):
            rows.append([name, *(code(cell) if cell.strip() else "not on record" for cell in said)])
    if not rows:
        return
    passed = [any(f"{image}:" in line for line in _passed(preview)) for image in images.values()]
    if any(passed):
        rows.append(["pre-flight", *("passed" if each else "" for each in passed)])
    yield from table(["", *images], rows)


def _passed(preview: Preview) -> list[str]:
    return [line for line in preview.events.said("info") if line.startswith("pre-flight passed: ")]


def _others(preview: Preview) -> Iterator[str]:
    parts = preview_words.parts(preview)
    if not parts:
        return
    released = preview.moves or preview.workloads
    yield from (f"**{'What else changes' if released else 'What changes'}**", "")
    if sum(len(part.steps) for part in parts) > MOST_CHANGES:
        rows = ([words(part.component or graph.ALONE), preview_words.counts(part.steps)] for part in parts)
        yield from table(("component", "resources"), rows)
        # Of many, most are made or go with their component; what is left is what somebody has to judge.
        parts = [preview_words.judged(part) for part in parts]
    if not 0 < sum(len(part.steps) for part in parts) <= MOST_CHANGES:
        return
    yield from table(
        ("component", "resource", "", "what"),
        (
            [
                words(part.component or graph.ALONE),
                f"{words(preview_words.kind(step))} {code(step.name)}",
                words(preview_words.done(step)),
                ", ".join(code(name) for name in preview_words.properties(preview, step)),
            ]
            for part in parts
            for step in part.steps
        ),
    )


def _cost(preview: Preview) -> Iterator[str]:
    costs = preview.costs
    if costs is None:
        return
    yield from (f"**Cost.** {words(preview_words.cost(costs))}", "")
    if costs.before is not None and costs.rows:
        yield from table(
            ("part", "now", "then"), ([words(cell) or "-" for cell in row] for row in costs.rows)
        )


def _guardrails(preview: Preview) -> Iterator[str]:
    findings = preview.findings
    if not preview.guarded:
        return
    if not findings:
        if preview.failure is None:
            yield from ("**Guardrails.** They found nothing.", "")
        return
    stopping = len(preview.stopping)
    stops = f"{stopping or 'none'} of which stop{'s' if stopping < 2 else ''} an `up`"
    yield from (f"**Guardrails.** {len(findings)} finding{'s' * (len(findings) > 1)}, {stops}.", "")
    shown = [each for each in findings if each.mandatory or preview.touches(each)][:MOST_FINDINGS]
    if shown:
        yield from _findings(shown)
    if more := [each for each in findings if each not in shown]:
        where = "" if any(map(preview.touches, more)) else ", on what stays as it is"
        yield from folded(f"{len(more)} of them{where}", _findings(more))


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    yield from table(
        ("", "rule", "resource", "what"),
        (
            [
                f"**{each.severity or 'stops'}**" if each.mandatory else each.severity or "advice",
                code(each.policy),
                code(each.name) if each.name else "the whole stack",
                words(each.message),
            ]
            for each in findings
        ),
    )


def _remarks(preview: Preview) -> Iterator[str]:
    planned = preview.plan.remarks if preview.plan else ()
    unpriced = preview_words.unpriced(preview.costs) if preview.costs else ()
    remarks = [*preview.remarks, *planned, *unpriced]
    if remarks:
        yield from (f"- {words(remark)}" for remark in remarks)
        yield ""


def _diagram(preview: Preview, before: Graph) -> Iterator[str]:
    if not preview.events.changed:
        return
    drawing = graph.draw(graph.of_events(preview.events, before), only_changes=True)
    lines = graph_mermaid.text(drawing).rstrip("\n").split("\n")
    yield from folded("Diagram of what changes, and of what it needs", fenced("mermaid", lines))


def _difference(preview: Preview) -> Iterator[str]:
    events = preview.events
    changed = [
        step for step in events.changed if step.side.custom and not preview_workloads.repeats(step, events)
    ]
    if not changed:
        return
    lines = [line for step in changed for line in differences.lines(step)]
    many = f"{len(changed)} resource{'' if len(changed) == 1 else 's'}"
    yield from folded(f"Full diff of {words(preview.stack)}: {many}", fenced("diff", lines[:-1]))
