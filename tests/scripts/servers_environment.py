"""Staging with its state and settings as the program declares them, and commands that may be killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.client
import pytest

from scripts.releases import waiting
from tests.rehearsal.cloud.scene import GOOD
from tests.scripts.live_environment import LiveEnvironment, live_environment
from tests.scripts.release_project import service

READS = ("Describe", "Get", "List")


class KilledError(BaseException):
    """The command ends at once, as with SIGKILL: no handler of its own runs."""


class Staging:
    """`live` runs commands against the emulated cloud; `writes` are the calls that change something."""

    def __init__(self, live: LiveEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
        self.live, self.scene = live, live.scene
        self.writes: list[str] = []
        self.kill_at: int | None = None
        self.before_call = False
        self.reject: dict[str, Exception] = {}
        plain = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]
        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", self._call(plain))

    def _call(self, plain: Any) -> Any:
        def call(client: Any, operation: str, parameters: Any) -> Any:
            if operation in self.reject:
                raise self.reject[operation]
            if operation.startswith(READS):
                return plain(client, operation, parameters)
            self.writes.append(operation)
            due = self.kill_at == len(self.writes)
            if due and self.before_call:
                raise KilledError
            answer = plain(client, operation, parameters)
            if due:
                raise KilledError
            return answer

        return call

    def settled(self, desired: int = 2, version: int = 1, **settings: Any) -> None:
        """Staging is up with `desired` servers, all as declared, unless `settings` say otherwise."""
        policy = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 110}
        self.live.settled(
            desired,
            version,
            MinSize=2,
            MaxSize=4,
            InstanceMaintenancePolicy=policy,
            MaxInstanceLifetime=30 * 86_400,
            **settings,
        )
        self.live.hook("launch", 600)
        self.live.hook("termination", 300)
        self.live.project.state(
            "staging", {"web": service(GOOD) | {"launchTemplateVersion": "1", "group": "web"}}
        )
        self.writes.clear()

    def ids(self) -> list[str]:
        """The group's servers that are not on their way out."""
        group = self.scene.group()
        return sorted(i["InstanceId"] for i in group["Instances"] if i["LifecycleState"] != "Terminating")

    def instance(self, instance_id: str) -> dict[str, Any]:
        found = self.scene.ec2.describe_instances(InstanceIds=[instance_id])
        return dict(found["Reservations"][0]["Instances"][0])

    def tags(self, instance_id: str) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.instance(instance_id).get("Tags", [])}

    def attribute(self, instance_id: str, name: str) -> Any:
        answer = self.scene.ec2.describe_instance_attribute(InstanceId=instance_id, Attribute=name)
        return answer[name[0].upper() + name[1:]]["Value"]

    def group_ids(self, instance_id: str) -> set[str]:
        """The security groups of every interface of an instance."""
        filters = [{"Name": "attachment.instance-id", "Values": [instance_id]}]
        found = self.scene.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        assert found
        return {group["GroupId"] for interface in found for group in interface["Groups"]}

    def quarantine_groups(self) -> list[dict[str, Any]]:
        filters = [{"Name": "group-name", "Values": ["quarantine-staging"]}]
        return list(self.scene.ec2.describe_security_groups(Filters=filters)["SecurityGroups"])

    def snapshots(self, instance_id: str) -> list[dict[str, Any]]:
        filters = [{"Name": "tag:quarantine:instance", "Values": [instance_id]}]
        return list(self.scene.ec2.describe_snapshots(Filters=filters)["Snapshots"])

    def targets(self) -> list[str]:
        answer = self.scene.elbv2.describe_target_health(TargetGroupArn=self.scene.target_group_arn)
        return sorted(each["Target"]["Id"] for each in answer["TargetHealthDescriptions"])

    def refused(self, *arguments: str) -> str:
        """A refusal of a command that asked AWS to change nothing."""
        self.writes.clear()
        refusal = self.live.refused(*arguments)
        assert self.writes == []
        return refusal


@contextmanager
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staging]:
    with live_environment(tmp_path, monkeypatch) as live:
        monkeypatch.setattr(waiting, "sleep", lambda _: live.scene.cloud.step(20))
        yield Staging(live, monkeypatch)
