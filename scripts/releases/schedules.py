"""A group's scheduled actions: what puts a service to sleep and wakes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.releases.aws import Account, errors
from scripts.releases.groups import Group


@dataclass(frozen=True)
class Action:
    """One action. Sizes are None where it leaves them; `next_at` is when it happens next."""

    name: str
    min_size: int | None
    max_size: int | None
    desired: int | None
    recurrence: str
    time_zone: str
    next_at: datetime | None

    @property
    def wakes(self) -> bool:
        """Whether there are servers after it."""
        return bool(self.desired or self.min_size)


def of(account: Account, group: Group) -> list[Action]:
    """The group's actions, the next one first. Raises AwsError when AWS refuses."""
    found: list[Any] = []
    with errors():
        pages = account.autoscaling.get_paginator("describe_scheduled_actions").paginate(
            AutoScalingGroupName=group.name
        )
        for page in pages:
            found += page["ScheduledUpdateGroupActions"]
    actions = [
        Action(
            name=each["ScheduledActionName"],
            min_size=each.get("MinSize"),
            max_size=each.get("MaxSize"),
            desired=each.get("DesiredCapacity"),
            recurrence=each.get("Recurrence") or "",
            time_zone=each.get("TimeZone") or "UTC",
            next_at=each.get("StartTime"),
        )
        for each in found
    ]
    return sorted(actions, key=lambda each: (each.next_at is None, str(each.next_at), each.name))


def wake(actions: Sequence[Action]) -> Action | None:
    """The next one that brings servers."""
    return next((each for each in actions if each.wakes), None)
