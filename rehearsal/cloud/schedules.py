"""Scheduled actions that fire: sizes a group is given at a time, or again and again by a cron expression.

Nothing waits for them. Each has its next time on the timeline, where it fires and puts the one after that, so
that a step of a month costs as much as the actions that fire in it. Their calendar is the emulated clock's.
Source: "Scheduled scaling for Amazon EC2 Auto Scaling", PutScheduledUpdateGroupAction in the API reference.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from rehearsal.cloud.world import World


def check(action: Any) -> None:
    """Raises ValueError, in one line, for an action that AWS refuses."""
    sizes = (action.min_size, action.max_size, action.desired_capacity)
    if all(size is None for size in sizes):
        raise ValueError("At least one of MinSize, MaxSize and DesiredCapacity must be specified")
    if not action.recurrence and not action.start_time:
        raise ValueError("Either the start time or the recurrence must be specified")
    start, end = _date(action.start_time), _date(action.end_time)
    now = _now()
    if start and start < now:
        raise ValueError(f"Given start time is in the past: {action.start_time}")
    if end and end <= (start or now):
        raise ValueError(f"End time {action.end_time} is not after the start")
    try:
        zone = ZoneInfo(action.time_zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ValueError(f"Given time zone is invalid: {action.time_zone}") from unknown
    if action.recurrence:
        # cronsim knows sixth fields and words that AWS does not.
        if len(action.recurrence.split()) != 5:
            raise ValueError(f"Given recurrence string: {action.recurrence} is invalid")
        try:
            CronSim(action.recurrence, now.astimezone(zone))
        except CronSimError as wrong:
            raise ValueError(f"Given recurrence string: {action.recurrence} is invalid") from wrong


def arm(action: Any, fire: Callable[[Any], bool]) -> None:
    """Put the action's first time on the timeline. `fire` is told the action and says whether it goes on:
    not when it was deleted or replaced.
    """
    start = _date(action.start_time)
    _wait(action, start or _next(action, _now()), fire)


def over(action: Any) -> bool:
    """Whether the action never fires again: such are no longer listed."""
    return _next(action, _now()) is None


def resize(group: Any, action: Any) -> None:
    """Give the group the action's sizes: what it says of them, and the capacity brought within bounds.

    Bounds that exclude each other, of an action and a group that was changed since, change nothing.
    """
    low = group.min_size if action.min_size is None else action.min_size
    high = group.max_size if action.max_size is None else action.max_size
    wanted = group.desired_capacity if action.desired_capacity is None else action.desired_capacity
    if low <= high:
        group.min_size, group.max_size = low, high
        group.set_desired_capacity(min(max(wanted, low), high))


def _wait(action: Any, at: datetime | None, fire: Callable[[Any], bool]) -> None:
    if at is None:
        return

    def fired() -> None:
        if fire(action):
            _wait(action, _next(action, max(at, _now())), fire)

    World.current.timeline.after((at - _now()).total_seconds(), fired)


def _next(action: Any, after: datetime) -> datetime | None:
    """The action's next time by its recurrence; None when there is none before its end."""
    if not action.recurrence:
        return None
    local = after.astimezone(ZoneInfo(action.time_zone or "UTC"))
    found = next(CronSim(action.recurrence, local), None)
    end = _date(action.end_time)
    return None if found is None or (end and found > end) else found.astimezone(UTC)


def _now() -> datetime:
    return World.current.clock.date(World.current.timeline.now)


def _date(given: Any) -> datetime | None:
    """A time of a request, which moto has as a date without a zone or as a text; it means UTC."""
    if not given:
        return None
    date = given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
