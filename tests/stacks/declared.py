"""What the composition of a stack declares, told by an engine that makes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc

from images.recipes import FOLDER
from stacks import config, delivery, environment, images
from stacks.delivery_sections import DeliveryConfig
from stacks.factory import FactoryConfig
from tests.components.recorder import outputs_of, run_apart
from tests.stacks.given import in_stack

TESTED = {
    "immutable:recipe": "service",
    "immutable:recipe-hash": "0123456789abcdef",
    "immutable:commit": "c0ffee",
    "immutable:parent": "ami-11111111",
    "immutable:tests": "passed",
    "immutable:findings": "critical=0 high=0 medium=0",
}
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
    protected: bool = False
    """Whether the engine refuses to delete or replace it."""
    urn: str = ""
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The URNs that each input comes from."""
    ignored: tuple[str, ...] = ()
    """Inputs that a later `up` leaves as they are."""
    provider: str = ""
    """The name of the provider that makes it, where it is not the default one."""
    after: tuple[str, ...] = ()
    """The URNs of all that is there before it."""

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
    asked: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Arguments of each function that was called, by its name."""

    def one(self, kind: str, name: str) -> Resource:
        """The AWS resource of this type, by the last part of its token, such as `Vpc`."""
        aws = [each for each in self.resources if not each.type.startswith("immutable:")]
        (found,) = [each for each in aws if each.type.endswith(f":{kind}") and each.name == name]
        return found


Answer = dict[str, Any] | str
"""A function's result, or the text of its error."""


@dataclass(frozen=True)
class Account:
    """An account in which every image is there, tested and scanned, but for these changes.

    `image` changes what is told of all images, or is AWS's error. `runs` are the types of their architecture,
    None for all; `snapshots` the keys by snapshot and `keys` their states by key, or AWS's errors. `zone` is
    what the hosted zone is, or AWS's error.
    """

    image: Mapping[str, Any] | str = field(default_factory=dict)
    runs: tuple[str, ...] | None = None
    snapshots: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    zone: Mapping[str, Any] | str = field(default_factory=dict)
    containers: Mapping[str, str] = field(default_factory=dict)
    """What ECR says instead of that an image is there, by its digest."""

    def answers(self) -> dict[str, Any]:
        return {
            "getAmi": self._image,
            "getImage": self._container,
            "getInstanceTypes": self._types,
            "getSnapshot": self._snapshot,
            "getKey": self._key,
            "getZone": self._zone,
            "getInstances": {"instanceIdentifiers": []},
            "getEngineVersion": self._engine_version,
        }

    def _container(self, args: Mapping[str, Any]) -> Answer:
        return self.containers.get(args["imageDigest"], {**args, "imageTags": []})

    def _engine_version(self, args: Mapping[str, Any]) -> Answer:
        return {**args, "validUpgradeTargets": []}

    def _zone(self, args: Mapping[str, Any]) -> Answer:
        if isinstance(self.zone, str):
            return self.zone
        return {**args, "name": "example.com", "privateZone": False, **self.zone}

    def _image(self, args: Mapping[str, Any]) -> Answer:
        if isinstance(self.image, str):
            return self.image
        (wanted,) = args["filters"]
        assert (wanted["name"], args["includeDeprecated"]) == ("image-id", True)
        told = {"state": "available", "architecture": "arm64", "deprecationTime": "", "tags": TESTED}
        disks = self.image.get("disks", {"snap-1": "false"})
        devices = [
            {"deviceName": "/dev/xvda", "ebs": {"encrypted": encrypted, "snapshot_id": snapshot}}
            for snapshot, encrypted in disks.items()
        ]
        return {**told, "blockDeviceMappings": devices, "imageId": wanted["values"][0], **self.image}

    def _types(self, args: Mapping[str, Any]) -> Answer:
        values = {each["name"]: each["values"] for each in args["filters"]}
        assert values["processor-info.supported-architecture"] == ["arm64"]
        return {
            "instanceTypes": [
                each for each in values["instance-type"] if self.runs is None or each in self.runs
            ]
        }

    def _snapshot(self, args: Mapping[str, Any]) -> Answer:
        (wanted,) = args["filters"]
        assert wanted["name"] == "snapshot-id"
        key = self.snapshots.get(wanted["values"][0], "Your query returned no results.")
        return key if " " in key else {"kmsKeyId": key}

    def _key(self, args: Mapping[str, Any]) -> Answer:
        state = self.keys[args["keyId"]]
        return state if " " in state else {"keyState": state}


class _Cloud(mocks.Mocks):
    """Knows the types that components make, and the functions that the composition calls."""

    def __init__(self, zones: tuple[str, ...], account: Account, seen: Environment) -> None:
        self.seen = seen
        self.answers: dict[str, Any] = {
            **account.answers(),
            "getAvailabilityZones": {"names": list(zones)} if zones else "no valid\ncredentials",
        }

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ.startswith("immutable:"):
            return "", dict(args.inputs)
        return f"{args.name}-id", outputs_of(args)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        name = args.token.rpartition(":")[2]
        self.seen.asked.setdefault(name, []).append(dict(args.args))
        answer = self.answers[name]
        if callable(answer):
            answer = answer(args.args)
        return ({}, [("", answer)]) if isinstance(answer, str) else (answer, [])


class _Monitor(mocks.MockMonitor):
    """Keeps what it was asked to register; names repeat between a component and its main resource."""

    def __init__(self, cloud: _Cloud) -> None:
        super().__init__(cloud)
        self.seen = cloud.seen

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            self.seen.resources.append(
                Resource(
                    request.type,
                    request.name,
                    _short(request.parent),
                    rpc.deserialize_properties(request.object),
                    request.retainOnDelete,
                    request.protect,
                    response.urn,
                    {key: tuple(each.urns) for key, each in request.propertyDependencies.items()},
                    tuple(request.ignoreChanges),
                    _provider(request.provider),
                    tuple(request.dependencies),
                )
            )
        return response


def _provider(reference: str) -> str:
    """The name in a provider's URN and ID; nothing of the default one."""
    return reference.split("::")[3] if reference else ""


def _short(urn: str) -> str:
    kind, name = urn.split("::")[2:4]
    return f"{kind.split('$')[-1]} {name}"


def declared(
    stack: str,
    values: Mapping[str, Any],
    zones: tuple[str, ...] = ZONES,
    account: Account = Account(),
    folder: Path = FOLDER,
) -> Environment:
    """Build the stack of this configuration; without zones, AWS refuses to tell them.

    `folder` holds the recipes of a factory. Raises pulumi.RunError as the program would.
    """
    seen = Environment()
    cloud = _Cloud(zones, account, seen)

    def program() -> None:
        def main() -> pulumi.Output[Any]:
            given = config.load(stack)
            if isinstance(given, FactoryConfig):
                exports = images.build(stack, given, folder)
            elif isinstance(given, DeliveryConfig):
                exports = delivery.build(stack, given)
            else:
                exports = environment.build(stack, given)
            return pulumi.Output.all(**exports).apply(seen.outputs.update)

        run_apart(main, _Monitor(cloud), stack)

    in_stack(stack, values, program)
    return seen
