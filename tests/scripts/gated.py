"""Staging in the emulated cloud, watched by an alarm, and prod behind the gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import waiting
from tests.rehearsal.cloud.scene import BAD, BETTER, GOOD
from tests.scripts.live_environment import LiveEnvironment, live_environment
from tests.scripts.release_project import Finished, service

__all__ = ["BAD", "BETTER", "GOOD", "Gated", "gated"]

PROD = """\
config:
  aws:region: {region}
  immutable:imageId: {image}
  immutable:services:
    web: {{port: 8080}}
"""


class Gated:
    """Staging runs `web` in the emulated cloud, watched by the alarm `web-errors`; prod is not up."""

    def __init__(self, live: LiveEnvironment) -> None:
        self.live, self.scene = live, live.scene
        live.image(GOOD)
        live.alarm("web-errors")
        self.outputs("staging", GOOD)
        self.prod(GOOD)

    def outputs(self, environment: str, image: str, group: str = "web", **details: Any) -> None:
        alarms = {"errors": "web-errors"} if environment == "staging" else {}
        state = {**service(image, **details), "group": group, "alarms": alarms}
        self.live.project.state(environment, {"web": state})

    def prod(self, image: str, more: str = "", region: str = "eu-central-1") -> None:
        file = self.live.project.file("prod")
        file.write_text(PROD.format(image=image, region=region) + more)

    def prod_runs(self, version: int) -> None:
        """Prod is up too, on that version of the same launch template."""
        self.scene.name = "prod-web"
        tags = {"project": "immutable", "environment": "prod", "service": "web"}
        given = [
            {"Key": key, "Value": value, "ResourceId": "prod-web", "ResourceType": "auto-scaling-group"}
            | {"PropagateAtLaunch": True}
            for key, value in tags.items()
        ]
        self.scene.settled(version=version, Tags=given)
        self.outputs("prod", GOOD, "prod-web")

    def gate(self, *options: str) -> Finished:
        return self.live.run("gate", "staging", "prod", *options)

    def opened(self, *options: str) -> str:
        done = self.gate(*options)
        assert (done.code, done.error) == (0, ""), done.error
        return done.out.removeprefix("prod may go on: ").rstrip("\n")

    def closed(self, *options: str) -> str:
        refusal = self.live.refused("gate", "staging", "prod", *options)
        assert refusal.startswith("prod may not go on: ")
        return refusal.removeprefix("prod may not go on: ")


@pytest.fixture
def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gated]:
    """A command that waits moves the emulated clock on by a minute a look."""
    with live_environment(tmp_path, monkeypatch) as live:
        monkeypatch.setattr(waiting, "sleep", lambda _: live.scene.cloud.step(60))
        yield Gated(live)
