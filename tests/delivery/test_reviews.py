"""Review environments for real: made, renewed, swept after their workflow died; against an emulated cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from rehearsal import inventory
from rehearsal.cloud_client import TESTED, CloudProcess
from rehearsal.inventory import Inventory
from rehearsal.workspace import Workspace
from tests.delivery.runner import LOOK_ALIKE
from tests.delivery.workflow_files import ROOT

FIRST, BETTER = "ami-0000000000000000a", "ami-0000000000000000b"
SPEED = 1500.0
"""Emulated seconds in a real one."""
STAGING = f"""\
config:
  aws:region: eu-central-1
  immutable:imageId: {FIRST}
  immutable:network: {{cidr: 10.20.0.0/16}}
  immutable:names: {{zoneId: Z0123456789, domain: staging.example.com}}
  immutable:services:
    web:
      port: 8080
      instanceTypes: [t4g.small, t4g.medium]
      min: 3
      max: 9
      route: {{priority: 100, paths: ["/*"]}}
"""


class Place:
    """A project with staging's file, and a cloud in which nothing of it is up."""

    def __init__(self, workspace: Workspace, cloud: CloudProcess) -> None:
        self.workspace, self.cloud = workspace, cloud
        for file in workspace.project.glob("Pulumi.*.yaml"):
            file.unlink()
        (workspace.project / "Pulumi.staging.yaml").write_text(STAGING)
        cloud.client.register_zone("Z0123456789", "example.com")
        for image in (FIRST, BETTER):
            cloud.client.register_image(f"image-{image[-3:]}", TESTED, image)
        variables = workspace.variables(cloud.url)
        self.variables = {**variables, "PATH": f"{LOOK_ALIKE}{os.pathsep}{variables['PATH']}"}

    def command(self, *arguments: str) -> list[str]:
        release = [sys.executable, "-P", "-m", "scripts.releases", *arguments]
        return [*release, "--project", str(self.workspace.project)]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            self.command(*arguments),
            env={**self.variables, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kill_at(self, operation: str, *arguments: str) -> list[str]:
        """Runs it until the answer to this operation is cut off, and kills it then with all that it has
        started: what was made is there without the state knowing it. Returns what it had printed.
        """
        self.cloud.client.call("faults", {"action": operation, "drop": "after"})
        printed = self.workspace.project.parent / "printed"
        with printed.open("w") as file:
            process = subprocess.Popen(
                self.command(*arguments),
                env={**self.variables, "PYTHONPATH": str(ROOT)},
                stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip
        while not self._faults()[0]["hits"]:
            assert process.poll() is None, printed.read_text()
            time.sleep(0.02)
        for each in [process.pid, *_descendants(process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._faults("DELETE")
        process.wait()
        return printed.read_text().splitlines()

    def _faults(self, method: str = "GET") -> list[dict[str, Any]]:
        asked = urllib.request.Request(f"{self.cloud.url}/rehearsal/faults", method=method)  # noqa: S310
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            faults: list[dict[str, Any]] = json.load(answer)["faults"]
        return faults

    @property
    def files(self) -> set[str]:
        return {path.name for path in self.workspace.project.glob("Pulumi.*.yaml")}

    def holds(self) -> Inventory:
        return inventory.take(self.cloud.url, "eu-central-1")

    def images(self) -> list[str]:
        """Of the servers of review environments that are in service."""
        groups = self.cloud.client.fleet()["groups"]
        return [
            each["image"]
            for group in groups
            for each in group["instances"]
            if group["tags"]["environment"].startswith("pr-") and each["state"] == "InService"
        ]


def _descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            own, parent = stat.parent.name, stat.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        parents.setdefault(int(parent), []).append(int(own))
    found: list[int] = []
    left = [pid]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    base = tmp_path_factory.mktemp("reviews")
    cloud = CloudProcess.start(base / "cloud.log", speed=SPEED).ready()
    try:
        yield Place(Workspace.create(base / "scratch"), cloud)
    finally:
        cloud.stop()


def test_a_review_environment_comes_up_with_its_own_name_and_goes_without_a_trace(place: Place) -> None:
    before = place.holds()
    said = place.run("review", "create", "12", "--from", "staging")
    assert f"pr-12 is up: web runs {FIRST}; https://pr-12.staging.example.com; until " in said
    assert place.images() == [FIRST]
    said = place.run("review", "create", "12", "--from", "staging", "--image", BETTER)
    assert f"pr-12 is up: web runs {BETTER}" in said
    assert place.images() == [BETTER]
    assert place.run("review", "sweep").startswith("pr-12 stays: it is there until ")
    assert place.run("review", "destroy", "12").splitlines()[-1] == "pr-12 is gone"
    assert place.holds() == before
    assert place.files == {"Pulumi.staging.yaml"}


#: What has no tags, or has none yet when it is made: it keeps nothing from going.
WITHOUT_TAGS = {"record": "aws:route53/record:Record", "bucket": "aws:s3/bucket:Bucket"}


def without_tags(lines: list[str]) -> set[str]:
    """Of which kinds something was being made that nobody can tell the environment of."""

    def count(type_: str, verb: str) -> int:
        return sum(f"{type_} " in line and f" {verb}" in line for line in lines)

    return {
        kind for kind, type_ in WITHOUT_TAGS.items() if count(type_, "creating") > count(type_, "created")
    }


@pytest.mark.parametrize(
    ("number", "operation", "kind"),
    [
        (13, "CreateVpc", "VPC"),
        (14, "CreateInternetGateway", "internet gateway"),
        (15, "CreateNatGateway", "NAT gateway"),
    ],
)
def test_what_a_killed_workflow_left_is_swept_from_a_fresh_checkout(
    place: Place, number: int, operation: str, kind: str
) -> None:
    before = place.holds()
    printed = place.kill_at(operation, "review", "create", str(number), "--from", "staging")
    (place.workspace.project / f"Pulumi.pr-{number}.yaml").unlink()
    assert place.holds() > before
    said = place.run("review", "sweep", "--open", "12").splitlines()
    assert [line for line in said if line.startswith(f"deleted {kind} ")]
    assert said[-1] == f"pr-{number} is gone: request {number} is not open"
    assert place.holds() >= before
    assert {kind for kind, _ in place.holds() - before} <= without_tags(printed)
    assert place.files == {"Pulumi.staging.yaml"}
    assert place.run("review", "sweep", "--open", "12") == "there is no review environment\n"
