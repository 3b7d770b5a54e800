"""A worker and a job, added by `scripts/new-service`, in an environment of the emulated cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from rehearsal import aws_client, bench
from rehearsal.cloud_client import TESTED
from rehearsal.engines import EmbeddedEngine, Operation, Outcome
from rehearsal.fleet import groups_of
from rehearsal.workspace import REPOSITORY

STACK, REGION = "staging", "eu-central-1"
BETTER = "ami-0bbbbbbbbbbbbbbb1"
DAY_SECONDS = 86_400


class Environment:
    """Staging without its database, with a worker `mail` and a job `report`."""

    def __init__(self, workspace: Any, cloud: Any) -> None:
        self.workspace, self.cloud = workspace, cloud
        path = workspace.config_file(STACK)
        config = yaml.safe_load(path.read_text())["config"]
        web = {**config["immutable:services"]["web"], "sessions": False}
        del config["immutable:databases"], web["calls"]
        config["immutable:services"] = {"web": web}
        path.write_text(yaml.safe_dump({"config": config}))
        self.engine = EmbeddedEngine(workspace, workspace.variables(cloud.url))
        self.script("services", "mail", "--kind", "worker", "--environment", STACK)
        self.script("services", "report", "--kind", "job", "--environment", "prod", "--environment", STACK)

    def script(self, module: str, *arguments: str) -> str:
        """What the command says."""
        variables = {**os.environ, **self.workspace.variables(self.cloud.url), "PYTHONPATH": str(REPOSITORY)}
        command = [sys.executable, "-P", "-m", f"scripts.{module}", *arguments]
        command += ["--project", str(self.workspace.project)]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, operation: Operation = "up") -> Outcome:
        # Whoever looks around meanwhile sees a clock that runs as his own.
        self.cloud.client.speed(2000)
        try:
            return self.engine.run(operation, STACK).must()
        finally:
            self.cloud.client.speed(1)

    def changes(self) -> set[str]:
        """What a preview would do."""
        return {kind for kind, count in self.run("preview").changes.items() if count}

    def aws(self, service: str) -> Any:
        return aws_client.client(service, self.cloud.url, REGION)

    def servers(self) -> dict[str, int]:
        groups = [each for each in groups_of(self.cloud.client.fleet()) if each.environment == STACK]
        return {group.service: len(group.members) for group in groups}

    def image(self, service: str, image: str) -> None:
        path = self.workspace.config_file(STACK)
        document = yaml.safe_load(path.read_text())
        document["config"]["immutable:services"][service]["imageId"] = image
        path.write_text(yaml.safe_dump(document))

    def said(self, service: str) -> list[str]:
        """The messages in the service's log group."""
        logs = self.aws("logs")
        groups = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
        (group,) = (name for name in groups if name.startswith(f"{service}-"))
        events = logs.filter_log_events(logGroupName=group)["events"]
        return [json.loads(each["message"])["body"]["MESSAGE"] for each in events]


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    with bench.bench() as (workspace, cloud):
        made = Environment(workspace, cloud)
        bench.register(workspace, cloud)
        made.run()
        yield made


def test_a_worker_has_servers_and_a_job_none_until_its_time(environment: Environment) -> None:
    assert environment.servers() == {"web": 2, "mail": 2, "report": 0}
    assert environment.changes() == {"same"}


def test_a_day_later_the_job_has_run_and_its_server_is_gone(environment: Environment) -> None:
    environment.cloud.client.step_clock(DAY_SECONDS)
    assert environment.servers() == {"web": 2, "mail": 2, "report": 0}
    said = environment.said("report")
    assert {line for line in said if "run " in line} == {"immutable-lifecycle: run succeeded"}
    assert said[-1] == "Leaving: this is the last line."


def test_a_capacity_that_the_schedule_set_is_no_change(environment: Environment) -> None:
    environment.cloud.client.step_clock(DAY_SECONDS)
    assert environment.changes() == {"same"}


def test_a_new_image_reaches_the_workers_servers_and_the_next_run_of_the_job(
    environment: Environment,
) -> None:
    environment.cloud.client.register_image("better", TESTED, BETTER)
    for service in ("mail", "report"):
        environment.image(service, BETTER)
    environment.run()
    (mail,) = (
        each for each in environment.cloud.client.fleet()["groups"] if each["tags"]["service"] == "mail"
    )
    assert {each["image"] for each in mail["instances"]} == {BETTER}
    environment.cloud.client.step_clock(DAY_SECONDS)
    assert f"Booted from {BETTER}." in environment.said("report")


def test_the_commands_of_releases_know_them(environment: Environment) -> None:
    status = environment.script("releases", "status", STACK)
    assert "mail" in status and "report" in status
    assert environment.script("releases", "plan", STACK)
    assert environment.script("releases", "cost", STACK)
    assert environment.script("releases", "drift", STACK)


def test_nothing_is_left_of_them(environment: Environment) -> None:
    environment.run("destroy")
    assert environment.servers() == {}
    assert environment.aws("scheduler").list_schedules()["Schedules"] == []
