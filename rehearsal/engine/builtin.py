"""The engine's own provider, package `pulumi`: stack references, the stash, and looking up resources."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from rehearsal.engine.state import ResourceState
from rehearsal.engine.values import Properties, contains_secret, equal
from rehearsal.plugin import UNKNOWN, CheckFailure, Diff, ProviderError, State

PACKAGE = "pulumi"
STACK_REFERENCE = "pulumi:pulumi:StackReference"
STASH = "pulumi:index:Stash"

_ONLY_INPUT = {STACK_REFERENCE: "name", STASH: "input"}

StackOutputs = Callable[[str], tuple[dict[str, Any], list[str]] | None]
"""A stack's outputs by reference (`stack`, `organization/project/stack`) and the names of the secret ones."""


class BuiltinProvider:
    """Unlike other providers it is handed secrets as they are, since a stack's outputs hold them."""

    accepts_secrets = True

    def __init__(self, stack_outputs: StackOutputs, find: Callable[[str], ResourceState | None]) -> None:
        self._stack_outputs = stack_outputs
        self._find = find

    def configure(self, config: Properties) -> None:
        """It has no configuration."""

    def check(
        self, urn: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[CheckFailure]]:
        """Exactly one input, which must be there."""
        del olds, seed
        wanted = _ONLY_INPUT.get(_type(urn))
        if wanted is None:
            raise ProviderError(f"unrecognized resource type {_type(urn)!r}")
        failures = [CheckFailure(key, f'unknown property "{key}"') for key in news if key != wanted]
        if wanted not in news:
            failures.append(CheckFailure(wanted, f'missing required property "{wanted}"'))
        return news, failures

    def diff(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: list[str],
    ) -> Diff:
        """Another stack is another reference; a stash takes a new input without a new output."""
        del resource_id, old_outputs, ignore_changes
        key = _ONLY_INPUT[_type(urn)]
        changed = not equal(old_inputs.get(key), news.get(key))
        replaces = (key,) if changed and _type(urn) == STACK_REFERENCE else ()
        return Diff(changed, replaces, (key,) if changed else ())

    def create(self, urn: str, news: Properties, timeout_seconds: float, preview: bool) -> State:
        """A reference reads the other stack at once; a stash keeps its first input."""
        del timeout_seconds
        new_id = "" if preview else str(uuid.uuid4())
        if _type(urn) == STASH:
            return State(new_id, {"input": news["input"], "output": news["input"]})
        return State(new_id, self._reference(news["name"]))

    def read(self, urn: str, resource_id: str, inputs: Properties, outputs: Properties) -> State | None:
        """A reference is read anew, a stash is what it is."""
        if _type(urn) == STASH:
            return State(resource_id, outputs, inputs)
        if "name" not in inputs:
            raise ProviderError("a stack reference cannot be imported")
        return State(resource_id, self._reference(inputs["name"]), inputs)

    def update(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        timeout_seconds: float,
        ignore_changes: list[str],
        preview: bool,
    ) -> Properties:
        """A stash: the new input beside the output of before."""
        del urn, resource_id, old_inputs, timeout_seconds, ignore_changes, preview
        return {"input": news["input"], "output": old_outputs.get("output")}

    def delete(
        self, urn: str, resource_id: str, inputs: Properties, outputs: Properties, timeout_seconds: float
    ) -> None:
        """Nothing of it is anywhere but in the state."""

    def invoke(self, token: str, args: Properties) -> tuple[Properties, list[CheckFailure]]:
        """`getResource` (by URN) and `readStackOutputs` (by name)."""
        if token == "pulumi:pulumi:getResource":  # noqa: S105
            state = self._find(args["urn"])
            if state is None:
                raise ProviderError(f"unknown resource {args['urn']}")
            return {
                "urn": args["urn"],
                "id": state.id,
                "provider": state.provider,
                "state": state.outputs,
            }, []
        if token == "pulumi:pulumi:readStackOutputs":  # noqa: S105
            return self._reference(args["name"]), []
        raise ProviderError(f"unrecognized function {token!r}")

    def _reference(self, name: str) -> Properties:
        if name == UNKNOWN:
            return {"name": name, "outputs": UNKNOWN, "secretOutputNames": UNKNOWN}
        found = self._stack_outputs(name)
        if found is None:
            raise ProviderError(f"unknown stack {name!r}")
        outputs, _ = found
        secret = sorted(key for key, value in outputs.items() if contains_secret(value))
        return {"name": name, "outputs": outputs, "secretOutputNames": secret}


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]
