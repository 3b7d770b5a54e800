"""A stage without a cloud or an engine: both play back what a test says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from rehearsal import container_steps, factory_files, image_steps, provenance
from rehearsal import stage as stage_module
from rehearsal.cloud_client import CloudClient, CloudProcess
from rehearsal.engines import COUNTED, Changed, Operation, Outcome
from rehearsal.fleet import FleetSampler
from rehearsal.provenance import Provenance
from rehearsal.stage import Stage, StepRecord
from rehearsal.told import Finding
from rehearsal.workspace import Workspace

OLD, NEW, BEFORE = "ami-0123456789abcdef0", "ami-0fedcba9876543210", "ami-11111111"
PARENT = "ami-33333333333333333"
DOCUMENT = "phases:\n  - name: build\n    steps:\n      - name: first  # of all\n        action: Reboot\n"
CONTENT = [
    Changed("aws:imagebuilder/component:Component", "service-service", "replace"),
    Changed("aws:imagebuilder/imageRecipe:ImageRecipe", "service", "replace"),
    Changed("aws:imagebuilder/imagePipeline:ImagePipeline", "service", "update"),
    Changed("aws:imagebuilder/distributionConfiguration:DistributionConfiguration", "service", "update"),
]
TEMPLATE = Changed("aws:ec2/launchTemplate:LaunchTemplate", "web", "update")
REFRESH = Changed("pulumi-python:dynamic/immutable:InstanceRefresh", "web", "update")
NETWORK = Changed("aws:ec2/vpc:Vpc", "network", "update")


class FakeClient:
    """The admin interface of a cloud whose fleets run what the test says: one group each, of two servers."""

    def __init__(self) -> None:
        self.images: list[str] = []
        self.registered: dict[str, dict[str, Any]] = {}
        self.speeds: list[float] = []
        self.certificates: list[str] = []
        self.zones: dict[str, str] = {}
        self.fleets: dict[str, str] = {}
        self.servers: dict[str, list[str]] = {}
        self.sick: set[str] = set()
        self.at = 0.0
        self.passes: Callable[[], None] = lambda: None

    def register_image(
        self, name: str, tags: dict[str, str], image_id: str | None = None, **more: str
    ) -> str:
        self.images.append(image_id or NEW)
        self.registered[image_id or NEW] = {"name": name, "tags": tags, **more}
        return image_id or NEW

    def speed(self, speed: float | None = None) -> float:
        self.speeds += [] if speed is None else [speed]
        return 500.0

    def register_certificate(self, arn: str, domain: str) -> None:
        self.certificates.append(arn)

    def register_zone(self, zone_id: str, domain: str) -> None:
        self.zones[zone_id] = domain

    def step_clock(self, seconds: float) -> None:
        self.at += seconds
        self.passes()

    def fleet(self) -> dict[str, Any]:
        groups = []
        for name, image in self.fleets.items():
            ids = self.servers.get(name, [f"i-{name}1", f"i-{name}2"])
            instances = [
                {
                    "id": each,
                    "image": image,
                    "state": "InService",
                    "health": "unhealthy" if each in self.sick else "healthy",
                }
                for each in ids
            ]
            tags = {"environment": name, "service": "web"}
            groups.append({"group": f"{name}-web", "tags": tags, "desired": 2, "instances": instances})
        return {"at": self.at, "groups": groups}


class FakeEngine:
    """Plays back what operations change; an up lets the fleet run what the configuration names."""

    name = "embedded"

    def __init__(self, stage: Callable[[], Stage]) -> None:
        self.stage = stage
        self.ran: list[str] = []
        self.changes: dict[str, list[Changed]] = {}
        self.variables: dict[str, str] = {}
        self.error: str | None = None
        self.findings: tuple[Finding, ...] = ()
        self.packs: tuple[str, ...] = ()
        self.during: Callable[[], None] = lambda: None
        self.rolls = True

    def run(self, operation: Operation, environment: str, on_line: Any = None) -> Outcome:
        self.ran.append(f"{operation} {environment}")
        self.during()
        # Of one stack alone, such as `up images`, or of all of them.
        changed = tuple(self.changes.get(self.ran[-1], self.changes.get(operation, ())))
        counts = {op: sum(each.op == op for each in changed) for op in COUNTED}
        if operation == "up" and self.rolls and environment != "images":
            fleets = cast(FakeClient, self.stage().cloud.client).fleets
            fleets[environment] = self.stage().workspace.image(environment)
        ok = self.error is None
        return Outcome(
            ok,
            operation,
            environment,
            {**counts, "same": 5},
            changed,
            1,
            1,
            1,
            error=self.error,
            exit_code=0 if ok else 1,
            findings=self.findings,
            packs=self.packs,
        )


def make_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage on a scratch copy of three small files, with the release command as it should be."""
    source = tmp_path / "source"
    _write_factory(source)
    for name, image in (("staging", OLD), ("prod", BEFORE)):
        (source / f"Pulumi.{name}.yaml").write_text(
            f"config:\n  aws:region: eu-central-1\n  # the image\n  immutable:imageId: {image}\n"
        )
    monkeypatch.setattr(stage_module, "SETTLE_SECONDS", 0.1)
    monkeypatch.setattr(image_steps, "held", lambda _: frozenset())
    monkeypatch.setattr(image_steps, "clear", lambda *_: None)
    monkeypatch.setattr(container_steps, "clear", lambda *_: None)
    monkeypatch.setattr(provenance, "read", lambda _, image, regions: built(image, regions))

    class FakeCloud:
        url = "http://127.0.0.1:1"
        client = FakeClient()

    made: list[Stage] = []
    made.append(
        Stage(
            Workspace.create(tmp_path / "scratch", source),
            factory_files.find(source),
            cast(CloudProcess, FakeCloud()),
            FakeEngine(lambda: made[0]),
            FleetSampler(cast(CloudClient, FakeCloud.client)),
            {},
            lambda _: None,
            image=OLD,
            new_image=NEW,
        )
    )
    monkeypatch.setattr(Stage, "release", release)
    return made[0]


