"""How workloads look: every pod as a row, some lines a workload, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from images import containers
from scripts.releases import live_show, pods, show
from scripts.releases.errors import one_line
from scripts.releases.live import Environment
from scripts.releases.pods import Pod
from scripts.releases.workloads import SUCCESSFUL, Live
from scripts.releases.workloads_live import Seen

#: Beyond so many pods of a workload, like ones share a row.
LISTED = live_show.LISTED
COLUMNS = ("workload", "pod", "image", "state", "restarts", "node", "age")


def live_text(seen: Seen) -> None:
    """A table on a terminal, aligned columns in a pipe; then some lines a workload."""
    at = seen.at
    rows = [] if at is None else [row for each in seen.workloads for row in _rows(each, at)]
    if rows and sys.stdout.isatty():
        table = Table(*COLUMNS)
        for row in rows:
            table.add_row(*map(Text, row))
        Console(file=sys.stdout).print(table)
    elif rows:
        show.columns([COLUMNS, *rows])
    for each in seen.workloads:
        for line in remarks(each, seen.configured.get(each.name)):
            print(one_line(f"{each.name}: {line}"))
        for name, alarm in seen.alarms.get(each.name, {}).items():
            if at is not None:
                print(one_line(f"{each.name}: {live_show.alarm_line(name, alarm, at)}"))
    for note in seen.notes:
        print(one_line(f"note: {note}"))


def _rows(live: Live, now: datetime) -> list[tuple[str, ...]]:
    """A row a pod, or with many of them a row for all that are alike."""
    alike: dict[tuple[str, ...], list[Pod]] = {}
    for pod in live.pods:
        same = (containers.short(pod.image or "-"), state(pod))
        alike.setdefault(same if len(live.pods) > LISTED else (pod.name, *same), []).append(pod)
    rows = []
    for some in alike.values():
        first, many = some[0], len(live.pods) > LISTED
        nodes = sorted({pod.node for pod in some if pod.node})
        cells = (
            live.name,
            f"{len(some)} pods" if many else first.name,
            containers.short(first.image or "-"),
            state(first),
            str(sum(pod.restarts for pod in some)),
            f"{len(nodes)} nodes" if many else ", ".join(nodes) or "-",
            _ages(some, now),
        )
        rows.append(tuple(map(one_line, cells)))
    return rows


def state(pod: Pod) -> str:
    """What the pod does, in a word or two."""
    if pod.state == "Running":
        return "serves" if pod.serves else "not ready"
    return pod.state


def _ages(some: Sequence[Pod], now: datetime) -> str:
    ages = [(now - pod.started_at).total_seconds() for pod in some if pod.started_at]
    if not ages:
        return "-"
    youngest, oldest = live_show.age(min(ages)), live_show.age(max(ages))
    return youngest if youngest == oldest else f"{youngest} to {oldest}"


def remarks(live: Live, configured: str | None) -> Iterator[str]:
    """How many serve and on what, whether that is the configured image, the rollout, and what is wrong."""
    staying = [pod for pod in live.pods if not pod.leaves]
    if live.deployment is not None:
        yield f"{live.serving} of {live.desired} pods serve; runs {runs(staying)}"
    others = sum(pod.image != configured for pod in staying)
    if configured and others:
        yield f"{others} of {len(staying)} are not on the configured {containers.short(configured)}"
    if live.status != SUCCESSFUL:
        yield f"its rollout is {live.step}"
    # The first of them is the rollout's reason already.
    for name, trouble in pods.troubles(live.pods):
        if f"{name}: {trouble}" != live.reason:
            yield f"pod {name}: {trouble}"


def runs(some: Sequence[Pod]) -> str:
    """Such as `3 on shop@sha256:0123456789ab`."""
    counted = pods.counted(some)
    return ", ".join(f"{count} on {containers.short(image)}" for image, count in counted.items()) or "nothing"


def live_json(servers: Environment | None, seen: Seen) -> dict[str, Any]:
    """Both together; see docs/releases.md for the fields."""
    document: dict[str, Any] = {
        "ok": True,
        "environment": seen.environment,
        "at": seen.at.isoformat() if seen.at else None,
        "groups": [],
        "notes": [],
    }
    if servers is not None:
        document = live_show.as_json(servers)
    document["notes"] = [*document["notes"], *seen.notes]
    return {**document, "workloads": [workload_json(each, seen) for each in seen.workloads]}


def workload_json(live: Live, seen: Seen) -> dict[str, Any]:
    return {
        "workload": live.name,
        "namespace": live.namespace,
        "configured": seen.configured.get(live.name),
        "image": live.image,
        "desired": live.desired,
        "updated": live.updated,
        "available": live.available,
        "rollout": rollout_json(live),
        "alarms": live_show.alarms_json(seen.alarms.get(live.name, {})),
        "pods": [
            {
                "name": pod.name,
                "image": pod.image,
                "serves": pod.serves,
                "state": pod.state,
                "reason": pod.trouble or None,
                "restarts": pod.restarts,
                "node": pod.node or None,
                "startedAt": pod.started_at.isoformat() if pod.started_at else None,
            }
            for pod in live.pods
        ],
    }


def rollout_json(live: Live) -> dict[str, Any]:
    """How a rollout stands, for programs."""
    return {
        "status": live.status,
        "reason": live.reason or None,
        "revision": live.revision or None,
        "since": live.since.isoformat() if live.since else None,
    }
