"""What happens when the program registers or reads a resource: decide, do it, and answer with its state."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from rehearsal.engine import calls, deleting, replacing
from rehearsal.engine.deployment import Deployment
from rehearsal.engine.goal import Goal
from rehearsal.engine.options import Aborted, Op, Step
from rehearsal.engine.planning import InvalidInputError, Plan, plan, provider_for
from rehearsal.engine.providers import default_inputs, default_name, with_version
from rehearsal.engine.state import STACK_TYPE, ResourceState, now
from rehearsal.engine.steps import Steps
from rehearsal.engine.values import UNKNOWN, Properties, contains_unknown, equal, mark_secret_keys
from rehearsal.errors import RehearsalError, UsageError
from rehearsal.plugin import Provider, ProviderError

_OPS: dict[str, Op] = {
    "create": "create",
    "take-over": "create",
    "update": "update",
    "replace": "replace",
    "replace-after-delete": "replace",
    "recreate": "replace",
}


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to the program. `failed`: its step failed, the rest goes on; `unknown`: it was not made."""

    state: ResourceState
    failed: bool = False
    unknown: bool = False


class Registrations:
    """Serves one program. Called from several threads at once, one for each registration."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.steps = Steps(deployment)
        self._defaults: dict[tuple[str, str], str] = {}
        self._defaults_lock = threading.Lock()
        self._stack_outputs: tuple[str, Properties] | None = None

    # --- resources

    def register(self, goal: Goal) -> Result:
        """Bring one resource to its goal. Raises Aborted after a failure that stops the operation."""
        deployment = self._deployment
        deployment.go_on()
        urn = ""
        try:
            urn = deployment.claim(goal)
            old, alias = deployment.find_old(urn, goal)
            new = goal.new_state(urn, old, alias)
            deployment.goals[urn] = goal
            if self._is_import(goal, old):
                old = self._import(goal, old, new)
                new = goal.new_state(urn, old, alias)
            return self._carry_out(goal, old, new)
        except Aborted:
            raise
        except RehearsalError as error:
            deployment.count_bad_input(isinstance(error, UsageError))
            return self._failed(goal, urn, str(error))
        except ProviderError as error:
            deployment.count_bad_input(isinstance(error, InvalidInputError))
            return self._failed(goal, urn, self._text(goal, error))

    def _failed(self, goal: Goal, urn: str, text: str) -> Result:
        self._deployment.fail(urn, text)
        self._deployment.unfinished.add(urn)
        if not self._deployment.options.continue_on_error or not urn:
            raise Aborted(text)
        return Result(ResourceState(urn=urn, type=goal.type), failed=True)

    @staticmethod
    def _text(goal: Goal, error: ProviderError) -> str:
        prefix = f"{goal.type} {goal.name!r}: "
        if isinstance(error, InvalidInputError):
            return f"{prefix}invalid input: {error}"
        return prefix + calls.one_line(error)

    def _carry_out(self, goal: Goal, old: ResourceState | None, new: ResourceState) -> Result:
        decision = plan(self._deployment, goal, old, new)
        if decision.kind not in ("leave", "skip"):
            self._deployment.guard(goal, new)
        with self._deployment.lock:
            early = self._deployment.gone_early.get(new.urn)
            if early is not None and old is not None:
                decision = Plan("recreate")
            elif decision.kind in _OPS:
                self._deployment.ops[new.urn] = _OPS[decision.kind]
            doomed: list[ResourceState] = []
            if decision.kind == "replace-after-delete" and old is not None:
                doomed = self._doom(old)
        if early is not None:
            early.wait()
        result = self._do(decision, goal, old, new, doomed)
        if old is not None and result.state.urn != old.urn:
            with self._deployment.lock:
                self._deployment.rename(old.urn, result.state.urn)
        return result

    def _do(
        self,
        decision: Plan,
        goal: Goal,
        old: ResourceState | None,
        new: ResourceState,
        doomed: list[ResourceState],
    ) -> Result:
        kind, steps = decision.kind, self.steps
        if old is None:
            if kind == "skip":
                self._deployment.skipped.add(new.urn)
                return Result(new, unknown=True)
            steps.create(provider_for(self._deployment, goal), new)
        elif kind == "leave":
            self._deployment.keep(old)
            self._deployment.claimed.add(old.urn)
            self._deployment.record("same", new)
            return Result(old)
        elif kind == "same":
            steps.same(old, new)
        elif kind == "update":
            steps.update(provider_for(self._deployment, goal), old, new, goal.ignore_changes, decision.diffs)
        else:
            if kind == "replace-after-delete":
                self._delete_first(old, doomed)
            new.created = new.modified = ""
            stays = kind in ("replace", "take-over")
            provider = provider_for(self._deployment, goal)
            steps.create(provider, new, old, old_stays=stays, keys=decision.keys, diffs=decision.diffs)
        return Result(new)

    # --- replacements that delete first

    def _doom(self, old: ResourceState) -> list[ResourceState]:
        """What goes before `old` does; from now on these count as deleted."""
        doomed = replacing.dependents(self._deployment, old)
        for state in doomed:
            if state.protect:
                raise ProviderError(f"unable to replace {old.urn}: {state.urn} hangs on it and is protected")
        for state in doomed:
            self._deployment.gone_early[state.urn] = threading.Event()
        self._deployment.deleted.update(state.urn for state in (old, *doomed))
        return doomed

    def _delete_first(self, old: ResourceState, doomed: list[ResourceState]) -> None:
        try:
            for state in reversed(doomed):
                self.steps.delete(state, replacing=True, comes_back=True)
        finally:
            for state in doomed:
                self._deployment.gone_early[state.urn].set()
        if not old.pending_replacement:
            self.steps.delete(old, replacing=True, comes_back=True)

    # --- import and read

    @staticmethod
    def _is_import(goal: Goal, old: ResourceState | None) -> bool:
        if not goal.custom or not goal.import_id:
            return False
        return old is None or old.external or (old.import_id or old.id) != goal.import_id

    def _import(self, goal: Goal, old: ResourceState | None, new: ResourceState) -> ResourceState:
        """Take over a resource that exists; what it is now counts as its old state from then on."""
        provider = provider_for(self._deployment, goal)
        if provider is None:
            raise ProviderError("only a custom resource can be imported")
        found = calls.read(provider, new.urn, goal.import_id, {}, {})
        if found is None:
            raise ProviderError(f"resource {goal.import_id!r} does not exist, so it cannot be imported")
        imported = replace(
            new,
            id=found.id or goal.import_id,
            inputs=found.inputs or {},
            outputs=mark_secret_keys(found.outputs, goal.additional_secret_outputs),
            created=now(),
            modified=now(),
        )
        if old is not None:
            old.delete = True
            self._deployment.file.commit(old, old)
        self._deployment.file.commit(imported, None)
        self._deployment.reporter.told(Step("import", None, imported))
        return imported

    def read(self, goal: Goal, resource_id: str) -> ResourceState:
        """Read a resource that is not ours (`.get`). Raises Aborted when it cannot be read."""
        deployment = self._deployment
        deployment.go_on()
        urn = ""
        try:
            urn = deployment.claim(goal)
            old, _ = deployment.find_old(urn, goal)
            new = goal.new_state(urn, old, "")
            new.external, new.id = True, resource_id
            new.outputs = {} if resource_id == UNKNOWN else self._found(goal, new)
            self._put_read(old, new)
            return new
        except ProviderError as error:
            deployment.fail(urn, self._text(goal, error))
            raise Aborted(str(error)) from error

    def _found(self, goal: Goal, new: ResourceState) -> Properties:
        provider: Provider | None = provider_for(self._deployment, goal)
        if provider is None:
            raise ProviderError("only a custom resource can be read")
        found = calls.read(provider, new.urn, new.id, new.inputs, new.inputs)
        if found is None:
            raise ProviderError(f"resource {new.id!r} does not exist")
        new.id = found.id or new.id
        return mark_secret_keys(found.outputs, new.additional_secret_outputs)

    def _put_read(self, old: ResourceState | None, new: ResourceState) -> None:
        """Into the state: beside an own resource with another ID, which is deleted at the end, or in its
        place.
        """
        if old is None or not equal(old.outputs, new.outputs):
            new.modified = now()
        if old is not None and not old.external and old.id != new.id:
            old.delete = True
            self._deployment.file.commit(old, old)
            self._deployment.file.commit(new, None)
        else:
            self._deployment.file.commit(new, old)
        self._deployment.keep(new)
        self._deployment.record("read", new)
        self._deployment.reporter.told(Step("read", old, new))

    # --- providers

    def default_provider(self, package: str, version: str) -> str:
        """The reference of a package's default provider, registered when first needed."""
        with self._defaults_lock:
            key = (package, version)
            if key not in self._defaults:
                options = self._deployment.options
                inputs = default_inputs(package, version, options.config, set(options.secret_keys))
                name = default_name(version)
                result = self.register(Goal(f"pulumi:providers:{package}", name, custom=True, inputs=inputs))
                self._defaults[key] = f"{result.state.urn}::{result.state.id}"
            return self._defaults[key]

    @staticmethod
    def explicit_provider(goal: Goal) -> None:
        """Record the version among the inputs of a provider resource of the program."""
        goal.inputs = with_version(goal.inputs, goal.version)

    # --- the end

    def outputs(self, urn: str, outputs: Properties) -> None:
        """A component's or the stack's outputs. The stack's count only at the end."""
        state = self._deployment.news.get(urn)
        if state is None:
            if urn in self._deployment.skipped:
                return
            raise ProviderError(f"cannot register outputs of {urn}, which is not registered")
        if not self._deployment.options.preview:
            outputs = {key: value for key, value in outputs.items() if not contains_unknown(value)}
        if state.type == STACK_TYPE:
            self._stack_outputs = (urn, outputs)
            return
        state.outputs = outputs
        self._deployment.file.outputs(state)
        self._tell_outputs(state)
        self.steps.after_component(self._deployment.olds.get(urn), state)

    def _tell_outputs(self, state: ResourceState) -> None:
        """Once more the step of a component or of the stack, now with its outputs."""
        op = self._deployment.ops.get(state.urn)
        if op in ("create", "update", "same"):
            old = self._deployment.olds.get(state.urn)
            self._deployment.reporter.outputs(Step(op, old, state))

    def delete_leftovers(self) -> None:
        """The program has ended: delete what it no longer has."""
        deployment = self._deployment
        if not deployment.stopping:
            states = deleting.chosen(deployment, deleting.leftovers(deployment))
            deleting.Deletions(deployment, self.steps, states).run()

    def close(self, failed: bool) -> None:
        """Record the stack's outputs. After a failure, old ones that are missing now are kept."""
        if self._stack_outputs is None:
            return
        urn, outputs = self._stack_outputs
        state = self._deployment.news[urn]
        state.outputs = {**state.outputs, **outputs} if failed else outputs
        self._deployment.file.outputs(state)
        self._tell_outputs(state)
