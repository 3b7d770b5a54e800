"""The example of a service, and what tells the log agent where lines go: run for real."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from components.log_agent import LOG_AGENT_FILE, journal_to
from components.user_data import environment_file
from images.recipes import FOLDER

LONGEST_SECONDS = 20


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@contextmanager
def service(**environment: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-IS", str(FOLDER / "service" / "service")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def answer(port: int, path: str) -> tuple[int, str]:
    until = time.monotonic() + LONGEST_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as got:
                return got.status, got.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)


def ended(running: subprocess.Popen[str]) -> list[dict[str, Any]]:
    said, _ = running.communicate(timeout=LONGEST_SECONDS)
    return [json.loads(line) for line in said.splitlines()]


def test_it_reads_its_environment_serves_its_health_path_and_ends_on_sigterm() -> None:
    port = free_port()
    with service(PORT=str(port), HEALTH_PATH="/up", SERVICE="web") as running:
        assert answer(port, "/up?now") == (200, "ok\n")
        assert answer(port, "/") == (200, '{"service": "web"}')
        assert answer(port, "/healthz")[0] == 404
        running.send_signal(signal.SIGTERM)
        lines = ended(running)
    assert running.returncode == 0
    assert [line["message"] for line in lines] == ["serving", "request", "request", "leaving", "left"]
    assert lines[0]["port"] == port
    assert lines[3]["signal"] == "SIGTERM"


def test_without_its_own_it_takes_what_the_lifecycle_program_asks() -> None:
    port = free_port()
    with service(IMMUTABLE_PORT=str(port), IMMUTABLE_HEALTH_PATH="/ok", LOG_LEVEL="debug") as running:
        assert answer(port, "/ok")[0] == 200
        running.send_signal(signal.SIGTERM)
        # With debug, a health check is a line too.
        assert [line.get("path") for line in ended(running) if line["message"] == "request"] == ["/ok"]


def test_a_request_in_progress_is_answered_before_it_ends() -> None:
    port = free_port()
    with service(PORT=str(port)) as running:
        answer(port, "/healthz")
        with socket.create_connection(("127.0.0.1", port)) as opened:
            opened.sendall(b"GET / HTTP/1.1\r\n")
            time.sleep(0.1)
            running.send_signal(signal.SIGTERM)
            assert running.stdout
            assert json.loads(running.stdout.readline())["message"] == "serving"
            assert json.loads(running.stdout.readline())["message"] == "leaving"
            opened.sendall(b"Host: a\r\nConnection: close\r\n\r\n")
            assert opened.recv(100).startswith(b"HTTP/1.1 200 OK")
        ended(running)
    assert running.returncode == 0


def log_agent(root: Path) -> subprocess.CompletedProcess[str]:
    """The program with the folder of the test for /etc/immutable."""
    program = (FOLDER / "agents" / "immutable-log-agent").read_text()
    text = program.replace("/etc/immutable/", f"{root}/etc/")
    return subprocess.run(
        ["sh", "-c", text, "immutable-log-agent", str(root / "agent")], capture_output=True, text=True
    )


def test_the_log_agent_sends_the_journal_to_the_group_of_the_environment_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = environment_file({"LOG_GROUP": "/immutable/staging/web", "OTHER": "$(exit 1) `exit 1`"})
    (tmp_path / "etc" / "web.env").write_text(file)
    assert log_agent(tmp_path).returncode == 0
    written = json.loads((tmp_path / "agent" / "journal.json").read_text())
    assert written["logs"]["logs_collected"] == {
        "journald": {
            "collect_list": [{"log_group_name": "/immutable/staging/web", "log_stream_name": "{instance_id}"}]
        }
    }


def test_a_log_agent_that_is_given_its_whole_configuration_takes_that(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    told = journal_to("/immutable/staging/web").to_json()
    (tmp_path / "etc" / LOG_AGENT_FILE).write_text(told)
    (tmp_path / "etc" / "web.env").write_text('LOG_GROUP="/another"\n')
    assert log_agent(tmp_path).returncode == 0
    assert (tmp_path / "agent" / "journal.json").read_text() == told


@pytest.mark.parametrize("files", [{}, {"web.env": 'A="1"\n'}])
def test_a_log_agent_that_knows_no_group_does_not_start(tmp_path: Path, files: dict[str, str]) -> None:
    (tmp_path / "etc").mkdir()
    for name, text in files.items():
        (tmp_path / "etc" / name).write_text(text)
    run = log_agent(tmp_path)
    assert run.returncode == 1
    assert run.stderr.startswith("immutable-log-agent: there is no ")
    assert not (tmp_path / "agent").exists()
