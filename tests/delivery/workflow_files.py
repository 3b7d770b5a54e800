"""The repository's workflows as tests read them: each job and each step with the file that it stands in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
PREPARE = ROOT / ".github" / "actions" / "prepare" / "action.yml"
FILES = tuple(sorted(FOLDER.glob("*.yml")))
SELF = "$/"
"""How GitHub names the workflow's own repository at the commit that runs."""


@cache
def read(path: Path) -> dict[str, Any]:
    """A workflow, or an action, as YAML 1.2 has it: `on` is a word there, not true."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text())
    return document


@dataclass(frozen=True)
class Job:
    """One job of a workflow. `str` names it in messages, as `deploy.yml: staging`."""

    path: Path
    name: str
    document: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.path.name}: {self.name}"

    @property
    def steps(self) -> list[dict[str, Any]]:
        return list(self.document["steps"])

    @property
    def runs(self) -> list[str]:
        """Its commands, in order."""
        return [step["run"] for step in self.steps if "run" in step]

    @property
    def environment(self) -> str | None:
        found = self.document.get("environment")
        return found["name"] if isinstance(found, Mapping) else found


def jobs() -> list[Job]:
    """Every job of every workflow."""
    return [Job(path, name, job) for path in FILES for name, job in read(path)["jobs"].items()]


def job(file: str, name: str) -> Job:
    return next(each for each in jobs() if (each.path.name, each.name) == (file, name))


def used() -> Iterator[tuple[str, str]]:
    """Every action that is used, with where: in jobs, and in the action that prepares them."""
    for each in jobs():
        yield from ((str(each), step["uses"]) for step in each.steps if "uses" in step)
    yield from ((PREPARE.name, step["uses"]) for step in read(PREPARE)["runs"]["steps"] if "uses" in step)


ALL = jobs()


def each(chosen: list[Job] = ALL) -> pytest.MarkDecorator:
    """A test of each of these jobs, as its parameter `one`."""
    return pytest.mark.parametrize("one", chosen, ids=str)
