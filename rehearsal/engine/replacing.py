"""Replacements that delete first: what else has to go before the old resource can."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from rehearsal.engine import calls
from rehearsal.engine.deployment import Deployment
from rehearsal.engine.planning import with_replace_on_changes
from rehearsal.engine.state import ResourceState
from rehearsal.engine.values import UNKNOWN


def dependents(deployment: Deployment, root: ResourceState) -> list[ResourceState]:
    """The old resources that must be deleted before `root` is, each after those that it hangs on.

    These are the ones that would have to be replaced if what they take from a deleted resource changed;
    whether they would, their providers say. What the program registered again already does not hang on `root`
    any more. Called with the deployment's lock held.
    """
    going: dict[str, ResourceState] = {root.urn: root}
    index = _index(deployment.resources)
    for state in _reachable(deployment, root, index):
        if _must_go(deployment, state, going):
            going[state.urn] = state
    del going[root.urn]
    for state in deployment.olds.values():
        if state.urn in going or state.urn == root.urn or _settled(deployment, state):
            continue
        if root.urn in state.replace_with or state.deleted_with == root.urn:
            going[state.urn] = state
    return list(going.values())


def _index(resources: Iterable[ResourceState]) -> dict[str, list[int]]:
    """Positions of the resources that need a URN, by that URN."""
    index = defaultdict(list)
    for position, state in enumerate(resources):
        for urn in state.needs() - {state.parent}:
            index[urn].append(position)
    return index


def _reachable(
    deployment: Deployment, root: ResourceState, index: dict[str, list[int]]
) -> list[ResourceState]:
    """All that needs `root`, directly or not, in the order of the state."""
    found: set[int] = set()
    frontier = [root.urn]
    while frontier:
        for position in index.get(frontier.pop(), ()):
            state = deployment.resources[position]
            if position not in found and not _settled(deployment, state):
                found.add(position)
                frontier.append(state.urn)
    return [deployment.resources[position] for position in sorted(found)]


def _settled(deployment: Deployment, state: ResourceState) -> bool:
    return state.delete or deployment.operated(state.urn) or state.urn in deployment.gone_early


def _must_go(deployment: Deployment, state: ResourceState, going: dict[str, ResourceState]) -> bool:
    if not state.custom or state.external:
        return False
    if state.provider_urn in going or (state.deleted_with and state.deleted_with in going):
        return True
    touched = {
        key
        for key, urns in state.property_dependencies.items()
        if key in state.inputs and any(urn in going for urn in urns)
    }
    if not touched:
        return False
    inputs = {key: UNKNOWN if key in touched else value for key, value in state.inputs.items()}
    provider = deployment.provider_of(state)
    diff = calls.diff(
        provider, state.urn, state.id, state.inputs, state.outputs, inputs, state.ignore_changes
    )
    return bool(with_replace_on_changes(diff, state.replace_on_changes, False).replaces)
