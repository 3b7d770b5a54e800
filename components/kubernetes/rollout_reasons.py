"""Why pods do not come to serve, in their own words: from their status, their events and their last lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..refresh_view import one_line
from .rollout_view import condition, moment

Object = Mapping[str, Any]

IMAGE_SECONDS = 60.0
"""After so long without the image the kubelet has asked for it four times: at 0, 10, 30 and 70 seconds."""
REFUSED_SECONDS = 30.0
"""How long the cluster may refuse to create any pod at all."""
MOST_RESTARTS = 3
"""A container that has ended so often without having served ends again."""
_LONGEST = 360
"""Characters of one reason."""
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")

_BEGINNING = ("ContainerCreating", "PodInitializing", "")
_TELLING = (
    "Unhealthy",
    "FailedMount",
    "FailedAttachVolume",
    "FailedCreatePodSandBox",
    "Failed",
    "FailedScheduling",
)
"""Reasons of events that say why a pod waits, the most telling first."""


@dataclass(frozen=True)
class Trouble:
    """What keeps a pod from serving. `final` when waiting longer is of no use; `killed` when its container
    did not end by itself, so that the cause is told elsewhere: by the probe that failed."""

    reason: str
    detail: str = ""
    final: bool = False
    killed: bool = False

    def __str__(self) -> str:
        detail = _DIGEST.sub(r"\1", one_line(self.detail))
        if len(detail) > _LONGEST:
            # Errors are told from the outside in: the cause comes last.
            detail = f"{detail[: _LONGEST // 3]}… {detail[-2 * _LONGEST // 3 :]}"
        return f"{self.reason}: {detail}" if detail else self.reason


def of_pod(pod: Object, now: datetime) -> Trouble | None:
    """As its status tells it; None for one that serves, or may just be starting."""
    status = pod.get("status", {})
    if status.get("phase") == "Failed":
        return Trouble(status.get("reason") or "Failed", status.get("message") or "")
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return Trouble(scheduled.get("reason") or "Unschedulable", scheduled.get("message") or "")
    began = moment(status.get("startTime") or pod["metadata"].get("creationTimestamp"))
    age = (now - began).total_seconds() if began else 0.0
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    found = [trouble for each in containers if (trouble := _of_container(each, age))]
    return max(found, key=lambda trouble: trouble.final, default=None)


def _of_container(status: Object, age: float) -> Trouble | None:
    state, restarts = status.get("state") or {}, int(status.get("restartCount", 0))
    waiting = state.get("waiting")
    ended = state.get("terminated") or (status.get("lastState") or {}).get("terminated")
    if waiting and waiting.get("reason", "") not in _BEGINNING:
        reason = waiting["reason"]
        if reason == "CrashLoopBackOff":
            return Trouble(reason, _ending(ended, restarts), restarts >= MOST_RESTARTS, _is_killed(ended))
        never = reason == "InvalidImageName"
        return Trouble(reason, waiting.get("message") or "", never or age >= IMAGE_SECONDS)
    if status.get("ready") or not ended or (ended.get("exitCode") == 0 and not restarts):
        return None
    why = ended.get("reason") or "Error"
    return Trouble(why, _ending(ended, restarts), restarts >= MOST_RESTARTS, _is_killed(ended))


def _is_killed(ended: Object | None) -> bool:
    """By SIGKILL or SIGTERM, and not for its memory."""
    return bool(ended and ended.get("exitCode") in (137, 143) and ended.get("reason") != "OOMKilled")


def _ending(ended: Object | None, restarts: int) -> str:
    """How a container ended: `exit code 1 after 3 restarts: last lines`."""
    told = [] if ended is None else [f"exit code {ended.get('exitCode')}"]
    why = (ended or {}).get("reason") or ""
    if why not in ("", "Error", "Completed"):
        told.append(f"({why})")
    told.append(f"after {restarts} restarts")
    message = one_line((ended or {}).get("message") or "")
    # The end of what was said tells why it ended.
    return " ".join(told) + (f": {message[-_LONGEST // 2 :]}" if message else "")


def of_events(events: Iterable[Object]) -> Trouble | None:
    """What the most telling of a pod's warnings says, in its newest wording."""
    warnings = [each for each in events if each.get("type") == "Warning" and each.get("reason") in _TELLING]
    if not warnings:
        return None
    warnings.sort(key=_happened_at)
    newest = min(reversed(warnings), key=lambda each: _TELLING.index(each["reason"]))
    return Trouble(newest["reason"], newest.get("message") or "")


def _happened_at(event: Object) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return next((str(time) for time in times if time), str(event["metadata"].get("creationTimestamp", "")))


def of_creation(deployment: Object, pods: Sequence[Object], now: datetime) -> Trouble | None:
    """Why the cluster creates no pod: admission, a quota. Final after a while without a single one."""
    refused = condition(deployment, "ReplicaFailure")
    if refused.get("status") != "True":
        return None
    since = moment(refused.get("lastTransitionTime"))
    age = (now - since).total_seconds() if since else 0.0
    final = not pods and age >= REFUSED_SECONDS
    return Trouble(refused.get("reason") or "FailedCreate", refused.get("message") or "", final)


def told(troubles: Sequence[Trouble]) -> str:
    """The most frequent ones: `2x ImagePullBackOff: …; FailedMount: …`. Pods that fail alike are one."""
    counted: Counter[str] = Counter()
    first: dict[str, str] = {}
    for trouble in troubles:
        counted[trouble.reason] += 1
        first.setdefault(trouble.reason, str(trouble))
    return "; ".join(_times(count, first[reason]) for reason, count in counted.most_common(3))


def _times(count: int, text: str) -> str:
    return text if count == 1 else f"{count}x {text}"


def newest_time(things: Iterable[Object]) -> Iterator[datetime]:
    """Every time that objects tell: the cluster's clock is not behind any of them."""
    for thing in things:
        for each in thing.get("status", {}).get("conditions") or ():
            for key in ("lastUpdateTime", "lastTransitionTime"):
                if (at := moment(each.get(key))) is not None:
                    yield at
