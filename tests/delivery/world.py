"""A project with its shared repository, its GitHub and its cloud: all in a scratch folder and on loopback.

The project is this one, file by file, with smaller environments: one service, no database. Nothing is
written into the checkout that the tests run from.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import factory_files
from rehearsal.cloud.local import CREDENTIALS
from rehearsal.cloud_client import TESTED, CloudProcess
from rehearsal.workspace import Workspace
from tests.delivery import github_server
from tests.delivery.checkouts import Checkout
from tests.delivery.github_server import Repository
from tests.delivery.runner import LOOK_ALIKE, Done, Event, Runner
from tests.delivery.workflow_files import FOLDER, ROOT

FIRST, BETTER, BAD = (f"ami-{number:017x}" for number in (0xA, 0xB, 0xBAD))
BEHAVIOUR = "rehearsal:behaviour"
SPEED = 1500.0
"""Emulated seconds in a real one: half an hour of soak is a bit more than a second."""

PROJECT = (
    "__main__.py", "Pulumi.yaml", "pyproject.toml", "components", "functions", "images", "stacks", "policies",
    "scripts", "requirements", "requirements.txt", ".gitignore", ".github",
)  # fmt: skip
CONFIG = """\
config:
  aws:region: eu-central-1
  immutable:imageId: {image}
  immutable:permissionsBoundary: {boundary}
  immutable:network:
    cidr: 10.{block}.0.0/16
    zones: 2
    egress: single-nat
  immutable:names:
    zoneId: Z0123456789
    domain: {name}.example.com
  immutable:loadBalancer:
    scheme: internet-facing
    deletionProtection: false
  immutable:logs:
    retentionDays: 30
    archive: {{expireAfterDays: 30}}
    retainOnDestroy: false
  immutable:services:
    web:
      port: 8080
      instanceTypes: [t4g.small, t4g.medium]
      min: 2
      max: 4
      maxInstanceLifetimeDays: 7
      route: {{priority: 100, paths: ["/*"]}}
  immutable:tags:
    owner: platform
"""
BLOCKS = {"staging": 20, "prod": 30}


DELIVERY = f"""\
config:
  aws:region: eu-central-1
  immutable:delivery:
    repository: {github_server.REPOSITORY}
    state:
      bucket: immutable-state
      keyArn: arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9
    environments:
      staging: {{}}
      prod: {{}}
      images: {{kind: factory}}
      review: {{stacks: pr-*}}
"""
IMAGES = """\
config:
  aws:region: eu-central-1
  immutable:permissionsBoundary: {boundary}
  immutable:recipes:
    service: {{}}
  immutable:network:
    cidr: 10.40.0.0/16
    zones: 2
    egress: single-nat
  immutable:logs:
    retentionDays: 30
  immutable:tags:
    owner: platform
"""


@dataclass
class World:
    """`merge` is a person's change of main; `event` and `workflow` are what GitHub does about it."""

    checkout: Checkout
    github: Repository
    cloud: CloudProcess
    variables: dict[str, str]
    artifacts: Path
    backend: Path
    roles: str = ""
    approves: Callable[[str], bool] = lambda _: True

    def merge(self, files: dict[str, str], message: str) -> str:
        """A change comes to main, upon all that is there. Returns the commit."""
        self.checkout.at("origin/main")
        return self.checkout.commit(files, message)

    def workflow(self, name: str, event: Event) -> dict[str, Done]:
        """Runs `.github/workflows/NAME.yml` to its end."""
        runner = Runner(
            checkout=self.checkout,
            variables=self.variables,
            repository_variables={
                "ROLES": self.roles,
                "AWS_REGION": "eu-central-1",
                "PULUMI_BACKEND_URL": self.backend.as_uri(),
            },
            token=github_server.TOKEN,
            artifacts=self.artifacts,
            approves=self.approves,
        )
        return runner.run(FOLDER / f"{name}.yml", event)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of a person with credentials and a `pulumi`, in what is checked out."""
        path = f"{LOOK_ALIKE}{os.pathsep}{self.variables['PATH']}"
        mine = {**CREDENTIALS, "PATH": path, "PULUMI_BACKEND_URL": self.backend.as_uri()}
        return subprocess.run(
            [str(self.checkout.directory / command[0]), *command[1:]],
            cwd=self.checkout.directory,
            env={**self.variables, **mine},
            capture_output=True,
            text=True,
            check=False,
        )

    def pulumi(self, *arguments: str) -> str:
        """What the rehearsal's `pulumi` prints, run by a person with an administrator's rights."""
        done = self.run(str(LOOK_ALIKE / "pulumi"), *arguments, "--non-interactive")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def serving(self, environment: str) -> dict[str, int]:
        """How many servers of an environment are in service and healthy, by image."""
        found: dict[str, int] = {}
        for group in self.cloud.client.fleet()["groups"]:
            if group["tags"].get("environment") != environment:
                continue
            for each in group["instances"]:
                if each["state"] == "InService" and each["health"] == "healthy":
                    found[each["image"]] = found.get(each["image"], 0) + 1
        return found

    def configured(self, environment: str, branch: str = "main") -> str:
        """The image that a branch's file of the environment names."""
        text = self.github.file(branch, f"Pulumi.{environment}.yaml")
        return text.partition("imageId: ")[2].split()[0]


