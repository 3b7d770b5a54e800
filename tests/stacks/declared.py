"""What the composition of an environment declares, told by an engine that makes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc

from stacks import config, environment
from tests.components.recorder import OUTPUTS, run_apart
from tests.stacks.given import in_stack

ZONES = ("eu-central-1c", "eu-central-1a", "eu-central-1b")
"""As AWS may list them: in no order."""


@dataclass(frozen=True)
class Resource:
    """One resource as the program registered it."""

    type: str
    name: str
    parent: str
    """Type and name of its parent, as in `immutable:service:Service web`."""
    inputs: dict[str, Any]
    kept: bool
    """Whether it stays when the stack is destroyed."""

    @property
    def tags(self) -> dict[str, str] | None:
        """Its tags by key, however the type spells them; None where it takes none."""
        given = self.inputs.get("tags")
        return {each["key"]: each["value"] for each in given} if isinstance(given, list) else given


@dataclass
class Environment:
    """Everything that a stack's program declared, exported and asked."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def one(self, kind: str, name: str) -> Resource:
        """The AWS resource of this type, by the last part of its token, such as `Vpc`."""
        aws = [each for each in self.resources if not each.type.startswith("immutable:")]
        (found,) = [each for each in aws if each.type.endswith(f":{kind}") and each.name == name]
        return found


class _Cloud(mocks.Mocks):
    """Knows the types that components make, and one function: the availability zones."""

    def __init__(self, zones: tuple[str, ...], seen: Environment) -> None:
        self.zones = zones
        self.seen = seen

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ.startswith("immutable:"):
            return "", dict(args.inputs)
        return f"{args.name}-id", {**args.inputs, **OUTPUTS[args.typ](args.name)}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        assert args.token == "aws:index/getAvailabilityZones:getAvailabilityZones", args.token
        self.seen.asked.append(dict(args.args))
        if not self.zones:
            return {}, [("", "no valid\ncredentials")]
        return {"names": list(self.zones)}, []


class _Monitor(mocks.MockMonitor):
    """Keeps what it was asked to register; names repeat between a component and its main resource."""

    def __init__(self, cloud: _Cloud) -> None:
        super().__init__(cloud)
        self.seen = cloud.seen

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        if request.type != "pulumi:pulumi:Stack":
            inputs = rpc.deserialize_properties(request.object)
            self.seen.resources.append(
                Resource(request.type, request.name, _short(request.parent), inputs, request.retainOnDelete)
            )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def _short(urn: str) -> str:
    kind, name = urn.split("::")[2:4]
    return f"{kind.split('$')[-1]} {name}"


def declared(stack: str, values: Mapping[str, Any], zones: tuple[str, ...] = ZONES) -> Environment:
    """Build the environment of this configuration; without zones, AWS refuses to tell them.

    Raises pulumi.RunError as the program would.
    """
    seen = Environment()
    cloud = _Cloud(zones, seen)

    def program() -> None:
        def main() -> pulumi.Output[Any]:
            given = config.load(stack)
            assert isinstance(given, config.EnvironmentConfig)
            exports = environment.build(stack, given)
            return pulumi.Output.all(**exports).apply(seen.outputs.update)

        run_apart(main, _Monitor(cloud), stack)

    in_stack(stack, values, program)
    return seen
