"""The program that resolves a server's secrets, with an `aws` of the test that knows some values."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.user_data import environment_file
from images.recipes import FOLDER

PROGRAM = FOLDER / "secrets" / "immutable-secrets"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-key-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/web/flag"

# Answers as Debian's does, from a file of answers by reference; notes every call.
AWS = """#!/usr/bin/python3 -I
import fcntl, json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
lock = open(f"{here}/lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
words = sys.argv[1:]
with open(f"{here}/calls", "a") as file:
    file.write(" ".join(words) + "\\n")
reference = next(word for word in words if word.startswith("arn:"))
answers = json.load(open(f"{here}/answers"))
answer = answers[reference].pop(0) if isinstance(answers[reference], list) else answers[reference]
with open(f"{here}/answers", "w") as file:
    json.dump(answers, file)
if "error" in answer:
    sys.exit(f"\\nAn error occurred ({answer['error']}) when calling the operation: {answer.get('words')}")
print(json.dumps(answer))
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    loader = SourceFileLoader("immutable_secrets", str(PROGRAM))
    spec = importlib.util.spec_from_loader("immutable_secrets", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "FOLDER", str(tmp_path / "run"))
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0)
    commands = tmp_path / "commands"
    commands.mkdir()
    for name, text in (("aws", AWS), ("systemctl", '#!/bin/sh\nprintf "%s\\n" "$*" >>"${0%/*}/calls"\n')):
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:/usr/bin:/bin")
    monkeypatch.setenv("IMMUTABLE_SECRETS", f"API_KEY={SECRET} FLAG={PARAMETER}")
    monkeypatch.setenv("IMMUTABLE_SECRETS_SECONDS", "0")
    return module


def answers(program: ModuleType, **changed: object) -> None:
    """What `aws` knows: `API_KEY` and `FLAG`, each as an answer, or several in turn."""
    known = {"API_KEY": {"SecretString": "s3cr3t"}, "FLAG": {"Parameter": {"Value": "on"}}} | changed
    place = Path(program.FOLDER).parent / "commands" / "answers"
    place.write_text(json.dumps({SECRET: known["API_KEY"], PARAMETER: known["FLAG"]}))


def calls(program: ModuleType) -> list[str]:
    place = Path(program.FOLDER).parent / "commands" / "calls"
    return sorted(place.read_text().splitlines()) if place.exists() else []


def written(program: ModuleType) -> Path:
    return Path(program.FOLDER) / "web.env"


def test_values_are_read_where_they_are_and_by_nobody_else(program: ModuleType) -> None:
    answers(program)
    assert program.main(["web"]) == 0
    assert written(program).read_text() == 'API_KEY="s3cr3t"\nFLAG="on"\n'
    assert written(program).stat().st_mode & 0o777 == 0o600
    assert written(program).parent.stat().st_mode & 0o777 == 0o700
    limits = "--output json --cli-connect-timeout 5 --cli-read-timeout 15"
    assert calls(program) == [
        f"secretsmanager get-secret-value --version-stage AWSCURRENT --secret-id {SECRET}"
        f" --region eu-central-1 {limits}",
        f"ssm get-parameter --with-decryption --name {PARAMETER} --region eu-west-1 {limits}",
    ]


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\t\n"), max_size=40)


