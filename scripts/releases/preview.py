"""What an `up` of a stack would do, gathered from Pulumi's own preview, from AWS and from the price table.

Pulumi's preview takes no lock and writes nothing, so that it disturbs no `up` and waits for none; see
docs/decisions/0017-a-preview-reads-and-nothing-else.md.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from images.preflight import Facts
from scripts.releases import (
    aws,
    config_file,
    deployment,
    engine_events,
    plan,
    plan_workload,
    preview_cost,
    preview_place,
    preview_release,
    preview_workloads,
    pulumi_command,
    reach,
)
from scripts.releases.config_file import ConfigFile
from scripts.releases.engine_events import Events, Finding
from scripts.releases.errors import RefusedError, ReleaseError, one_line
from scripts.releases.plan import Plan
from scripts.releases.preview_cost import Costs
from scripts.releases.preview_release import Move
from scripts.releases.preview_workloads import WorkloadMove
from scripts.releases.prices import Prices
from scripts.releases.project import Project

#: How Pulumi begins when a value has another type than `Pulumi.yaml` says, before it starts the program.
_WRONG_TYPE = "validating stack config: "
#: Of guardrails, as AWS words them.
SEVERITIES = ("critical", "high", "medium", "low")
_NO_STACK = "no stack named"


@dataclass(frozen=True)
class Preview:
    """What an `up` would do.

    Attributes:
        failure: why the preview did not come to its end, as one line; None of one that did.
        refused: whether the config is at fault for that.
        images: what AWS says of the images of `moves`, by ID, as far as it says something.
        workloads: what becomes of workloads' pods.
        plan: how servers and pods would be replaced; None when none is, or when nobody was to be asked.
        guarded: whether the guardrails were asked.
        remarks: what is not in it, and why.
    """

    stack: str
    events: Events
    failure: str | None
    refused: bool
    moves: tuple[Move, ...]
    workloads: tuple[WorkloadMove, ...]
    images: Mapping[str, Facts]
    plan: Plan | None
    costs: Costs | None
    guarded: bool
    remarks: tuple[str, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the guardrails found: what stops an `up` first, then what is of more weight."""
        return tuple(sorted(self.events.findings, key=_weight))

    @property
    def stopping(self) -> tuple[Finding, ...]:
        """Those that stop an `up`."""
        return tuple(each for each in self.findings if each.mandatory)

    def touches(self, finding: Finding) -> bool:
        """Whether a finding is about what changes, or about the whole stack."""
        step = self.events.steps.get(finding.resource)
        return step is None or step.op != engine_events.SAME

    @property
    def error(self) -> ReleaseError | None:
        """What ends the command that shows this preview."""
        if self.failure is None:
            return None
        return (RefusedError if self.refused else ReleaseError)(f"preview of {self.stack}: {self.failure}")


def _weight(each: Finding) -> tuple[bool, int, str, str]:
    known = SEVERITIES.index(each.severity) if each.severity in SEVERITIES else len(SEVERITIES)
    return not each.mandatory, known, each.policy, each.resource


@dataclass(frozen=True)
class Told:
    """What the engine told, and why it failed, if it did. `new`: there is no such stack yet."""

    events: Events
    failure: str | None
    guarded: bool
    new: bool = False


def run(where: Project, stack: str) -> Told:
    """Has Pulumi preview the stack, with the guardrails of the project if it has some.

    Raises:
        RefusedError: there is no `pulumi` command.
        ReleaseError: it cannot be run.
    """
    packs = deployment.packs_of(where, ())
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events.json"
        arguments = ["preview", f"--stack={stack}", f"--event-log={log}"]
        arguments += [f"--policy-pack={pack}" for pack in packs]
        # Without the variable there is no --event-log; Pulumi's automation API sets it too.
        debug = {"PULUMI_DEBUG_COMMANDS": "true"}
        place = preview_place.linked(where, stack, Path(folder))
        backend = preview_place.own_backend(where, os.environ)
        finished = pulumi_command.run(place, *arguments, variables={**debug, **backend})
        new = not finished.ok and any(_NO_STACK in line for line in finished.lines)
        if new:
            backend = preview_place.empty_backend(where, stack, Path(folder))
            finished = pulumi_command.run(place, *arguments, variables={**debug, **backend})
        try:
            events = engine_events.read(log)
        except RefusedError:
            events = Events()
    return Told(events, None if finished.ok else _why(stack, events, finished.failure), bool(packs), new)


def replayed(stack: str, log: Path) -> Told:
    """What the event log of a preview tells that somebody made. Raises RefusedError; see `engine_events`."""
    events = engine_events.read(log)
    failed = events.ended != "succeeded" or bool(events.said("error"))
    failure = _why(stack, events, "it did not come to its end") if failed else None
    return Told(events, failure, bool(events.packs))


