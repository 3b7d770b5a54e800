"""Watches: what changed since a version, then the answer ends.

A real API server keeps the answer open. Here it ends when there is something to tell, or after a moment
without news: clients ask again then, from the last version that they saw.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.asked import Asked, matching
from rehearsal.cloud.kubernetes.errors import Object, Refused
from rehearsal.cloud.outside import Outside
from rehearsal.cloud.server import Answer

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster
    from rehearsal.cloud.kubernetes.store import Change

#: Real seconds that an answer without news takes.
PATIENCE_SECONDS = 0.5
_PAUSE_SECONDS = 0.02


def answer(cluster: Cluster, request: Asked) -> Answer:
    """Raises Outside while there is nothing to tell; Refused (410) for a version that is forgotten."""
    matches = matching(request)
    since = request.query.get("resourceVersion", "")
    if since in ("", "0"):
        space = None if request.everywhere else request.namespace
        found = cluster.store.all(request.resource.group, request.resource.plural, space)
        return _lines([("ADDED", each) for each in found if matches(each)])
    version = int(since)
    changes = cluster.store.changes
    if changes and version < changes[0].version - 1:
        oldest = changes[0].version - 1
        raise Refused(410, "Expired", f"too old resource version: {version} ({oldest})")
    told = _news(cluster, request, version, matches)
    if told:
        return _lines(told)
    raise Outside(lambda: _wait(cluster, request, version, matches))


def _wait(cluster: Cluster, request: Asked, version: int, matches: Callable[[Object], bool]) -> Answer:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)
        with cluster.world.lock:
            cluster.world.timeline.catch_up()
            cluster.refresh()
            told = _news(cluster, request, version, matches)
            if told:
                return _lines(told)
    return _lines([])


def _news(
    cluster: Cluster, request: Asked, version: int, matches: Callable[[Object], bool]
) -> list[tuple[str, Object]]:
    resource, found = request.resource, []
    for change in reversed(cluster.store.changes):
        if change.version <= version:
            break
        here = change.key.namespace == request.namespace or request.everywhere
        if (change.key.group, change.key.plural) == (resource.group, resource.plural) and here:
            found += _told(change, matches)
    return found[::-1]


def _told(change: Change, matches: Callable[[Object], bool]) -> list[tuple[str, Object]]:
    """A change as this watch sees it: what begins to match is new to it."""
    before = change.before is not None and matches(change.before)
    after = change.after is not None and matches(change.after)
    if after and change.after is not None:
        return [("MODIFIED" if before else "ADDED", change.after)]
    if before and change.before is not None:
        last = change.after or change.before
        metadata = last["metadata"] | {"resourceVersion": str(change.version)}
        return [("DELETED", last | {"metadata": metadata})]
    return []


def _lines(told: list[tuple[str, Object]]) -> Answer:
    body = "".join(json.dumps({"type": kind, "object": value}) + "\n" for kind, value in told)
    return 200, [("content-type", "application/json")], body.encode()
