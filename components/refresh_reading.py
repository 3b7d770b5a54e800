"""What a rollout asks AWS: the group, its servers' health, its refreshes, its templates and its alarms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import refresh_alarms as alarms
from . import refresh_view as view
from .refresh_errors import RolloutError
from .refresh_view import Target

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client


@dataclass(frozen=True)
class Clients:
    """The services that a rollout asks."""

    autoscaling: AutoScalingClient
    elbv2: ElasticLoadBalancingv2Client
    ec2: EC2Client
    cloudwatch: Any


class Reader:
    """Reads about one target. Raises what boto3 raises, and RolloutError for a group that is gone."""

    def __init__(self, clients: Clients, target: Target) -> None:
        self._clients = clients
        self._target = target

    def group(self) -> dict[str, Any]:
        found = self._clients.autoscaling.describe_auto_scaling_groups(
            AutoScalingGroupNames=[self._target.group_name]
        )["AutoScalingGroups"]
        if not found:
            raise RolloutError(
                f"group {self._target.group_name} does not exist; refresh the stack, then run up again"
            )
        return dict(found[0])

    def health(self) -> list[dict[str, str]]:
        """State by instance ID, one dictionary per target group."""
        answers = [
            self._clients.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            for arn in self._target.target_group_arns
        ]
        return [{one["Target"]["Id"]: one["TargetHealth"]["State"] for one in answer} for answer in answers]

    def refreshes(self, *refresh_ids: str) -> list[dict[str, Any]]:
        """Newest first."""
        wanted = {"InstanceRefreshIds": list(refresh_ids)} if refresh_ids else {}
        answer = self._clients.autoscaling.describe_instance_refreshes(
            AutoScalingGroupName=self._target.group_name,
            **wanted,  # type: ignore[arg-type]
        )
        return [dict(refresh) for refresh in answer["InstanceRefreshes"]]

    def failures(self, since: Any) -> str:
        """What went wrong with servers since then, or ever, as the end of a line."""
        activities = self._clients.autoscaling.describe_scaling_activities(
            AutoScalingGroupName=self._target.group_name
        )["Activities"]
        return view.failures([a for a in activities if since is None or a["StartTime"] >= since])

    def templates(self, versions: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The data of versions of the target's template, by version."""
        described = self._clients.ec2.describe_launch_template_versions(
            LaunchTemplateId=self._target.template_id, Versions=sorted(versions)
        )["LaunchTemplateVersions"]
        return {str(one["VersionNumber"]): dict(one["LaunchTemplateData"]) for one in described}

    def alarms(self, names: Sequence[str]) -> list[alarms.Alarm]:
        return alarms.read(self._clients.cloudwatch, names)