def unreadable(where: Project, stack: str) -> Told | None:
    """The failure of a preview whose config file says nothing; None where it can be read."""
    try:
        config_file.read(where.stack_file(stack), stack, where.name)
    except RefusedError as error:
        return Told(Events(), str(error), guarded=False)
    return None


def _why(stack: str, events: Events, otherwise: str) -> str:
    """The guardrails, or the first error. The program tells all that is wrong with its file, a line each; of
    other lines the first one and the last say it, as of a traceback. `otherwise` counts without any of these,
    and when it names a permission that is missing.
    """
    if otherwise.startswith(pulumi_command.DENIED):
        return otherwise
    stopping = [each.policy for each in events.findings if each.mandatory]
    if stopping:
        return f"the guardrails refuse it: {', '.join(dict.fromkeys(stopping))}"
    for said in events.said("error"):
        lines = [line for line in map(one_line, said.splitlines()) if line]
        name = _file(stack)
        if all(line.startswith(name) for line in lines):
            return name + "; ".join(line.removeprefix(name) for line in lines)
        return " ".join(dict.fromkeys([*lines[:1], *lines[-1:]]))
    return one_line(otherwise)


def make(where: Project, stack: str, told: Told, prices: Prices) -> Preview:
    """The preview in words and numbers. What AWS does not tell is left out, with a remark.

    Raises:
        RefusedError: the stack's config file cannot be read.
    """
    events, failure = told.events, told.failure
    moves, workloads = preview_release.moves(events), preview_workloads.moves(events)
    found = _Found(remarks=list(_remarks(stack, told)))
    # A preview that failed may not have come to every resource: what it would cost is not known then.
    if moves or workloads or failure is None:
        config = config_file.read(where.stack_file(stack), stack, where.name)
        if moves and not config.factory:
            _ask(found, where, config, moves, None if failure else prices)
        if workloads and failure is None:
            _ask_cluster(found, where, config, workloads)
        if failure is None and config.region is not None:
            found.costs = preview_cost.make(stack, config.region, events, prices)
    return Preview(
        stack=stack,
        events=events,
        failure=failure,
        refused=_is_refusal(stack, failure),
        moves=moves,
        workloads=workloads,
        images=found.images,
        plan=found.plan,
        costs=found.costs,
        guarded=told.guarded,
        remarks=tuple(found.remarks),
    )


@dataclass
class _Found:
    """What AWS and the price table add to what the engine told."""

    remarks: list[str]
    images: Mapping[str, Facts] = field(default_factory=dict)
    plan: Plan | None = None
    costs: Costs | None = None


def _ask(
    found: _Found, where: Project, config: ConfigFile, moves: tuple[Move, ...], prices: Prices | None
) -> None:
    """Asks AWS about the images, and with `prices` about the servers that are to be replaced."""
    stack = config.environment
    try:
        found.images = preview_release.facts(aws.account(config), moves)
        if prices is not None and any(move.before and move.after for move in moves):
            renewed = frozenset(move.service for move in moves if move.renewed)
            request = plan.Request(stack, None, None, renewed)
            found.plan = plan.make(reach.reach(where, stack), prices, request)
    except ReleaseError as error:
        found.remarks.append(f"how servers would be replaced is not known: {error}")


def _ask_cluster(
    found: _Found, where: Project, config: ConfigFile, workloads: tuple[WorkloadMove, ...]
) -> None:
    """Asks the cluster about the pods that are to be replaced."""
    named = {move.workload for move in workloads if move.before and move.after}
    if not named:
        return
    try:
        renewed = frozenset(move.workload for move in workloads if move.renewed)
        made = plan_workload.make(where, config, plan_workload.Request(alone=False, renewed=renewed))
    except ReleaseError as error:
        found.remarks.append(f"how pods would be replaced is not known: {error}")
        return
    plans = tuple(each for each in made.plans if each.workload in named)
    kept = replace(made, plans=plans, remarks=() if made.plans else made.remarks)
    found.plan = (found.plan or Plan(config.environment, (), {}, (), ())).with_workloads(kept)


def _is_refusal(stack: str, failure: str | None) -> bool:
    """The program names the file first where that is at fault."""
    return failure is not None and failure.startswith((f"Pulumi.{stack}.yaml", _WRONG_TYPE))


def _file(stack: str) -> str:
    """How a line about the stack's file begins."""
    return f"Pulumi.{stack}.yaml: "


def _remarks(stack: str, told: Told) -> Iterator[str]:
    """Pulumi's warnings, but for where it found a provider's program; and what is new."""
    warnings = (one_line(text) for text in told.events.said("warning"))
    yield from (text for text in warnings if not text.startswith("using pulumi-"))
    if told.new:
        yield f"{stack} has no stack yet: this is what its first `up` makes"
