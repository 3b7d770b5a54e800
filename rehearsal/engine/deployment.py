"""One deployment: what is known of the old and the new resources while a program runs, shared by all its
rooms.

`planning` decides what is to be done to a resource, `steps` does it, `replacing` and `deleting` know in what
order resources go, `refreshing` reads what exists. The monitor calls `register`, `read` and `outputs` from
the SDK's threads.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol

from rehearsal.engine.aliases import Aliases, rename_in
from rehearsal.engine.builtin import BuiltinProvider, StackOutputs
from rehearsal.engine.callbacks import Callbacks
from rehearsal.engine.goal import Goal
from rehearsal.engine.guardrails import Guardrails
from rehearsal.engine.options import Aborted, Finding, Op, Options, Reporter, Targets, is_default_provider
from rehearsal.engine.providers import Factory, Providers
from rehearsal.engine.state import STACK_TYPE, OperationKind, ResourceState, urn_of
from rehearsal.errors import RehearsalError
from rehearsal.plugin import Provider, ProviderError


class Recorder(Protocol):
    """What a deployment needs of a stack's state while it changes it (`StackFile`)."""

    def begin(self, kind: OperationKind, state: ResourceState) -> int:
        """An operation starts; returns its ticket."""

    def commit(self, new: ResourceState | None, old: ResourceState | None, ticket: int | None = None) -> None:
        """A step is done."""

    def abandon(self, ticket: int) -> None:
        """An operation failed and changed nothing."""

    def outputs(self, state: ResourceState) -> None:
        """A component's outputs are known."""


class Unrecorded:
    """Records nothing: a preview's recorder."""

    def begin(self, kind: OperationKind, state: ResourceState) -> int:
        """Nothing is begun."""
        del kind, state
        return 0

    def commit(self, new: ResourceState | None, old: ResourceState | None, ticket: int | None = None) -> None:
        """Nothing is done."""

    def abandon(self, ticket: int) -> None:
        """Nothing was begun."""

    def outputs(self, state: ResourceState) -> None:
        """Nothing is kept."""


