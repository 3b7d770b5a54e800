"""Pulumi's own command with its state where `scripts/bootstrap` made room, by the roles of deliveries.

Which objects and keys Pulumi asks for, only Pulumi knows: needs the command.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from rehearsal import aws_client, bench
from rehearsal.engines import EmbeddedEngine
from scripts.accounts.cli import main
from tests.rehearsal.cloud.tokens import credentials

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi command on the PATH")

REGION = "eu-central-1"


class Backend:
    """A bucket of state, and Pulumi's command as one role or another."""

    def __init__(self, project: Path, variables: dict[str, str], roles: dict[str, dict[str, str]]) -> None:
        self.project, self.variables, self.roles = project, variables, roles

    def pulumi(self, environment: str, role: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        subject = {"preview": "pull_request", "deploy": f"environment:{environment}"}[role]
        sts = aws_client.client("sts", self.variables["AWS_ENDPOINT_URL"], REGION)
        session = credentials(sts, self.roles[environment][role], f"repo:example/shop:{subject}")
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.project, env={**self.variables, **session}, capture_output=True, text=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    done = tmp_path_factory.mktemp("state") / "done.json"
    with bench.bench() as (workspace, cloud), pytest.MonkeyPatch.context() as patch:
        variables = workspace.variables(cloud.url)
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr("scripts.releases.aws._session", lambda: __import__("boto3").Session())
        assert main(["--region", REGION, "--json", str(done)]) == 0
        made = json.loads(done.read_text())
        path = workspace.config_file("delivery")
        document = yaml.safe_load(path.read_text())
        state = {"bucket": made["bucket"], "keyArn": made["keyArn"]}
        document["config"]["immutable:delivery"]["state"] = state
        path.write_text(yaml.safe_dump(document))
        roles = EmbeddedEngine(workspace, variables).run("up", "delivery").must().outputs["roles"]
        # The emulated cloud answers for every bucket at one address.
        variables["PULUMI_BACKEND_URL"] = f"{made['login']}&s3ForcePathStyle=true"
        variables["PATH"] = os.environ["PATH"]
        del variables["PULUMI_CONFIG_PASSPHRASE"]
        # The administrator's first call writes what kind of backend it is.
        subprocess.run(["pulumi", "stack", "ls"], cwd=workspace.project, env=variables, check=True)
        found = Backend(workspace.project, variables, roles)
        for environment in ("staging", "prod"):
            given = ("stack", "init", environment, "--secrets-provider", made["secretsProvider"])
            ran = found.pulumi(environment, "deploy", *given)
            assert ran.returncode == 0, ran.stderr
        yield found


def test_a_deployment_makes_reads_and_writes_the_stacks_of_its_own(backend: Backend, tmp_path: Path) -> None:
    file = tmp_path / "staging.json"
    for arguments in (
        ("stack", "export", "--stack", "staging", "--file", str(file)),
        ("stack", "import", "--stack", "staging", "--file", str(file)),
        ("config", "set", "--secret", "--stack", "staging", "immutable:any", "thing"),
        ("cancel", "--yes", "--stack", "staging"),
    ):
        ran = backend.pulumi("staging", "deploy", *arguments)
        assert ran.returncode == 0, ran.stderr


def test_a_preview_reads_the_state_and_writes_nothing(backend: Backend, tmp_path: Path) -> None:
    file = tmp_path / "staging.json"
    read = backend.pulumi("staging", "preview", "stack", "export", "--stack", "staging", "--file", str(file))
    assert read.returncode == 0, read.stderr
    listed = backend.pulumi("staging", "preview", "stack", "ls", "--json")
    assert {stack["name"] for stack in json.loads(listed.stdout)} == {"prod", "staging"}
    written = backend.pulumi(
        "staging", "preview", "stack", "import", "--stack", "staging", "--file", str(file)
    )
    assert written.returncode != 0
    assert "s3:PutObject" in written.stderr + written.stdout


def test_a_deployment_does_not_write_the_state_of_another_environment(
    backend: Backend, tmp_path: Path
) -> None:
    file = tmp_path / "staging.json"
    read = backend.pulumi("prod", "deploy", "stack", "export", "--stack", "staging", "--file", str(file))
    assert read.returncode == 0, "what staging runs, the gate to prod asks"
    for arguments in (
        ("stack", "import", "--stack", "staging", "--file", str(file)),
        ("stack", "rm", "--stack", "staging", "--yes"),
    ):
        ran = backend.pulumi("prod", "deploy", *arguments)
        assert ran.returncode != 0
        assert "AccessDenied" in ran.stderr, arguments


def test_a_review_environment_comes_and_goes_by_the_role_for_them_alone(backend: Backend) -> None:
    provider = yaml.safe_load((backend.project / "Pulumi.staging.yaml").read_text())["secretsprovider"]
    init = ("stack", "init", "pr-7", "--secrets-provider", provider)
    assert backend.pulumi("prod", "deploy", *init).returncode != 0
    for arguments in (init, ("stack", "rm", "--stack", "pr-7", "--yes")):
        ran = backend.pulumi("review", "deploy", *arguments)
        assert ran.returncode == 0, ran.stderr