@contextmanager
def world(base: Path) -> Iterator[World]:
    """All of it, until the end; no environment is up yet."""
    workspace = Workspace(base, source=base / "project")
    for folder in (workspace.state, base / "home", base / "artifacts"):
        folder.mkdir(parents=True)
    checkout = Checkout.create(base, {"Pulumi.delivery.yaml": DELIVERY}, "project")
    _take_project(checkout.directory)
    cloud = CloudProcess.start(base / "cloud.log", speed=SPEED).ready()
    try:
        with github_server.serving(checkout.shared) as github:
            _prepare(cloud, checkout.directory)
            variables = _variables(workspace, cloud, github)
            made = World(checkout, github, cloud, variables, base / "artifacts", workspace.state)
            _begin(made)
            yield made
    finally:
        cloud.stop()


def _begin(made: World) -> None:
    """What a person with an administrator's rights does once, as docs/workflows.md says: the roles, and a
    stack for each environment, whose file then holds what Pulumi writes into it.
    """
    for command in (("stack", "init", "delivery"), ("up", "--stack", "delivery", "--yes", "--skip-preview")):
        made.pulumi(*command)
    made.roles = made.pulumi("stack", "output", "roles", "--json", "-s", "delivery")
    boundary = json.loads(made.pulumi("stack", "output", "boundaries", "--json", "-s", "delivery"))
    texts = {
        name: CONFIG.format(name=name, image=FIRST, block=block, boundary=boundary["environment"])
        for name, block in BLOCKS.items()
    }
    for name, text in {**texts, "images": IMAGES.format(boundary=boundary["factory"])}.items():
        made.checkout.write({f"Pulumi.{name}.yaml": text})
        made.pulumi("stack", "init", name)
    made.checkout.commit({}, "The project")


def _take_project(directory: Path) -> None:
    for name in PROJECT:
        there = ROOT / name
        if there.is_dir():
            shutil.copytree(there, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif there.exists():
            shutil.copy2(there, directory / name)
    # The packages of the tests are those that the project asks for: nothing is installed.
    (directory / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    exclude = directory / ".git" / "info" / "exclude"
    exclude.write_text("/.venv\n")


def _prepare(cloud: CloudProcess, project: Path) -> None:
    """What the account holds before: the zone, what recipes start from, and images of builds of before."""
    client = cloud.client
    for parent in factory_files.parents(project):
        client.register_image(
            parent.name, {}, parent.image_id, owner=parent.owner, architecture=parent.architecture
        )
    client.register_zone("Z0123456789", "example.com")
    for image, more in ((FIRST, {}), (BETTER, {}), (BAD, {BEHAVIOUR: "errors-after-minutes"})):
        client.register_image(f"image-{image[-3:]}", {**TESTED, **more}, image)


def _variables(workspace: Workspace, cloud: CloudProcess, github: Repository) -> dict[str, str]:
    """What a runner's commands see: no credentials, `pulumi` or backend before a step asks for them."""
    given: dict[str, Any] = workspace.variables(cloud.url)
    kept = {
        name: value
        for name, value in given.items()
        if not name.startswith(("GIT_", "AWS_ACCESS", "AWS_SECRET"))
        and name not in ("PULUMI_BACKEND_URL", "VIRTUAL_ENV")
    }
    named = {name: value for name, value in github.variables.items() if name != "GITHUB_TOKEN"}
    path = ":".join(part for part in kept["PATH"].split(":") if not (Path(part) / "pulumi").exists())
    return {**kept, **named, "PATH": path, "CI": "true", "GITHUB_ACTIONS": "true"}
