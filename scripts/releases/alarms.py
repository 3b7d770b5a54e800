"""CloudWatch alarms by name: their state, since when, and whether they act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.releases.aws import Account, errors
from scripts.releases.errors import one_line

OK, ALARM = "OK", "ALARM"
#: What DescribeAlarms takes at once.
NAMES_A_CALL = 100
#: How long an `up` waits for an alarm to be OK before it gives up: a test holds it to the program's own.
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Alarm:
    """One alarm in AWS's words: OK, ALARM or INSUFFICIENT_DATA, and AWS's reason for it."""

    name: str
    state: str
    reason: str
    since: datetime | None
    acts: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": self.state,
            "reason": self.reason,
            "since": self.since.isoformat() if self.since else None,
            "actionsEnabled": self.acts,
        }


def read(account: Account, names: Iterable[str]) -> dict[str, Alarm]:
    """Those of `names` that exist, metric alarms and composite ones. Raises AwsError when AWS refuses."""
    wanted = list(dict.fromkeys(names))
    found: dict[str, Alarm] = {}
    for start in range(0, len(wanted), NAMES_A_CALL):
        with errors():
            pages = account.cloudwatch.get_paginator("describe_alarms").paginate(
                # Without types only metric alarms are listed.
                AlarmNames=wanted[start : start + NAMES_A_CALL],
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            )
            for page in pages:
                each = [*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())]
                found.update({one["AlarmName"]: _alarm(one) for one in each})
    return found


def rang(account: Account, name: str, since: datetime) -> datetime | None:
    """When an alarm that does not ring now last ceased to, if that was after `since`; AWS keeps 30 days.

    Raises:
        AwsError: AWS refused.
    """
    with errors():
        pages = account.cloudwatch.get_paginator("describe_alarm_history").paginate(
            AlarmName=name,
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            HistoryItemType="StateUpdate",
            StartDate=since,
            ScanBy="TimestampDescending",
        )
        for page in pages:
            for item in page["AlarmHistoryItems"]:
                if f"from {ALARM} to " in item["HistorySummary"]:
                    ended: datetime = item["Timestamp"]
                    return ended
    return None


def _alarm(said: Mapping[str, Any]) -> Alarm:
    return Alarm(
        name=said["AlarmName"],
        state=said["StateValue"],
        reason=one_line(said.get("StateReason") or ""),
        # An update may be no change of state.
        since=said.get("StateTransitionedTimestamp") or said.get("StateUpdatedTimestamp"),
        acts=bool(said.get("ActionsEnabled", True)),
    )
