"""A release of a small stack in an emulated cloud, whose engine can be killed at any moment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rehearsal.cloud.local import CREDENTIALS, running
from tests.rehearsal.cloud import scene as scenes
from tests.rehearsal.cloud.scene import TYPES, Scene

PROJECT, STACK = "demo", "dev"
REPOSITORY = Path(__file__).resolve().parents[3]
SPEED = 1500.0
PROGRAM = """
import pulumi
from pulumi_aws import autoscaling, ec2
from components.instance_refresh import InstanceRefresh, InstanceRefreshArgs

config = pulumi.Config()
types = config.require_object("types")
image = config.require("image")
template = ec2.LaunchTemplate("web", image_id=image, instance_type=types[0], update_default_version=True)
specification = {"launch_template_id": template.id, "version": template.latest_version.apply(str)}
policy = {
    "launch_template": {
        "launch_template_specification": specification,
        "overrides": [{"instance_type": one} for one in types],
    }
}
group = autoscaling.Group(
    "web",
    min_size=1,
    max_size=3,
    vpc_zone_identifiers=config.require_object("subnets"),
    target_group_arns=[config.require("targetGroup")],
    health_check_type="ELB",
    health_check_grace_period=120,
    default_instance_warmup=60,
    mixed_instances_policy=policy,
    wait_for_capacity_timeout="0",
    opts=pulumi.ResourceOptions(
        ignore_changes=["mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version"]
    ),
)
refresh = InstanceRefresh(
    "web",
    InstanceRefreshArgs(
        region="eu-central-1",
        group_name=group.name,
        launch_template_id=template.id,
        launch_template_version=template.latest_version.apply(str),
        image_id=image,
        target_group_arns=(config.require("targetGroup"),),
        instance_types=tuple(types),
        preferences={"bake_time_seconds": 60, "alarms": (config.require("alarm"),)},
        callers_alarms=(config.require("alarm"),),
        timeout_seconds=600,
    ),
)
pulumi.export("image", refresh.image_id)
"""


@dataclass
class Run:
    """What came of one process: `events` up to its end, and what it wrote."""

    code: int
    events: list[str]
    text: str


class Release:
    """One stack in one cloud. Each release is of an image that was never released before."""

    def __init__(self, directory: Path, scene: Scene, forker: subprocess.Popen[str]) -> None:
        self.scene = scene
        self._forker = forker
        self._directory = directory
        self._released = 0
        self.file = directory / "state" / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"
        for folder in ("state", "program"):
            (directory / folder).mkdir()
        project = {"name": PROJECT, "runtime": {"name": "python"}}
        (directory / "program" / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        (directory / "program" / "__main__.py").write_text(PROGRAM)
        cloudwatch = scene.cloud.client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName="errors", Namespace="AWS/SQS", MetricName="errors", Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="all is well")

    @property
    def image_id(self) -> str:
        return f"ami-{self._released:017x}"

    def next_image(self) -> str:
        """Make one, and write it into the configuration."""
        self._released += 1
        self.scene.cloud.image(self.image_id)
        config = {
            "aws:region": "eu-central-1",
            "aws:skipCredentialsValidation": "true",
            "demo:image": self.image_id,
            "demo:types": list(TYPES),
            "demo:subnets": self.scene.subnet_ids,
            "demo:targetGroup": self.scene.target_group_arn,
            "demo:alarm": "errors",
        }
        (self._directory / "program" / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": config}))
        return self.image_id

    def up(self, kill: int = 0, *options: str) -> Run:
        program = self._directory / "program"
        request = {
            "arguments": ["up", "--stack", STACK, "--cwd", str(program), *options],
            "program": str(REPOSITORY),
            "environ": {
                **CREDENTIALS,
                "AWS_ENDPOINT_URL": self.scene.cloud.url,
                "PULUMI_BACKEND_URL": f"file://{self._directory / 'state'}",
                "PULUMI_CONFIG_PASSPHRASE": "correct horse",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
            },
            "output": str(self._directory / "output"),
            "events": str(self._directory / "events"),
            "kill": kill,
        }
        if self._forker.stdin is None or self._forker.stdout is None:
            raise RuntimeError("the forker has no pipes")
        self._forker.stdin.write(json.dumps(request) + "\n")
        self._forker.stdin.flush()
        code = json.loads(self._forker.stdout.readline())["code"]
        events = (self._directory / "events").read_text().splitlines()
        return Run(code, events, (self._directory / "output").read_text())

    def started(self) -> int:
        """How many refreshes AWS has accepted so far."""
        if not self.group_names():
            return 0
        (name,) = self.group_names()
        count = 0
        more: dict[str, str] = {}
        while True:  # a page has 50 of them
            page = self.scene.autoscaling.describe_instance_refreshes(AutoScalingGroupName=name, **more)
            count += len(page["InstanceRefreshes"])
            if not page.get("NextToken"):
                return count
            more = {"NextToken": page["NextToken"]}

    def group_names(self) -> list[str]:
        groups = self.scene.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        return [group["AutoScalingGroupName"] for group in groups]

    def images_in_service(self) -> set[str]:
        """The images of the group's servers, as EC2 tells them."""
        (name,) = self.group_names()
        (group,) = self.scene.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
            "AutoScalingGroups"
        ]
        ids = [one["InstanceId"] for one in group["Instances"] if one["LifecycleState"] == "InService"]
        found = self.scene.ec2.describe_instances(InstanceIds=ids)["Reservations"]
        return {one["ImageId"] for reservation in found for one in reservation["Instances"]}

    def state(self) -> dict[str, Any]:
        """What is recorded, without what differs from one undisturbed release to the next."""
        latest = json.loads(self.file.read_text())["checkpoint"]["latest"]
        if self.file.with_name(f"{self.file.name}.journal").exists():
            raise AssertionError("a journal was left behind")
        text = json.dumps([latest["resources"], latest.get("pending_operations") or []])
        for number, image in ((self._released, "THE IMAGE"), (self._released - 1, "THE IMAGE BEFORE")):
            text = text.replace(f"ami-{number:017x}", image)
        resources, pending = json.loads(text)
        return {"pending": pending, **{one["urn"]: _stable(one) for one in resources}}


def _stable(value: Any) -> Any:
    varying = {"created", "modified", "refresh_id", "refreshId", "id", "latestVersion", "defaultVersion",
               "launch_template_version", "launchTemplateVersion", "version"}  # fmt: skip
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if key not in varying}
    return [_stable(item) for item in value] if isinstance(value, list) else value


@contextmanager
def forking() -> Iterator[subprocess.Popen[str]]:
    """The process that runs engines."""
    command = [sys.executable, "-m", "tests.rehearsal.crashes.forker"]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as forker:
        yield forker
        if forker.stdin is not None:
            forker.stdin.close()


@contextmanager
def cloud() -> Iterator[Scene]:
    """One whose clock runs."""
    with running() as local:
        scene = scenes.build(local)
        local.world.clock.speed = SPEED
        yield scene
