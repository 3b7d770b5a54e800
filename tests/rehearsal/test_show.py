from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from rehearsal.engines import COUNTED
from rehearsal.kept import Kept
from rehearsal.show import Screen, brief, show_kept, show_steps
from rehearsal.stage import StepRecord
from rehearsal.steps import STEPS
from rehearsal.workspace import REPOSITORY, Workspace
from tests.rehearsal.documents import document, step


def console(width: int = 100, terminal: bool = False) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=width, force_terminal=terminal, color_system=None), out


def test_changes_are_told_in_a_few_characters() -> None:
    assert brief(dict.fromkeys(COUNTED, 0) | {"create": 3, "delete": 1, "same": 9}) == "+3 -1 =9"
    assert brief({}) == "no resources"


def test_a_step_leaves_one_line_and_a_failed_one_its_reason_where_nothing_can_move() -> None:
    plain, out = console(width=40)
    screen = Screen(plain)
    screen.begin("embedded", STEPS[:2])
    screen.step(STEPS[0])
    screen.line("+ aws:ec2/vpc:Vpc network create")
    screen.done(StepRecord("image", "Title", seconds=1.25))
    screen.step(STEPS[1])
    screen.done(
        StepRecord("staging-up", "Title", ok=False, reason="a reason [of more than] forty characters")
    )
    shown = out.getvalue()
    assert "1/2 image: An image is built and tested" in shown
    assert "vpc" not in shown
    assert "FAILED 2/2 staging-up" in shown
    # Whole and unwrapped, so that it can be searched for; and brackets are text.
    assert "a reason [of more than] forty characters\n" in shown


def test_a_terminal_shows_what_happens_now_and_takes_it_back() -> None:
    moving, out = console(terminal=True)
    screen = Screen(moving)
    screen.begin("pulumi", STEPS)
    screen.step(STEPS[0])
    screen.line("+ aws:ec2/vpc:Vpc network [create]")
    assert screen._status is not None
    screen.close()
    screen.close()
    assert screen._status is None
    assert "the pulumi command" in out.getvalue()


def test_the_table_tells_changes_and_what_was_left_out_or_not_run() -> None:
    plain, out = console()
    steps = [
        step("staging-up", 0, 1, changes={"create": 54}),
        step("prod-up", 1, 2, ok=False, reason="no"),
        step("destroy", 0, 0, skipped="the cloud is kept"),
    ]
    show_steps(plain, document(ok=False, steps=steps, not_run=["rollback"]))
    rows = [line.split() for line in out.getvalue().splitlines() if line]
    assert rows[1] == ["staging-up", "1.5", "54", "ok"]
    assert rows[2] == ["prod-up", "1.5", "FAILED"]
    assert rows[3][2:] == ["the", "cloud", "is", "kept"]
    assert rows[4] == ["rollback", "not", "run"]
    assert "The rehearsal failed in 42.0 s with the embedded engine." in out.getvalue()
    assert "Recorded but not emulated: aws:backup/plan:Plan." in out.getvalue()


def test_a_narrow_terminal_cuts_no_name_off() -> None:
    plain, out = console(width=60)
    done = step("staging-again", 0, 1, changes={"create": 54, "same": 999})
    show_steps(plain, document(ok=False, steps=[done], not_run=["prod-preview"]))
    assert "\u2026" not in out.getvalue()
    rows = [line.split() for line in out.getvalue().splitlines() if line]
    assert rows[:2] == [
        ["step", "seconds", "+", "~", "\u00b1", "-", "="],
        ["staging-again", "1.5", "54", "999", "ok"],
    ]
    assert rows[2] == ["prod-preview", "not", "run"]


def test_what_is_to_be_pasted_into_a_shell_is_quoted(tmp_path: Path) -> None:
    plain, out = console()
    show_kept(plain, Kept("http://127.0.0.1:1", 7, str(tmp_path / "a b"), "embedded"))
    assert f"release status --project '{tmp_path}/a b/project'" in out.getvalue()


def test_a_kept_rehearsal_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "Pulumi.prod.yaml").write_text("config: {immutable:imageId: ami-11111111}\n")
    workspace = Workspace.create(tmp_path / "scratch", source)
    monkeypatch.chdir(tmp_path)
    plain, out = console(width=40)
    show_kept(plain, Kept("http://127.0.0.1:1", 7, str(workspace.root), "embedded"))
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert "scratch/project/Pulumi.prod.yaml" in lines
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:1" in lines
    assert f"export PULUMI_BACKEND_URL=file://{tmp_path}/scratch/state" in lines
    assert f"{REPOSITORY}/scripts/rehearse stop" in lines
    assert f'export PATH={REPOSITORY}/rehearsal/bin:"$PATH"' in lines
    assert f"export PULUMI_HOME={tmp_path}/scratch/home PULUMI_DEBUG_COMMANDS=true" in lines
    assert "pulumi preview --stack ENV --cwd scratch/project" in lines


def test_a_kept_rehearsal_with_the_pulumi_command_puts_its_provider_on_the_path(tmp_path: Path) -> None:
    plain, out = console(width=40)
    show_kept(plain, Kept("http://127.0.0.1:1", 7, str(tmp_path / "scratch"), "pulumi"))
    assert f'export PATH={tmp_path}/scratch/bin:"$PATH"' in out.getvalue()


IMAGE = {
    "image": "ami-22222222222222222",
    "recipe": "service",
    "hash": "0123456789abcdef",
    "commit": "f0528c0ac003aaaabbbb",
    "parent": "ami-33333333333333333",
    "tests": "passed",
    "findings": "critical=0",
    "regions": {"eu-central-1": "ami-22222222222222222"},
}


def test_the_images_that_were_built_are_told_with_their_content_within_a_terminals_width() -> None:
    narrow, out = console(width=80)
    changed = {**IMAGE, "commit": "f0528c0ac003aaaabbbb-dirty"}
    show_steps(
        narrow, document(steps=[step("image", 0, 1, images=[IMAGE]), step("next", 1, 2, images=[changed])])
    )
    rows = [line.split() for line in out.getvalue().splitlines() if line.startswith("ami-")]
    told = ["service", "01234567", "f0528c0ac003", "passed"]
    assert rows == [
        ["ami-22222222222222222", "image", *told],
        ["ami-22222222222222222", "next", *told[:2], "f0528c0ac003+", "passed"],
    ]


def test_a_rehearsal_that_built_nothing_tells_of_no_images() -> None:
    plain, out = console()
    show_steps(plain, document())
    assert "built in" not in out.getvalue()
