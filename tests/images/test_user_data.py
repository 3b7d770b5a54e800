"""The program that turns a server's user data into environment files, in a folder of the test."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.log_agent import LOG_AGENT_FILE, journal_to
from components.user_data import cloud_config, environment_file
from images.recipes import FOLDER

PROGRAM = FOLDER / "start" / "immutable-user-data"
VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\t\n"), max_size=40)
VARIABLES = st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,9}", fullmatch=True), VALUES, max_size=4)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return loaded(tmp_path / "etc" / "immutable", monkeypatch)


def loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    loader = SourceFileLoader("immutable_user_data", str(PROGRAM))
    spec = importlib.util.spec_from_loader("immutable_user_data", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "FOLDER", str(folder))
    return module


def run(program: ModuleType, text: str | bytes) -> int:
    """What the program exits with for this user data; paths in it are those of a server."""
    file = Path(program.FOLDER).parent / "user-data"
    file.parent.mkdir(parents=True, exist_ok=True)
    given = text.encode() if isinstance(text, str) else text
    file.write_bytes(given.replace(b"/etc/immutable/", f"{program.FOLDER}/".encode()))
    code: int = program.main([str(file)])
    return code


def files(program: ModuleType) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(Path(program.FOLDER).glob("*"))}


@given(variables=VARIABLES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_launch_template_says_is_what_a_service_reads(
    program: ModuleType, variables: dict[str, str]
) -> None:
    assert run(program, cloud_config("web", variables)) == 0
    assert files(program) == {"web.env": environment_file(variables)}
    assert (Path(program.FOLDER) / "web.env").stat().st_mode & 0o777 == 0o600


def test_a_start_after_the_first_writes_the_same_again(program: ModuleType) -> None:
    for value in ("1", "2"):
        assert run(program, cloud_config("web", {"A": value})) == 0
    assert files(program) == {"web.env": 'A="2"\n'}


def test_what_the_log_agent_is_told_comes_beside_the_environment_file(program: ModuleType) -> None:
    told = journal_to("/immutable/staging/web").to_json()
    assert run(program, cloud_config("web", {"A": "1"}, {LOG_AGENT_FILE: told})) == 0
    assert files(program) == {"log-agent.json": told, "web.env": 'A="1"\n'}
    assert (Path(program.FOLDER) / "log-agent.json").stat().st_mode & 0o777 == 0o600


FILE = "- path: /etc/immutable/web.env\n  content: a\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"#cloud-config\nwrite_files:\n{FILE}runcmd: [reboot]\n", "holds more than write_files"),
        ("#cloud-config\nusers: [me]\n", "holds more than write_files"),
        ("#cloud-config\n- a\n", "holds more than write_files"),
        ("#cloud-config\na: [\n", "is no YAML"),
        ("#cloud-config\n!!python/object/apply:os.getcwd []\n", "is no YAML"),
        (f"#cloud-config\nwrite_files:\n{FILE}- path: /etc/passwd\n", "would write '/etc/passwd'"),
        ("#cloud-config\nwrite_files:\n- path: /etc/immutable/../x.env\n", "would write"),
        ("#cloud-config\nwrite_files:\n- path: /etc/immutable/a/b.env\n", "would write"),
        ("#cloud-config\nwrite_files:\n- path: /etc/immutable/web.env.sh\n", "would write"),
        ("#cloud-config\nwrite_files:\n- path: /etc/immutable/agent.json\n", "would write"),
        (f"#cloud-config\nwrite_files:\n{FILE}  permissions: '0644'\n", "would let others than root read"),
        (f"#cloud-config\nwrite_files:\n{FILE}  owner: nobody\n", "would let others than root read"),
        (f"#cloud-config\nwrite_files:\n{FILE}  append: true\n", "more than path, content, owner"),
        ("#cloud-config\nwrite_files: [a]\n", "more than path, content, owner"),
        ("#cloud-config\nwrite_files: a\n", "more than path, content, owner"),
        ("#cloud-config\nwrite_files:\n- path: /etc/immutable/web.env\n  content: 1\n", "has no text for"),
        (b"#cloud-config\n\xff\n", "codec can't decode"),
    ],
)  # fmt: skip
def test_user_data_configures_and_does_nothing_else(
    program: ModuleType, capsys: pytest.CaptureFixture[str], text: str | bytes, words: str
) -> None:
    """One line, exit code 2, and nothing written: not the files before the wrong one either."""
    assert run(program, text) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert words in said[0]
    assert files(program) == {}


@pytest.mark.parametrize("text", ["#!/bin/sh\nreboot\n", "", "Content-Type: multipart/mixed\n", "\x1f\x8b"])
def test_what_is_no_cloud_config_is_left_alone(program: ModuleType, text: str) -> None:
    """An image build starts its test machine with a script, which this image does not run."""
    assert run(program, text) == 0
    assert files(program) == {}


def test_a_server_that_was_told_nothing_starts(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "VENDOR", str(PROGRAM.parent / "none"))
    monkeypatch.setattr(program, "DISK_SECONDS", 0)
    assert program.main([]) == 0
    assert files(program) == {}


class Metadata(BaseHTTPRequestHandler):
    """EC2's metadata, version 2: nothing is told without a token, and a token is not asked for by GET."""

    user_data: bytes | None = None
    busy = 0

    def do_PUT(self) -> None:
        if type(self).busy:
            type(self).busy -= 1
            self._answer(503, b"")
        elif self.headers["X-aws-ec2-metadata-token-ttl-seconds"]:
            self._answer(200, b"token")

    def do_GET(self) -> None:
        if self.headers["X-aws-ec2-metadata-token"] != "token":
            self._answer(401, b"")
        elif self.path == "/latest/user-data" and self.user_data is not None:
            self._answer(200, self.user_data)
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def metadata(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Metadata]]:
    class Own(Metadata):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(program, "METADATA", f"http://127.0.0.1:{server.server_port}/latest")
    vendor = Path(program.FOLDER).parent.parent / "vendor"
    vendor.write_text("Amazon EC2\n")
    monkeypatch.setattr(program, "VENDOR", str(vendor))
    monkeypatch.setattr(program.time, "sleep", lambda _: None)
    yield Own
    server.shutdown()
    thread.join()
    server.server_close()


def test_on_ec2_it_is_the_metadata_that_is_asked_until_it_answers(
    program: ModuleType, metadata: type[Metadata]
) -> None:
    path = f"{program.FOLDER}/web.env"
    metadata.busy = 2
    metadata.user_data = f"#cloud-config\nwrite_files:\n- path: {path}\n  content: A=1\n".encode()
    assert program.main([]) == 0
    assert files(program) == {"web.env": "A=1"}


def test_on_ec2_a_server_without_user_data_starts(program: ModuleType, metadata: type[Metadata]) -> None:
    assert program.main([]) == 0
    assert files(program) == {}


def test_a_server_that_cannot_ask_says_so_and_is_none(
    program: ModuleType, metadata: type[Metadata], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "NETWORK_SECONDS", 0)
    metadata.busy = 1000
    with pytest.raises(SystemExit, match="immutable-user-data: no answer from http"):
        program.main([])
