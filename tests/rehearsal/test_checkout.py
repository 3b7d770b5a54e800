"""What a program asks of git in the scratch copy is answered from the checkout that the copy is of."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rehearsal.checkout import variables
from rehearsal.workspace import Workspace

IDENTITY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


def git(folder: Path, *arguments: str, **more: str) -> str:
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/nonexistent", **IDENTITY, **more}
    command = ["git", "-C", str(folder), *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return told.stdout.strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "images" / "__pycache__").mkdir(parents=True)
    (folder / "images" / "base.yaml").write_text("a: 1\n")
    (folder / "images" / "__pycache__" / "x.pyc").write_text("")
    (folder / ".gitignore").write_text("__pycache__/\n")
    git(folder.parent, "init", "-q", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.fixture
def workspace(source: Path, tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "scratch", source)


def test_the_copy_has_the_commit_of_the_checkout_and_is_clean(source: Path, workspace: Workspace) -> None:
    there = variables(source, workspace.project)
    images = workspace.project / "images"
    commit = git(images, "log", "-1", "--format=%H", "--", ".", **there)
    assert commit == git(source, "rev-parse", "HEAD")
    assert git(images, "status", "--porcelain", "--", ".", **there) == ""


def test_a_change_of_the_copy_is_seen_and_the_checkout_is_left_alone(
    source: Path, workspace: Workspace
) -> None:
    there = variables(source, workspace.project)
    index = (source / ".git" / "index").read_bytes()
    (workspace.project / "images" / "base.yaml").write_text("a: 2\n")
    told = git(workspace.project / "images", "status", "--porcelain", "--", ".", **there)
    assert told == "M images/base.yaml"
    assert (source / ".git" / "index").read_bytes() == index
    assert git(source, "status", "--porcelain") == ""


def test_processes_on_the_copy_get_them(source: Path, workspace: Workspace) -> None:
    given = workspace.variables("http://127.0.0.1:1")
    assert variables(source, workspace.project).items() <= given.items()
    assert given["GIT_DIR"] == str(source / ".git")
    assert given["GIT_WORK_TREE"] == str(workspace.project)


def test_what_is_no_checkout_has_none(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert variables(tmp_path, tmp_path) == {}
    # A folder of a checkout is not the project that the checkout is of.
    assert variables(source / "images", tmp_path) == {}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert variables(source, tmp_path) == {}
