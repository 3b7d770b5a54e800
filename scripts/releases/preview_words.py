"""A preview in words: what a reader of a pull request has to know, before the tables and the difference."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scripts.releases import differences, preview_workloads
from scripts.releases.engine_events import CREATE, DELETE, REPLACE, UPDATE, Events, Side, Step
from scripts.releases.preview import Preview
from scripts.releases.preview_cost import Costs, Range
from scripts.releases.preview_release import ROLLOUT, Move
from scripts.releases.preview_workloads import WorkloadMove

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
#: Types that hold what no `up` brings back.
HOLDS_DATA = {
    "aws:rds/instance:Instance": "database",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:kms/key:Key": "key",
    "aws:secretsmanager/secret:Secret": "secret",
    "aws:cloudwatch/logGroup:LogGroup": "log group",
    "aws:route53/zone:Zone": "hosted zone",
}
#: Less is no difference.
CENT = 0.005
_PAST = {CREATE: "created", UPDATE: "updated", REPLACE: "replaced", DELETE: "deleted"}


@dataclass(frozen=True)
class Part:
    """What changes in one component beside the release; `steps` in the engine's order."""

    component: str
    steps: tuple[Step, ...]


def headline(preview: Preview) -> str:
    """The whole in half a line: `web and api from ami-… to ami-…, and 1 other change`."""
    if preview.failure is not None:
        return "the preview failed"
    released = [text for text, _ in (*releases(preview), *workload_releases(preview))]
    others = sum(len(part.steps) for part in parts(preview))
    if not released and not others:
        return "nothing changes"
    more = f"{others} {'other ' if released else ''}change{'' if others == 1 else 's'}"
    if not released or not others:
        return joined(released) or more
    return f"{joined(released)}, and {more}"


def releases(preview: Preview) -> list[tuple[str, tuple[Move, ...]]]:
    """The services that go together, each group as words: those from one image to the same other one."""
    found: dict[tuple[str | None, str | None], list[Move]] = defaultdict(list)
    for move in preview.moves:
        found[move.before, move.after].append(move)
    return [(_moved(moves), tuple(moves)) for moves in found.values()]


def workload_releases(preview: Preview) -> list[tuple[str, tuple[WorkloadMove, ...]]]:
    """As `releases`, of workloads."""
    found: dict[str, list[WorkloadMove]] = defaultdict(list)
    for move in preview.workloads:
        found[move.text].append(move)
    return [
        (f"{joined([move.workload for move in moves])} {text}", tuple(moves)) for text, moves in found.items()
    ]


def _moved(moves: list[Move]) -> str:
    names, first = joined([move.service for move in moves]), moves[0]
    if first.before is None:
        return f"{names} new on {first.after}"
    if first.after is None:
        return f"{names} taken away"
    if first.renewed:
        return f"{names} renewed on {first.after}"
    return f"{names} from {first.before} to {first.after}"


