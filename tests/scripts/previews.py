"""What the engine told of a project's staging, and what `preview` makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.scripts.release_project import Finished, ReleaseProject
from tests.scripts.told_events import ToldEvents


class Previews:
    """A project, and what the engine told of its staging."""

    def __init__(self, project: ReleaseProject, folder: Path) -> None:
        self.project, self.folder = project, folder
        self.told = ToldEvents()

    def run(self, *arguments: str, **more: Any) -> Finished:
        log = self.told.write(self.folder / "events.json")
        return self.project.run("preview", "staging", "--events", str(log), *arguments, **more)

    def markdown(self, **more: Any) -> str:
        done = self.run("--markdown", "-", **more)
        assert done.code == 0, done.error
        return done.out

    def json(self) -> Any:
        return json.loads(self.run("--json").out)


def sections(text: str) -> list[str]:
    """The folded parts, by their summaries."""
    return [line[len("<summary>") : -len("</summary>")] for line in text.split("\n") if "<summary>" in line]
