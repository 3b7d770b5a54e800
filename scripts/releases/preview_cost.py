"""What a month costs before an update and after it, from what the engine tells of every resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.releases import cost
from scripts.releases.cost import Estimate
from scripts.releases.engine_events import UNKNOWN, Events, Side, Step
from scripts.releases.prices import Prices

_GROUP = "aws:autoscaling/group:Group"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_SCHEDULE = "aws:autoscaling/schedule:Schedule"


@dataclass(frozen=True)
class Costs:
    """A month of a stack; `before` is None of one that is not up. Amounts are of what has a price."""

    before: Estimate | None
    after: Estimate

    @property
    def least(self) -> float:
        """What comes on top a month with the fewest servers; negative where it becomes cheaper."""
        return self.after.least - (self.before.least if self.before else 0)

    @property
    def most(self) -> float:
        """The same with the most servers."""
        return self.after.most - (self.before.most if self.before else 0)

    @property
    def unchanged(self) -> bool:
        return not self.rows

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Every part that differs: its name, what it was and what it becomes; "" where there is none."""
        before, after = ({line.part.part: line.part.detail for line in lines} for lines in self._lines)
        return [
            (part, before.get(part, ""), after.get(part, ""))
            for part in dict.fromkeys([*before, *after])
            if before.get(part) != after.get(part)
        ]

    @property
    def _lines(self) -> tuple[tuple[cost.Line, ...], tuple[cost.Line, ...]]:
        return self.before.lines if self.before else (), self.after.lines


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
        if step.type == _GROUP:
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
