"""Runs a workflow of `.github/workflows` on this machine as GitHub would: its jobs in order, each in a fresh
checkout, its conditions, matrix, outputs and artifacts, and each step's own command.

What foreign actions do is done here in their place: a checkout, the rehearsal's `pulumi` on the PATH,
credentials of the role that was asked for. An action, an expression or a key that is not known here raises:
nothing is passed over. Not run is `scripts/test`, of which these tests are a part.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal import aws_client
from tests.delivery.checkouts import Checkout
from tests.delivery.expressions import fill, holds
from tests.delivery.workflow_files import PREPARE, ROOT, SELF, read
from tests.rehearsal.cloud.tokens import token

LOOK_ALIKE = ROOT / "rehearsal" / "bin"
STEP_SECONDS = 300
SUCCESS, FAILURE, SKIPPED, WAITING = "success", "failure", "skipped", "waiting"
TESTS = "scripts/test"
APPROVAL = "-approval"
"""How the name of an environment ends that has reviewers and nothing else."""


@dataclass
class Event:
    """What starts a workflow: GitHub's name of the event, the commit, the branch, and more of its own."""

    name: str
    sha: str
    ref: str = "refs/heads/main"
    document: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Done:
    """What came of a job: how it ended, its outputs, and what its commands said; `roles` it took."""

    result: str
    outputs: dict[str, str] = field(default_factory=dict)
    said: str = ""
    summary: str = ""
    commands: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)


@dataclass
class Runner:
    """`variables` is what every command sees, `repository_variables` GitHub's `vars`; `approves` is asked
    as the reviewers of an environment are, when a run comes to it. `artifacts` outlive a job.
    """

    checkout: Checkout
    variables: Mapping[str, str]
    repository_variables: Mapping[str, str]
    token: str
    artifacts: Path
    approves: Callable[[str], bool] = lambda _: True

    def run(self, path: Path, event: Event) -> dict[str, Done]:
        """Runs all jobs of a workflow. What came of each, by its name."""
        workflow = read(path)
        done: dict[str, Done] = {}
        for name, job in workflow["jobs"].items():
            needs = job.get("needs") or []
            needs = [needs] if isinstance(needs, str) else needs
            contexts = self._contexts(event)
            contexts["needs"] = {
                one: {"result": done[one].result, "outputs": done[one].outputs} for one in needs
            }
            ok = all(done[one].result == SUCCESS for one in needs)
            if not holds(job.get("if"), contexts, ok=ok):
                done[name] = Done(SKIPPED)
            elif str(job.get("environment")).endswith(APPROVAL) and not self.approves(job["environment"]):
                done[name] = Done(WAITING)
            else:
                done[name] = self._job(workflow, job, event, contexts)
        return done

    def _contexts(self, event: Event) -> dict[str, Any]:
        github = {
            "event_name": event.name,
            "event": event.document,
            "ref": event.ref,
            "sha": event.sha,
            "repository": self.variables["GITHUB_REPOSITORY"],
            "token": self.token,
            "run_id": "1",
            "run_attempt": "1",
        }
        return {"github": github, "vars": self.repository_variables, "inputs": event.inputs}

    def _job(
        self, workflow: Mapping[str, Any], job: Mapping[str, Any], event: Event, contexts: dict[str, Any]
    ) -> Done:
        """A job with a matrix is one for each value; it fails when one of them does."""
        matrix = job.get("strategy", {}).get("matrix")
        if not matrix:
            return _Job(self, workflow, job, event, contexts).run()
        [(name, values)] = matrix.items()
        each = [
            _Job(self, workflow, job, event, {**contexts, "matrix": {name: value}}).run()
            for value in fill(values, contexts)
        ]
        result = FAILURE if any(one.result == FAILURE for one in each) else SUCCESS
        return Done(
            result,
            said="".join(one.said for one in each),
            commands=[command for one in each for command in one.commands],
            roles=[role for one in each for role in one.roles],
        )


