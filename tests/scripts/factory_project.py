"""A project with an image factory over two regions of the emulated cloud, and images as it makes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from images import recipes
from rehearsal.cloud.images import Image
from rehearsal.cloud.local import CREDENTIALS, Local, running
from scripts.releases import aws, waiting
from tests.scripts.release_project import Finished, ReleaseProject

HOME, AWAY = "eu-central-1", "eu-west-1"
DEBIAN = "136693071363"
PINNED, NEWER = "ami-0c0000000000000b1", "ami-0c0000000000000b2"
FACTORY = f"""\
config:
  aws:region: {HOME}
  immutable:recipes:
    service: {{}}
  immutable:distribution:
    regions: [{AWAY}]
"""
RECIPE = f"""\
# What serves.
description: A service
parent:
  id: {PINNED}  # one line changes
  owner: "{DEBIAN}"
  name: debian-12-arm64-*
  suite: bookworm
architecture: arm64
volumeSizeGib: 8
rootDeviceName: /dev/xvda
components: [thing]
"""
DOCUMENT = """\
description: A thing
schemaVersion: 1.0
phases:
  - name: build
    steps:
      - {name: make, action: ExecuteBash, inputs: {commands: ["echo made"]}}
  - name: test
    steps:
      - {name: look, action: ExecuteBash, inputs: {commands: ["test -d /"]}}
"""


def environment(region: str, image: str) -> str:
    return f"""\
config:
  aws:region: {region}
  immutable:imageId: {image}
  immutable:services:
    web: {{port: 8080}}
"""


class FactoryProject:
    """`project` runs commands; staging is in HOME and prod in AWAY, and both run nothing yet."""

    def __init__(self, project: ReleaseProject, cloud: Local) -> None:
        self.project, self.cloud = project, cloud
        self.images = project.directory / "images"
        (self.images / "recipes").mkdir(parents=True)
        (self.images / "documents").mkdir()
        self.recipe_file.write_text(RECIPE)
        (self.images / "documents" / "thing.yaml").write_text(DOCUMENT)
        project.file("images").write_text(FACTORY)
        project.file("staging").write_text(environment(HOME, PINNED))
        project.file("prod").write_text(environment(AWAY, PINNED))

    @property
    def recipe_file(self) -> Path:
        return self.images / "recipes" / "service.yaml"

    @property
    def hash(self) -> str:
        """The hash of the recipe as the files are now."""
        return recipes.load(self.images, "service").hash

    def parent(self, image_id: str, name: str, owner: str | None = DEBIAN, **more: Any) -> None:
        """An image of Debian's account in HOME (None: of the own one), as old as the emulated clock says."""
        self._register(Image(image_id, name, owner=owner, region=HOME, **more))

    def image(self, image_id: str, region: str = HOME, build: int = 1, **tags: str) -> None:
        """An image of the recipe, tested, with more or other tags; `_` in a name stands for `-`."""
        given = {
            "immutable:recipe": "service",
            "immutable:recipe-hash": self.hash,
            "immutable:commit": "c0ffee" * 6 + "c0ff-dirty",
            "immutable:parent": PINNED,
            "immutable:tests": "passed",
            "Ec2ImageBuilderArn": f"arn:aws:imagebuilder:{HOME}:123456789012:image/service/1.2.3/{build}",
        } | {f"immutable:{name.replace('_', '-')}": value for name, value in tags.items()}
        self._register(Image(image_id, f"service-{build}", given, region=region))

    def _register(self, image: Image) -> None:
        with self.cloud.cloud.lock:
            self.cloud.world.images.append(image)
        # It appears when the region is asked for it, and that is its age.
        self.ec2(image.region or HOME).describe_images(ImageIds=[image.image_id])

    def deprecate(self, image_id: str, region: str = HOME) -> None:
        """As a retirement does: a moment ahead, because AWS takes no date in the past."""
        clock = self.cloud.world.clock
        soon = clock.date(clock.now() + 120)
        self.ec2(region).enable_image_deprecation(ImageId=image_id, DeprecateAt=soon)

    def ec2(self, region: str = HOME) -> Any:
        return self.client("ec2", region)

    def client(self, service: str, region: str = HOME) -> Any:
        return Local(self.cloud.cloud, self.cloud.url, region).client(service)

    def described(self, image_id: str, region: str = HOME) -> dict[str, Any]:
        answer = self.ec2(region).describe_images(ImageIds=[image_id], IncludeDisabled=True)
        return dict(answer["Images"][0])

    def tags(self, image_id: str, region: str = HOME) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.described(image_id, region)["Tags"]}

    @property
    def variables(self) -> dict[str, str | None]:
        cloud = {"AWS_ENDPOINT_URL": self.cloud.url, "AWS_EC2_METADATA_DISABLED": "true"}
        return {**self.project.variables, **CREDENTIALS, **cloud, "AWS_PROFILE": None, "COLUMNS": "200"}

    def run(self, *arguments: str) -> Finished:
        return self.project.run(*arguments, variables=self.variables)

    def refused(self, *arguments: str) -> str:
        """A refusal that changed no file of the project, nor one of its images' data."""
        before = self._contents()
        refusal = self.run(*arguments).refusal
        assert self._contents() == before
        return refusal

    def _contents(self) -> dict[str, bytes]:
        files = (path for path in self.project.directory.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in files}

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert (done.code, done.error) == (0, ""), (done.code, done.error)
        return json.loads(done.out)


@contextmanager
def factory_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FactoryProject]:
    """Commands that wait move the emulated clock on."""
    with running() as cloud:
        monkeypatch.setattr(waiting, "sleep", lambda _: cloud.step(20))
        monkeypatch.setattr(aws, "ATTEMPTS", 2)
        yield FactoryProject(ReleaseProject(tmp_path), cloud)
