"""Log groups and streams: moto's, which take lines in batches and pass them on.

What servers write is only noted, and brought into the streams when someone looks or a subscription is due:
ten thousand servers that come and go write thirty thousand lines, of which nobody may ever read one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from moto.logs.exceptions import ResourceAlreadyExistsException
from moto.logs.models import LogEvent
from moto.logs.models import LogGroup as MotoLogGroup
from moto.logs.models import LogStream as MotoLogStream

from rehearsal.cloud.logs.subscriptions import Batch
from rehearsal.cloud.world import World

if TYPE_CHECKING:
    from rehearsal.cloud.logs.models import LogsBackend

#: A log agent sends what it has at least so often (`force_flush_interval`).
AGENT_SECONDS = 5.0


class Stream(MotoLogStream):
    def put_log_events(self, log_events: list[dict[str, Any]]) -> str:
        """Take lines and pass them on; the next sequence token, which AWS has not asked for in years."""
        self.log_group.passed_on([(self.log_stream_name, self.take(log_events))])
        return f"{self.upload_sequence_token:056d}"

    def take(self, log_events: list[dict[str, Any]]) -> list[LogEvent]:
        """The lines as events of this stream."""
        now = World.current.clock.date(World.current.timeline.now)
        self.last_ingestion_time = now.replace(tzinfo=None)
        at = int(now.timestamp() * 1000)
        events = [LogEvent(at, event) for event in log_events]
        self.events += events
        self.stored_bytes += sum(len(event.message) for event in events)
        self.upload_sequence_token += 1
        return events


class Group(MotoLogGroup):
    def __init__(self, backend: LogsBackend, name: str, **settings: Any) -> None:
        self._backend = backend
        self._noted: list[tuple[float, str, str]] = []
        self._due = False
        super().__init__(backend.account_id, backend.region_name, name, **settings)

    @property
    def streams(self) -> dict[str, Stream]:
        """By name, with all that was noted."""
        self.bring_in()
        return self._streams

    @streams.setter
    def streams(self, streams: dict[str, Stream]) -> None:
        self._streams = streams

    def create_log_stream(self, log_stream_name: str) -> None:
        if log_stream_name in self.streams:
            raise ResourceAlreadyExistsException
        self._streams[log_stream_name] = Stream(self, log_stream_name)

    def note(self, stream: str, message: str) -> None:
        """A server's line of now, in a stream that is made with its first one."""
        self._noted.append((World.current.timeline.now, stream, message))
        if self.subscription_filters and not self._due:
            self._due = True
            World.current.timeline.after(AGENT_SECONDS, self.bring_in)

    def bring_in(self) -> None:
        """Let all that was noted be in its streams."""
        noted, self._noted, self._due = self._noted, [], False
        if not noted:
            return
        epoch = World.current.clock.epoch.timestamp()
        lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for at, stream, message in noted:
            lines[stream].append({"timestamp": int((epoch + at) * 1000), "message": message})
        batches: list[Batch] = []
        for name, events in lines.items():
            stream_there = self._streams.get(name)
            if stream_there is None:
                stream_there = self._streams[name] = Stream(self, name)
            batches.append((name, stream_there.take(events)))
        self.passed_on(batches)

    def passed_on(self, batches: list[Batch]) -> None:
        """Count lines, and send them where subscriptions say."""
        self._backend.counted(self, [event for _, events in batches for event in events])
        for subscription in self.subscription_filters.values():
            subscription.deliver(batches)
