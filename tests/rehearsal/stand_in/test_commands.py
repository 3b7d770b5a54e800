"""The stand-in answers as Pulumi's command does: each test runs on both, where both are there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.on_path import STAND_IN
from tests.rehearsal.engine import packs

PROGRAM = """
import pulumi
config = pulumi.Config()
pulumi.export("word", config.require("word"))
pulumi.export("hush", pulumi.Output.secret("s3cret"))
"""
CONFIG = """# What a person wrote.
config:
  demo:word: hello
  demo:net: {zones: 2, cidr: 10.0.0.0/16}
"""


@dataclass
class Command:
    """A `pulumi` command with a project and a backend of its own."""

    name: str
    folder: str
    root: Path

    @property
    def project(self) -> Path:
        return self.root / "project"

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))},
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "PULUMI_HOME": str(self.root / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.root}/state",
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            **variables,
        }
        return subprocess.run(
            ["pulumi", *arguments],
            cwd=self.project,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def must(self, *arguments: str, **variables: str) -> str:
        done = self.run(*arguments, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.must(*arguments))

    def up(self, stack: str = "dev") -> None:
        self.must("up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive")


def made(name: str, folder: str, root: Path) -> Command:
    command = Command(name, folder, root)
    for part in ("project", "state", "home"):
        (root / part).mkdir()
    runtime = {"name": "python", "options": {"virtualenv": str(Path(sys.prefix))}}
    (command.project / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "demo", "runtime": runtime}))
    (command.project / "Pulumi.dev.yaml").write_text(CONFIG)
    (command.project / "__main__.py").write_text(PROGRAM)
    return command


@pytest.fixture
def stand_in(tmp_path: Path) -> Command:
    """The stand-in alone, for what is its own."""
    return made("stand-in", str(STAND_IN), tmp_path)


@pytest.fixture(params=["stand-in", "pulumi"])
def command(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Command]:
    """Each command in turn, for what they have in common."""
    if request.param == "stand-in":
        yield made("stand-in", str(STAND_IN), tmp_path)
        return
    found = shutil.which("pulumi")
    if found is None:
        pytest.skip("needs the pulumi command on the PATH")
    yield made("pulumi", str(Path(found).parent), tmp_path)


def test_a_stack_is_made_listed_selected_and_removed(command: Command) -> None:
    assert command.json("stack", "ls", "--json") == []
    command.must("stack", "init", "dev")
    command.must("stack", "init", "pr-7", "--non-interactive", "--secrets-provider", "passphrase")
    rows = command.json("stack", "ls", "--json")
    assert [(row["name"], row["current"], row["resourceCount"]) for row in rows] == [
        ("dev", False, 0),
        ("pr-7", True, 0),
    ]
    assert all(row["lastUpdate"].startswith("20") for row in rows)
    command.must("stack", "select", "dev")
    assert [row["current"] for row in command.json("stack", "ls", "--json")] == [True, False]
    command.must("stack", "rm", "pr-7", "--yes")
    assert [row["name"] for row in command.json("stack", "ls", "--json")] == ["dev"]


def test_a_stack_that_is_there_is_not_made_again(command: Command) -> None:
    command.must("stack", "init", "dev")
    again = command.run("stack", "init", "dev")
    assert again.returncode == 1
    assert "already exists" in again.stderr
    command.must("stack", "select", "--create", "dev")


@pytest.mark.parametrize(
    "arguments",
    [
        ("up", "--yes", "--skip-preview"),
        ("preview",),
        ("destroy", "--yes"),
        ("stack", "export"),
        ("stack", "output"),
        ("config", "refresh"),
        ("cancel", "--yes"),
    ],
)
def test_a_stack_that_is_not_there_is_no_stack(command: Command, arguments: tuple[str, ...]) -> None:
    done = command.run(*arguments, "--stack", "nope", "--non-interactive")
    assert done.returncode == 6
    assert done.stderr.splitlines()[-1] == "error: no stack named 'nope' found"


def test_an_up_makes_outputs_that_are_read_back(command: Command) -> None:
    command.must("stack", "init", "dev")
    shown = command.must("up", "--stack", "dev", "--yes", "--skip-preview", "--non-interactive")
    assert "pulumi:pulumi:Stack demo-dev" in shown
    assert command.json("stack", "output", "--json") == {"word": "hello", "hush": "[secret]"}
    everything = command.json("stack", "output", "--json", "--show-secrets", "--stack", "dev")
    assert everything == {"word": "hello", "hush": "s3cret"}
    assert command.must("stack", "output", "word") == "hello\n"
    missing = command.run("stack", "output", "nothing")
    assert (missing.returncode, "nothing" in missing.stderr) == (1, True)


def test_nothing_is_done_when_nobody_agrees(command: Command) -> None:
    command.must("stack", "init", "dev")
    for operation in ("up", "destroy"):
        done = command.run(operation, "--stack", "dev")
        assert done.returncode == 2
        assert "must be passed in to proceed when running in non-interactive mode" in done.stderr
    assert "resources" not in command.json("stack", "export")["deployment"]


def test_an_up_without_skip_preview_previews_first(command: Command) -> None:
    command.must("stack", "init", "dev")
    shown = command.must("up", "--stack", "dev", "--yes")
    assert shown.index("Previewing update (dev)") < shown.index("Updating (dev)")


def test_a_state_is_exported_and_imported(command: Command) -> None:
    command.must("stack", "init", "dev")
    command.up()
    command.must("stack", "export", "--stack", "dev", "--file", "state.json")
    written = json.loads((command.project / "state.json").read_text())["deployment"]
    assert written["resources"] == command.json("stack", "export")["deployment"]["resources"]
    command.must("stack", "rm", "dev", "--yes", "--force", "--preserve-config")
    command.must("stack", "init", "dev")
    assert command.json("stack", "output", "--json") == {}
    command.must("stack", "import", "--file", "state.json")
    assert command.json("stack", "output", "--json")["word"] == "hello"


def test_a_lost_file_of_configuration_comes_back_from_the_latest_update(command: Command) -> None:
    command.must("stack", "init", "dev")
    file = command.project / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("hello", "earlier"))
    command.up()
    file.write_text(file.read_text().replace("earlier", "hello"))
    command.up()
    before = yaml.safe_load(file.read_text())["config"]
    file.unlink()
    command.must("config", "refresh", "--stack", "dev")
    assert yaml.safe_load(file.read_text())["config"] == before
    command.up()
    file.write_text("config: {demo:word: other}\n")
    command.must("config", "refresh", "--stack", "dev", "--force")
    assert yaml.safe_load(file.read_text())["config"] == before
    assert not file.with_name("Pulumi.dev.yaml.bak").exists()
    command.must("config", "refresh", "--stack", "dev")
    assert yaml.safe_load(file.with_name("Pulumi.dev.yaml.bak").read_text())["config"] == before


def test_without_an_update_there_is_no_configuration_to_come_back(command: Command) -> None:
    command.must("stack", "init", "dev")
    done = command.run("config", "refresh", "--stack", "dev")
    assert done.returncode == 1
    assert done.stderr == "error: getting latest configuration: no previous deployment\n"
    assert (command.project / "Pulumi.dev.yaml").exists()


def test_a_removed_stack_takes_its_file_with_it_unless_told_otherwise(command: Command) -> None:
    for stack in ("dev", "pr-7"):
        command.must("stack", "init", stack)
        command.project.joinpath(f"Pulumi.{stack}.yaml").write_text(CONFIG)
    command.must("stack", "rm", "dev", "--yes", "--preserve-config")
    command.must("stack", "rm", "pr-7", "--yes")
    assert (command.project / "Pulumi.dev.yaml").exists()
    assert not (command.project / "Pulumi.pr-7.yaml").exists()


def test_a_removed_stack_is_neither_selected_nor_remembered(command: Command) -> None:
    command.must("stack", "init", "dev")
    command.up()
    command.must("stack", "rm", "dev", "--yes", "--preserve-config")
    assert "no stack selected" in command.run("stack", "output", "--non-interactive").stderr
    command.must("stack", "init", "dev")
    assert "no previous deployment" in command.run("config", "refresh").stderr


def test_an_update_whose_preview_fails_does_not_begin(command: Command) -> None:
    command.must("stack", "init", "dev")
    (command.project / "__main__.py").write_text("raise Exception('not today')\n")
    done = command.run("up", "--stack", "dev", "--yes", "--non-interactive")
    assert done.returncode != 0
    assert "Previewing update (dev)" in done.stdout
    assert "Updating (dev)" not in done.stdout


def test_the_backend_of_a_login_is_kept(command: Command) -> None:
    (command.root / "other").mkdir()
    url = f"file://{command.root}/other"
    command.must("login", url, PULUMI_BACKEND_URL="")
    command.must("stack", "init", "dev", PULUMI_BACKEND_URL="")
    assert (command.root / "other" / ".pulumi" / "stacks" / "demo" / "dev.json").exists()


def test_options_stand_before_the_command_and_after_it(command: Command) -> None:
    command.must("stack", "init", "dev")
    listed = command.must("--cwd", str(command.project), "stack", "--non-interactive", "ls", "--json")
    assert [row["name"] for row in json.loads(listed)] == ["dev"]
    command.must("up", "--yes=true", "--skip-preview=true", "--refresh=false", "-s", "dev")
    assert command.run("destroy", "--yes=false", "--skip-preview=false", "-s", "dev").returncode == 2


def test_the_event_log_is_known_where_debug_commands_are(command: Command) -> None:
    command.must("stack", "init", "dev")
    arguments = ("preview", "--stack", "dev", "--event-log", "events.json")
    assert command.run(*arguments).returncode != 0
    command.must(*arguments, PULUMI_DEBUG_COMMANDS="true")
    first = (command.project / "events.json").read_text().splitlines()[0]
    assert json.loads(first)["preludeEvent"]["config"]["demo:word"] == "hello"


def test_a_policy_pack_looks_on(command: Command) -> None:
    packs.write(
        command.project / "rules",
        """
        from pulumi_policy import *
        PolicyPack("tiny", [StackValidationPolicy("no", "Not today.", lambda args, report: report(""))],
                   EnforcementLevel.MANDATORY)
        """,
    )
    command.must("stack", "init", "dev")
    done = command.run("preview", "--stack", "dev", "--policy-pack", "rules", "--cwd", str(command.project))
    assert done.returncode != 0
    assert "Not today." in done.stdout
    for operation in ("destroy", "refresh"):
        refused = command.run(operation, "--stack", "dev", "--yes", "--policy-pack", "rules")
        assert refused.returncode != 0
        assert "--policy-pack" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("preview", "--nonsense"), "--nonsense"),
        (("preview", "--json"), "--json"),
        (("bogus",), "bogus"),
        (("stack", "bogus"), "bogus"),
        (("up", "--parallel", "0"), "'0' is not a whole number above 0"),
        (("stack", "init", "a b"), "'a b' cannot be the name of a stack"),
        (("stack", "init", "other/demo/dev"), "organization/demo/NAME"),
        (("stack", "init", "dev", "--secrets-provider", "awskms://alias/x"), "use passphrase"),
        (("login", "s3://bucket"), "not on this machine"),
        (("preview", "--stack", "dev", "--event-log", "no/such/folder/events"), "cannot be written"),
        ((), "COMMAND"),
    ],
)
def test_what_the_stand_in_does_not_answer_is_refused_in_one_line(
    stand_in: Command, arguments: tuple[str, ...], said: str
) -> None:
    done = stand_in.run(*arguments, PULUMI_DEBUG_COMMANDS="true")
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_the_stand_in_runs_nothing_against_another_machine(stand_in: Command) -> None:
    stand_in.must("stack", "init", "dev")
    done = stand_in.run("up", "--stack", "dev", "--yes", AWS_ENDPOINT_URL="https://ec2.amazonaws.com")
    assert done.returncode == 2
    assert "which is not on this machine" in done.stderr
    assert "resources" not in stand_in.json("stack", "export")["deployment"]


def test_the_stand_in_says_that_it_is_none_of_pulumis_versions(stand_in: Command) -> None:
    assert stand_in.must("version").strip().endswith("+rehearsal")


def test_a_stack_that_holds_resources_is_not_removed_without_force(command: Command) -> None:
    command.must("stack", "init", "dev")
    (command.project / "__main__.py").write_text(
        "import pulumi\npulumi.StackReference('self', stack_name='organization/demo/dev')\n"
        "pulumi.ComponentResource('demo:index:Box', 'box')\n"
    )
    command.up()
    refused = command.run("stack", "rm", "dev", "--yes")
    assert refused.returncode != 0
    assert "still has" in refused.stderr
    command.must("stack", "rm", "dev", "--yes", "--force")
