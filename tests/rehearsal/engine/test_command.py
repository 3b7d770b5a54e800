"""The command line: bad input is one line and exit code 2, and the outcome can be read by a program."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.engine.__main__ import main
from rehearsal.engine.display import Display
from rehearsal.engine.loopback import is_loopback
from rehearsal.engine.values import make_secret
from tests.rehearsal.engine.engines import Embedded, urn

LOCAL = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}


def _environ(embedded: Embedded) -> dict[str, str]:
    return {**embedded.environ(), **LOCAL}


def _main(embedded: Embedded, *arguments: str, **environ: str) -> int:
    command = [*arguments, "--stack", "dev", "--cwd", str(embedded.directory)]
    return main(command, {**_environ(embedded), **environ})


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"AWS_ENDPOINT_URL": ""}, "AWS_ENDPOINT_URL is not set"),
        ({"AWS_ENDPOINT_URL": "https://ec2.eu-central-1.amazonaws.com"}, "which is not on this machine"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1.example.com:80"}, "which is not on this machine"),
        ({"AWS_ENDPOINT_URL": "127.0.0.1:4566"}, "which is not on this machine"),
        ({"AWS_ENDPOINT_URL_EC2": "https://ec2.example.com"}, "AWS_ENDPOINT_URL_EC2 is"),
        ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "unset it"),
    ],
)
@pytest.mark.parametrize("operation", ["preview", "up", "refresh", "destroy"])
def test_no_operation_runs_against_another_machine(
    embedded: Embedded,
    capsys: pytest.CaptureFixture[str],
    operation: str,
    environ: dict[str, str],
    said: str,
) -> None:
    embedded.program("raise Exception('not to be run')")
    assert _main(embedded, operation, **environ) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert len(shown.err.splitlines()) == 1
    assert shown.out == ""
    assert list(embedded.state.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1", True),
        ("http://127.1.2.3", True),
        ("https://[::1]:80/", True),
        ("http://0.0.0.0:1", False),
        ("http://10.0.0.1", False),
        ("ftp://localhost", False),
        ("http://[", False),
    ],
)
def test_only_this_machine_is_this_machine(url: str, local: bool) -> None:
    assert is_loopback(url) is local


def test_the_outcome_can_be_written_as_json(embedded: Embedded, tmp_path: Path) -> None:
    embedded.program('pulumi.export("word", "hello"); pulumi.export("hush", pulumi.Output.secret("s3cret"))')
    file = tmp_path / "outcome.json"
    assert _main(embedded, "up", "--json", str(file)) == 0
    outcome = json.loads(file.read_text())
    assert outcome.pop("seconds") >= 0
    assert outcome == {
        "ok": True,
        "operation": "up",
        "changes": {"create": 1, "update": 0, "replace": 0, "delete": 0, "same": 0},
        "resources": [
            {
                "urn": urn("demo-dev", "pulumi:pulumi:Stack"),
                "type": "pulumi:pulumi:Stack",
                "name": "demo-dev",
                "op": "create",
            }
        ],
        "outputs": {"word": "hello", "hush": "[secret]"},
        "recorded": [],
        "findings": [],
        "packs": [],
        "error": None,
    }


def test_a_refusal_is_written_as_json_too(embedded: Embedded, tmp_path: Path) -> None:
    embedded.program("")
    file = tmp_path / "outcome.json"
    assert _main(embedded, "up", "--replace", urn("nothing"), "--json", str(file)) == 2
    outcome = json.loads(file.read_text())
    assert outcome["ok"] is False
    assert outcome["error"].startswith(f"--replace {urn('nothing')}: there is no such resource")


def test_an_outcome_that_cannot_be_written_is_refused_before_anything_is_done(
    embedded: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    embedded.program("raise Exception('not to be run')")
    assert _main(embedded, "up", "--json", str(tmp_path / "none" / "outcome.json")) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.fullmatch(r"error: --json .* cannot be written: No such file or directory; .*\n", shown.err)
    assert list(embedded.state.iterdir()) == []


def test_a_target_that_is_not_there_is_refused(
    embedded: Embedded, capsys: pytest.CaptureFixture[str]
) -> None:
    embedded.program("")
    _main(embedded, "up")
    capsys.readouterr()
    for operation in ("destroy", "refresh"):
        assert _main(embedded, operation, "--target", urn("nothing")) == 2
        assert "there is no such resource in stack dev" in capsys.readouterr().err


def test_outputs_hide_secrets_unless_told_not_to(
    embedded: Embedded, capsys: pytest.CaptureFixture[str]
) -> None:
    embedded.program('pulumi.export("hush", pulumi.Output.secret("s3cret"))')
    assert _main(embedded, "up") == 0
    assert "s3cret" not in capsys.readouterr().out
    assert _main(embedded, "output") == 0
    assert json.loads(capsys.readouterr().out) == {"hush": "[secret]"}
    assert _main(embedded, "output", "--show-secrets") == 0
    assert json.loads(capsys.readouterr().out) == {"hush": "s3cret"}


def test_an_export_can_be_imported_again(
    embedded: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    embedded.program('pulumi.export("word", "hello")')
    _main(embedded, "up")
    file = tmp_path / "export.json"
    assert _main(embedded, "export", "--file", str(file)) == 0
    assert _main(embedded, "destroy") == 0
    assert _main(embedded, "import", "--file", str(file)) == 0
    capsys.readouterr()
    assert _main(embedded, "output") == 0
    assert json.loads(capsys.readouterr().out) == {"word": "hello"}
    assert _main(embedded, "cancel") == 0


def test_a_stack_that_does_not_exist_has_no_outputs(
    embedded: Embedded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _main(embedded, "output") == 2
    assert "there is no stack dev" in capsys.readouterr().err


def test_the_command_runs_in_a_process_of_its_own(embedded: Embedded) -> None:
    embedded.program("import sys\npulumi.export('first', sys.path[0])")
    done = subprocess.run(
        [sys.executable, "-m", "rehearsal.engine", "preview", "-s", "dev", "-C", str(embedded.directory)],
        env=_environ(embedded),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.dumps(str(embedded.directory)) in done.stdout
    assert "Resources: + 1 to create" in done.stdout


def test_outputs_are_shown_as_a_tree_without_secrets() -> None:
    out = io.StringIO()
    secret = make_secret("hush")
    Display(out, preview=False).stack_outputs(
        {"url": "https://x", "services": {"web": {"id": 3, "word": secret}}}
    )
    assert out.getvalue() == (
        "Outputs:\n"
        "    services:\n"
        "        web:\n"
        "            id  : 3\n"
        '            word: "[secret]"\n'
        '    url     : "https://x"\n'
    )


def test_a_creation_that_was_cut_off_is_forgotten_when_the_command_line_says_so(embedded: Embedded) -> None:
    embedded.program("")
    embedded.run("up")
    made = {"urn": urn("a"), "custom": True, "type": "fake:index:Thing"}
    embedded.state_of_a_killed_engine([{"resource": made, "type": "creating"}])
    for option, left in (("--parallel=1", 1), ("--clear-pending-creates", 0)):
        assert _main(embedded, "refresh", option) == 0
        assert len(embedded.exported()["deployment"].get("pending_operations", [])) == left
