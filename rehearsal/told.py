"""What an engine tells of an operation in its event log, and what of that the rehearsal counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COUNTED = ("create", "update", "replace", "delete", "same")
# How the real engine names its steps; of a replacement's three steps one counts. A step that is missing here
# (`read`, the two other parts of a replacement) changes nothing of ours.
_PULUMI_OPS = {
    "create": "create",
    "update": "update",
    "replace": "replace",
    "delete": "delete",
    "same": "same",
    "import": "create",
}


@dataclass(frozen=True)
class Changed:
    """One resource that an operation changed; `op` is create, update, replace or delete."""

    type: str
    name: str
    op: str


@dataclass(frozen=True)
class Finding:
    """What a policy has against a resource; `level` is mandatory or advisory, `severity` may be empty."""

    policy: str
    level: str
    severity: str
    type: str
    name: str
    message: str

    @classmethod
    def about(cls, urn: str, *, policy: str, level: str, severity: str, message: str) -> Finding:
        """The finding about the resource with this URN."""
        kind = urn.split("::")[2].rpartition("$")[2] if urn else ""
        return cls(policy, level, severity, kind, urn.rpartition("::")[2], one_line(message))

    @property
    def line(self) -> str:
        """All of it in one line."""
        return f"policy {self.policy} ({self.level}): {self.type} {self.name}: {self.message}"


def found_by(policy_events: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """The findings that the policy events of an event log tell, in order, each once."""
    found = (
        Finding.about(
            str(event.get("resourceUrn", "")),
            policy=event["policyName"],
            level=event["enforcementLevel"],
            severity=event.get("severity", ""),
            message=event.get("message", ""),
        )
        for event in policy_events
    )
    return tuple(dict.fromkeys(found))


def packs_of(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The policy packs that looked on, as `name version`: the summary has them by name, kind and place."""
    packs: dict[str, str] = next(
        (event["summaryEvent"]["PolicyPacks"] for event in events if "summaryEvent" in event), {}
    )
    return [f"{key.partition('|')[0]} {version}" for key, version in sorted((packs or {}).items())]


def read_events(log: Path) -> list[dict[str, Any]]:
    """The events of an event log, one JSON document a line; a last line that was cut off is left out."""
    events = []
    for line in log.read_text(errors="replace").splitlines() if log.exists() else ():
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return events


def told_by(events: Iterable[Mapping[str, Any]]) -> tuple[dict[str, int], tuple[Changed, ...], list[str]]:
    """What the events of one operation tell: counts by kind of change, the resources changed, the errors.

    A step counts when done (`resOutputsEvent`; in a preview that is when it is planned), once, although a
    component's outputs are told apart from it. Providers are left out: the engine keeps them as resources,
    but they are none of ours, and one holds the whole configuration: it changes with every line of it.
    """
    done: dict[tuple[str, str], Changed] = {}
    errors: list[str] = []
    for event in events:
        step = (event.get("resOutputsEvent") or {}).get("metadata") or {}
        op = _PULUMI_OPS.get(step.get("op", ""))
        if op and not step["type"].startswith("pulumi:providers:"):
            done[(step["urn"], op)] = Changed(step["type"], step["urn"].rsplit("::", 1)[-1], op)
        diagnostic = event.get("diagnosticEvent") or {}
        if diagnostic.get("severity") == "error":
            errors.append(one_line(diagnostic.get("message", "")))
    counts = Counter(changed.op for changed in done.values())
    changed = tuple(each for each in done.values() if each.op != "same")
    return {op: counts[op] for op in COUNTED}, changed, [error for error in errors if error]


def one_line(message: str) -> str:
    """A diagnostic of the engine as one line, without its colour marks."""
    return " ".join(re.sub(r"<\{%.*?%\}>", "", message).split())
