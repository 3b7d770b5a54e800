"""Refresh: read what exists and put it into the state."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rehearsal.engine import calls
from rehearsal.engine.deployment import Deployment
from rehearsal.engine.options import Op, Step
from rehearsal.engine.state import ResourceState, now
from rehearsal.engine.values import equal
from rehearsal.plugin import PartialFailureError, ProviderError, State


class Refresh:
    """Reads every resource among the targets, several at once, and makes the outcome the deployment's old
    state.
    """

    def __init__(self, deployment: Deployment, *, counted: bool) -> None:
        """`counted`: it is an operation of its own, so that what it finds is what the operation did."""
        self._deployment = deployment
        self._counted = counted

    def run(self) -> None:
        """Refresh all. A resource that cannot be read is reported and left as it is."""
        context = contextvars.copy_context()
        resources = self._deployment.resources
        with ThreadPoolExecutor(self._deployment.options.parallel) as pool:
            fresh = list(pool.map(lambda state: context.copy().run(self._one, state), resources))
        gone = {
            state.urn for state, new in zip(resources, fresh, strict=True) if new is None and not state.delete
        }
        kept = []
        for old, new in zip(resources, fresh, strict=True):
            if new is not None:
                kept.append(self._without(new, old, gone))
        # Last to first, so that nothing that is left needs what is taken away.
        for old, new in reversed(list(zip(resources, fresh, strict=True))):
            if new is None:
                self._deployment.file.commit(None, old)
        self._deployment.rebase(kept)

    def _without(self, new: ResourceState, old: ResourceState, gone: set[str]) -> ResourceState:
        """The state without references to what is gone, recorded."""
        if new.needs() & gone:
            new = replace(
                new,
                dependencies=[urn for urn in new.dependencies if urn not in gone],
                property_dependencies={
                    key: [urn for urn in urns if urn not in gone]
                    for key, urns in new.property_dependencies.items()
                },
                parent="" if new.parent in gone else new.parent,
                deleted_with="" if new.deleted_with in gone else new.deleted_with,
            )
        if new is not old:
            self._deployment.file.commit(new, old)
        return new

    def _one(self, old: ResourceState) -> ResourceState | None:
        """The state as it is now: the same object when nothing is to be recorded, None when it is gone."""
        if (
            not old.custom
            or old.is_provider
            or old.pending_replacement
            or self._deployment.stopping
            or not self._deployment.is_targeted(old)
        ):
            self._count("same", old)
            return old
        try:
            return self._read(old)
        except ProviderError as error:
            self._deployment.fail(old.urn, f"refreshing failed: {calls.one_line(error)}")
            return old

    def _read(self, old: ResourceState) -> ResourceState | None:
        provider = self._deployment.provider_of(old)
        init_errors = []
        with self._deployment.slots:
            try:
                found = calls.read(provider, old.urn, old.id, old.inputs, old.outputs)
            except PartialFailureError as failure:
                init_errors = [calls.one_line(failure)]
                self._deployment.warn(old.urn, f"the resource is in an unhealthy state: {init_errors[0]}")
                found = State(failure.resource_id or old.id, failure.outputs)
        if found is None:
            self._deployment.reporter.told(Step("delete", old, None))
            self._count("delete", old)
            return None
        inputs = old.inputs if found.inputs is None else found.inputs
        is_known = found.id == old.id and init_errors == old.init_errors
        if is_known and equal(found.outputs, old.outputs) and equal(inputs, old.inputs):
            self._count("same", old)
            return old
        new = replace(
            old, id=found.id, inputs=inputs, outputs=found.outputs, init_errors=init_errors, modified=now()
        )
        # What an `up` of the unchanged program would say, seen from the other side.
        drift = calls.diff(
            provider, new.urn, new.id, new.inputs, new.outputs, old.inputs, old.ignore_changes
        ).changed
        if drift:
            self._deployment.reporter.told(Step("refresh", old, new))
        self._count("update" if drift else "same", new)
        return new

    def _count(self, op: Op, state: ResourceState) -> None:
        if self._counted and not state.delete:
            self._deployment.record(op, state)
