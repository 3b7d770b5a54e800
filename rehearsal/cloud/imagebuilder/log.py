"""The log of a build in CloudWatch Logs: a group for an image, a stream for each of its builds."""

from __future__ import annotations

from dataclasses import dataclass

from moto.logs.models import logs_backends

from rehearsal.cloud.world import ACCOUNT, World


@dataclass(frozen=True)
class Log:
    region: str
    group: str
    stream: str

    def say(self, line: str) -> None:
        """Write a line of now; the group and the stream are made where they are missing."""
        logs = logs_backends[ACCOUNT][self.region]
        at = World.current.clock.date(World.current.timeline.now)
        event = {"timestamp": int(at.timestamp() * 1000), "message": line}
        logs.ensure_log_group(self.group)
        logs.ensure_log_stream(self.group, self.stream)
        logs.groups[self.group].put_log_events(self.stream, [event])
