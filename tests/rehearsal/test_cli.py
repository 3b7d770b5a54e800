from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import kept
from rehearsal.__main__ import app
from rehearsal.bench import register
from rehearsal.cloud_client import CloudClient, CloudProcess, stop_kept
from rehearsal.command import run
from rehearsal.engines import Outcome
from rehearsal.errors import UsageError
from rehearsal.workspace import REPOSITORY, Workspace


def rehearse(*arguments: str) -> int:
    return run(app, "rehearse", list(arguments))


def only_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a refusal, on standard error; there is nothing else."""
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    return shown.err.strip()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a kept rehearsal would be; no test may find the user's own."""
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "kept")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", ["preview", "up", "destroy"])
def test_an_unknown_environment_is_refused_with_the_list_of_those_that_are(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse(command, "qa") == 2
    assert (
        only_line(capsys)
        == "rehearse: unknown environment 'qa': choose one of prod, staging, images, delivery"
    )


@pytest.mark.parametrize("arguments", [("preview", "staging"), ("up", "prod"), ("stop",)])
def test_a_step_on_its_own_needs_a_kept_rehearsal(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse(*arguments) == 2
    assert only_line(capsys) == "rehearse: no rehearsal is kept: run scripts/rehearse --keep first"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--engine", "terraform"), "unknown engine 'terraform': choose one of auto, pulumi, embedded"),
        (("--json", "none/out.json"), "--json none/out.json cannot be written"),
        (("--json", "/proc/out.json"), "--json /proc/out.json cannot be written"),
        (("--report", "."), "--report . cannot be written"),
        (("--port", "-1"), "Invalid value for '--port'"),
        (("--sped", "3"), "No such option: --sped"),
        (("review", "staging"), "No such command 'review'"),
        (("preview",), "Missing argument 'ENV'"),
    ],
)
def test_bad_input_is_one_line_and_starts_nothing(
    arguments: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert rehearse(*arguments) == 2
    assert only_line(capsys).startswith(f"rehearse: {line}")
    assert list(folder.iterdir()) == []


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_one_line_and_leaves_nothing_behind(
    taken: int, capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert rehearse("--port", str(taken)) == 2
    assert re.match(rf"rehearse: .*{taken}", only_line(capsys))
    assert list(folder.iterdir()) == []


@pytest.fixture
def kept_rehearsal(folder: Path) -> Iterator[kept.Kept]:
    """A kept rehearsal in which nothing is up yet."""
    root = kept.new_root()
    workspace = Workspace.create(root / "scratch")
    cloud = CloudProcess.start(root / "cloud.log", speed=1000).ready()
    register(workspace, cloud)
    try:
        record = kept.Kept(cloud.url, cloud.pid, str(workspace.root), "embedded")
        kept.write(record)
        yield record
    finally:
        cloud.stop()


def test_a_kept_cloud_can_be_previewed_and_stopped(
    kept_rehearsal: kept.Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse("preview", "staging") == 0
    assert re.search(r"^preview staging: \+\d+ in [\d.]+ s$", capsys.readouterr().out, re.MULTILINE)
    assert rehearse("stop") == 0
    assert not CloudClient(kept_rehearsal.url).healthy()
    assert not kept.FOLDER.exists()


def test_a_kept_environment_loses_its_protection_before_it_is_destroyed(
    kept_rehearsal: kept.Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    class Recording:
        def run(self, operation: str, environment: str, _: object) -> Outcome:
            ran.append(f"{operation} {environment}")
            return Outcome(True, operation, environment, {}, (), 0, 0, 0)

    monkeypatch.setattr(kept.Kept, "open_engine", lambda _: Recording())
    assert rehearse("destroy", "prod") == 0
    assert "deletionProtection: false" in capsys.readouterr().out
    assert rehearse("destroy", "prod") == 0
    assert ran == ["up prod", "destroy prod", "destroy prod"]


def test_a_second_rehearsal_cannot_be_kept_beside_the_first(
    kept_rehearsal: kept.Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse("--keep") == 2
    assert only_line(capsys).startswith(f"rehearse: a rehearsal is kept already, at {kept_rehearsal.url}")
    assert CloudClient(kept_rehearsal.url).healthy()


def test_a_second_rehearsal_cannot_take_the_folder_of_one_that_is_under_way(folder: Path) -> None:
    (kept.new_root() / "cloud.log").write_text("")
    with pytest.raises(UsageError, match="another rehearsal is at work"):
        kept.new_root()
    assert (kept.FOLDER / "cloud.log").exists()


def test_a_kept_cloud_that_died_is_told_apart_and_can_be_forgotten(
    kept_rehearsal: kept.Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    stop_kept(kept_rehearsal.pid, CloudClient(kept_rehearsal.url))
    assert rehearse("preview", "staging") == 2
    assert only_line(capsys).startswith(f"rehearse: the kept cloud at {kept_rehearsal.url} is gone")
    assert rehearse("stop") == 0
    assert not kept.FOLDER.exists()


def test_a_step_that_fails_on_a_kept_cloud_is_one_line_with_the_reason(
    kept_rehearsal: kept.Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    config = kept_rehearsal.workspace.config_file("staging")
    config.write_text(config.read_text().replace("zones: 2", "zones: several"))
    assert rehearse("preview", "staging") in (1, 2)
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "Pulumi.staging.yaml" in shown
    assert "zones" in shown


def of_folder(folder: Path) -> list[str]:
    """Processes that run with this folder for temporary files: the rehearsal and all that it started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_in_the_middle_stops_all_that_was_started(
    number: signal.Signals, folder: Path
) -> None:
    temporary = folder / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "rehearsal", "--engine", "embedded"],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        # The next step has begun: an engine is starting, or runs already.
        if " 1/" in line:
            break
    assert any("rehearsal.cloud" in command for command in of_folder(temporary))
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors == "rehearse: interrupted; all that it started is stopped\n"
    assert of_folder(temporary) == []
    assert list(temporary.iterdir()) == []
