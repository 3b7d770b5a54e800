"""Time on the report page: days that a rehearsal leaps over are left out, lest they hide what is around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def without_leaps(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its moments as told by a clock that stood still during the leaps.

    A leap is then a moment: `leaps` has where it is on that clock, and how many seconds it took.
    """
    leaps = document.get("leaps") or []
    if not leaps:
        return dict(document)
    return {
        **document,
        "steps": [
            {**step, "at": _told(step["at"], leaps), "until": _told(step["until"], leaps)}
            for step in document["steps"]
        ],
        "fleet": [{**sample, "at": _told(sample["at"], leaps)} for sample in document["fleet"]],
        "leaps": [{**leap, "at": _told(leap["at"], leaps)} for leap in leaps],
    }


def _told(at: float, leaps: Sequence[Mapping[str, float]]) -> float:
    gone = sum(min(max(at - leap["at"], 0.0), leap["seconds"]) for leap in leaps)
    return round(at - gone, 1)


def clock(seconds: float) -> str:
    """Seconds of the cloud as minutes and seconds, as hours and minutes beyond an hour, as days and hours."""
    whole = round(seconds)
    if whole >= 2 * 86_400:
        return f"{whole // 86_400} days {whole % 86_400 // 3600} h"
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d} h"
    return f"{whole // 60}:{whole % 60:02d} min"
