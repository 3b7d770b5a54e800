"""What the rollouts of a fleet are at, as a line for each service below the picture of the fleet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from itertools import pairwise
from typing import Any

from rehearsal.report_time import Axis, clock

# Pixels: of a line, and of the bars on it.
LINE, BAR = 15, 9

# What each stage of an instance refresh is to a reader: a class for its colour, and words.
_ROLLING, _UNDOING = ("rolling", "rolling out"), ("undoing", "going back")
_KINDS = {
    "Pending": _ROLLING,
    "InProgress": _ROLLING,
    "Checkpoint": ("checkpoint", "waiting at a checkpoint"),
    "Baking": ("baking", "baking: all servers are new, alarms are watched"),
    "RollbackInProgress": _UNDOING,
    "Cancelling": _UNDOING,
}


def services_of(document: Mapping[str, Any], environment: str) -> list[str]:
    """The services of an environment that had a rollout, by name."""
    return sorted({each["service"] for each in _samples(document) if each["environment"] == environment})


def kinds_of(document: Mapping[str, Any]) -> dict[str, str]:
    """The kinds of stages that there were, each with its words, for a legend."""
    there = {each["stage"] for each in _samples(document)}
    return dict(kind for stage, kind in _KINDS.items() if stage in there)


def line(document: Mapping[str, Any], environment: str, service: str, axis: Axis, y: float) -> Iterator[str]:
    """A service's line, from `y` on: its name where the picture begins, and a bar for each stage."""
    samples = [
        each
        for each in _samples(document)
        if (each["environment"], each["service"]) == (environment, service)
    ]
    yield f'<text class="service" x="0" y="{y + LINE - 4:.1f}">{escape(service)}</text>'
    for sample, following in pairwise([*samples, {"at": axis.end}]):
        if sample["stage"] is None:
            continue
        kind, words = _KINDS.get(sample["stage"], _ROLLING)
        left, right = 100 * axis.place(sample["at"]), 100 * axis.place(following["at"])
        yield (
            f'<rect class="stage {kind}" x="{left:.3f}%" width="{right - left:.3f}%" '
            f'y="{y + LINE - BAR - 2:.1f}" height="{BAR}" data-service="{escape(service)}" '
            f'data-stage="{escape(sample["stage"])}">'
            f"<title>{escape(service)}: {words}, "
            f"{clock(sample['at'])} to {clock(following['at'])}</title></rect>"
        )


def _samples(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return document.get("stages") or []
