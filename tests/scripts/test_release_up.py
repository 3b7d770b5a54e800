"""`up`: one deployment, from its turn to what the fleet runs; against a `pulumi` that answers as told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import pytest

from scripts.releases import project, waiting
from scripts.releases.pulumi_command import Finished
from tests.scripts.pulumi_on_path import PulumiOnPath
from tests.scripts.release_project import NEW, OLD, ReleaseProject

LOCKED = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or "
    "delete the lock file with `pulumi cancel`."
)


@pytest.fixture
def made(tmp_path: Path) -> ReleaseProject:
    project = ReleaseProject(tmp_path)
    project.runs("staging", OLD)
    return project


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PulumiOnPath:
    return PulumiOnPath(tmp_path / "bin", monkeypatch)


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> Mock:
    slept = Mock()
    monkeypatch.setattr(waiting, "sleep", slept)
    return slept


def test_up_is_one_pulumi_up_that_asks_nothing(made: ReleaseProject, pulumi: PulumiOnPath) -> None:
    pulumi.answers("Updating (staging)")
    done = made.run("up", "staging")
    assert (done.code, done.error) == (0, "")
    assert done.out.splitlines() == [
        "Updating (staging)",
        f"staging is up: web runs {OLD}, api runs {OLD}; https://entry.example.com",
    ]
    assert [" ".join(call) for call in pulumi.asked] == [
        f"up --stack=staging --yes --skip-preview --non-interactive --color=never --cwd={made.directory}"
    ]


def test_the_projects_own_guardrails_are_in_force(made: ReleaseProject, pulumi: PulumiOnPath) -> None:
    (made.directory / "policies").mkdir()
    (made.directory / "policies" / "PulumiPolicy.yaml").write_text("runtime: python\n")
    assert made.run("up", "staging").code == 0
    assert f"--policy-pack={made.directory}/policies" in pulumi.asked[0]


def test_other_guardrails_take_their_place(
    made: ReleaseProject, pulumi: PulumiOnPath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "PulumiPolicy.yaml").write_text("runtime: python\n")
    monkeypatch.chdir(tmp_path)
    assert made.run("up", "staging", "--policy-pack", "ours", "--policy-pack", "theirs").code == 0
    packs = [each for each in pulumi.asked[0] if each.startswith("--policy-pack")]
    assert packs == [f"--policy-pack={tmp_path}/ours", f"--policy-pack={tmp_path}/theirs"]


def test_an_update_that_runs_already_is_waited_for(
    made: ReleaseProject, pulumi: PulumiOnPath, slept: Mock
) -> None:
    pulumi.answers(LOCKED, LOCKED, "Updating (staging)", code=255, then=0)
    done = made.run("up", "staging")
    assert done.code == 0
    assert done.error == "waiting for another update of staging to end\n"
    assert len(pulumi.asked) == 3
    assert slept.call_count == 2


def test_the_wait_for_another_update_ends(made: ReleaseProject, pulumi: PulumiOnPath, slept: Mock) -> None:
    pulumi.answers(LOCKED, code=1)
    done = made.run("up", "staging", "--wait-minutes", "1")
    assert done.code == 1
    assert "release: another update of staging still runs after 1 minutes; look at it" in done.error
    assert sum(call.args[0] for call in slept.call_args_list) == 60


def test_a_failure_is_pulumis_first_error(made: ReleaseProject, pulumi: PulumiOnPath) -> None:
    pulumi.answers("error: web: ended RollbackSuccessful: an alarm\nerror: update failed", code=255)
    done = made.run("up", "staging")
    assert done.code == 1
    assert done.error == "release: up of staging failed: web: ended RollbackSuccessful: an alarm\n"
    assert len(pulumi.asked) == 1


def test_what_is_wrong_in_the_stacks_file_is_a_refusal(made: ReleaseProject, pulumi: PulumiOnPath) -> None:
    pulumi.answers("error: Pulumi.staging.yaml: immutable:imageId: is missing", code=1)
    assert made.refused("up", "staging") == "Pulumi.staging.yaml: immutable:imageId: is missing"


def test_up_fails_when_the_fleet_runs_another_image_afterwards(
    made: ReleaseProject, pulumi: PulumiOnPath, tmp_path: Path
) -> None:
    made.configure("staging", NEW)
    done = made.run("up", "staging", "--output", str(tmp_path / "output"))
    assert done.code == 1
    assert done.error == (
        "release: up of staging is over, and web, api of staging runs another image than its config says; "
        "see status staging\n"
    )
    assert "agrees=false\n" in (tmp_path / "output").read_text()


def test_later_steps_get_image_and_address(
    made: ReleaseProject, pulumi: PulumiOnPath, tmp_path: Path
) -> None:
    assert made.run("up", "staging", "--output", str(tmp_path / "output")).code == 0
    assert (tmp_path / "output").read_text().splitlines() == [
        "stack=staging", f"image={OLD}", "url=https://entry.example.com", "agrees=true",
    ]  # fmt: skip


def test_standard_output_is_one_document_for_programs(made: ReleaseProject, pulumi: PulumiOnPath) -> None:
    pulumi.answers("Updating (staging)")
    done = made.run("up", "staging", "--json")
    assert json.loads(done.out) == {
        "ok": True,
        "stack": "staging",
        "image": OLD,
        "url": "https://entry.example.com",
        "services": {"web": OLD, "api": OLD},
        "workloads": {},
    }
    assert done.error == "Updating (staging)\n"


def test_a_stack_that_is_no_environment_comes_up_too(made: ReleaseProject, pulumi: PulumiOnPath) -> None:
    made.file("images").write_text("config: {'immutable:recipes': {service: {}}}\n")
    done = made.run("up", "images")
    assert (done.code, done.out) == (0, "images is up\n")


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("stagin",), "there is no Pulumi.stagin.yaml in "),
        (("../staging",), "'../staging' is not a stack's name; take letters, digits, hyphens"),
        (
            ("staging", "--policy-pack", "gone"),
            "--policy-pack gone is no policy pack: it has no PulumiPolicy",
        ),
        (("staging", "--output", "/gone/file"), "--output /gone/file cannot be written"),
    ],
)
def test_bad_input_starts_nothing(
    made: ReleaseProject, pulumi: PulumiOnPath, arguments: tuple[str, ...], refusal: str
) -> None:
    assert made.refused("up", *arguments).startswith(refusal)
    assert pulumi.asked == []


def test_without_a_pulumi_command_it_says_where_one_is_had(
    made: ReleaseProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert made.refused("up", "staging").startswith("there is no pulumi command on the PATH; install it")


VPC = "arn:aws:ec2:eu-central-1:123456789012:vpc/*"
ROLE = "arn:aws:sts::123456789012:assumed-role/deploy/ci"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            f"error: creating EC2 VPC: operation error EC2: CreateVpc, https response error StatusCode: 403, "
            f"api error UnauthorizedOperation: User: {ROLE} is not authorized to perform: ec2:CreateVpc on "
            f"resource: {VPC} because no identity-based policy allows it",
            f"missing permission ec2:CreateVpc for the call CreateVpc on {VPC}; {ROLE} needs it",
        ),
        (
            f"error: User: {ROLE} is not authorized to perform: autoscaling:StartInstanceRefresh",
            f"missing permission autoscaling:StartInstanceRefresh for the call StartInstanceRefresh; {ROLE} "
            f"needs it",
        ),
        (
            "error: operation error S3: PutObject, https response error, api error AccessDenied: no",
            "missing permission for the call PutObject: operation error S3: PutObject, https response error, "
            "api error AccessDenied: no",
        ),
        (
            "error: An error occurred (AccessDenied) when calling the PutRule operation: no",
            "missing permission for the call PutRule: An error occurred (AccessDenied) when calling the "
            "PutRule operation: no",
        ),
        ("\x1b[31merror: \x1b[0mno space left", "no space left"),
        ("error: update failed\nerror: web: no capacity", "web: no capacity"),
        (
            "error: Program failed with an unhandled exception:\n  Traceback (most recent call last):\n"
            "    import policies\n  ModuleNotFoundError: No module named 'policies'\nerror: update failed",
            "Program failed with an unhandled exception: ModuleNotFoundError: No module named 'policies'",
        ),
        ("    error: 1 error occurred:\n    \t* creating: no room", "1 error occurred: creating: no room"),
        ("panic: something", "panic: something"),
        ("", "exit code 255"),
    ],
)
def test_a_failure_is_told_in_one_line_with_the_permission_that_is_missing(line: str, said: str) -> None:
    assert Finished(255, tuple(line.splitlines())).failure == said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_reaches_pulumi_which_is_waited_for(
    made: ReleaseProject, tmp_path: Path, how: signal.Signals
) -> None:
    """It ends the resource at hand and writes its state; without the wait nobody would."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "pulumi").write_text(
        "#!/bin/sh\ntrap 'sleep 0.3; echo whole >state; exit 1' INT\n"
        f"cd {tmp_path}; echo >began; n=0; while [ $n -lt 200 ]; do sleep 0.1; n=$((n + 1)); done\n"
    )
    (folder / "pulumi").chmod(0o755)
    variables = {**os.environ, **made.variables, "PATH": f"{folder}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "scripts.releases", "up", "staging", "--project", str(made.directory)]
    process = subprocess.Popen(
        command, env=variables, cwd=project.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 20
    while not (tmp_path / "began").exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(how)
    _, error = process.communicate(timeout=20)
    assert (tmp_path / "state").read_text() == "whole\n"
    assert process.returncode == 130
    assert error.startswith("release: interrupted")
