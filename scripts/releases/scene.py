"""What surrounds a refresh that is followed: the stage it is at, and its service's alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scripts.releases import alarms, groups, live, members, progress
from scripts.releases.alarms import Alarm
from scripts.releases.aws import Account, AwsError
from scripts.releases.groups import Group
from scripts.releases.progress import Stage
from scripts.releases.refreshes import Refresh
from scripts.releases.state import EnvironmentState


@dataclass(frozen=True)
class Seen:
    """One look. `lines` are what is worth a line when it changes, by what it is about; `at` is AWS's time."""

    stage: Stage | None = None
    lines: Mapping[str, str] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Scene:
    """Asks AWS at every look. What it does not answer is said and keeps nobody from following."""

    def __init__(self, account: Account, state: EnvironmentState | None) -> None:
        self._account, self._state = account, state
        self._stood_out: set[str] = set()

    def look(self, group: Group, refresh: Refresh) -> Seen:
        """What surrounds this refresh now."""
        lines: dict[str, str] = {}
        try:
            stage = self._stage(group, refresh)
            lines = self._alarms(group, refresh)
        except AwsError as error:
            # A throttled answer comes with the next look; a refused one would come again and again.
            if not error.passes:
                lines = {f"{group.service} scene": f"{group.service}: {error}"}
            stage = None
        return Seen(stage, lines, self._account.now())

    def _stage(self, group: Group, refresh: Refresh) -> Stage | None:
        if refresh.status == "Baking" or (refresh.status == "InProgress" and refresh.pauses.checkpoints):
            now = groups.again(self._account, group)
            return progress.of(self._account, now, refresh, members.of(self._account, now))
        return progress.of(self._account, group, refresh, ())

    def _alarms(self, group: Group, refresh: Refresh) -> dict[str, str]:
        """Those that are not OK, and those that are OK again."""
        found = live.states(self._account, live.alarm_names(self._state, group.service, refresh))
        said = {}
        for name, alarm in found.items():
            if alarm is None or alarm.state != alarms.OK:
                self._stood_out.add(name)
            if name in self._stood_out:
                said[f"alarm {name}"] = f"{group.service}: {_said(name, alarm)}"
        return said


def _said(name: str, alarm: Alarm | None) -> str:
    if alarm is None:
        return f"alarm {name} does not exist"
    since = f" since {alarm.since.astimezone(UTC):%H:%M:%SZ}" if alarm.since else ""
    return f"alarm {name} is {alarm.state}{since}" + (f": {alarm.reason}" if alarm.reason else "")