def _write_factory(source: Path) -> None:
    """The stack that builds images, with one recipe of one document."""
    for folder in ("recipes", "documents"):
        (source / "images" / folder).mkdir(parents=True)
    (source / "images/documents/service.yaml").write_text(DOCUMENT)
    (source / "images/recipes/service.yaml").write_text(
        f'parent: {{id: {PARENT}, owner: "136693071363", name: "debian-*"}}\narchitecture: arm64\n'
    )
    (source / "Pulumi.images.yaml").write_text(
        "config:\n  aws:region: eu-central-1\n  immutable:recipes: {service: {}}\n"
        "  immutable:distribution: {regions: [eu-west-1]}\n"
    )


def built(image: str, regions: Sequence[str]) -> Provenance:
    """An image of the factory as it should be."""
    return Provenance(
        image, "service", "0123456789abcdef", "c" * 40, PARENT, "passed", "critical=0", "arn:build",
        dict.fromkeys(regions, image),
    )  # fmt: skip


def release(stage: Stage, *arguments: str) -> str:
    """The release command as it should be: it changes one line of one file."""
    command = arguments[0]
    environment = arguments[{"promote": 2, "bake": -1}.get(command, 1)]
    image = {
        "bake": NEW,
        "promote": stage.workspace.image("staging"),
        "set-image": arguments[-1],
        "rollback": OLD,
    }[command]
    file = stage.workspace.config_file(environment)
    file.write_text(file.read_text().replace(stage.workspace.image(environment), image))
    return ""


def engine(stage: Stage) -> FakeEngine:
    return cast(FakeEngine, stage.engine)


def client(stage: Stage) -> FakeClient:
    return cast(FakeClient, stage.cloud.client)


def record() -> StepRecord:
    return StepRecord("step", "Title")
