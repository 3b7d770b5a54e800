"""What a step can ask of the stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rehearsal import stage as stage_module
from rehearsal.errors import UsageError
from rehearsal.processes import Finished
from rehearsal.stage import Stage, StepFailedError, shown
from tests.rehearsal.staged import OLD, client, make_stage

Ends = Callable[..., list[list[str]]]
_release = Stage.release


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = make_stage(tmp_path, monkeypatch)
    monkeypatch.setattr(Stage, "release", _release)
    return made


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Ends:
    """The release command ends so; returns the commands that are then run."""

    def ending(exit_code: int, *lines: str) -> list[list[str]]:
        ran: list[list[str]] = []

        def run(command: Sequence[str], **_: Any) -> Finished:
            ran.append(list(command))
            return Finished(exit_code, lines, 1, 1, 1)

        monkeypatch.setattr(stage_module, "run", run)
        return ran

    return ending


def test_the_release_command_works_on_the_scratch_copy(stage: Stage, ends: Ends) -> None:
    ran = ends(0, "done")
    assert stage.release("promote", "staging", "prod").last_line == "done"
    assert ran[0][1:] == ["promote", "staging", "prod", "--project", str(stage.workspace.project)]


def test_a_release_command_that_fails_gives_its_last_line(stage: Stage, ends: Ends) -> None:
    ends(1, "first", "no such image")
    with pytest.raises(StepFailedError, match=r"^release promote: no such image$"):
        stage.release("promote")
    ends(2, "refused")
    with pytest.raises(UsageError, match=r"^release promote: refused$"):
        stage.release("promote")


def test_a_release_command_that_should_fail_must_not_do_otherwise(stage: Stage, ends: Ends) -> None:
    ends(0, "no drift")
    with pytest.raises(StepFailedError, match=r"^release drift: no drift \(exit code 0, not 1\)$"):
        stage.release("drift", exit_code=1)
    ends(1, "drift")
    assert stage.release("drift", exit_code=1).exit_code == 1


def test_what_the_release_command_tells_a_program_is_read(stage: Stage, ends: Ends) -> None:
    ran = ends(1, "a warning", "{", '"drift": true', "}")
    assert stage.ask("drift", "prod", exit_code=1) == {"drift": True}
    assert ran[0][1:4] == ["drift", "prod", "--json"]
    ends(1, "Traceback", "KeyError: 'x'")
    with pytest.raises(StepFailedError, match="--json is no JSON: KeyError: 'x'"):
        stage.ask("drift", exit_code=1)


def test_groups_are_those_of_the_environment_alone(stage: Stage) -> None:
    client(stage).fleets.update(prod=OLD, staging=OLD)
    assert [group.name for group in stage.groups("prod")] == ["prod-web"]


def test_a_long_list_is_shown_by_its_first_items() -> None:
    assert shown([]) == "nothing"
    assert shown(["a", "b"]) == "a, b"
    assert shown(list("abcdefg")) == "a, b, c, d, e and 2 more"
