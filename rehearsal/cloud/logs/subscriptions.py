"""Subscription filters: which lines of a group go where.

CloudWatch Logs tries the destination when a filter is put, with a record that says so, and refuses a filter
whose destination it cannot reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Filters a group may have.
MOST_FILTERS = 2


@dataclass
class Subscription:
    """`created_at` is emulated milliseconds since 1970."""

    name: str
    log_group: str
    pattern: str
    destination: str
    role: str | None
    distribution: str
    created_at: int

    def to_json(self) -> dict[str, Any]:
        """As DescribeSubscriptionFilters answers."""
        answer = {
            "filterName": self.name,
            "logGroupName": self.log_group,
            "filterPattern": self.pattern,
            "destinationArn": self.destination,
            "roleArn": self.role,
            "distribution": self.distribution,
            "creationTime": self.created_at,
        }
        return {key: value for key, value in answer.items() if value is not None}
