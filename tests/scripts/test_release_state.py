"""What runs is read from the state, wherever it is; what cannot be read is said in one line."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import backend, state
from scripts.releases.backend import SECRET_SIGNATURE, SIGNATURE_KEY, CommandBackend, FileBackend
from scripts.releases.errors import NotDeployedError, RefusedError, ReleaseError
from scripts.releases.project import find
from tests.scripts.release_project import NEW, OLD, ReleaseProject, service

HIDDEN = {SIGNATURE_KEY: SECRET_SIGNATURE, "ciphertext": "v1:AAAA:BBBB"}
PULUMI = shutil.which("pulumi")


@pytest.fixture
def project(tmp_path: Path) -> ReleaseProject:
    return ReleaseProject(tmp_path)


def read(project: ReleaseProject, environment: str = "staging") -> state.EnvironmentState:
    return state.read(FileBackend(project.backend, "immutable"), environment)


def test_the_state_file_tells_what_each_service_runs(project: ReleaseProject) -> None:
    project.state(
        "staging", {"web": service(NEW, previous=OLD), "api": service(OLD, status="Failed", reason="x")}
    )
    found = read(project)
    assert found.image == OLD
    web, api = found.services["web"], found.services["api"]
    assert (web.image, web.previous_image, web.launch_template_version, web.group) == (NEW, OLD, 3, "group-1")
    assert (web.refresh.id, web.refresh.status, web.refresh.reason) == ("refresh-1", "Successful", "")
    assert (api.image, api.refresh.status, api.refresh.reason) == (OLD, "Failed", "x")


def test_a_compressed_state_file_is_read_too(project: ReleaseProject) -> None:
    project.runs("staging", NEW)
    plain = project.stacks / "staging.json"
    plain.with_suffix(".json.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert read(project).services["web"].image == NEW


def test_secret_outputs_are_ignored(project: ReleaseProject) -> None:
    secret = {**service(NEW), "url": HIDDEN, "launchTemplateVersion": HIDDEN, "previousImage": HIDDEN}
    project.outputs("staging", {"url": HIDDEN, "services": {"web": secret}, "more": [HIDDEN]})
    found = read(project)
    assert found.url is None
    assert found.services["web"].image == NEW
    assert found.services["web"].launch_template_version is None
    assert found.services["web"].previous_image is None


def test_the_root_stack_that_is_about_to_be_deleted_does_not_count(project: ReleaseProject) -> None:
    project.runs("staging", NEW)
    path = project.stacks / "staging.json"
    document = json.loads(path.read_text())
    resources = document["checkpoint"]["latest"]["resources"]
    resources.insert(0, {**resources[0], "delete": True, "outputs": {"services": {"web": service(OLD)}}})
    resources.insert(0, {"type": "immutable:network:Network", "outputs": {"services": {}}})
    path.write_text(json.dumps(document))
    assert read(project).services["web"].image == NEW


def test_an_environment_without_a_stack_is_not_deployed(project: ReleaseProject) -> None:
    with pytest.raises(
        NotDeployedError, match=r"^staging has no stack in .*; run `pulumi up -s staging` first$"
    ):
        read(project)


@pytest.mark.parametrize("outputs", [None, {}])
def test_a_stack_without_outputs_is_not_deployed(
    project: ReleaseProject, outputs: dict[str, Any] | None
) -> None:
    project.outputs("staging", outputs)
    with pytest.raises(NotDeployedError, match="no outputs: no `pulumi up -s staging` ended well yet"):
        read(project)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b'{"version": 3, "checkpoint": {"latest": {"resou', "Unterminated string"),
        (b'{"version": "\xff"}', "can't decode"),
        (b"[]", "no checkpoint"),
        (b"{}", "no checkpoint"),
        (b'{"version": 3, "checkpoint": null}', "no checkpoint"),
        (b'{"version": 2, "checkpoint": {}}', "its version is 2, not 3"),
        (b'{"version": 3, "checkpoint": {"latest": [1]}}', "resources are no list"),
        (b'{"version": 3, "checkpoint": {"latest": {"resources": {"a": 1}}}}', "resources are no list"),
        (b'{"version": 3, "checkpoint": {"latest": {"resources": [1]}}}', "resources are no list"),
        (
            b'{"version": 3, "checkpoint": {"latest": {"resources": '
            b'[{"type": "pulumi:pulumi:Stack", "outputs": [1]}]}}}',
            "outputs are no mapping",
        ),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_a_damaged_state_file_is_refused_in_one_line(
    project: ReleaseProject, content: bytes, reason: str
) -> None:
    path = project.stacks / "staging.json"
    path.write_bytes(content)
    refusal = project.refused("promote", "staging", "prod")
    assert refusal.startswith(f"the state file {path} is damaged (")
    assert reason in refusal
    assert refusal.endswith("restore it, for example from staging.json.bak")
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08", gzip.compress(b"{}", mtime=0)[:-4], b"plain"])
def test_a_damaged_compressed_state_file_is_refused_in_one_line(
    project: ReleaseProject, content: bytes
) -> None:
    (project.stacks / "staging.json.gz").write_bytes(content)
    assert "staging.json.gz is damaged" in project.refused("promote", "staging", "prod")


@pytest.mark.parametrize(
    ("outputs", "where"),
    [
        ({"bucket": "x"}, "services: field required"),
        ({"services": {}}, "services: "),
        ({"services": HIDDEN}, "services: "),
        ({"services": {"web": "x"}}, "services.web: "),
        ({"services": {"web": {"image": 5}}}, "services.web.image: "),
        ({"services": {"web": {"refresh": "Successful"}}}, "services.web.refresh: "),
        ({"services": {"web": {"launchTemplateVersion": "$Latest"}}}, "services.web.launchTemplateVersion: "),
    ],
)
def test_outputs_of_another_program_are_refused(
    project: ReleaseProject, outputs: dict[str, Any], where: str
) -> None:
    project.outputs("staging", outputs)
    assert project.refused("promote", "staging", "prod").startswith(
        f"the outputs of staging are not this program's: {where}"
    )


def test_a_state_file_that_cannot_be_opened_is_a_failure(project: ReleaseProject) -> None:
    (project.stacks / "staging.json").mkdir()
    done = project.run("promote", "staging", "prod")
    assert done.code == 1
    assert done.error.endswith("staging.json cannot be read: Is a directory\n")


def test_a_backend_that_is_no_directory_is_refused(project: ReleaseProject) -> None:
    variables = {"PULUMI_BACKEND_URL": f"file://{project.backend}/nowhere"}
    refusal = project.refused("promote", "staging", "prod", variables=dict(variables))
    assert refusal == f"PULUMI_BACKEND_URL names {project.backend}/nowhere, which is no directory"


def test_the_file_is_read_where_the_backend_is_one_even_with_the_command(project: ReleaseProject) -> None:
    command(project, "exit 9")
    where = find(project.directory)
    chosen = backend.choose(where, {**project.variables, "PATH": str(project.directory.parent)})
    assert chosen == FileBackend(project.backend, "immutable")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file://../state", "{project}/../state"),
        ("file://.", "{project}"),
        ("file:///srv/state?no_tmp_dir=true", "/srv/state"),
        ("file:///srv/a%20b/%C3%BC", "/srv/a b/ü"),
        ("file://~", "{home}"),
        ("file://~/state", "{home}/state"),
    ],
)
def test_the_backends_address_is_read_as_pulumi_reads_it(
    project: ReleaseProject, url: str, expected: str
) -> None:
    chosen = backend.choose(find(project.directory), {"PULUMI_BACKEND_URL": url})
    assert isinstance(chosen, FileBackend)
    assert str(chosen.directory) == expected.format(project=project.directory, home=Path.home())


def test_without_backend_and_command_the_line_says_what_to_do(project: ReleaseProject) -> None:
    refusal = project.refused(
        "promote", "staging", "prod", variables={"PULUMI_BACKEND_URL": None, "PATH": "/nowhere"}
    )
    assert refusal == (
        "what runs cannot be read: install the pulumi command and log in, "
        "or set PULUMI_BACKEND_URL=file://DIRECTORY to the state's directory"
    )


def command(project: ReleaseProject, body: str) -> CommandBackend:
    """A `pulumi` that runs `body`; it writes its arguments down."""
    path = project.directory.parent / "pulumi"
    path.write_text(f'#!/bin/sh\necho "$@" > {path}.arguments\n{body}\n')
    path.chmod(0o755)
    return CommandBackend(str(path), project.directory)


def test_any_other_backend_is_asked_by_the_command(project: ReleaseProject) -> None:
    outputs = {"url": "[secret]", "services": {"web": service(NEW)}}
    made = command(project, f"cat <<'END'\n{json.dumps(outputs)}\nEND")
    variables = {"PULUMI_BACKEND_URL": "s3://states", "PATH": str(project.directory.parent)}
    chosen = backend.choose(find(project.directory), variables)
    assert chosen == made
    found = state.read(chosen, "staging")
    assert (found.url, found.services["web"].image) == (None, NEW)
    assert (project.directory.parent / "pulumi.arguments").read_text().split() == [
        "stack", "output", "--json", "--non-interactive", "--stack=staging", f"--cwd={project.directory}",
    ]  # fmt: skip


def test_the_command_tells_a_missing_stack_from_one_without_outputs(project: ReleaseProject) -> None:
    with pytest.raises(NotDeployedError, match=r"^staging has no stack in the pulumi command's backend"):
        state.read(command(project, "echo \"error: no stack named 'staging' found\" >&2; exit 6"), "staging")
    with pytest.raises(NotDeployedError, match="no outputs"):
        state.read(command(project, "echo '{}'"), "staging")


def test_stacks_are_listed_by_the_files_and_by_the_command_alike(project: ReleaseProject) -> None:
    for name in ("staging", "pr-12"):
        project.runs(name, NEW)
        (project.stacks / f"{name}.json.bak").write_text("{}")
    plain = project.stacks / "prod.json"
    plain.with_suffix(".json.gz").write_bytes(b"")
    assert FileBackend(project.backend, "immutable").stacks() == ["pr-12", "prod", "staging"]
    listed = json.dumps([{"name": "staging"}, {"name": "organization/immutable/pr-12"}])
    assert command(project, f"echo '{listed}'").stacks() == ["pr-12", "staging"]
    assert (project.directory.parent / "pulumi.arguments").read_text().split() == [
        "stack", "ls", "--json", "--non-interactive", f"--cwd={project.directory}",
    ]  # fmt: skip
    with pytest.raises(ReleaseError, match=r"^`pulumi stack ls` printed no list of stacks$"):
        command(project, "echo '[1]'").stacks()
    with pytest.raises(ReleaseError, match=r"^`pulumi stack ls` failed: no log-in$"):
        command(project, "echo error: no log-in >&2; exit 255").stacks()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo warning: w >&2; echo error: no log-in >&2; exit 255", "failed: no log-in"),
        ("exit 3", "failed: exit code 3"),
        ("echo hello", "printed no JSON"),
        ("echo '[]'", "printed no mapping"),
    ],
)
def test_a_command_that_fails_is_a_failure_and_its_own_line_is_shown(
    project: ReleaseProject, body: str, reason: str
) -> None:
    with pytest.raises(ReleaseError, match=f"^`pulumi stack output` of staging {reason}$") as failure:
        state.read(command(project, body), "staging")
    assert not isinstance(failure.value, RefusedError)
    assert failure.value.exit_code == 1


def test_a_command_that_does_not_answer_is_a_failure(
    project: ReleaseProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "COMMAND_TIMEOUT_SECONDS", 0.05)
    with pytest.raises(ReleaseError, match=r"did not answer in 0\.05 s"):
        state.read(command(project, "exec sleep 5"), "staging")


def test_a_command_that_cannot_be_run_is_a_failure(project: ReleaseProject) -> None:
    with pytest.raises(ReleaseError, match=r"^/nowhere/pulumi cannot be run: No such file"):
        state.read(CommandBackend("/nowhere/pulumi", project.directory), "staging")


PROGRAM = """
import json, pathlib, pulumi
outputs = json.loads(pathlib.Path("outputs.json").read_text())
for name, value in outputs.items():
    pulumi.export(name, value)
