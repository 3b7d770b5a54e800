"""Carries out an instance refresh with boto3 alone: start or adopt it, wait for its end, say what happened.

Nothing of Pulumi is in here, so that it runs in a test, in a script and in the dynamic provider alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components import refresh_view as view
from components.refresh_errors import RolloutError
from components.refresh_polling import FIRST_SECONDS, Look, Polling
from components.refresh_view import Target

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client

_RUNNING = ("Pending", "InProgress", "Baking")
_ENDING = ("Cancelling", "RollbackInProgress")


@dataclass(frozen=True)
class Clients:
    """The three services that a rollout asks."""

    autoscaling: AutoScalingClient
    elbv2: ElasticLoadBalancingv2Client
    ec2: EC2Client


@dataclass(frozen=True)
class Outcome:
    """How a rollout ended well. `refresh_id` is empty when no refresh was needed."""

    refresh_id: str
    status: str
    reason: str


class Rollout:
    """Brings one group to one target, once. Every method raises RolloutError with one line."""

    def __init__(
        self,
        clients: Clients,
        target: Target,
        preferences: Mapping[str, Any],
        timeout_seconds: float,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clients = clients
        self._target = target
        self._preferences = preferences
        self._deadline = time.monotonic() + timeout_seconds
        self._timeout_seconds = timeout_seconds
        self._tell = say
        self._sleep = sleep
        self._is_healthy = False

    def first(self) -> Outcome:
        """After the group was created: wait until its servers are there and healthy, then as `run`."""
        self.wait_until_healthy()
        self._is_healthy = True
        return self.run()

    def run(self) -> Outcome:
        """Refresh unless every server already is as wanted; adopt a refresh that is on its way to the target.

        A refresh that is being cancelled or rolled back is waited for. One to another target is not touched.
        """
        while True:
            latest = self._refreshes()[:1]
            status, refresh_id = (latest[0]["Status"], latest[0]["InstanceRefreshId"]) if latest else ("", "")
            if status in _ENDING:
                self._say(f"waiting for refresh {refresh_id}, which is {status}")
                self._until_over(refresh_id)
                continue
            if status in _RUNNING:
                return self._finish(self._adopt(latest[0]))
            if self._is_reached():
                return self._nothing_to_do()
            started = self._start()
            if started is not None:
                return self._finish(started)
            # Another start came between, and is not listed yet.
            self._sleep(FIRST_SECONDS)
            if time.monotonic() >= self._deadline:
                raise RolloutError(
                    f"{self._target.group_name} has a refresh that AWS does not list yet; run up again"
                )

    def wait_until_healthy(self) -> None:
        """Until desired capacity is in service and every server is healthy in every target group."""
        shown = ""

        def look() -> Look:
            nonlocal shown
            group, health = self._group(), self._health()
            shown = view.capacity(group, health)
            return view.is_healthy(group, health), shown, shown

        if not self._poll(look):
            raise RolloutError(
                f"group {self._target.group_name} is not healthy after {self._timeout_seconds:g} s: {shown}"
                f"{self._failures(None)}; look at the servers' logs, then run up again"
            )

    def _finish(self, refresh_id: str) -> Outcome:
        refresh = self._until_over(refresh_id)
        status, reason = refresh["Status"], refresh.get("StatusReason", "")
        if status != "Successful":
            failures = self._failures(refresh.get("StartTime"))
            raise RolloutError(
                f"instance refresh {refresh_id} of {self._target.group_name} to launch template version "
                f"{self._target.version} ({self._target.image_id}) ended {status}: "
                f"{view.one_line(reason).rstrip('.') or 'no reason given'}{failures}"
            )
        self.wait_until_healthy()
        return Outcome(refresh_id, status, reason)

    def _until_over(self, refresh_id: str) -> dict[str, Any]:
        """Poll to the end. Raises RolloutError at the time limit; the refresh itself goes on."""
        seen: dict[str, Any] = {}

        def look() -> Look:
            found = self._refreshes(refresh_id)
            if not found:
                # A read that is behind the write: it appears with one of the next polls.
                return False, "", "waiting for the refresh to appear"
            seen.clear()
            seen.update(found[0])
            return found[0]["Status"] not in _RUNNING + _ENDING, view.step(found[0]), view.progress(found[0])

        if not self._poll(look):
            raise RolloutError(
                f"instance refresh {refresh_id} of {self._target.group_name} is still "
                f"{seen.get('Status', 'unknown')} after {self._timeout_seconds:g} s; it goes on: "
                "run up again to wait for it, or cancel it"
            )
        return seen

    def _adopt(self, running: Mapping[str, Any]) -> str:
        refresh_id = str(running["InstanceRefreshId"])
        if not view.is_towards(running, self._target):
            raise RolloutError(
                f"instance refresh {refresh_id} of {self._target.group_name} is {running['Status']} to "
                f"{view.destination(running)}, not to version {self._target.version}: "
                "wait for its end, cancel it, or roll it back; then run up again"
            )
        self._say(f"going on with refresh {refresh_id}, which is already {running['Status']}")
        return refresh_id

    def _start(self) -> str | None:
        """Start a refresh; None when someone else's start came between, which the caller then looks at."""
        from botocore.exceptions import ClientError

        group = self._group()
        desired = {"MixedInstancesPolicy": view.desired_policy(group, self._target)}
        try:
            answer = self._clients.autoscaling.start_instance_refresh(
                AutoScalingGroupName=self._target.group_name,
                DesiredConfiguration=desired,  # type: ignore[arg-type]
                Preferences=dict(self._preferences),  # type: ignore[arg-type]
            )
        except ClientError as refused:
            if refused.response["Error"]["Code"] == "InstanceRefreshInProgress":
                return None
            raise
        refresh_id = answer["InstanceRefreshId"]
        self._say(f"refresh {refresh_id} to version {self._target.version} ({self._target.image_id}) started")
        return refresh_id

    def _is_reached(self) -> bool:
        """Every live server and the group itself have the target's template version, or one of equal
        content.
        """
        group = self._group()
        versions = view.versions_in_use(group, self._target)
        if versions is None:
            return False
        others = versions - {self._target.version}
        return not others or self._content_is_equal(others | {self._target.version})

    def _content_is_equal(self, versions: set[str]) -> bool:
        """A config that went back to what it was makes a new version of the same content: no work."""
        described = self._clients.ec2.describe_launch_template_versions(
            LaunchTemplateId=self._target.template_id, Versions=sorted(versions)
        )["LaunchTemplateVersions"]
        contents = [view.content(one["LaunchTemplateData"]) for one in described]
        return len(contents) == len(versions) and all(one == contents[0] for one in contents)

    def _nothing_to_do(self) -> Outcome:
        if not self._is_healthy:
            self.wait_until_healthy()
        ended = [
            r for r in self._refreshes() if r["Status"] == "Successful" and view.is_towards(r, self._target)
        ]
        reason = f"every server already runs {self._target.image_id}"
        self._say(reason)
        return Outcome(ended[0]["InstanceRefreshId"] if ended else "", "Successful", reason)

    def _say(self, text: str) -> None:
        self._tell(f"{self._target.group_name}: {text}")

    # Reading

    def _group(self) -> dict[str, Any]:
        found = self._clients.autoscaling.describe_auto_scaling_groups(
            AutoScalingGroupNames=[self._target.group_name]
        )["AutoScalingGroups"]
        if not found:
            raise RolloutError(
                f"group {self._target.group_name} does not exist; refresh the stack, then run up again"
            )
        return dict(found[0])

    def _health(self) -> list[dict[str, str]]:
        """State by instance ID, one dictionary per target group."""
        answers = [
            self._clients.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            for arn in self._target.target_group_arns
        ]
        return [{one["Target"]["Id"]: one["TargetHealth"]["State"] for one in answer} for answer in answers]

    def _refreshes(self, *refresh_ids: str) -> list[dict[str, Any]]:
        """Newest first."""
        wanted = {"InstanceRefreshIds": list(refresh_ids)} if refresh_ids else {}
        answer = self._clients.autoscaling.describe_instance_refreshes(
            AutoScalingGroupName=self._target.group_name,
            **wanted,  # type: ignore[arg-type]
        )
        return [dict(refresh) for refresh in answer["InstanceRefreshes"]]

    def _failures(self, since: Any) -> str:
        activities = self._clients.autoscaling.describe_scaling_activities(
            AutoScalingGroupName=self._target.group_name
        )["Activities"]
        return view.failures([a for a in activities if since is None or a["StartTime"] >= since])

    def _poll(self, look: Callable[[], Look]) -> bool:
        """Look until it is done, more seldom while nothing changes; False at the time limit.

        Throttling, time-outs and broken connections count as a look that saw nothing.
        """
        return Polling(self._deadline, self._say, self._sleep).until(look)
