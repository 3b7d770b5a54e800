"""Subscription filters: which lines of a group go where, and what becomes of them when they cannot.

CloudWatch Logs tries the destination when a filter is put and refuses one that it cannot reach. Later it
tries for a day to deliver what the destination is too busy for; what it may not deliver it skips, for ten
minutes (CloudWatch Logs User Guide, "Real-time processing of log data with subscriptions").
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from moto.logs.exceptions import InvalidParameterException, ValidationException

from rehearsal.cloud.firehose.delivery import Delivery
from rehearsal.cloud.firehose.processors import Record
from rehearsal.cloud.iam import permissions
from rehearsal.cloud.logs import destinations, patterns
from rehearsal.cloud.world import World

#: Filters a group may have.
MOST_FILTERS = 2
#: What AWS says of delivery: how long it tries again, and for how long it does not after a denial. How often
#: it tries is not said.
KEPT_SECONDS, RETRY_SECONDS, DISABLED_SECONDS = 24 * 3600.0, 10.0, 600.0
#: Errors after which nothing is tried again.
_FINAL = ("AccessDeniedException", "ResourceNotFoundException")
_TEST = "CWL CONTROL MESSAGE: Checking health of destination Firehose."

#: A stream's name and events of moto's.
Batch = tuple[str, list[Any]]


@dataclass
class Subscription:
    """`created_at` is emulated milliseconds since 1970; `owner` the account of the group."""

    name: str
    log_group: str
    pattern: str
    destination: str
    role: str | None
    distribution: str
    created_at: int
    owner: str
    _waiting: list[tuple[float, list[Record]]] = field(default_factory=list)
    _disabled_until: float = 0.0
    _retrying: bool = False

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

    def try_destination(self) -> None:
        """Send the record that tells whether it can be reached. Raises as PutSubscriptionFilter does."""
        if destinations.is_lambda(self.destination):
            return
        if self.role and not permissions.assumable(self.role, "logs.amazonaws.com"):
            raise ValidationException(
                "Could not assume the provided role. Make sure you have given CloudWatch Logs permission to "
                "assume the provided role."
            )
        event = {"id": "", "timestamp": self.created_at, "message": _TEST}
        error = self._sent([self._record("CONTROL_MESSAGE", "", [event])])
        if error:
            raise InvalidParameterException(
                "Could not deliver test message to specified Firehose stream. Check if the given Firehose "
                "stream is in ACTIVE state."
            )

    def deliver(self, batches: Iterable[Batch]) -> None:
        """Send the lines that match, in a record for each stream."""
        now = World.current.timeline.now
        if destinations.is_lambda(self.destination) or now < self._disabled_until:
            return
        matches = patterns.compiled(self.pattern)
        records = []
        for stream, events in batches:
            chosen = [
                {"id": f"{event.event_id:056d}", "timestamp": event.timestamp, "message": event.message}
                for event in events
                if matches(event.message)
            ]
            if chosen:
                records.append(self._record("DATA_MESSAGE", stream, chosen))
        if records:
            self._waiting.append((now, records))
            self._send_waiting()

    def _record(self, kind: str, stream: str, events: list[dict[str, Any]]) -> Record:
        said = {
            "messageType": kind,
            "owner": self.owner if stream else "CloudwatchLogs",
            "logGroup": self.log_group if stream else "",
            "logStream": stream,
            "subscriptionFilters": [self.name] if stream else [],
            "logEvents": events,
        }
        data = json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()
        return Record(data, World.current.timeline.now, gzipped=True)

    def _send_waiting(self) -> None:
        """In order; what is refused for now is kept for a day, what is denied is skipped."""
        now = World.current.timeline.now
        while self._waiting:
            since, records = self._waiting[0]
            error = self._sent(records)
            if error in _FINAL:
                self._disabled_until = now + DISABLED_SECONDS
                self._waiting.clear()
            elif error and now - since < KEPT_SECONDS:
                self._retry_later()
                return
            else:
                del self._waiting[0]

    def _retry_later(self) -> None:
        if not self._retrying:
            self._retrying = True
            World.current.timeline.after(RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        self._retrying = False
        self._send_waiting()

    def _sent(self, records: list[Record]) -> str:
        """Put records to the stream behind the destination; the error's code, empty when they are there."""
        fault = World.current.faults.between("PutRecordBatch")
        if fault and (fault.error or fault.drop == "before"):
            return fault.error or "ServiceUnavailableException"
        target = destinations.target(self.destination, self.role, self.owner)
        if isinstance(target, Delivery):
            target.take(records)
            return "ServiceUnavailableException" if fault and fault.drop == "after" else ""
        return target
