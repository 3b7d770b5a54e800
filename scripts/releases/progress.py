"""Where a running refresh stands: it replaces servers, stops at a checkpoint, bakes, or goes back.

AWS says since when it rolls back, and nothing of the kind about a checkpoint or bake time. Both begin when
the last server that they wait for is warm, which the group's scaling activities tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.releases.aws import Account, errors
from scripts.releases.groups import Group
from scripts.releases.members import IN_SERVICE, Server
from scripts.releases.refreshes import Refresh


@dataclass(frozen=True)
class Stage:
    """What a refresh does now.

    Attributes:
        kind: replacing, checkpoint, bake or rollback.
        percent: of the checkpoint.
        since: when a rollback began, and `why`.
        until: when a checkpoint or the bake time is over; None where that cannot be told.
    """

    kind: str
    percent: int | None = None
    since: datetime | None = None
    why: str = ""
    until: datetime | None = None

    def left_seconds(self, now: datetime) -> float | None:
        return None if self.until is None else max(0.0, (self.until - now).total_seconds())

    def text(self, now: datetime | None = None) -> str:
        """In a few words, "" while it just replaces servers; with the time left, or without `now` with the
        hour at which it is over, which stays the same from look to look.
        """
        if self.kind == "rollback":
            since = f" since {_hour(self.since)}" if self.since else ""
            return f"goes back{since}" + (f" ({self.why.rstrip('.')})" if self.why else "")
        if self.kind == "replacing":
            return ""
        what = "bakes" if self.kind == "bake" else f"pauses at {self.percent}%"
        if self.until is None:
            return what
        if now is None:
            return f"{what} until {_hour(self.until)}"
        return f"{what}, {spell(self.left_seconds(now) or 0.0)} left"

    def as_json(self, now: datetime) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "percent": self.percent,
            "since": self.since.isoformat() if self.since else None,
            "why": self.why or None,
            "until": self.until.isoformat() if self.until else None,
            "leftSeconds": self.left_seconds(now),
        }


def _hour(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%H:%M:%SZ")


def spell(seconds: float) -> str:
    """Such as `45 s`, `4 min 30 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def of(account: Account, group: Group, refresh: Refresh, servers: Sequence[Server]) -> Stage | None:
    """What the refresh does now; None when it is over. Raises AwsError when AWS refuses to say."""
    if not refresh.running:
        return None
    if refresh.status == "RollbackInProgress":
        return Stage("rollback", since=refresh.rollback_at, why=refresh.rollback_reason)
    if refresh.status == "Baking":
        warm = _warm_at(account, group, refresh, servers)
        bake = timedelta(seconds=refresh.pauses.bake_seconds)
        return Stage("bake", until=warm[-1] + bake if warm else None)
    if refresh.status == "InProgress" and any(point < 100 for point in refresh.pauses.checkpoints):
        return _checkpoint(account, group, refresh, servers) or Stage("replacing")
    return Stage("replacing")


def _checkpoint(account: Account, group: Group, refresh: Refresh, servers: Sequence[Server]) -> Stage | None:
    """The checkpoint that the refresh has reached and not left: as many servers are warm as it asks for."""
    warm, now = _warm_at(account, group, refresh, servers), account.now()
    reached = sum(moment <= now for moment in warm)
    for point in reversed([point for point in refresh.pauses.checkpoints if point < 100]):
        needed = -(-group.desired * point // 100)
        if needed <= reached:
            until = warm[needed - 1] + timedelta(seconds=refresh.pauses.checkpoint_seconds)
            return Stage("checkpoint", percent=point, until=until) if now < until else None
    return None


def _warm_at(account: Account, group: Group, refresh: Refresh, servers: Sequence[Server]) -> list[datetime]:
    """When each server of the refresh's version that is in service was, or will be, warm, the earliest first;
    for one that was there before, when the refresh began.
    """
    began = refresh.started_at or account.now()
    launched = _in_service_at(account, group, began)
    warmup = refresh.pauses.warmup_seconds
    if warmup is None or warmup < 0:
        warmup = float(group.settings.get("DefaultInstanceWarmup") or 0)
    new = [
        server for server in servers if server.version == refresh.version and server.lifecycle == IN_SERVICE
    ]
    found = [launched.get(server.id) for server in new]
    return sorted(began if each is None else each + timedelta(seconds=warmup) for each in found)


def _in_service_at(account: Account, group: Group, since: datetime) -> dict[str, datetime]:
    """When servers that were launched since then came into service, by ID."""
    found: dict[str, datetime] = {}
    with errors():
        pages = account.autoscaling.get_paginator("describe_scaling_activities").paginate(
            AutoScalingGroupName=group.name
        )
        for page in pages:
            for one in page["Activities"]:
                # The latest come first.
                if one["StartTime"] < since:
                    return found
                text = one.get("Description", "")
                if text.startswith("Launching") and one["StatusCode"] == "Successful" and one.get("EndTime"):
                    found[text.rsplit(" ", 1)[-1]] = one["EndTime"]
    return found