pulumi.export("password", pulumi.Output.secret("hunter2"))
"""


@pytest.mark.skipif(PULUMI is None, reason="needs the pulumi command on the PATH")
def test_the_real_command_and_the_state_file_that_it_wrote_say_the_same(
    project: ReleaseProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PULUMI
    for name, value in {
        "PULUMI_BACKEND_URL": f"file://{project.backend}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_HOME": str(project.directory.parent / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }.items():
        monkeypatch.setenv(name, value)
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    (project.directory / "Pulumi.yaml").write_text(json.dumps({"name": "immutable", "runtime": runtime}))
    (project.directory / "__main__.py").write_text(PROGRAM)
    (project.directory / "outputs.json").write_text(json.dumps({"services": {"web": service(NEW)}}))
    both: list[backend.Backend] = [
        FileBackend(project.backend, "immutable"),
        CommandBackend(PULUMI, project.directory),
    ]

    def pulumi(*arguments: str) -> None:
        done = subprocess.run(
            [PULUMI or "", *arguments], cwd=project.directory, env=os.environ, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    for each in both:
        assert each.outputs("staging") is None
    pulumi("stack", "init", "staging")
    for each in both:
        assert each.outputs("staging") == {}
    pulumi("up", "--yes", "--stack", "staging")
    from_file, from_command = (each.outputs("staging") for each in both)
    assert from_file == from_command
    assert from_file == {"services": {"web": service(NEW)}, "password": "[secret]"}
    pulumi("destroy", "--yes", "--stack", "staging")
    for each in both:
        assert each.outputs("staging") == {}
