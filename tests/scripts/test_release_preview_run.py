"""`preview` with a `pulumi` command: the rehearsal's stand-in, and Pulumi's own where there is one."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engine.locks import Lock
from tests.scripts.release_project import Finished, ReleaseProject

PROGRAM = """
import pulumi

class Box(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("demo:index:Box", name)

config = pulumi.Config()
if config.get("wrong"):
    name = "Pulumi.demo.yaml"
    raise pulumi.RunError(f"{name}: demo:wrong: yes is wrong; write no\\n{name}: demo:more: too")
Box(config.require("name"))
pulumi.export("name", config.require("name"))
"""
PULUMI = shutil.which("pulumi")
STAND_IN = Path(__file__).parents[2] / "rehearsal" / "bin"


class Demo:
    """A stack `demo` of a program without a cloud."""

    def __init__(self, base: Path, path: str) -> None:
        self.project = ReleaseProject(base)
        directory = self.project.directory
        options = {"virtualenv": sys.prefix}
        settings = {"name": "immutable", "runtime": {"name": "python", "options": options}}
        (directory / "Pulumi.yaml").write_text(json.dumps(settings))
        (directory / "__main__.py").write_text(PROGRAM)
        # Pulumi writes it into a backend that nobody has used yet, whatever it is asked.
        (self.project.backend / ".pulumi" / "meta.yaml").write_text("version: 1\n")
        self.file = directory / "Pulumi.demo.yaml"
        self.configure(name="first")
        self.variables: dict[str, str | None] = {
            **self.project.variables,
            "PATH": f"{path}:{os.environ['PATH']}",
            "PULUMI_HOME": str(base / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def configure(self, **values: str) -> None:
        self.file.write_text(
            json.dumps({"config": {f"immutable:{key}": value for key, value in values.items()}})
        )

    def run(self, *arguments: str) -> Finished:
        return self.project.run("preview", "demo", *arguments, variables=self.variables)

    def json(self) -> Any:
        return json.loads(self.run("--json").out)

    def made(self) -> None:
        """An empty stack in the backend."""
        checkpoint = {"stack": "organization/immutable/demo", "latest": None}
        document = {"version": 3, "checkpoint": checkpoint}
        (self.project.stacks / "demo.json").write_text(json.dumps(document))

    def files(self) -> dict[str, bytes]:
        """Project and backend, without what Python and Pulumi keep for themselves."""
        return {
            str(path): path.read_bytes()
            for folder in (self.project.directory, self.project.backend)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }


@pytest.fixture(params=["stand-in", "pulumi"])
def demo(tmp_path: Path, request: pytest.FixtureRequest) -> Demo:
    if request.param == "pulumi":
        if PULUMI is None:
            pytest.skip("needs the pulumi command on the PATH")
        return Demo(tmp_path, str(Path(PULUMI).parent))
    return Demo(tmp_path, str(STAND_IN))


def test_a_stack_that_is_not_made_yet_is_previewed_and_nothing_is_written(demo: Demo) -> None:
    before = demo.files()
    found = demo.json()
    assert (found["ok"], found["error"]) == (True, None)
    assert found["remarks"] == ["demo has no stack yet: this is what its first `up` makes"]
    assert demo.files() == before


def test_an_update_that_runs_keeps_no_preview_waiting_and_nothing_is_written(demo: Demo) -> None:
    demo.made()
    lock = Lock(demo.project.backend, "immutable", "demo")
    lock.acquire()
    before = demo.files()
    found = demo.json()
    assert (found["ok"], found["remarks"]) == (True, [])
    assert demo.files() == before
    lock.release()


def test_a_backend_beside_the_project_is_found_from_there(demo: Demo) -> None:
    demo.made()
    demo.variables["PULUMI_BACKEND_URL"] = "file://../backend"
    found = demo.json()
    assert (found["error"], found["remarks"]) == (None, [])


def test_what_the_program_refuses_is_one_line_and_exit_code_2(demo: Demo) -> None:
    demo.made()
    demo.configure(name="first", wrong="yes")
    refusal = demo.run().refusal
    assert refusal == (
        "preview of demo: Pulumi.demo.yaml: demo:wrong: yes is wrong; write no; demo:more: too"
    )


def test_the_whole_text_is_written_also_when_the_preview_fails(demo: Demo, tmp_path: Path) -> None:
    demo.made()
    demo.configure(other="value")
    done = demo.run("--markdown", str(tmp_path / "demo.md"))
    assert done.code == 1
    assert done.error.count("\n") == 1
    assert "Missing required configuration variable 'immutable:name'" in (tmp_path / "demo.md").read_text()


def test_without_a_pulumi_command_the_line_says_what_to_do(demo: Demo, tmp_path: Path) -> None:
    demo.variables["PATH"] = str(tmp_path)
    assert demo.run().refusal.startswith("there is no pulumi command on the PATH; install it")


def test_a_permission_that_is_missing_is_named_with_its_call_and_who_lacks_it(tmp_path: Path) -> None:
    who = "arn:aws:sts::123456789012:assumed-role/preview/run"
    line = f"error: User: {who} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::state/x"
    event = {"sequence": 0, "diagnosticEvent": {"message": "it broke", "severity": "error"}}
    fake = tmp_path / "bin" / "pulumi"
    fake.parent.mkdir()
    log = f"for a; do case $a in --event-log=*) echo '{json.dumps(event)}' > ${{a#*=}};; esac; done"
    fake.write_text(f"#!/bin/sh\n{log}\necho '{line}'\nexit 255\n")
    fake.chmod(0o755)
    done = Demo(tmp_path, str(fake.parent)).run()
    assert done.code == 1
    assert done.error == (
        "release: preview of demo: missing permission s3:GetObject for the call GetObject on "
        f"arn:aws:s3:::state/x; {who} needs it\n"
    )
