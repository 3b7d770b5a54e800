"""Schedules that fire: when, and how often they try; `targets` has what they call.

Source: "Schedule types in EventBridge Scheduler", "Configuring retry policy".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.scheduler.exceptions import ValidationException

from rehearsal.cloud.cron import next_after
from rehearsal.cloud.iam.permissions import assumable
from rehearsal.cloud.scheduler import targets
from rehearsal.cloud.world import ACCOUNT, World

SERVICE = "scheduler.amazonaws.com"
CANNOT_ASSUME = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
#: Between two attempts; AWS waits longer from one to the next.
FIRST_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 900.0

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")


def check(schedule: Any) -> None:
    """Raises ValidationException for an expression, a time zone or a role that Scheduler refuses."""
    try:
        ZoneInfo(schedule.schedule_expression_timezone)
        due(schedule)
    except ZoneInfoNotFoundError:
        zone = schedule.schedule_expression_timezone
        raise ValidationException(f"Invalid Schedule Expression Timezone {zone}.") from None
    except ValueError as wrong:
        expression = schedule.schedule_expression
        raise ValidationException(f"Invalid Schedule Expression {expression}: {wrong}") from wrong
    if not assumable(schedule.target["RoleArn"], SERVICE):
        raise ValidationException(CANNOT_ASSUME)
    if not targets.known(schedule.target["Arn"]):
        raise NotImplementedError(f"a schedule that calls {schedule.target['Arn']!r}")


def due(schedule: Any) -> datetime | None:
    """The next time; None when it is over. Raises ValueError for what is no expression."""
    expression, now = schedule.schedule_expression, _now()
    zone = ZoneInfo(schedule.schedule_expression_timezone)
    at, rate = _AT.fullmatch(expression), _RATE.fullmatch(expression)
    if at:
        moment = datetime.fromisoformat(at[1]).replace(tzinfo=zone).astimezone(UTC)
        return moment if moment > now else None
    if rate:
        return now + timedelta(seconds=int(rate[1]) * _UNIT_SECONDS[rate[2]])
    return next_after(expression, now, zone.key)


def arm(schedule: Any, there: Callable[[Any], bool]) -> None:
    """Put the next time on the timeline. `there` says whether the schedule is still as it was."""
    moment = due(schedule)
    if moment is None:
        return

    def fire() -> None:
        if there(schedule):
            if schedule.state == "ENABLED":
                _try(schedule, there, World.current.timeline.now, 0)
            arm(schedule, there)

    World.current.timeline.after((moment - _now()).total_seconds(), fire)


def _try(schedule: Any, there: Callable[[Any], bool], since: float, attempts: int) -> None:
    """Call the target; again later when it refuses, as long and as often as the policy lets."""
    error = targets.call(schedule)
    _count(schedule, "InvocationAttemptCount")
    if not error:
        return
    _count(schedule, "TargetErrorCount")
    print(f"scheduler: {schedule.name}: {error}", file=sys.stderr, flush=True)
    policy = schedule.target["RetryPolicy"]
    pause = min(FIRST_PAUSE_SECONDS * 2**attempts, LONGEST_PAUSE_SECONDS)
    age = World.current.timeline.now + pause - since
    if attempts < policy["MaximumRetryAttempts"] and age <= policy["MaximumEventAgeInSeconds"]:
        again = attempts + 1
        World.current.timeline.after(
            pause, lambda: _try(schedule, there, since, again) if there(schedule) else None
        )
    else:
        _count(schedule, "InvocationDroppedCount")


def _count(schedule: Any, name: str) -> None:
    """Source: "Monitoring EventBridge Scheduler with CloudWatch"."""
    from rehearsal.cloud.cloudwatch.metrics import Metric
    from rehearsal.cloud.cloudwatch.models import cloudwatch_backends

    recorder = cloudwatch_backends[ACCOUNT][schedule.arn.split(":")[3]].recorder
    where = frozenset({("ScheduleGroup", schedule.group_name)})
    recorder.count(Metric("AWS/Scheduler", name, where), World.current.timeline.now, 1.0)


def _now() -> datetime:
    return World.current.clock.date(World.current.timeline.now)