class Deployment:
    """The state of affairs. `lock` guards what changes; provider calls are made without it."""

    def __init__(
        self,
        options: Options,
        file: Recorder,
        resources: Iterable[ResourceState],
        factories: Mapping[str, Factory],
        stack_outputs: StackOutputs,
        reporter: Reporter,
        guardrails: Guardrails | None = None,
    ) -> None:
        self.options = options
        self.file = file
        self.reporter = reporter
        self.guardrails = guardrails or Guardrails([])
        self.targets = Targets(options.targets)
        self.callbacks = Callbacks(options.preview, self.warn)
        self.providers = Providers(factories, BuiltinProvider(stack_outputs, self.find))
        self.slots = threading.BoundedSemaphore(options.parallel)
        self.lock = threading.RLock()
        self.aliases = Aliases(options.stack, options.project)
        self.resources: list[ResourceState] = []
        self._needed_by: dict[str, list[ResourceState]] = defaultdict(list)
        self.olds: dict[str, ResourceState] = {}
        self.news: dict[str, ResourceState] = {}
        self.goals: dict[str, Goal] = {}
        self.claimed: set[str] = set()
        self.ops: dict[str, Op] = {}
        self.unfinished: set[str] = set()
        self.deleted: set[str] = set()
        self.gone_early: dict[str, threading.Event] = {}
        self.skipped: set[str] = set()
        self.seconds: dict[str, float] = {}
        self.failures: list[str] = []
        self.refusals: list[str] = []
        self.findings: list[Finding] = []
        self.invalid_inputs = 0
        self.interrupted = False
        self.refused = False
        self.rebase(resources)

    def rebase(self, resources: Iterable[ResourceState]) -> None:
        """Take these as the old resources (after a refresh)."""
        self.resources = list(resources)
        self.olds = {state.urn: state for state in self.resources if not state.delete}

    # --- going on or not

    @property
    def stopping(self) -> bool:
        """Whether no new step may start."""
        return (
            self.interrupted or self.refused or (bool(self.failures) and not self.options.continue_on_error)
        )

    def go_on(self) -> None:
        """Raises Aborted when no new step may start."""
        if self.stopping:
            raise Aborted("the operation was stopped")

    @property
    def is_bad_input(self) -> bool:
        """Whether nothing failed but the checks of inputs."""
        return bool(self.failures) and len(self.failures) == self.invalid_inputs and not self.refusals

    def count_bad_input(self, is_bad: bool) -> None:
        """Of the failure that is about to be reported: whether what the user gave is at fault."""
        with self.lock:
            self.invalid_inputs += is_bad

    def refuse(self) -> None:
        """The program found its input bad: nothing starts any more."""
        self.refused = True

    def fail(self, urn: str, text: str) -> None:
        """Report an error; unless told to continue, nothing new starts from now on."""
        with self.lock:
            self.failures.append(text)
        self.reporter.message("error", urn, text)

    def fail_later(self, urn: str, text: str) -> None:
        """Report an error, let everything else go on, and fail in the end."""
        with self.lock:
            self.refusals.append(text)
        self.reporter.message("error", urn, text)

    def warn(self, urn: str, text: str) -> None:
        """Report something that does not stop the operation."""
        self.reporter.message("warning", urn, text)

    # --- identity

    def claim(self, goal: Goal) -> str:
        """The URN of a resource that the program registers. Raises ProviderError when it is taken already."""
        urn = urn_of(self.options.stack, self.options.project, goal.parent, goal.type, goal.name)
        with self.lock:
            if goal.parent and goal.parent not in self.claimed:
                raise ProviderError(f"could not find parent resource {goal.parent}")
            if urn in self.claimed:
                raise ProviderError(
                    f"duplicate resource URN {urn!r}; give each resource of a type and parent its own name"
                )
            self.claimed.add(urn)
        return urn

    def find_old(self, urn: str, goal: Goal) -> tuple[ResourceState | None, str]:
        """The old state of a resource, by its URN or by an alias; and the alias if it was one.

        Raises ProviderError when two resources claim the same old one.
        """
        with self.lock:
            if urn in self.aliases.new_of:
                raise ProviderError(
                    f"{urn} was taken over by {self.aliases.new_of[urn]} through an alias already"
                )
            if urn in self.olds:
                return self.olds[urn], ""
            for candidate in self.aliases.candidates(goal) if goal.aliases or self.aliases.old_of else ():
                if candidate in self.olds and candidate != urn:
                    if candidate in self.claimed or candidate in self.aliases.new_of:
                        raise ProviderError(
                            f"the alias {candidate} names a resource that is claimed by another one"
                        )
                    self.aliases.take(urn, candidate)
                    return self.olds[candidate], candidate
        return None, ""

    def find(self, urn: str) -> ResourceState | None:
        """A resource that was registered or read in this run."""
        return self.news.get(urn)

    # --- what happened

    def record(self, op: Op, state: ResourceState, seconds: float = 0.0) -> None:
        """Remember what became of a resource."""
        with self.lock:
            self.ops[state.urn] = op
            if seconds:
                self.seconds[state.urn] = seconds

    def keep(self, state: ResourceState) -> None:
        """Remember the new state of a resource, for `getResource` and for its outputs."""
        with self.lock:
            self.news[state.urn] = state

    def operated(self, urn: str) -> bool:
        """Whether the program still has this old resource."""
        return self.aliases.new_of.get(urn, urn) in self.ops

    def rename(self, old: str, new: str) -> None:
        """Let what the state says needs `old` need `new`: it is the same resource under another URN."""
        if not self._needed_by:
            for state in self.resources:
                for urn in state.needs():
                    self._needed_by[urn].append(state)
        for state in self._needed_by.get(old, ()):
            if not self.operated(state.urn):
                rename_in(state, old, new)
                self.file.outputs(state)

    def counts(self) -> dict[str, int]:
        """How many resources were created, updated, replaced, deleted and left the same."""
        counts = dict.fromkeys(("create", "update", "replace", "delete", "same"), 0)
        for urn, op in self.ops.items():
            state = self.news.get(urn) or self.olds.get(urn)
            if op in counts and urn not in self.unfinished and not (state and is_default_provider(state)):
                counts[op] += 1
        return counts

    # --- policies

    def guard(self, goal: Goal, new: ResourceState) -> None:
        """Ask the policies about one resource. Raises ProviderError when one forbids an update to go on; a
        preview goes on, and fails in the end.
        """
        forbidden = self._tell(self.guardrails.resource(goal, new, self.news.get(new.provider_urn)))
        if forbidden and not self.options.preview:
            raise ProviderError(f"policy {forbidden[0].policy} forbids it: {forbidden[0].line}")

    def guard_stack(self) -> None:
        """Ask the policies about all resources together, when they are as they will be. What they forbid,
        here or of one resource in a preview, is one failure of the operation.
        """
        try:
            self._tell(self.guardrails.stack(list(self.news.values()), self.goals))
        except RehearsalError as error:
            self.fail("", str(error))
        forbidden = [each for each in self.findings if each.level == "mandatory"]
        if forbidden:
            more = f" (and {len(forbidden) - 1} more findings)" if len(forbidden) > 1 else ""
            first = forbidden[0]
            self.fail_later("", f"policy {first.policy} forbids {first.where}: {first.line}{more}")

    def _tell(self, findings: list[Finding]) -> list[Finding]:
        """Report the findings; returns those that forbid."""
        for finding in findings:
            self.reporter.finding(finding)
        with self.lock:
            self.findings += findings
        return [finding for finding in findings if finding.level == "mandatory"]

    # --- targets

    def is_targeted(self, state: ResourceState) -> bool:
        """Whether the operation may touch this resource. Providers and the stack itself always count."""
        if not self.targets.limited or state.is_provider or state.type == STACK_TYPE:
            return True
        if state.urn in self.targets:
            return True
        if self.options.target_dependents and any(urn in self.targets for urn in state.needs()):
            self.targets.add(state.urn)
            return True
        return False

    def provider_of(self, state: ResourceState) -> Provider:
        """Who manages an old custom resource, started from the old state if need be. Raises ProviderError."""
        if state.is_provider:
            return self.providers
        provider = self.providers.get(state.provider)
        if provider is not None:
            return provider
        urn = state.provider_urn
        old = self.olds.get(urn) or next((item for item in self.resources if item.urn == urn), None)
        if old is None:
            raise ProviderError(f"the provider {state.provider!r} of {state.urn} is not in the state")
        return self.providers.start(state.provider, old.type, old.inputs)
