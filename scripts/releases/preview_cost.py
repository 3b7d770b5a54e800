"""What a month costs before an update and after it, from what the engine tells of every resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.releases import cost
from scripts.releases.cost import Estimate
from scripts.releases.engine_events import UNKNOWN, Events, Side, Step
from scripts.releases.prices import Prices

_GROUP = "aws:autoscaling/group:Group"
_NODES = "aws:eks/nodeGroup:NodeGroup"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_SCHEDULE = "aws:autoscaling/schedule:Schedule"


@dataclass(frozen=True)
class Range:
    """A month with the fewest servers, and with the most."""

    least: float
    most: float

    def __sub__(self, other: Range) -> Range:
        return Range(self.least - other.least, self.most - other.most)


@dataclass(frozen=True)
class Costs:
    """A month of a stack; `before` is None of one that is not up."""

    before: Estimate | None
    after: Estimate

    @property
    def was(self) -> Range:
        """What of it can be compared costs now."""
        return self._sum(self.before.lines if self.before else ())

    @property
    def becomes(self) -> Range:
        """What it costs afterwards."""
        return self._sum(self.after.lines)

    @property
    def more(self) -> Range:
        """What comes on top; negative where it becomes cheaper."""
        return self.becomes - self.was

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The parts that differ and have no price before or after: they are in no sum, or the sums would
        differ by what nobody knows.
        """
        every = (*self.after.lines, *(self.before.lines if self.before else ()))
        differing = {part for part, _, _ in self.rows}
        return tuple(
            dict.fromkeys(
                line.part.part for line in every if line.price is None and line.part.part in differing
            )
        )

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Every part that differs: its name, what it was and what it becomes; "" where there is none."""
        sides = (self.before.lines if self.before else ()), self.after.lines
        before, after = ({line.part.part: line.part.detail for line in lines} for lines in sides)
        return [
            (part, before.get(part, ""), after.get(part, ""))
            for part in dict.fromkeys([*before, *after])
            if before.get(part) != after.get(part)
        ]

    def _sum(self, lines: Sequence[cost.Line]) -> Range:
        left_out = set(self.unpriced)
        counted = [line for line in lines if line.part.part not in left_out]
        return Range(sum(line.least or 0 for line in counted), sum(line.most or 0 for line in counted))


def make(environment: str, region: str, events: Events, prices: Prices) -> Costs | None:
    """The estimates of a preview's resources; None when neither side has any that `cost` counts.

    What new resources only learn in an `up` is not in them: a new database that sleeps is counted awake.
    """
    old = [_record(step, step.old) for step in events.steps.values() if step.old is not None]
    new = list(_after(events))
    if not new and not old:
        return None
    # A stack that is not up yet may have its root in the state, which has no ID, and nothing else.
    up = any(record["id"] for record in old)
    before = cost.make(environment, region, old, prices, None) if up else None
    after = cost.make(environment, region, new, prices, None) if new else None
    if after is None or not (after.lines or (before and before.lines)):
        return None
    return Costs(before, after)


def _record(step: Step, side: Side, identity: str = "") -> dict[str, Any]:
    known = {name: value for name, value in side.inputs.items() if value != UNKNOWN}
    return {
        "type": step.type,
        "urn": step.urn,
        "id": side.id or identity,
        "inputs": known,
        "outputs": {name: value for name, value in side.outputs.items() if value != UNKNOWN},
    }


def _after(events: Events) -> Iterator[dict[str, Any]]:
    """Each resource that will be there. A new one's name and ID stand for those that AWS will give it, and
    what refers to them by a value that nobody knows yet is led there by its place in the program.
    """
    steps = [step for step in events.steps.values() if step.new is not None]
    templates = {step.name: _identity(step) for step in steps if step.type == _TEMPLATE}
    groups = {step.side.parent: _identity(step) for step in steps if step.type == _GROUP}
    for step in steps:
        record = _record(step, step.side, _identity(step))
        inputs = record["inputs"]
        if step.type in (_GROUP, _NODES):
            inputs.setdefault("name", record["outputs"].get("name") or _identity(step))
            record["inputs"] = _led(inputs, templates.get(step.name, ""))
        elif step.type == _SCHEDULE:
            inputs.setdefault("autoscalingGroupName", groups.get(step.side.parent, ""))
        yield record


def _identity(step: Step) -> str:
    side = step.side
    return side.id or f"new:{step.name}"


def _led(value: Any, template: str) -> Any:
    """The group's inputs with the template of its service where the ID is not known yet."""
    if isinstance(value, Mapping):
        return {
            name: template if name in ("launchTemplateId", "id") and item == UNKNOWN else _led(item, template)
            for name, item in value.items()
        }
    return value
