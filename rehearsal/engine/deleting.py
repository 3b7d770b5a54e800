"""Deletions at the end of an operation: what goes, and in what order.

A resource goes when everything that needs it is gone; what does not hang together goes at the same time.
"""

from __future__ import annotations

import contextvars
from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from rehearsal.engine import calls
from rehearsal.engine.deployment import Deployment
from rehearsal.engine.options import Aborted
from rehearsal.engine.state import ResourceState
from rehearsal.engine.steps import ProtectedError, Steps
from rehearsal.plugin import ProviderError


def leftovers(deployment: Deployment) -> list[ResourceState]:
    """What the program no longer has, and what is left of replacements."""
    return [state for state in deployment.resources if state.delete or not deployment.operated(state.urn)]


def chosen(deployment: Deployment, candidates: list[ResourceState]) -> list[ResourceState]:
    """Those of the candidates that the targets allow. Reports what needs a target but is not one itself."""
    if not deployment.targets.limited:
        return candidates
    wanted = [state for state in candidates if state.urn in deployment.targets]
    implied = _needing(candidates, wanted)
    if not deployment.options.target_dependents:
        for state in implied:
            deployment.fail_later(
                state.urn,
                f"{state.urn} hangs on a target, so it has to go too; name it as a target as well "
                "(or pass --target-dependents)",
            )
        if implied and not deployment.options.preview:
            return []
    kept = {id(state) for state in (*wanted, *implied)}
    return [state for state in candidates if id(state) in kept]


def _needing(candidates: list[ResourceState], wanted: list[ResourceState]) -> list[ResourceState]:
    """The candidates that need one of `wanted`, directly or not, but not those themselves."""
    urns = {state.urn for state in wanted}
    own = {id(state) for state in wanted}
    found = []
    for state in candidates:
        if id(state) not in own and state.needs() & urns:
            urns.add(state.urn)
            found.append(state)
    return found


class Deletions:
    """Runs a set of deletions in reverse dependency order, as parallel as the operation allows."""

    def __init__(self, deployment: Deployment, steps: Steps, states: list[ResourceState]) -> None:
        self._deployment = deployment
        self._steps = steps
        self._states = states
        self._waits_for, self._frees = _edges(states)

    def run(self) -> None:
        """Delete all; what a failure leaves standing keeps what it needs. Failures are reported."""
        self._deployment.deleted.update(state.urn for state in self._states)
        ready = [position for position, count in enumerate(self._waits_for) if count == 0]
        if self._deployment.options.preview:
            self._run_here(ready)
            return
        context = contextvars.copy_context()
        with ThreadPoolExecutor(self._deployment.options.parallel) as pool:
            running: dict[Future[bool], int] = {}
            while ready or running:
                for position in ready:
                    running[pool.submit(context.copy().run, self._delete, self._states[position])] = position
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                ready = [
                    freed for future in done for freed in self._released(running.pop(future), future.result())
                ]

    def _run_here(self, ready: list[int]) -> None:
        while ready:
            position = ready.pop()
            ready.extend(self._released(position, self._delete(self._states[position])))

    def _released(self, position: int, gone: bool) -> list[int]:
        released = []
        for other in self._frees[position] if gone else ():
            self._waits_for[other] -= 1
            if self._waits_for[other] == 0:
                released.append(other)
        return released

    def _delete(self, state: ResourceState) -> bool:
        if self._deployment.stopping:
            return False
        try:
            self._steps.delete(state, replacing=state.delete)
        except ProtectedError as error:
            self._deployment.fail_later(state.urn, str(error))
            return False
        except Aborted:
            return False
        except ProviderError as error:
            self._deployment.fail(state.urn, f"deleting failed: {calls.one_line(error)}")
            return False
        return True


def _edges(states: list[ResourceState]) -> tuple[list[int], list[list[int]]]:
    """For each state: how many others need it, and which ones it frees when it is gone.

    A dependency is on a state that stands before, so that two states of one URN cannot wait for each other.
    """
    by_urn: dict[str, list[int]] = defaultdict(list)
    waits_for = [0] * len(states)
    frees: list[list[int]] = [[] for _ in states]
    for position, state in enumerate(states):
        for urn in state.needs():
            for earlier in by_urn[urn]:
                waits_for[earlier] += 1
                frees[position].append(earlier)
        by_urn[state.urn].append(position)
    return waits_for, frees
