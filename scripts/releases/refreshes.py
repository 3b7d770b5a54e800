"""Instance refreshes as AWS describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.releases.aws import Account, AwsError, errors
from scripts.releases.course import CHECKPOINT_SECONDS
from scripts.releases.errors import one_line
from scripts.releases.groups import Group, specification

#: "Pending" is rather short: the refresh is about to begin.
RUNNING = frozenset({"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"})


@dataclass(frozen=True)
class Pauses:
    """What was asked for at its start: percentages to stop at, and for how many seconds; how long a server
    warms up (None: the group's own) and how long all bake; the alarms that end it.
    """

    checkpoints: tuple[int, ...] = ()
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    warmup_seconds: float | None = None
    bake_seconds: float = 0.0
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refresh:
    """The latest instance refresh of a group."""

    id: str
    status: str
    reason: str
    percentage: int | None
    to_update: int | None
    version: str | None
    started_at: datetime | None
    ended_at: datetime | None
    reversible: bool
    pauses: Pauses = Pauses()
    rollback_at: datetime | None = None
    rollback_reason: str = ""

    @property
    def running(self) -> bool:
        return self.status in RUNNING


def of(account: Account, group: Group, refresh_id: str | None = None) -> Refresh | None:
    """The group's latest refresh, or the one of that ID; None when there is none."""
    which: dict[str, Any] = {"InstanceRefreshIds": [refresh_id]} if refresh_id else {"MaxRecords": 1}
    with errors():
        answer = account.autoscaling.describe_instance_refreshes(AutoScalingGroupName=group.name, **which)
    return next((_refresh(each) for each in answer["InstanceRefreshes"]), None)


def history(account: Account, group: Group) -> Iterator[Refresh]:
    """The group's refreshes, the latest first, as far back as AWS keeps them: six weeks."""
    more: dict[str, Any] = {}
    while True:
        with errors():
            answer = account.autoscaling.describe_instance_refreshes(AutoScalingGroupName=group.name, **more)
        yield from map(_refresh, answer["InstanceRefreshes"])
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _refresh(said: Mapping[str, Any]) -> Refresh:
    desired = said.get("DesiredConfiguration") or {}
    version = specification(desired).get("Version")
    back = said.get("RollbackDetails") or {}
    return Refresh(
        id=said["InstanceRefreshId"],
        status=said["Status"],
        reason=one_line(said.get("StatusReason") or ""),
        percentage=said.get("PercentageComplete"),
        to_update=said.get("InstancesToUpdate"),
        version=None if version is None else str(version),
        started_at=said.get("StartTime"),
        ended_at=said.get("EndTime"),
        reversible=bool(desired),
        pauses=_pauses(said.get("Preferences") or {}),
        rollback_at=back.get("RollbackStartTime"),
        rollback_reason=one_line(back.get("RollbackReason") or ""),
    )


def _pauses(given: Mapping[str, Any]) -> Pauses:
    delay, warmup = given.get("CheckpointDelay"), given.get("InstanceWarmup")
    return Pauses(
        checkpoints=tuple(given.get("CheckpointPercentages") or ()),
        checkpoint_seconds=CHECKPOINT_SECONDS if delay is None else float(delay),
        warmup_seconds=None if warmup is None else float(warmup),
        bake_seconds=float(given.get("BakeTime") or 0),
        alarms=tuple((given.get("AlarmSpecification") or {}).get("Alarms") or ()),
    )


def image_of(account: Account, group: Group, version: str | None) -> str | None:
    """The image of a version of the group's template; None when there is no such version."""
    if group.template_id is None or version is None:
        return None
    try:
        with errors():
            answer = account.ec2.describe_launch_template_versions(
                LaunchTemplateId=group.template_id, Versions=[version]
            )
    except AwsError as error:
        if error.code.startswith("InvalidLaunchTemplate"):
            return None
        raise
    return next((v["LaunchTemplateData"].get("ImageId") for v in answer["LaunchTemplateVersions"]), None)