class _Job:
    """One job, in a fresh checkout and with files of its own for outputs and summary."""

    def __init__(
        self,
        runner: Runner,
        workflow: Mapping[str, Any],
        job: Mapping[str, Any],
        event: Event,
        contexts: dict[str, Any],
    ) -> None:
        self.runner, self.job, self.event = runner, job, event
        self.contexts: dict[str, Any] = {**contexts, "steps": {}}
        self.files = runner.artifacts / "files"
        shutil.rmtree(self.files, ignore_errors=True)
        self.files.mkdir(parents=True)
        named = {**workflow.get("env", {}), **job.get("env", {})}
        self.variables = {
            **runner.variables,
            **{name: str(fill(value, self.contexts)) for name, value in named.items()},
            "GITHUB_STEP_SUMMARY": str(self.files / "summary"),
        }
        (self.files / "summary").touch()
        self.done = Done(SUCCESS)

    def run(self) -> Done:
        for step in self.job["steps"]:
            self._step(step, self.contexts)
        self.done.outputs = {
            name: str(fill(value, self.contexts)) for name, value in self.job.get("outputs", {}).items()
        }
        self.done.summary = (self.files / "summary").read_text()
        return self.done

    def _step(self, step: Mapping[str, Any], contexts: dict[str, Any]) -> None:
        ok = self.done.result == SUCCESS
        outcome, outputs = SKIPPED, dict[str, str]()
        if holds(step.get("if"), contexts, ok=ok):
            given = {name: fill(value, contexts) for name, value in step.get("with", {}).items()}
            if "uses" in step:
                self._use(step["uses"], given)
                outcome = SUCCESS
            else:
                outcome, outputs = self._run(step, contexts)
        if "id" in step:
            contexts["steps"][step["id"]] = {"outcome": outcome, "outputs": outputs}

    def _use(self, action: str, given: Mapping[str, Any]) -> None:
        checkout = self.runner.checkout
        match action.partition("@")[0]:
            case "actions/checkout":
                ref = given.get("ref")
                checkout.at(f"origin/{ref}" if ref else self.event.sha)
                checkout.git("clean", "--quiet", "-dff")
            case "actions/setup-python":
                assert tuple(given) == ("python-version",)
            case "pulumi/actions":
                assert tuple(given) == ("pulumi-version",), "with a command it would run it"
                self.variables["PATH"] = f"{LOOK_ALIKE}{os.pathsep}{self.variables['PATH']}"
            case "aws-actions/configure-aws-credentials":
                self._assume(given)
            case "actions/upload-artifact":
                self._upload(given)
            case "actions/download-artifact":
                assert given["merge-multiple"]
                for found in sorted(self.runner.artifacts.glob(given["pattern"])):
                    shutil.copytree(found, checkout.directory / given["path"], dirs_exist_ok=True)
            case own if own.startswith(SELF):
                assert ROOT / own.removeprefix(SELF) == PREPARE.parent
                inputs = {name: one.get("default", "") for name, one in read(PREPARE)["inputs"].items()}
                for step in read(PREPARE)["runs"]["steps"]:
                    self._step(step, {**self.contexts, "inputs": {**inputs, **given}, "steps": {}})
            case unknown:
                raise AssertionError(f"the tests know no action {unknown}")

    def _assume(self, given: Mapping[str, Any]) -> None:
        """A session of the role by the job's own identity, which the role has to trust: it may what the
        role may.
        """
        assert self.job["permissions"]["id-token"] == "write"
        sts = aws_client.client("sts", self.variables["AWS_ENDPOINT_URL"], given["aws-region"])
        role, subject = (
            given["role-to-assume"],
            f"repo:{self.variables['GITHUB_REPOSITORY']}:{self._subject()}",
        )
        self.done.roles.append("-".join(role.rpartition("/")[2].split("-")[:3]))
        session = sts.assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName=given["role-session-name"],
            DurationSeconds=given["role-duration-seconds"],
            WebIdentityToken=token(subject),
        )["Credentials"]
        self.variables |= {
            "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
        }

    def _subject(self) -> str:
        """What GitHub calls the job in its token, after the repository's name."""
        if environment := fill(self.job.get("environment"), self.contexts):
            return f"environment:{environment}"
        return "pull_request" if self.event.name == "pull_request" else f"ref:{self.event.ref}"

    def _upload(self, given: Mapping[str, Any]) -> None:
        file = self.runner.checkout.directory / given["path"]
        assert given["if-no-files-found"] == "error"
        if not file.exists():
            self.done.said += f"no file {given['path']} to upload\n"
            self.done.result = FAILURE
            return
        place = self.runner.artifacts / given["name"]
        place.mkdir(exist_ok=True)
        shutil.copy2(file, place)

    def _run(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        named = {name: str(fill(value, contexts)) for name, value in step.get("env", {}).items()}
        output = self.files / "output"
        output.write_text("")
        self.done.commands.append(step["run"])
        if step["run"] == TESTS:
            return SUCCESS, {}
        ended = subprocess.run(
            # As GitHub starts it, and -u: a variable that nobody sets is an empty word there.
            ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", step["run"]],
            cwd=self.runner.checkout.directory,
            env={**self.variables, **named, "GITHUB_OUTPUT": str(output)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
        self.done.said += f"$ {step['run']}\n{ended.stdout}"
        if ended.returncode:
            self.done.result = FAILURE
        lines = [line.partition("=") for line in output.read_text().splitlines()]
        return (FAILURE if ended.returncode else SUCCESS), {name: value for name, _, value in lines}
