"""A local bake that cannot be is refused in one line before anything is made; a failed one leaves nothing."""

from __future__ import annotations

import os
import platform
import signal
import time
from pathlib import Path

import pytest

from scripts.bakes import local, parent, process, requirements, workspace
from scripts.bakes.requirements import FREE_MIB
from scripts.releases import bake_here
from scripts.releases.errors import RefusedError, ReleaseError
from tests.scripts.bake_place import document, recipe, step
from tests.scripts.factory_project import FactoryProject, factory_project

SMALL = recipe(document(test=[step()]))


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine that has everything, as far as is asked of it."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(process, "find", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(requirements, "KEYRING", Path("/"))
    monkeypatch.setattr(requirements, "may_mount", lambda: True)
    monkeypatch.setattr(requirements, "free_mib", lambda _: FREE_MIB)
    return monkeypatch


def refusal(folder: Path) -> str:
    with pytest.raises(RefusedError) as error:
        local.bake(SMALL, folder, print)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)
    assert not folder.exists()
    return str(error.value)


def test_a_machine_that_has_everything_is_taken(able: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert requirements.check(tmp_path).name == "x86_64"
    able.setattr(platform, "machine", lambda: "aarch64")
    assert requirements.check(tmp_path).name == "arm64"


def test_only_root_bakes(able: pytest.MonkeyPatch, tmp_path: Path) -> None:
    able.setattr(os, "geteuid", lambda: 1000)
    assert refusal(tmp_path / "images") == (
        "a bake on this machine needs root, who owns the files of an image; use sudo"
    )


def test_what_is_missing_is_named_with_its_packages(able: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = {"mmdebstrap", "mke2fs", "debugfs", "qemu-system-x86_64"}
    able.setattr(process, "find", lambda program: None if program in missing else "/usr/bin/it")
    able.setattr(requirements, "KEYRING", tmp_path / "no-keyring")
    assert refusal(tmp_path / "images") == (
        f"missing {tmp_path}/no-keyring, debugfs, mke2fs, mmdebstrap, qemu-system-x86_64: "
        "apt-get install debian-archive-keyring e2fsprogs mmdebstrap qemu-system-x86"
    )


@pytest.mark.parametrize("program", [*requirements.TOOLS, "qemu-system-aarch64"])
def test_every_program_is_asked_for(able: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    able.setattr(platform, "machine", lambda: "aarch64")
    able.setattr(process, "find", lambda name: None if name == program else "/usr/bin/it")
    assert refusal(tmp_path / "images").startswith(f"missing {program}: apt-get install ")


def test_another_architecture_is_refused(able: pytest.MonkeyPatch, tmp_path: Path) -> None:
    able.setattr(platform, "machine", lambda: "riscv64")
    assert refusal(tmp_path / "images") == (
        "this machine is 'riscv64', and images are built on x86_64 and aarch64; bake without --local"
    )


def test_a_machine_where_root_may_not_mount_is_refused(able: pytest.MonkeyPatch, tmp_path: Path) -> None:
    able.setattr(requirements, "may_mount", lambda: False)
    assert refusal(tmp_path / "images").startswith("root may not mount here, as in a container;")


def test_a_disk_without_room_is_refused(able: pytest.MonkeyPatch, tmp_path: Path) -> None:
    able.setattr(requirements, "free_mib", lambda _: FREE_MIB - 1)
    assert refusal(tmp_path / "images") == (
        f"{tmp_path}/images has {FREE_MIB - 1} MiB free and a bake takes {FREE_MIB}; "
        "make room, or bake elsewhere"
    )


def test_a_file_in_the_folders_place_is_refused(able: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "images").touch()
    with pytest.raises(RefusedError, match=r"/images cannot be made: File exists; bake elsewhere$"):
        local.bake(SMALL, tmp_path / "images", print)


def test_an_action_is_refused_before_anything_is_asked_of_the_machine(tmp_path: Path) -> None:
    away = recipe(document(test=[step("restart", "Reboot")]))
    with pytest.raises(RefusedError, match="Reboot is not possible"):
        local.bake(away, tmp_path / "images", print)
    assert not (tmp_path / "images").exists()


def fails(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def make(suite: str, here: object, root: Path, work: Path, kept: Path) -> bool:
        root.mkdir()
        (root / "half").write_text("of an image")
        raise error

    monkeypatch.setattr(parent, "make", make)


@pytest.mark.parametrize("error", [ReleaseError("it failed"), KeyboardInterrupt(), OSError("broken")])
def test_nothing_is_left_however_a_bake_ends(
    able: pytest.MonkeyPatch, tmp_path: Path, error: BaseException
) -> None:
    fails(able, error)
    with pytest.raises(type(error)):
        local.bake(SMALL, tmp_path / "images", print)
    assert list((tmp_path / "images").iterdir()) == []


@pytest.mark.parametrize("error", [ReleaseError("dpkg failed"), OSError(28, "No space left on device")])
def test_a_disk_that_fills_up_is_refused_and_emptied(
    able: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    fails(able, error)
    seen: list[bool] = []

    def free_mib(folder: Path) -> int:
        seen.append(any(folder.rglob("half")))
        return 3

    able.setattr(workspace, "free_mib", free_mib)
    with pytest.raises(RefusedError) as refused:
        local.bake(SMALL, tmp_path / "images", print)
    assert str(refused.value) == (
        f"the disk of {tmp_path}/images is full (3 MiB left): make room, or bake elsewhere"
    )
    # It was asked while the half of an image was there: afterwards no disk is full.
    assert seen == [True]
    assert list((tmp_path / "images").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_bake_as_ctrl_c_does(tmp_path: Path, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), workspace.workspace(tmp_path):
        signal.raise_signal(number)
        time.sleep(10)
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(number) == before


def test_what_a_killed_bake_left_is_removed_and_a_running_one_is_not(tmp_path: Path) -> None:
    killed = tmp_path / ".work-killed"
    killed.mkdir()
    (killed / "root").mkdir()
    with workspace.workspace(tmp_path) as running, workspace.workspace(tmp_path) as second:
        assert not killed.exists()
        assert running.exists() and second.exists() and running != second


def test_a_program_ends_with_what_started_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        process.started(["sh", "-c", "sleep 60 & echo $!; wait"], output) as running,
    ):
        while not log.read_text().strip():
            time.sleep(0.01)
    assert running.returncode == -signal.SIGKILL
    child = int(log.read_text())
    for _ in range(500):
        status = Path(f"/proc/{child}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.01)
    pytest.fail("the child of the program runs on")


def test_a_program_has_a_time_limit(tmp_path: Path) -> None:
    ended = process.run(["sh", "-c", "echo begun; sleep 60"], tmp_path / "log", 1)
    assert (ended.code, ended.output) == (124, "begun\n")


def test_a_program_that_must_succeed_says_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"^making it: no such thing$") as error:
        process.must(["sh", "-c", "echo first; echo no such thing; exit 3"], tmp_path / "log", "making it")
    assert error.value.details == {"step": "making it", "exitCode": 3, "log": ["first", "no such thing"]}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FactoryProject:
    with factory_project(tmp_path, monkeypatch) as made:
        return made


def test_the_command_says_the_refusal_and_writes_no_result(
    project: FactoryProject, able: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    able.setattr(os, "geteuid", lambda: 1000)
    done = project.run("bake", "service", "--local", "--json", str(tmp_path / "result.json"))
    assert (done.code, done.out) == (2, "")
    assert done.error == (
        "release: a bake on this machine needs root, who owns the files of an image; use sudo\n"
    )
    assert not (tmp_path / "result.json").exists()
    assert not (project.project.directory / bake_here.FOLDER).exists()


def test_the_command_shows_the_failing_steps_own_output(
    project: FactoryProject, able: pytest.MonkeyPatch
) -> None:
    error = ReleaseError("build base/packages failed (exit code 100): E: no such package")
    error.details = {"log": ["Reading package lists...", "E: no such package"]}
    fails(able, error)
    done = project.run("bake", "service", "--local")
    assert done.code == 1
    assert done.error.splitlines() == [
        "  Reading package lists...",
        "  E: no such package",
        "release: build base/packages failed (exit code 100): E: no such package",
    ]


def test_a_local_image_has_no_id_for_an_environment(project: FactoryProject) -> None:
    refused = project.run("bake", "service", "--local", "--to", "staging")
    assert refused.code == 2
    assert "--local makes no AMI" in refused.error