def joined(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def parts(preview: Preview) -> list[Part]:
    """What else changes, by component, in the engine's order."""
    found: dict[str, list[Step]] = defaultdict(list)
    moved = {move.service: move for move in preview.moves}
    for step in preview.events.changed:
        told = _is_release(step, moved) or preview_workloads.is_release(step, preview.workloads)
        if step.side.custom and not told:
            found[component(preview.events, step)].append(step)
    return [Part(name, tuple(steps)) for name, steps in sorted(found.items())]


def _is_release(step: Step, moved: Mapping[str, Move]) -> bool:
    """What every release changes: the rollout, and of the template no more than the image."""
    if step.name not in moved or step.op != UPDATE:
        return False
    return step.type.endswith(ROLLOUT) or (
        step.type == TEMPLATE and differences.properties(step) == ["imageId"]
    )


def properties(preview: Preview, step: Step) -> list[str]:
    """What a step changes, by property; of a template without the image, of which the release tells."""
    if step.op not in (UPDATE, REPLACE):
        return []
    moved = step.type == TEMPLATE and step.name in {move.service for move in preview.moves}
    return [name for name in differences.properties(step) if not (moved and name == "imageId")]


def component(events: Events, step: Step) -> str:
    """The component right below the stack that a resource is in; "" for one on its own."""
    found, urn = "", step.side.parent
    while urn in events.steps and not (around := events.steps[urn]).type.startswith("pulumi:"):
        found, urn = around.name, around.side.parent
    return found


def kind(step: Step) -> str:
    """A resource's type as people say it: `rds Instance` for `aws:rds/instance:Instance`."""
    family = step.type.partition(":")[2].partition("/")[0].partition(":")[0]
    word = step.type.rpartition(":")[2]
    return f"{family} {word}" if step.type.startswith("aws:") else word


def done(step: Step) -> str:
    """`updated`, with what stays in the cloud and what `up` will refuse."""
    if step.op in (DELETE, REPLACE) and step.old is not None:
        if step.old.protect:
            return f"{_PAST[step.op]}, which `up` refuses: it is protected"
        if step.old.retain:
            where = "the cluster" if step.type.startswith("kubernetes:") else "AWS"
            return f"let go of, and it stays in {where}{' beside the new one' if step.op == REPLACE else ''}"
    return _PAST[step.op]


def losses(preview: Preview) -> list[str]:
    """Resources that hold data and would be gone, the most precious first: `database main (deleted)`."""
    found: dict[str, list[str]] = {kind: [] for kind in HOLDS_DATA}
    for step in preview.events.changed:
        if step.type not in found or step.op not in (DELETE, REPLACE) or step.old is None:
            continue
        if not (step.old.retain or step.old.protect):
            found[step.type].append(
                f"{HOLDS_DATA[step.type]} {step.name} ({_PAST[step.op]}{_left(step.old)})"
            )
    return [text for texts in found.values() for text in texts]


def _left(side: Side) -> str:
    """What is left of a database that goes."""
    return "; a last snapshot stays" if side.inputs.get("finalSnapshotIdentifier") else ""


def judged(part: Part) -> Part:
    """What is updated or replaced in a component: without what is made, and what goes."""
    return Part(part.component, tuple(step for step in part.steps if step.op in (UPDATE, REPLACE)))


def counts(steps: tuple[Step, ...]) -> str:
    """`3 created, 1 updated`."""
    found = Counter(step.op for step in steps)
    return ", ".join(f"{found[op]} {word}" for op, word in _PAST.items() if found[op])


def cost(costs: Costs) -> str:
    """What a month costs afterwards, in a sentence or two."""
    was, becomes, more = costs.was, costs.becomes, costs.more
    now = f"{_range(becomes)} {costs.after.currency} a month"
    if costs.before is None:
        said = f"It costs {now}, as far as there are prices."
    elif abs(more.least) < CENT and abs(more.most) < CENT:
        said = f"The cost stays as it is: {now}, as far as there are prices."
    else:
        said = (
            f"It costs {_more(more.least)} a month with the fewest servers and {_more(more.most)} with the "
            f"most: {now} instead of {_range(was)}, as far as there are prices."
        )
    without = f" That is without {joined(list(costs.unpriced))}." if costs.unpriced else ""
    return said + without


def _range(of_month: Range) -> str:
    return f"{of_month.least:,.2f} to {of_month.most:,.2f}"


def _more(amount: float) -> str:
    if abs(amount) < CENT:
        return "the same"
    return f"{abs(amount):,.2f} {'more' if amount > 0 else 'less'}"


def unpriced(costs: Costs) -> Iterator[str]:
    """What of the difference the price table does not know."""
    parts = set(costs.unpriced)
    lines = (*costs.after.lines, *(costs.before.lines if costs.before else ()))
    missing = sorted({line.part.price for line in lines if line.price is None and line.part.part in parts})
    if missing:
        yield f"the price table does not know of {costs.after.region}: {', '.join(missing)}"
