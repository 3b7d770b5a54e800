"""How long a group's servers take to come and to go: measured where there is something to measure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.releases import hooks
from scripts.releases.aws import Account, errors
from scripts.releases.groups import Group
from scripts.releases.hooks import LAUNCHING, TERMINATING, Hook


@dataclass(frozen=True)
class Timing:
    """Seconds of one server.

    Attributes:
        boot: from launch to service, the launch hook included; None when none was measured of late.
        longest_boot: what stands for it then: the time-out of the launch hook, after which a server is given
            up, else the grace period of the health checks, which it may not exceed.
        leave: from the end of its service until it is gone, the drain and the termination hook included; None
            as above.
        longest_leave: what stands for it then: the deregistration delay and the hook's time-out.
        drain: the deregistration delay alone.
        healthy: from service until its target groups call it healthy.
    """

    boot: float | None
    longest_boot: float
    leave: float | None
    longest_leave: float
    drain: float
    healthy: float
    hooks: tuple[Hook, ...] = ()

    @property
    def boot_seconds(self) -> float:
        return self.longest_boot if self.boot is None else self.boot

    @property
    def leave_seconds(self) -> float:
        return self.longest_leave if self.leave is None else self.leave

    @property
    def launch_hook(self) -> Hook | None:
        """The one that gives up on a server which does not validate itself."""
        found = [hook for hook in self.hooks if hook.transition == LAUNCHING]
        return next((hook for hook in found if hook.default_result == "ABANDON"), None)


def of(account: Account, group: Group) -> Timing:
    """Asks AWS. Raises AwsError when it refuses."""
    with errors():
        activities = account.autoscaling.describe_scaling_activities(
            AutoScalingGroupName=group.name, MaxRecords=100
        )["Activities"]
    known = hooks.of(account, group)
    healthy, drain = _target_seconds(account, group)
    grace = float(group.settings.get("HealthCheckGracePeriod") or 0)
    return Timing(
        boot=_median(activities, "Launching"),
        longest_boot=hooks.longest_seconds(known, LAUNCHING) or grace,
        leave=_median(activities, "Terminating"),
        longest_leave=drain + hooks.longest_seconds(known, TERMINATING),
        drain=drain,
        healthy=healthy,
        hooks=tuple(known),
    )


def _median(activities: Iterable[Mapping[str, Any]], what: str) -> float | None:
    """The median duration of the latest successful launches or terminations."""
    took = [
        (one["EndTime"] - one["StartTime"]).total_seconds()
        for one in activities
        if one["StatusCode"] == "Successful"
        and one.get("EndTime")
        and one.get("Description", "").startswith(what)
    ]
    return statistics.median(took) if took else None


def _target_seconds(account: Account, group: Group) -> tuple[float, float]:
    """How long a server needs at most to be healthy for its target groups, and how long it drains."""
    arns = list(group.target_group_arns)
    if not arns:
        return 0.0, 0.0
    healthy, drains = 0.0, [0.0]
    with errors():
        for one in account.elbv2.describe_target_groups(TargetGroupArns=arns)["TargetGroups"]:
            checks = one.get("HealthyThresholdCount", 5) * one.get("HealthCheckIntervalSeconds", 30)
            healthy = max(healthy, float(checks))
        for arn in arns:
            answer = account.elbv2.describe_target_group_attributes(TargetGroupArn=arn)
            drains += [
                float(each["Value"])
                for each in answer["Attributes"]
                if each.get("Key") == "deregistration_delay.timeout_seconds"
            ]
    return healthy, max(drains)
