"""What policy packs think of a deployment: each resource before its step, and all of them at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from rehearsal.engine.analyzers import Analyzer
from rehearsal.engine.goal import Goal
from rehearsal.engine.options import Finding
from rehearsal.engine.state import STACK_TYPE, ResourceState
from rehearsal.engine.values import Properties, to_struct


class Guardrails:
    """All policy packs of an operation. May be asked from several threads."""

    def __init__(self, analyzers: Sequence[Analyzer]) -> None:
        self._analyzers = analyzers

    @property
    def packs(self) -> dict[str, str]:
        """The packs with their versions, under the names that Pulumi's summary has for them."""
        return {f"{each.name}|local|{each.directory}": each.version for each in self._analyzers}

    def resource(self, goal: Goal, new: ResourceState, provider: ResourceState | None) -> list[Finding]:
        """What is wrong with one resource, by its inputs after the provider's check. Raises RehearsalError
        when a pack cannot tell.
        """
        if not self._analyzers:
            return []
        from pulumi.runtime.proto import analyzer_pb2

        request = analyzer_pb2.AnalyzeRequest(
            type=new.type,
            properties=_properties(new.inputs),
            urn=new.urn,
            name=new.name,
            options=_options(new, goal),
            provider=_provider(provider),
        )
        return [finding for each in self._analyzers for finding in each.analyze(request)]

    def stack(self, states: Iterable[ResourceState], goals: dict[str, Goal]) -> list[Finding]:
        """What is wrong with the stack as a whole, by the outputs that its resources have in the end. Raises
        RehearsalError when a pack cannot tell.
        """
        if not self._analyzers:
            return []
        from pulumi.runtime.proto import analyzer_pb2

        known = {state.urn: state for state in states}
        resources = [
            analyzer_pb2.AnalyzerResource(
                type=state.type,
                properties=_properties(state.outputs),
                urn=state.urn,
                name=state.name,
                options=_options(state, goals.get(state.urn)),
                provider=_provider(known.get(state.provider_urn)),
                parent=state.parent,
                dependencies=state.dependencies,
                propertyDependencies={
                    key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
                    for key, urns in state.property_dependencies.items()
                    if urns
                },
            )
            for state in known.values()
        ]
        request = analyzer_pb2.AnalyzeStackRequest(resources=resources)
        root = next((state.urn for state in known.values() if state.type == STACK_TYPE), "")
        found = [finding for each in self._analyzers for finding in each.analyze_stack(request)]
        # What is about no resource that is there is about the stack.
        return [each if each.urn in known else replace(each, urn=root) for each in found]


def _properties(properties: Properties) -> Any:
    """As the protocol has them: secrets marked, unknowns as they are, the engine's own keys left out."""
    return to_struct({key: value for key, value in properties.items() if not key.startswith("__")})


def _provider(state: ResourceState | None) -> Any:
    from pulumi.runtime.proto import analyzer_pb2

    if state is None:
        return None
    return analyzer_pb2.AnalyzerProviderResource(
        type=state.type, properties=_properties(state.inputs), urn=state.urn, name=state.name
    )


def _options(state: ResourceState, goal: Goal | None) -> Any:
    from pulumi.runtime.proto import analyzer_pb2

    first = goal.delete_before_replace if goal is not None else None
    timeouts = {name: seconds for name, seconds in state.custom_timeouts.items() if seconds}
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=state.protect,
        ignoreChanges=state.ignore_changes,
        deleteBeforeReplace=bool(first),
        deleteBeforeReplaceDefined=first is not None,
        additionalSecretOutputs=state.additional_secret_outputs,
        aliases=state.aliases,
        customTimeouts=analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts(**timeouts),
        parent=state.parent,
    )
