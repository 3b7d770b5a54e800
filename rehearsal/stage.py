"""What the steps of the story act on: the workspace, the cloud, the engine and the release command."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import dropwhile
from typing import Any

from rehearsal import aws_client
from rehearsal.cloud_client import CloudProcess
from rehearsal.engines import COUNTED, Changed, Engine, Operation, Outcome
from rehearsal.errors import RehearsalError, UsageError
from rehearsal.factory_files import Factory
from rehearsal.fleet import FleetSampler, Group, counts_of, groups_of
from rehearsal.inventory import Inventory
from rehearsal.processes import Finished, run
from rehearsal.told import Finding
from rehearsal.workspace import REPOSITORY, Workspace

# Real seconds; the emulated clock runs many times as fast.
SETTLE_SECONDS = 120.0
# Times as fast; a build that takes a quarter of an hour is then over at the second look at it.
HURRY = 5


class StepFailedError(RehearsalError):
    """A step did not do what it is there to show; the text is the reason."""


@dataclass
class StepRecord:
    """What one step did, filled in while it runs. `at` and `until` are seconds of the emulated cloud."""

    name: str
    title: str
    ok: bool = True
    seconds: float = 0.0
    at: float = 0.0
    until: float = 0.0
    changes: Counter[str] = field(default_factory=Counter)
    resources: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)
    operations: list[dict[str, Any]] = field(default_factory=list)
    recorded: set[str] = field(default_factory=set)
    findings: set[tuple[str, Finding]] = field(default_factory=set)
    reason: str | None = None
    exit_code: int = 0
    skipped: str | None = None
    output: tuple[str, ...] = ()

    def add(self, outcome: Outcome) -> None:
        """Count what an operation changed; a preview changes nothing, so it is told but not counted twice."""
        self.operations.append(
            {
                "operation": outcome.operation,
                "environment": outcome.environment,
                "ok": outcome.ok,
                "seconds": round(outcome.seconds, 2),
                "cpu_seconds": round(outcome.cpu_seconds, 2),
                "changes": outcome.changes,
            }
        )
        self.recorded.update(outcome.recorded)
        self.findings.update((outcome.environment, finding) for finding in outcome.findings)
        self.output = outcome.lines

    def count(self, outcome: Outcome) -> None:
        """Let the operation's changes be those of the step.

        What one that failed found unchanged says nothing: how far an engine gets before it stops is its own.
        """
        self.changes.update({op: n for op, n in outcome.changes.items() if outcome.ok or op != "same"})
        self.resources += [
            {"environment": outcome.environment, "type": r.type, "name": r.name, "op": r.op}
            for r in outcome.resources
        ]

    def document(self) -> dict[str, Any]:
        """The step as it stands in the JSON file and on the report page."""
        found: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "ok": self.ok,
            "seconds": round(self.seconds, 2),
            "at": round(self.at, 1),
            "until": round(self.until, 1),
            "changes": {op: self.changes[op] for op in COUNTED},
            "resources": self.resources,
            "notes": self.notes,
            "images": self.images,
            "operations": self.operations,
            "findings": [
                {"environment": environment, **asdict(finding)}
                for environment, finding in sorted(self.findings, key=lambda each: (each[0], each[1].line))
            ],
        }
        if self.reason:
            found["reason"] = self.reason
            found["output"] = list(self.output[-40:])
        if self.skipped:
            found["skipped"] = self.skipped
        return found


@dataclass
class Stage:
    """Everything a step needs. `say` takes a line of progress; `image` is the first image of the story;
    `earlier` and `disabled` are those that the account had before.
    """

    workspace: Workspace
    factory: Factory
    cloud: CloudProcess
    engine: Engine
    sampler: FleetSampler
    variables: Mapping[str, str]
    say: Callable[[str], None]
    image: str = ""
    new_image: str = ""
    earlier: list[str] = field(default_factory=list)
    disabled: str = ""
    before: Inventory = frozenset()
    leaps: list[dict[str, float]] = field(default_factory=list)
    guarded: dict[str, set[str]] = field(default_factory=dict)

    def run(self, operation: Operation, environment: str, step: StepRecord, *, count: bool = True) -> Outcome:
        """Run an operation and record it. Raises RehearsalError with the engine's reason."""
        return self._run(operation, environment, step, count=count).must()

    def run_into_failure(self, operation: Operation, environment: str, step: StepRecord) -> Outcome:
        """Run an operation that should fail, and record it; what it changed until then counts.

        Raises StepFailedError when it does not, UsageError when it was refused before it began.
        """
        outcome = self._run(operation, environment, step)
        if outcome.ok:
            raise StepFailedError(f"{operation} {environment} should fail; it passed")
        if outcome.exit_code == UsageError.exit_code:
            outcome.must()
        step.notes.append(f"{operation} {environment} fails, as it should: {outcome.reason}")
        return outcome

    def _run(
        self, operation: Operation, environment: str, step: StepRecord, *, count: bool = True
    ) -> Outcome:
        self.say(f"{operation} {environment}")
        outcome = self.engine.run(operation, environment, self.say)
        step.add(outcome)
        if count:
            step.count(outcome)
        self._note_guardrails(outcome, step)
        return outcome

    def _note_guardrails(self, outcome: Outcome, step: StepRecord) -> None:
        """Say once of each stack that policies looked at it; what they warn of, whenever it is new."""
        warned = [each.line for each in outcome.findings if each.level == "advisory"]
        told = self.guarded.setdefault(outcome.environment, set())
        step.notes += [line for line in warned if line not in told]
        if not told and not outcome.findings and outcome.ok and outcome.packs:
            step.notes.append(
                f"{outcome.environment}: policies ({shown(outcome.packs)}) have nothing against it"
            )
        told.update(warned or outcome.packs)

    def release(self, *arguments: str, exit_code: int = 0) -> Finished:
        """Run `scripts/release` on the scratch copy. Raises StepFailedError for another exit code."""
        self.say(f"release {' '.join(arguments)}")
        finished = run(
            [str(REPOSITORY / "scripts" / "release"), *arguments, "--project", str(self.workspace.project)],
            cwd=self.workspace.project,
            variables=self.variables,
        )
        if finished.exit_code != exit_code:
            kind = UsageError if finished.exit_code == UsageError.exit_code else StepFailedError
            raise kind(
                f"release {' '.join(arguments)}: {finished.last_line}"
                + (f" (exit code {finished.exit_code}, not {exit_code})" if exit_code else "")
            )
        return finished

    def ask(
        self, *arguments: str, exit_code: int = 0, json_option: tuple[str, ...] = ("--json",)
    ) -> dict[str, Any]:
        """The same, and read what it tells a program. Raises StepFailedError."""
        lines = self.release(*arguments, *json_option, exit_code=exit_code).lines
        try:
            # Warnings come before it, such as those of an interpreter or of the setup.
            told: dict[str, Any] = json.loads("\n".join(dropwhile(lambda line: line != "{", lines)))
        except ValueError as error:
            # An exit code that was expected may have had another reason, such as a program that is broken.
            said = lines[-1].strip() if lines else "nothing"
            raise StepFailedError(f"release {' '.join(arguments)} --json is no JSON: {said}") from error
        return told

    def aws(self, environment: str, service: str) -> Any:
        """A client of AWS's in the environment's region, for what someone does without the project."""
        return self.client(self.workspace.region(environment), service)

    def client(self, region: str, service: str) -> Any:
        """The same in any region."""
        return aws_client.client(service, self.cloud.url, region)

    def groups(self, environment: str) -> list[Group]:
        """The environment's groups as they are now, by service."""
        found = [each for each in groups_of(self.cloud.client.fleet()) if each.environment == environment]
        return sorted(found, key=lambda group: group.service)

    def leap(self, seconds: float) -> None:
        """Let emulated time pass at once, and record it: a picture of the fleets leaves it out."""
        self.leaps.append({"at": round(self.sampler.sample(), 1), "seconds": seconds})
        self.cloud.client.step_clock(seconds)
        self.sampler.sample()

    @contextmanager
    def hurry(self) -> Iterator[None]:
        """Let the emulated clock run faster, for a wait that shows nothing."""
        client = self.cloud.client
        speed = client.speed()
        client.speed(speed * HURRY)
        try:
            yield
        finally:
            client.speed(speed)

    def running(self, environment: str) -> dict[str, int]:
        """Instances in service by image, as the emulated cloud tells."""
        counts = counts_of(self.cloud.client.fleet())
        return {image: number for (name, image), number in counts.items() if name == environment}

    def expect_fleet(self, environment: str, image: str, step: StepRecord) -> None:
        """The environment's fleet is in service on `image` alone (and on images that its services pin).

        The first servers of a group boot after `up` is done, so it waits for them. Raises StepFailedError.
        """
        pinned = set(self.workspace.images_of(environment)) - {self.workspace.image(environment)}
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            running = self.running(environment)
            if running.get(image) and set(running) <= {image, *pinned}:
                break
            if time.monotonic() > deadline:
                shown = ", ".join(f"{count} on {name}" for name, count in running.items()) or "none"
                raise StepFailedError(f"{environment} should run {image}; in service: {shown}")
            time.sleep(0.05)
        step.notes.append(f"{environment}: {running[image]} in service on {image}")

    def expect_whole(self, environment: str, without: Set[str] = frozenset()) -> list[Group]:
        """Wait until every group has the servers that it should have, all of them serve, and none of them is
        one of `without`, by ID.

        Raises StepFailedError.
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            groups = self.groups(environment)
            left = [each for group in groups for each in sorted(group.members & without)]
            if all(group.whole for group in groups) and not left:
                return groups
            if time.monotonic() > deadline:
                serving = [f"{len(g.serving)} of {g.desired} of {g.service}" for g in groups]
                stay = f"; {shown(left)} should be gone" if left else ""
                raise StepFailedError(f"{environment} should be whole; serving: {shown(serving)}{stay}")
            time.sleep(0.05)


def shown(items: Sequence[str]) -> str:
    """The first items of a list, and how many more there are."""
    more = f" and {len(items) - 5} more" if len(items) > 5 else ""
    return (", ".join(items[:5]) + more) or "nothing"


def unexpected(outcome: Outcome, allowed: Callable[[Changed], bool]) -> list[str]:
    """The changes of an operation that are not among the allowed ones, as `op type name`."""
    return [f"{r.op} {r.type} {r.name}" for r in outcome.resources if not allowed(r)]
