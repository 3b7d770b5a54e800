"""Every command of a workflow, and of the example for GitLab, is there, with the options that it is given."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML

from scripts.releases.cli import UsageError, app
from tests.delivery.workflow_files import ROOT, Job, jobs, read

GITLAB = ROOT / "docs" / "examples" / "gitlab-ci.yml"
VALUES = {"BASE": "origin/main", "ENVIRONMENT": "prod", "NUMBER": "7", "SERVICE": "web", "STACK": "staging"}
"""What a step's variables may hold."""

GIVEN = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"}
"""What GitHub sets in every step."""


def of_workflows() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each command with where it stands and the variables that it is given."""
    for job in jobs():
        for step in job.steps:
            if "run" in step:
                yield str(job), step["run"], GIVEN | {name: VALUES[name] for name in _named(job, step)}


def _named(job: Job, step: dict[str, Any]) -> set[str]:
    named = set().union(*(each.get("env", {}) for each in (read(job.path), job.document, step)))
    return named & set(VALUES)


def of_gitlab() -> Iterator[tuple[str, str, dict[str, str]]]:
    for name, job in YAML(typ="safe", pure=True).load(GITLAB.read_text()).items():
        if isinstance(job, dict) and "script" in job:
            matrix = [each for one in job.get("parallel", {}).get("matrix", []) for each in one]
            given = {each: VALUES[each] for each in (*matrix, *job.get("variables", {}))}
            yield from ((name, command, given) for command in job["script"])


ALL = [*of_workflows(), *of_gitlab()]


def words(command: str, variables: dict[str, str]) -> list[str]:
    """The command's words as a shell makes them; a variable that nobody sets fails."""
    done = subprocess.run(
        ["bash", "-euc", f"printf '%s\\0' {command}"],
        env={"PATH": os.environ["PATH"], **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.split("\0")[:-1]


def parse(arguments: list[str]) -> None:
    """Reads the arguments as `scripts/release` does, and runs nothing. Raises UsageError."""
    command: Any = typer.main.get_command(app)
    name, left = "release", arguments
    while True:
        context = command.make_context(name, list(left))
        if not hasattr(command, "resolve_command"):
            return
        name, command, left = command.resolve_command(context, context._protected_args + context.args)


def test_the_commands_are_found() -> None:
    assert {"scripts/test", "scripts/release up staging"} <= {command for _, command, _ in ALL}
    assert any(where == "sweep" for where, _, _ in ALL)


@pytest.mark.parametrize(("where", "command", "variables"), ALL, ids=lambda value: str(value)[:60])
def test_a_step_is_one_command_of_scripts_that_there_is(
    where: str, command: str, variables: dict[str, str]
) -> None:
    program, *arguments = words(command, variables)
    assert os.access(ROOT / program, os.X_OK), f"{where}: {program}"
    if program == "scripts/release":
        parse(arguments)
    else:
        assert (program, arguments) == ("scripts/test", [])


@pytest.mark.parametrize(
    "wrong",
    [
        ["upp", "prod"],
        ["up", "prod", "--fast"],
        ["up"],
        ["review", "make", "7"],
        ["gate", "staging", "prod", "x"],
    ],
)
def test_a_command_that_there_is_not_is_seen(wrong: list[str]) -> None:
    with pytest.raises(UsageError):
        parse(wrong)


def test_the_example_for_gitlab_has_the_commands_of_the_workflows() -> None:
    """But for those that speak to GitHub, and those that end in a proposal there."""
    theirs = {command.split()[1] for _, command, _ in of_gitlab() if " " in command}
    ours = {command.split()[1] for _, command, _ in of_workflows() if " " in command}
    assert ours - theirs == {"bake", "comment", "parent", "promote", "propose", "touched"}
