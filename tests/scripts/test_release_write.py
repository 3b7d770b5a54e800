"""A config file is replaced wholly or not at all, by one command at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from scripts.releases import config_file, lock
from scripts.releases.errors import RefusedError
from scripts.releases.project import ROOT, find
from tests.scripts import account
from tests.scripts.release_project import NEW, OLD, OTHER, ReleaseProject

# Runs set-image in a process that ends as if killed at one point of the write.
CRASH = """
import os, pathlib, signal, sys
from scripts.releases.cli import app
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
{point} = die
app(sys.argv[1:])
"""
HOLD = """
import pathlib, sys
from scripts.releases import lock
with lock.held(pathlib.Path(sys.argv[1]), "promote a b"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def project(tmp_path: Path) -> ReleaseProject:
    return ReleaseProject(tmp_path)


def python(code: str, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **account.variables()},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("point", ["os.fsync", "os.fchmod", "pathlib.Path.replace"])
def test_a_kill_before_the_rename_leaves_the_old_file_and_the_next_run_does_the_job(
    project: ReleaseProject, point: str
) -> None:
    before = project.files()
    arguments = ["set-image", "prod", NEW, "--project", str(project.directory)]
    with python(CRASH.format(point=point), *arguments) as process:
        assert process.wait(timeout=120) == -signal.SIGKILL
    after = project.files()
    assert {name: after[name] for name in before} == before
    assert ".Pulumi.prod.yaml.new" in after

    assert project.run("set-image", "prod", NEW).code == 0
    assert project.files() == {
        **before,
        "Pulumi.prod.yaml": before["Pulumi.prod.yaml"].replace(OLD.encode(), NEW.encode()),
    }


def test_a_failing_disk_leaves_the_old_file_and_nothing_else(
    project: ReleaseProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    before = project.files()
    monkeypatch.setattr(os, "fsync", full)
    done = project.run("set-image", "prod", NEW)
    assert (done.code, done.out) == (1, "")
    assert done.error == "release: the system: No space left on device\n"
    assert project.files() == before


def test_the_content_is_on_the_disk_before_it_takes_the_old_ones_place(
    project: ReleaseProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        happened.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real_sync(descriptor)

    def replace(path: Path, target: Path) -> Path:
        happened.append("rename")
        return real_replace(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    assert project.run("set-image", "prod", NEW).code == 0
    assert happened == [".Pulumi.prod.yaml.new", "rename", "project"]


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_the_mode_is_kept(project: ReleaseProject, mode: int) -> None:
    project.file("prod").chmod(mode)
    assert project.run("set-image", "prod", NEW).code == 0
    assert project.file("prod").stat().st_mode & 0o7777 == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_is_kept(project: ReleaseProject) -> None:
    os.chown(project.file("prod"), 12345, 54321)
    assert project.run("set-image", "prod", NEW).code == 0
    status = project.file("prod").stat()
    assert (status.st_uid, status.st_gid) == (12345, 54321)


def test_a_symlink_stays_one_and_its_file_changes(project: ReleaseProject, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    real = project.file("prod").rename(elsewhere / "production.yaml")
    project.file("prod").symlink_to(real)
    assert project.run("set-image", "prod", NEW).code == 0
    assert project.file("prod").is_symlink()
    assert f"imageId: {NEW}   #" in real.read_text()
    assert [path.name for path in elsewhere.iterdir()] == ["production.yaml"]


def test_a_symlink_to_nothing_and_one_to_itself_are_refused(project: ReleaseProject) -> None:
    path = project.file("prod")
    for target in ("nothing.yaml", path.name):
        path.unlink()
        path.symlink_to(target)
        done = project.run("set-image", "prod", NEW)
        assert done.refusal.startswith("Pulumi.prod.yaml cannot be read: ")
        assert path.readlink() == Path(target)


def test_an_edit_by_someone_else_in_between_is_not_overwritten(project: ReleaseProject) -> None:
    config = find(project.directory).config("prod")
    project.configure("prod", OTHER)
    with pytest.raises(RefusedError, match="changed by someone else"):
        config_file.write(config, config.with_image(None, NEW))
    assert OTHER in project.file("prod").read_text()


def test_a_read_only_file_is_refused(project: ReleaseProject, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anywhere, so the answer is given here.
    monkeypatch.setattr(os, "access", lambda _, wanted: wanted != os.W_OK)
    assert project.refused("set-image", "prod", NEW) == "Pulumi.prod.yaml is read-only"


def test_a_second_command_is_refused_while_the_first_holds_the_lock(project: ReleaseProject) -> None:
    project.runs("staging", NEW)
    project.configure("staging", NEW)
    with python(HOLD, project.file("prod")) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        for command in (["set-image", "prod", NEW], ["promote", "staging", "prod"]):
            assert project.refused(*command) == (
                f"another release command is changing Pulumi.prod.yaml (process {holder.pid} promote a b); "
                "look again after it"
            )
        # Another environment is another file, and a dry run changes nothing.
        assert project.run("set-image", "staging", OTHER).code == 0
        assert project.run("set-image", "prod", NEW, "--dry-run").code == 0
        holder.communicate("")
    assert project.run("set-image", "prod", NEW).code == 0
    assert not lock.path_for(project.file("prod")).exists()


def test_the_lock_of_a_killed_command_is_taken_over(project: ReleaseProject) -> None:
    with python(HOLD, project.file("prod")) as holder:
        assert holder.stdout
        holder.stdout.readline()
        holder.kill()
        holder.wait()
    path = lock.path_for(project.file("prod"))
    assert path.read_text() == f"{holder.pid} promote a b\n"
    with lock.held(project.file("prod"), "x"):
        assert path.read_text() == f"{os.getpid()} x\n"
    path.write_text(f"{holder.pid} promote a b\n")
    assert project.run("set-image", "prod", NEW).code == 0
    assert not path.exists()


def test_a_lock_that_its_holder_removed_is_not_taken_for_the_lock(
    project: ReleaseProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lock.path_for(project.file("prod"))
    opened: list[str | Path] = []
    real_open = os.open

    def open_then_lose(name: str | Path, *options: int, **more: int) -> int:
        descriptor = real_open(name, *options, **more)
        if name == path and not opened:
            path.unlink()
        opened.append(name)
        return descriptor

    monkeypatch.setattr(os, "open", open_then_lose)
    with lock.held(project.file("prod"), "test"):
        assert opened == [path, path]
        assert path.exists()


def test_both_names_of_a_symlinked_file_share_one_lock(project: ReleaseProject, tmp_path: Path) -> None:
    alias = tmp_path / "alias.yaml"
    alias.symlink_to(project.file("prod"))
    with lock.held(alias, "first"), pytest.raises(RefusedError), lock.held(project.file("prod"), "second"):
        pass


ROUNDS = 25


def _compete(directory: Path, image: str, rounds: Barrier, report: Callable[[int], None]) -> None:
    for _ in range(ROUNDS):
        rounds.wait(timeout=120)
        project = ReleaseProject.__new__(ReleaseProject)
        project.directory = directory
        report(project.run("set-image", "prod", image, "--expect", OLD, variables={"X": "1"}).code)
        rounds.wait(timeout=120)
        rounds.wait(timeout=120)


def test_of_two_commands_at_once_exactly_one_wins(project: ReleaseProject) -> None:
    context = multiprocessing.get_context("spawn")
    rounds = context.Barrier(3)
    images = [NEW, OTHER]
    reports = [context.SimpleQueue() for _ in images]
    processes = [
        context.Process(target=_compete, args=(project.directory, image, rounds, report.put))
        for image, report in zip(images, reports, strict=True)
    ]
    for process in processes:
        process.start()
    before = project.file("prod").read_text()
    winners = []
    for _ in range(ROUNDS):
        rounds.wait(timeout=120)
        rounds.wait(timeout=120)
        codes = [report.get() for report in reports]
        assert sorted(codes) == [0, 2]
        winner = images[codes.index(0)]
        winners.append(winner)
        assert project.file("prod").read_text() == before.replace(OLD, winner)
        project.file("prod").write_text(before)
        rounds.wait(timeout=120)
    for process in processes:
        process.join(timeout=120)
        assert process.exitcode == 0
    assert sorted(project.files()) == ["Pulumi.prod.yaml", "Pulumi.staging.yaml", "Pulumi.yaml"]
