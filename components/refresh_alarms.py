"""The alarms that a rollout asks before it starts and after its end: read, and told in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .refresh_view import one_line

#: How long an alarm may take to become OK: a new one has no data at first, and one that rang counts for
#: minutes after the cause has gone.
ALARM_SECONDS = 600.0
#: How long an alarm may be missing: one that was made a moment ago may not be listed yet.
MISSING_SECONDS = 30.0


@dataclass(frozen=True)
class Alarm:
    """An alarm's state: OK, ALARM or INSUFFICIENT_DATA; empty for one that does not exist."""

    name: str
    state: str = ""
    reason: str = ""

    def __str__(self) -> str:
        """Such as `alarm web-errors is ALARM (Threshold Crossed)`."""
        if not self.state:
            return f"alarm {self.name} does not exist"
        reason = one_line(self.reason).rstrip(".")
        return f"alarm {self.name} is {self.state}" + (f" ({reason})" if reason else "")


def read(cloudwatch: Any, names: Sequence[str]) -> list[Alarm]:
    """The alarms of these names, in their order. `cloudwatch` is a client of boto3."""
    answer = cloudwatch.describe_alarms(
        AlarmNames=list(names),
        # Without this, only alarms of metrics are listed; a refresh watches composite ones as well.
        AlarmTypes=["MetricAlarm", "CompositeAlarm"],
    )
    found = {
        one["AlarmName"]: Alarm(one["AlarmName"], one["StateValue"], one.get("StateReason") or "")
        for one in (*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ()))
    }
    return [found.get(name, Alarm(name)) for name in names]


def not_ok(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Those that stand against a rollout. Too little data is no sign of health, and so not OK."""
    return [alarm for alarm in alarms if alarm.state != "OK"]


def told(alarms: Sequence[Alarm]) -> str:
    """All of them in one line."""
    return "; ".join(map(str, alarms))
