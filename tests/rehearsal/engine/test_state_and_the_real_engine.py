"""What one engine writes, the other reads: state, secrets, configuration and locks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engine.backend import Backend
from rehearsal.engine.project import load_config, load_project
from rehearsal.engine.state import now
from rehearsal.engine.values import make_secret
from rehearsal.errors import UsageError
from tests.rehearsal.engine.samples import PROJECT, STACK, names, provider, resource, root

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the pulumi command on the PATH")

SECRET_OUTPUTS = {"url": "https://x", "password": make_secret({"p": "<hunter2>", "n": [1, None]})}


class Real:
    """The pulumi command in a project of its own, and our backend on the same directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environ = {
            "PULUMI_BACKEND_URL": f"file://{directory / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_HOME": str(directory / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        (directory / "state").mkdir()
        (directory / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
        self.backend = Backend.from_environment(self.environ)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.directory,
            env={**os.environ, **self.environ},
            check=check,
            capture_output=True,
            text=True,
        )

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "-s", STACK).stdout)


@pytest.fixture
def real(tmp_path: Path) -> Real:
    return Real(tmp_path)


def fill(real: Real) -> None:
    aws, stack = provider(), root(outputs=SECRET_OUTPUTS)
    with real.backend.open(PROJECT, STACK) as file:
        file.commit(stack, None)
        file.commit(aws, None)
        file.commit(
            resource(
                "vpc",
                parent=stack.urn,
                provider=f"{aws.urn}::{aws.id}",
                inputs={"cidrBlock": "10.0.0.0/16", "n": 5, "key": make_secret("k")},
                property_dependencies={"cidrBlock": []},
                custom_timeouts={"create": 60},
                created=now(),
                modified=now(),
            ),
            None,
        )


def test_the_real_engine_reads_the_state_and_its_secrets(real: Real) -> None:
    fill(real)
    assert real.run("stack", "ls").stdout.split()[-3:] == [STACK, "now", "3"]
    shown = real.json("stack", "output", "--json", "--show-secrets")
    assert shown == {"url": "https://x", "password": {"p": "<hunter2>", "n": [1, None]}}
    assert real.json("stack", "output", "--json")["password"] == "[secret]"
    exported = real.json("stack", "export", "--show-secrets")["deployment"]["resources"]
    assert json.loads(exported[2]["inputs"]["key"]["plaintext"]) == "k"


def test_an_export_is_imported_by_the_real_engine_and_comes_back_the_same(real: Real, tmp_path: Path) -> None:
    fill(real)
    with real.backend.open(PROJECT, STACK, write=False) as file:
        ours = file.exported()
        before = file.current()
    (tmp_path / "export.json").write_text(ours)
    shutil.rmtree(tmp_path / "state" / ".pulumi")
    real.run("stack", "init", STACK)
    real.run("stack", "import", "-s", STACK, "--file", str(tmp_path / "export.json"))
    with real.backend.open(PROJECT, STACK) as file:
        assert [(s.urn, s.inputs, s.outputs) for s in file.snapshot.resources] == [
            (s.urn, s.inputs, s.outputs) for s in before.resources
        ]
        first = file.snapshot.resources[0]
        written = file.file.read_text()
        file.commit(replace(first, outputs={**first.outputs, "more": 1}), first)
    kept = {part for part in file.file.read_text().split('"') if part.startswith("v1:")}
    assert kept == {part for part in written.split('"') if part.startswith("v1:")}, "no ciphertext changed"


def test_a_state_of_the_real_engine_is_read_and_its_export_imported(real: Real) -> None:
    fill(real)
    real.run("stack", "export", "-s", STACK, "--file", "theirs.json")
    with real.backend.open(PROJECT, STACK) as file:
        assert names(file.replace((real.directory / "theirs.json").read_bytes()).resources)[-1] == "vpc"
        assert file.snapshot.resources[0].outputs == SECRET_OUTPUTS


def test_both_engines_read_the_same_configuration(real: Real) -> None:
    real.run("stack", "init", STACK)
    real.run("config", "set", "-s", STACK, "--path", "network.zones", "2")
    real.run("config", "set", "-s", STACK, "--path", "network.key", "hunter2", "--secret")
    real.run("config", "set", "-s", STACK, "password", "<p>", "--secret")
    theirs = real.json("config", "--json", "--show-secrets")
    ours = load_config(load_project(real.directory), STACK, real.environ)
    assert ours.secret_keys == sorted(key for key, value in theirs.items() if value["secret"])
    assert ours.values["immutable:password"] == theirs["immutable:password"]["value"] == "<p>"
    assert json.loads(ours.values["immutable:network"]) == theirs["immutable:network"]["objectValue"]


def test_the_engines_keep_out_of_each_others_way(real: Real) -> None:
    real.run("stack", "init", STACK)
    with real.backend.open(PROJECT, STACK):
        refused = real.run("refresh", "--yes", "-s", STACK, check=False)
        assert refused.returncode != 0
        assert f"pid {os.getpid()}" in refused.stderr + refused.stdout
        real.run("cancel", "--yes", "-s", STACK)
        assert not list(real.directory.rglob("state/.pulumi/locks/**/*.json"))
    with real.backend.open(PROJECT, STACK) as file, pytest.raises(UsageError, match="locked"):
        assert file.exists
        real.backend.open(PROJECT, STACK)
