"""A project whose staging runs in the emulated cloud: one service `web`, tagged as a stack tags it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.local import CREDENTIALS, running
from scripts.releases import aws, rollout
from tests.rehearsal.cloud import scene as scenes
from tests.rehearsal.cloud.scene import BETTER, GOOD, Scene
from tests.scripts.release_project import Finished, ReleaseProject

CONFIG = """\
config:
  aws:region: eu-central-1
  immutable:imageId: {image}
  immutable:services:
    web:
      port: 8080
"""


class LiveEnvironment:
    """`project` runs commands; the emulated clock moves by `scene.cloud.step`, and while a command waits."""

    def __init__(self, project: ReleaseProject, scene: Scene) -> None:
        self.project, self.scene = project, scene
        self.image(BETTER)

    def image(self, image: str, more: str = "") -> None:
        """What the config of staging says, with `more` lines of the service."""
        self.project.file("staging").write_text(CONFIG.format(image=image) + more)

    def alarm(self, name: str, state: str = "OK") -> None:
        """An alarm over a metric that the cloud does not emulate: it keeps the state that is set."""
        client = self.scene.cloud.client("cloudwatch")
        client.put_metric_alarm(
            AlarmName=name, Namespace="AWS/SQS", MetricName=name, Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="Set by a test.")

    def hook(self, name: str, seconds: int) -> None:
        """`launch` or `termination`, as the stack makes them; the emulated servers' agent completes them."""
        way, result = {"launch": ("LAUNCHING", "ABANDON"), "termination": ("TERMINATING", "CONTINUE")}[name]
        self.scene.autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=self.scene.name,
            LifecycleHookName=name,
            LifecycleTransition=f"autoscaling:EC2_INSTANCE_{way}",
            HeartbeatTimeout=seconds,
            DefaultResult=result,
        )

    def settled(self, desired: int = 2, version: int = 1, service: str = "web", **settings: Any) -> None:
        tags = {"project": "immutable", "environment": "staging", "service": service}
        given = [
            {"Key": key, "Value": value, "ResourceId": self.scene.name, "ResourceType": "auto-scaling-group"}
            | {"PropagateAtLaunch": True}
            for key, value in tags.items()
        ]
        self.scene.settled(desired, version, Tags=given, **settings)

    @property
    def variables(self) -> dict[str, str | None]:
        cloud = {"AWS_ENDPOINT_URL": self.scene.cloud.url, "AWS_EC2_METADATA_DISABLED": "true"}
        return {**self.project.variables, **CREDENTIALS, **cloud, "AWS_PROFILE": None, "COLUMNS": "200"}

    def run(self, *arguments: str) -> Finished:
        return self.project.run(*arguments, variables=self.variables)

    def refused(self, *arguments: str) -> str:
        """A refusal that changed no file and started or stopped no refresh."""
        before = self.scene.autoscaling.describe_instance_refreshes(AutoScalingGroupName=self.scene.name)
        refusal = self.project.refused(*arguments, variables=self.variables)
        after = self.scene.autoscaling.describe_instance_refreshes(AutoScalingGroupName=self.scene.name)
        assert before["InstanceRefreshes"] == after["InstanceRefreshes"]
        return refusal

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.error == "" or done.code, done.error
        return json.loads(done.out)


@contextmanager
def live_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds_a_poll: float = 20
) -> Iterator[LiveEnvironment]:
    """Commands that wait move the emulated clock on by `seconds_a_poll` at every look."""
    with running() as cloud:
        made = LiveEnvironment(ReleaseProject(tmp_path), scenes.build(cloud))
        monkeypatch.setattr(rollout, "sleep", lambda _: cloud.step(seconds_a_poll))
        monkeypatch.setattr(aws, "ATTEMPTS", 2)
        yield made


__all__ = ["BETTER", "GOOD", "LiveEnvironment", "live_environment"]
