"""What the tests of local bakes share: documents, and places that record what runs there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from images.documents import Document, Step
from images.recipes import Parent, Recipe, RecipeComponent
from scripts.bakes.executor import Ended


def step(name: str = "one", action: str = "ExecuteBash", inputs: Any = None, **more: Any) -> Step:
    if inputs is None and action == "ExecuteBash":
        inputs = {"commands": ["true"]}
    return Step(name=name, action=action, inputs=inputs, **more)


def document(name: str = "first", **phases: Sequence[Step]) -> Document:
    return Document.model_validate(
        {
            "name": name,
            "description": "of a test",
            "schemaVersion": "1.0",
            "phases": [{"name": phase, "steps": list(steps)} for phase, steps in phases.items()],
        }
    )


def recipe(*components: Document | RecipeComponent, name: str = "small") -> Recipe:
    return Recipe(
        name=name,
        description="of a test",
        parent=Parent(id="ami-0123456789abcdef0", owner="self", name="*", suite="bookworm"),
        architecture="arm64",
        volume_size_gib=2,
        root_device_name="/dev/xvda",
        components=tuple(
            each if isinstance(each, RecipeComponent) else RecipeComponent(document=each)
            for each in components
        ),
    )


class Recorder:
    """A place where nothing runs: it notes what should, and ends as it is told."""

    def __init__(self, ends: Callable[[str], Ended] = lambda _: Ended(0, "")) -> None:
        self.ran: list[str] = []
        self.limits: list[int] = []
        self._ends = ends

    def run(self, script: str, timeout_seconds: int) -> Ended:
        self.ran.append(script)
        self.limits.append(timeout_seconds)
        return self._ends(script)


class Here:
    """A place that is this very machine, for scripts that stay in the test's own folder."""

    def run(self, script: str, timeout_seconds: int) -> Ended:
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
        return Ended(done.returncode, done.stdout + done.stderr)