@given(value=TEXT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_arrives_as_an_environment_file_holds_it(program: ModuleType, value: str) -> None:
    assert program.checked(value) == value
    assert program.line("A", value) == environment_file({"A": value})


def test_a_shell_reads_the_same_value(program: ModuleType) -> None:
    value = 'it\'s "two"\nlines, $HOME `id` \\n \t\\$ ä🔑 # end '
    answers(program, API_KEY={"SecretString": value})
    assert program.main(["web"]) == 0
    script = f'. {written(program)} && printf "%s" "$API_KEY"'
    assert subprocess.run(["sh", "-c", script], capture_output=True).stdout == value.encode()


def test_a_service_without_secrets_gets_an_empty_file(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMMUTABLE_SECRETS")
    assert program.main(["web"]) == 0
    assert written(program).read_text() == ""
    assert calls(program) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"API_KEY": {"error": "AccessDeniedException"}}, f"API_KEY cannot be read from {SECRET}: Acc"),
        ({"FLAG": {"error": "ParameterNotFound"}}, f"FLAG cannot be read from {PARAMETER}: Par"),
        ({"API_KEY": {"SecretBinary": "czNjcjN0"}}, "its value is binary"),
        ({"API_KEY": {"SecretString": "s3cr3t\r\n"}}, "its value holds '\\r'"),
        ({"API_KEY": {"SecretString": "s3cr3t\ud800"}}, "its value holds '\\ud800'"),
        ({"API_KEY": {"SecretString": "s3cr3t\x00"}}, "its value holds '\\x00'"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_one_line_that_says_whose_and_where_and_never_what(
    program: ModuleType, capsys: pytest.CaptureFixture[str], changed: dict[str, object], words: str
) -> None:
    answers(program, **changed)
    assert program.main(["web"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert words in said.err
    assert "s3cr3t" not in said.err and "czNjcjN0" not in said.err
    assert not written(program).exists()


def test_a_secret_without_a_value_yet_is_waited_for_and_said_once(
    program: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMMUTABLE_SECRETS_SECONDS", "60")
    none = {"error": "ResourceNotFoundException", "words": "can't find the specified secret value"}
    answers(program, API_KEY=[none, none, {"SecretString": "at last"}])
    assert program.main(["web"]) == 0
    assert written(program).read_text() == 'API_KEY="at last"\nFLAG="on"\n'
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"immutable-secrets: waiting: API_KEY cannot be read from {SECRET}: ResourceNotFoundException"
    ]
    # What is there is not asked for again.
    assert sum("ssm" in call for call in calls(program)) == 1


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("API_KEY=hunter2", "API_KEY has no ARN of a secret"),
        (f"{SECRET}", "part 1 of IMMUTABLE_SECRETS does not begin with a variable's name"),
        (f"A={SECRET} B-C=hunter2", "part 2 of IMMUTABLE_SECRETS"),
        ("A=arn:aws:ssm:eu-west-1:123456789012:secret:hunter2", "A has no ARN of a secret"),
    ],
)
def test_a_secret_in_the_place_of_its_reference_is_refused_and_not_repeated(
    program: ModuleType,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    told: str,
    words: str,
) -> None:
    monkeypatch.setenv("IMMUTABLE_SECRETS", told)
    assert program.main(["web"]) == 2
    said = capsys.readouterr().err
    assert words in said and "hunter2" not in said and len(said.splitlines()) == 1


def test_a_server_without_aws_says_so(
    program: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(program.FOLDER)))
    assert program.main(["web"]) == 1
    assert "there is no aws to ask with" in capsys.readouterr().err


def test_a_second_look_changes_nothing_while_values_are_the_same(program: ModuleType) -> None:
    answers(program)
    assert program.main(["web"]) == 0
    before = written(program).stat()
    assert program.main(["--again", "web"]) == 0
    assert written(program).stat().st_mtime_ns == before.st_mtime_ns
    assert not [call for call in calls(program) if "restart" in call]


def test_a_rotated_secret_reaches_the_service_without_a_release(
    program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(program)
    assert program.main(["web"]) == 0
    answers(program, API_KEY={"SecretString": "n3w"})
    assert program.main(["--again", "web"]) == 0
    assert written(program).read_text() == 'API_KEY="n3w"\nFLAG="on"\n'
    assert "try-reload-or-restart web.service" in calls(program)
    said = capsys.readouterr().err
    assert said == "immutable-secrets: web.service starts anew with another value of API_KEY\n"


def test_a_second_look_that_fails_leaves_the_service_with_what_it_has(program: ModuleType) -> None:
    answers(program)
    assert program.main(["web"]) == 0
    answers(program, FLAG={"error": "AccessDeniedException"})
    assert program.main(["--again", "web"]) == 1
    assert written(program).read_text() == 'API_KEY="s3cr3t"\nFLAG="on"\n'
    assert not [call for call in calls(program) if "restart" in call]


@pytest.mark.parametrize("arguments", [[], ["--again"], ["web", "api"], ["../web"], ["--help"]])
def test_it_is_called_with_the_name_of_a_service(program: ModuleType, arguments: list[str]) -> None:
    assert program.main(arguments) == 2
