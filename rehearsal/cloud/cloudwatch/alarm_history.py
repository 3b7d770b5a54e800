"""What became of alarms: one item for every change of state, kept for 30 days (DescribeAlarmHistory)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: "CloudWatch preserves alarm history for 30 days" (User Guide, "Using Amazon CloudWatch alarms").
KEPT_SECONDS = 30 * 86_400.0
STATE_UPDATE = "StateUpdate"
#: Most items of one answer (DescribeAlarmHistory, MaxRecords).
MOST_ITEMS = 100


@dataclass(frozen=True)
class Item:
    """One change of state, at emulated second `at` which is the `date`."""

    alarm: str
    kind: str
    at: float
    date: datetime
    before: str
    after: str
    reason: str

    def as_answer(self) -> dict[str, Any]:
        """As the service tells it."""
        data = {
            "version": "1.0",
            "oldState": {"stateValue": self.before},
            "newState": {"stateValue": self.after, "stateReason": self.reason},
        }
        return {
            "AlarmName": self.alarm,
            "AlarmType": self.kind,
            "Timestamp": self.date,
            "HistoryItemType": STATE_UPDATE,
            "HistorySummary": f"Alarm updated from {self.before} to {self.after}",
            "HistoryData": json.dumps(data),
        }


class AlarmHistory:
    """The items of all alarms of a region, the oldest first."""

    def __init__(self) -> None:
        self._items: list[Item] = []

    def record(self, item: Item) -> None:
        """Puts down a change, and forgets what is too old."""
        self._items = [each for each in self._items if each.at > item.at - KEPT_SECONDS]
        self._items.append(item)

    def items(
        self, alarm: str | None, kinds: Iterable[str], start: float | None, end: float | None
    ) -> list[Item]:
        """Those of one alarm, or of all of these kinds, within a time; the newest first."""
        wanted = tuple(kinds)
        found = [
            each
            for each in self._items
            if alarm in (None, each.alarm)
            and each.kind in wanted
            and (start is None or each.at >= start)
            and (end is None or each.at <= end)
        ]
        return sorted(found, key=lambda each: each.at, reverse=True)
