"""`status ENV --live`: every server as AWS sees it now, and the refresh that is going on."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scripts.releases import alarms, members, rollout_show, schedules, show
from scripts.releases.alarms import Alarm
from scripts.releases.errors import one_line
from scripts.releases.live import Environment, Live
from scripts.releases.members import Server

#: Beyond so many servers of a service, like ones share a row.
LISTED = 20
COLUMNS = ("service", "server", "image", "version", "state", "type", "zone", "age")


def as_text(seen: Environment) -> None:
    """A table on a terminal, aligned columns in a pipe; then some lines a service."""
    rows = [row for each in seen.services for row in _rows(each, seen.at)]
    if sys.stdout.isatty():
        table = Table(*COLUMNS)
        for row in rows:
            table.add_row(*map(Text, row))
        Console(file=sys.stdout).print(table)
    else:
        show.columns([COLUMNS, *rows])
    for each in seen.services:
        for line in remarks(each, seen.at):
            print(line)
    for line in seen.remarks:
        print(one_line(f"note: {line}"))


def _rows(live: Live, now: datetime) -> list[tuple[str, ...]]:
    """A row a server, or with many of them a row for all that are alike."""
    alike: dict[tuple[str, ...], list[Server]] = {}
    for server in live.servers:
        same = (server.image or "-", server.version or "-", server.state, server.instance_type)
        alike.setdefault(same if len(live.servers) > LISTED else (server.id, *same), []).append(server)
    rows = []
    for some in alike.values():
        first = some[0]
        zones = sorted({server.zone for server in some})
        cells = (
            live.group.service,
            first.id if len(live.servers) <= LISTED else f"{len(some)} servers",
            first.image or "-",
            first.version or "-",
            first.state,
            first.instance_type,
            ", ".join(zones),
            _ages(some, now),
        )
        rows.append(tuple(map(one_line, cells)))
    return rows


def _ages(some: Sequence[Server], now: datetime) -> str:
    ages = [(now - server.launched_at).total_seconds() for server in some if server.launched_at]
    if not ages:
        return "-"
    youngest, oldest = age(min(ages)), age(max(ages))
    return youngest if youngest == oldest else f"{youngest} to {oldest}"


def age(seconds: float) -> str:
    """Such as `40 s`, `12 min`, `5 h`, `3 d`: one number is enough to see what is old."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def remarks(live: Live, now: datetime) -> list[str]:
    """How many serve, whether they are on the configured image, the refresh that is going on, the alarms."""
    group, staying = live.group, [server for server in live.servers if not server.leaves]
    serving = sum(server.serves for server in staying)
    lines = [f"{serving} of {group.desired} servers healthy; runs {members.runs(live.servers)}"]
    if not group.desired:
        lines = [_sleep(live)]
    others = sum(server.image != live.configured for server in staying)
    if live.configured and others:
        lines.append(f"{others} of {len(staying)} are not on the configured {live.configured}")
    if live.refresh and live.refresh.running:
        lines.append(rollout_show.bar(live.refresh, live.stage, now))
    lines += [alarm_line(name, alarm, now) for name, alarm in live.alarms.items()]
    return [one_line(f"{group.service}: {line}") for line in lines]


def _sleep(live: Live) -> str:
    """Why a group without servers has none, and when it gets some."""
    action = schedules.wake(live.schedule)
    if action is None:
        return "desired capacity 0, and no scheduled action wakes it"
    if action.next_at is None:
        when = f"by {action.recurrence!r} ({action.time_zone})"
    else:
        when = f"at {action.next_at.astimezone(UTC):%Y-%m-%d %H:%M}Z"
    return f"asleep (desired capacity 0); {action.name} wakes it {when}"


def alarm_line(name: str, alarm: Alarm | None, now: datetime) -> str:
    """An alarm's state and since when; that it does not exist."""
    if alarm is None:
        return f"alarm {name} does not exist"
    since = f" for {age((now - alarm.since).total_seconds())}" if alarm.since else ""
    why = f": {alarm.reason}" if alarm.reason and alarm.state != alarms.OK else ""
    return f"alarm {name} is {alarm.state}{since}{'' if alarm.acts else ', its actions are disabled'}{why}"


def as_json(seen: Environment) -> dict[str, Any]:
    """For programs; every server by itself, however many there are. See docs/releases.md for the fields."""
    return {
        "ok": True,
        "environment": seen.name,
        "at": seen.at.isoformat(),
        "groups": [_group_json(each, seen.at) for each in seen.services],
        "notes": list(seen.remarks),
    }


def alarms_json(watched: Mapping[str, Alarm | None]) -> list[dict[str, Any]]:
    """Alarms for programs; one that does not exist has no state."""
    return [alarm.as_json() if alarm else {"name": name, "state": None} for name, alarm in watched.items()]


def _group_json(live: Live, now: datetime) -> dict[str, Any]:
    action = schedules.wake(live.schedule)
    return {
        "service": live.group.service,
        "group": live.group.name,
        "desired": live.group.desired,
        "configured": live.configured,
        "asleep": live.asleep,
        "wakesAt": action.next_at.isoformat() if live.asleep and action and action.next_at else None,
        "refresh": rollout_show.refresh_json(live.refresh),
        "stage": live.stage.as_json(now) if live.stage else None,
        "alarms": alarms_json(live.alarms),
        "servers": [
            {
                "id": server.id,
                "image": server.image,
                "launchTemplateVersion": server.version,
                "type": server.instance_type,
                "zone": server.zone,
                "lifecycle": server.lifecycle,
                "health": server.health,
                "target": server.target,
                "serves": server.serves,
                "launchedAt": server.launched_at.isoformat() if server.launched_at else None,
            }
            for server in live.servers
        ],
    }
