"""What is done to one resource: each step calls the provider, records the outcome, and says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from rehearsal.engine import calls
from rehearsal.engine.callbacks import MAX_RETRIES, CallbackError
from rehearsal.engine.deployment import Deployment
from rehearsal.engine.options import Aborted, Step, Verb
from rehearsal.engine.state import OperationKind, ResourceState, now
from rehearsal.engine.values import Properties, mark_secret_keys
from rehearsal.plugin import PartialFailureError, Provider, ProviderError


class Steps:
    """The steps of one deployment. Each may run in a thread of its own."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._preview = deployment.options.preview

    def same(self, old: ResourceState, new: ResourceState) -> None:
        """Nothing changes but what the program says about the resource (its parent, its options)."""
        new.id, new.outputs = old.id, _marked(old.outputs, new)
        if new.is_provider:
            self._deployment.providers.start(f"{new.urn}::{new.id}", new.type, old.inputs)
        self._deployment.file.commit(new, old)
        self._deployment.keep(new)
        self._deployment.record("same", new)
        self._deployment.reporter.told(Step("same", old, new))

    def create(
        self,
        provider: Provider | None,
        new: ResourceState,
        old: ResourceState | None = None,
        *,
        old_stays: bool = False,
        keys: tuple[str, ...] = (),
        diffs: tuple[str, ...] = (),
    ) -> None:
        """Create; in a replacement `old` is the one before, which `old_stays` until the end if it still
        exists, and `keys` among the changed properties `diffs` force it.
        """
        verb: Literal["create", "replace"] = "create" if old is None else "replace"
        with self._shown(Step(verb, old, new, keys, diffs)):
            self._hooks("BeforeCreate", None, new)
            ticket = self._begin("creating", new)
            failure = None
            if provider is not None:
                try:
                    failure = self._create(provider, new)
                except ProviderError:
                    self._abandon(ticket)
                    raise
            new.created = new.modified = now()
            new.outputs = _marked(new.outputs, new)
            if old is not None and old_stays:
                old.delete = True
                self._deployment.file.commit(old, old)
                self._deployment.file.commit(new, None, ticket)
            else:
                self._deployment.file.commit(new, old, ticket)
            self._deployment.keep(new)
            self._deployment.record(verb, new)
            self._settle(failure)
            if new.custom:
                self._after("AfterCreate", None, new)

    def update(
        self,
        provider: Provider | None,
        old: ResourceState,
        new: ResourceState,
        ignore_changes: list[str],
        diffs: tuple[str, ...] = (),
    ) -> None:
        """Change in place. When the provider fails half-way, the old inputs stay recorded, with the new
        outputs.
        """
        new.id = old.id
        with self._shown(Step("update", old, new, diffs=diffs)):
            self._hooks("BeforeUpdate", old, new)
            ticket = self._begin("updating", new)
            failure = None
            if provider is not None:
                try:
                    failure = self._update(provider, old, new, ignore_changes)
                except ProviderError:
                    self._abandon(ticket)
                    raise
                new.modified = now()
            new.outputs = _marked(new.outputs, new)
            self._deployment.file.commit(new, old, ticket)
            self._deployment.keep(new)
            self._deployment.record("update", new)
            self._settle(failure)
            if new.custom:
                self._after("AfterUpdate", old, new)

    def delete(self, old: ResourceState, *, replacing: bool = False, comes_back: bool = False) -> None:
        """Delete. `replacing`: it is the old one of a replacement; `comes_back`: the new one is yet to be
        created.
        """
        verb: Verb = "discard" if old.external else "delete-replaced" if replacing else "delete"
        if old.protect and not replacing:
            raise ProtectedError(
                f"{old.urn} is protected and cannot be deleted; take `protect` off it and run `up` first"
            )
        with self._shown(Step(verb, old, None)):
            self._hooks("BeforeDelete", old, None)
            ticket = self._begin("deleting", old)
            if self._must_ask(old):
                try:
                    self._delete(old)
                except ProviderError:
                    self._abandon(ticket)
                    raise
            if comes_back:
                old.pending_replacement = True
                self._deployment.file.commit(old, old, ticket)
            else:
                self._deployment.file.commit(None, old, ticket)
            if not replacing:
                self._deployment.record("delete", old)
            self._after("AfterDelete", old, None)

    # --- the provider's part

    def _create(self, provider: Provider, new: ResourceState) -> PartialFailureError | None:
        timeout = new.custom_timeouts.get("create", calls.DEFAULT_TIMEOUT_SECONDS)

        def attempt() -> PartialFailureError | None:
            try:
                state = calls.create(provider, new.urn, new.inputs, timeout, self._preview)
            except PartialFailureError as failure:
                new.id, new.outputs = failure.resource_id, failure.outputs
                new.init_errors = [calls.one_line(failure)]
                raise
            if not state.id and not self._preview:
                raise ProviderError("the provider returned no ID")
            new.id, new.outputs, new.init_errors = state.id, state.outputs, []
            return None

        return self._with_retries(new, None, "create", attempt)

    def _update(
        self, provider: Provider, old: ResourceState, new: ResourceState, ignore_changes: list[str]
    ) -> PartialFailureError | None:
        timeout = new.custom_timeouts.get("update", calls.DEFAULT_TIMEOUT_SECONDS)
        wanted = new.inputs

        def attempt() -> PartialFailureError | None:
            new.inputs = wanted
            try:
                new.outputs = calls.update(
                    provider,
                    new.urn,
                    old.id,
                    old.inputs,
                    old.outputs,
                    wanted,
                    timeout,
                    ignore_changes,
                    self._preview,
                )
            except PartialFailureError as failure:
                new.id, new.outputs, new.inputs = failure.resource_id or old.id, failure.outputs, old.inputs
                new.init_errors = [calls.one_line(failure)]
                raise
            new.init_errors = []
            return None

        return self._with_retries(new, old, "update", attempt)

    def _delete(self, old: ResourceState) -> None:
        provider = self._deployment.provider_of(old)
        timeout = old.custom_timeouts.get("delete", calls.DEFAULT_TIMEOUT_SECONDS)

        def attempt() -> None:
            calls.delete(provider, old.urn, old.id, old.inputs, old.outputs, timeout)

        failure = self._with_retries(old, old, "delete", attempt)
        if failure is not None:
            raise failure

    def _must_ask(self, old: ResourceState) -> bool:
        """Whether the provider has to delete it: not what is only read, retained, gone already or goes with
        something else.
        """
        return (
            not self._preview
            and old.custom
            and not old.external
            and not old.retain_on_delete
            and not old.pending_replacement
            and old.deleted_with not in self._deployment.deleted
        )

    def _with_retries(
        self,
        state: ResourceState,
        old: ResourceState | None,
        operation: str,
        attempt: Callable[[], PartialFailureError | None],
    ) -> PartialFailureError | None:
        """Try until it succeeds or the resource's error hooks give up. Returns the failure that left
        something.
        """
        failures: list[str] = []
        while True:
            try:
                return attempt()
            except ProviderError as error:
                failures.insert(0, calls.one_line(error))
                hooked = bool(state.resource_hooks.get("OnError")) and len(failures) <= MAX_RETRIES
                if hooked and self._deployment.callbacks.retry(state, old, operation, failures):
                    self._deployment.warn(
                        state.urn, f"trying to {operation} again, as an error hook asks for"
                    )
                    continue
                if isinstance(error, PartialFailureError):
                    return error
                raise

    # --- around it

    @contextmanager
    def _shown(self, step: Step) -> Iterator[None]:
        """Wait for a free slot, show the step and its end, and name the resource in what it raises."""
        reporter = self._deployment.reporter
        if self._preview:
            yield
            reporter.told(step)
            return
        with self._deployment.slots:
            self._deployment.go_on()
            reporter.started(step)
            began = time.monotonic()
            try:
                yield
            except (ProviderError, Aborted):
                reporter.failed(step, time.monotonic() - began)
                raise
            reporter.finished(step, time.monotonic() - began)

    def _begin(self, kind: OperationKind, state: ResourceState) -> int | None:
        return self._deployment.file.begin(kind, state) if state.custom and not self._preview else None

    def _abandon(self, ticket: int | None) -> None:
        if ticket is not None:
            self._deployment.file.abandon(ticket)

    def _hooks(self, kind: str, old: ResourceState | None, new: ResourceState | None) -> None:
        state = new or old
        names = state.resource_hooks.get(kind) if state is not None else None
        if names:
            self._deployment.callbacks.run(names, old, new)

    def _after(self, kind: str, old: ResourceState | None, new: ResourceState | None) -> None:
        """A hook that fails afterwards fails the operation, but the step itself is done and recorded."""
        try:
            self._hooks(kind, old, new)
        except CallbackError as error:
            self._deployment.fail((new or old).urn if new or old else "", str(error))  # type: ignore[union-attr]

    def _settle(self, failure: PartialFailureError | None) -> None:
        if failure is not None:
            raise failure

    def after_component(self, old: ResourceState | None, new: ResourceState) -> None:
        """The hooks of a component that was created or updated run when its outputs are registered."""
        op = self._deployment.ops.get(new.urn)
        if op == "create":
            self._after("AfterCreate", None, new)
        elif op == "update":
            self._after("AfterUpdate", old, new)


class ProtectedError(ProviderError):
    """A protected resource was to be deleted; other deletions may go on."""


def _marked(outputs: Properties, new: ResourceState) -> Properties:
    """Outputs with those marked as secret that the program names."""
    return (
        mark_secret_keys(outputs, new.additional_secret_outputs) if new.additional_secret_outputs else outputs
    )
