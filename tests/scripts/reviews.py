"""A project with review environments, and a `pulumi` that answers as told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import yaml

from scripts.releases import review_config, review_leftovers, waiting
from scripts.releases.leftovers import Cleared
from tests.scripts.pulumi_on_path import PulumiOnPath
from tests.scripts.release_project import NEW, OLD, ReleaseProject, checkpoint, service
from tests.scripts.test_release_up import LOCKED

SOON = datetime.now(UTC) + timedelta(hours=3)
PAST = datetime.now(UTC) - timedelta(hours=3)


def lock(hours: float) -> str:
    """What Pulumi says of a stack that was locked so long ago."""
    at = datetime.now(UTC) - timedelta(hours=hours)
    return f"{LOCKED}\n  file:///state: created by ci@runner (pid 1) at {at:%Y-%m-%dT%H:%M:%SZ}"


class Reviews:
    """A project whose staging is up, and review environments beside it as a test says."""

    def __init__(self, project: ReleaseProject, pulumi: PulumiOnPath) -> None:
        self.project, self.pulumi = project, pulumi
        project.runs("staging", OLD)

    def stack(
        self, number: int, expires: datetime | None, review: str | None = None, empty: bool = False
    ) -> None:
        """pr-N is up, or `empty`; its resources are tagged as `review`, as its own without."""
        name = f"pr-{number}"
        tags = {"review": review or name}
        if expires:
            tags["expires"] = expires.strftime(review_config.TIME)
        outputs = {
            "url": f"https://{name}.example.com", "image": NEW,
            "services": {each: service(NEW) for each in ("web", "api")},
        }  # fmt: skip
        document = checkpoint(name, outputs)
        resources: list[Any] = document["checkpoint"]["latest"]["resources"]
        if not empty:
            resources += [
                {"type": "aws:ec2/vpc:Vpc", "urn": "urn:1", "inputs": {"tags": tags}},
                {"type": "aws:ec2/route:Route", "urn": "urn:2", "inputs": {}},
                # Of something else in the stack, which has a time of its own.
                {
                    "type": "aws:s3/b:B",
                    "urn": "urn:4",
                    "inputs": {"tags": {"expires": "2099-01-01T00:00:00Z"}},
                },
                {
                    "type": "aws:autoscaling/group:Group",
                    "urn": "urn:3",
                    "inputs": {"tags": [{"key": "review"}]},
                },
            ]
        (self.project.stacks / f"{name}.json").write_text(json.dumps(document))

    def file(self, number: int, tags: Mapping[str, str]) -> Path:
        path = self.project.file(f"pr-{number}")
        path.write_text(yaml.safe_dump({"config": {"immutable:tags": dict(tags)}}))
        return path

    def run(self, *arguments: str) -> tuple[int, list[str], str]:
        done = self.project.run("review", *arguments)
        return done.code, done.out.splitlines(), done.error

    def refused(self, *arguments: str) -> str:
        refusal = self.project.refused("review", *arguments)
        assert self.asked == []
        return refusal

    @property
    def asked(self) -> list[str]:
        """The commands that Pulumi got, without what every one of them has."""
        common = ("--non-interactive", "--color=never", "--yes", "--cwd=", "--skip-preview")
        return [" ".join(w for w in call if not w.startswith(common)) for call in self.pulumi.asked]


@pytest.fixture
def reviews(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reviews:
    """AWS has nothing that the states do not know."""
    monkeypatch.setattr(waiting, "sleep", Mock())
    monkeypatch.setattr(review_leftovers.Search, "clear", Mock(return_value=Cleared()))
    return Reviews(ReleaseProject(tmp_path), PulumiOnPath(tmp_path / "bin", monkeypatch))
