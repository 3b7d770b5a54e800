"""An emulated account with images that a test registers, and a project whose prod gets one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.images import Image
from rehearsal.cloud.local import CREDENTIALS, Local, running
from scripts.releases import aws
from tests.scripts.account import TAGS
from tests.scripts.release_project import NEW, OLD, Finished, ReleaseProject

LINE = "Pulumi.prod.yaml, immutable:imageId: "
CONFIG = """\
config:
  aws:region: {region}
  immutable:imageId: {image}
  immutable:services:
    web:
      instanceTypes: [m7g.large, t4g.small]
    api: {{instanceTypes: [m7g.large]}}
    jobs: {{instanceTypes: [c7i.large], imageId: {image}}}
"""


class Account:
    """`project` runs commands, in an account with the images that a test registers."""

    def __init__(self, project: ReleaseProject, cloud: Local) -> None:
        self.project, self.cloud = project, cloud
        self.ec2, self.kms = cloud.client("ec2"), cloud.client("kms")
        self.configure()

    def configure(self, more: str = "", region: str = "eu-central-1") -> None:
        self.project.file("prod").write_text(CONFIG.format(region=region, image=OLD) + more)

    def image(self, image_id: str = NEW, without: str = "", **changes: Any) -> None:
        tags = {name: value for name, value in TAGS.items() if name != without} | changes.pop("tags", {})
        image = Image(image_id, f"image-{len(self.cloud.world.images)}", **{"tags": tags, **changes})
        with self.cloud.cloud.lock:
            self.cloud.world.images.append(image)

    def deprecate(self, image_id: str = NEW) -> None:
        """As whoever retires it does: AWS takes no date in the past."""
        world = self.cloud.world
        at = world.clock.date(world.timeline.now) + timedelta(minutes=2)
        self.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=at)

    @property
    def variables(self) -> dict[str, str | None]:
        return {
            **self.project.variables,
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.cloud.url,
            "AWS_PROFILE": None,
        }

    def run(self, *arguments: str) -> Finished:
        return self.project.run(*arguments, variables=self.variables)

    def refused(self, *arguments: str) -> str:
        """The refusal of a command, `set-image prod NEW` without one, that changed no file."""
        return self.project.refused(*(arguments or ("set-image", "prod", NEW)), variables=self.variables)


@contextmanager
def image_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Calls that fail are not made again."""
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    with running() as cloud:
        yield Account(ReleaseProject(tmp_path), cloud)
