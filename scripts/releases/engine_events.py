"""What Pulumi's engine tells while it works, as `--event-log FILE` keeps it: one JSON document a line.

The format is that of `sdk/go/common/apitype/events.go` in Pulumi's source. Secrets are told as `[secret]`,
and what is not known before an `up` as `UNKNOWN`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.releases.backend import SECRET, without_secrets
from scripts.releases.errors import RefusedError

#: In the place of a value that only an `up` learns; also inside longer texts.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
STACK = "pulumi:pulumi:Stack"
PROVIDER = "pulumi:providers:"
#: What is done to a resource. The other steps of a replacement, and what a refresh reads, are parts of these.
CREATE, UPDATE, REPLACE, DELETE, SAME = "create", "update", "replace", "delete", "same"
_OPS = {
    "create": CREATE,
    "import": CREATE,
    "update": UPDATE,
    "replace": REPLACE,
    "delete": DELETE,
    "same": SAME,
    "read": SAME,
}
#: Pulumi marks colours so.
_COLOUR = re.compile(r"<\{%.*?%\}>")


@dataclass(frozen=True)
class Side:
    """A resource before a step, or after it. `outputs` are what the cloud told; in a preview those before.

    Attributes:
        custom: whether a provider makes it; a component is none.
        retain: whether it stays in the cloud when the stack lets go of it.
    """

    id: str
    parent: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    custom: bool = False
    protect: bool = False
    retain: bool = False


@dataclass(frozen=True)
class Step:
    """What is done to one resource. `old` is None of one that is made, `new` of one that goes; `keys` are the
    properties that force a replacement.
    """

    op: str
    urn: str
    type: str
    old: Side | None
    new: Side | None
    keys: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The logical name: the last part of the URN."""
        return self.urn.rpartition("::")[2]

    @property
    def side(self) -> Side:
        """After the step, or before it where there is nothing after."""
        return self.new or self.old or Side("", "", {}, {})

    @property
    def provider(self) -> bool:
        """Whether it is a provider: the engine keeps it as a resource, with the whole configuration in it."""
        return self.type.startswith(PROVIDER)


@dataclass(frozen=True)
class Finding:
    """What a policy found. `resource` is a URN, "" for the whole stack; a mandatory one stops the update."""

    policy: str
    resource: str
    message: str
    mandatory: bool
    severity: str

    @property
    def name(self) -> str:
        return self.resource.rpartition("::")[2]


@dataclass(frozen=True)
class Message:
    """A diagnostic: `info`, `warning` or `error`."""

    severity: str
    urn: str
    text: str


@dataclass(frozen=True)
class Events:
    """A whole operation. `ended` is None when it never came to its summary: it was refused, or cut off."""

    steps: Mapping[str, Step] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    messages: tuple[Message, ...] = ()
    ended: str | None = None
    packs: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[Step, ...]:
        """Every step that changes something; providers, and the stack itself, change nothing of ours."""
        return tuple(
            step
            for step in self.steps.values()
            if step.op != SAME and not step.provider and step.type != STACK
        )

    @property
    def outputs(self) -> Mapping[str, Any]:
        """What the stack exports after it, as far as that is known."""
        root = next((step for step in self.steps.values() if step.type == STACK), None)
        return root.new.outputs if root is not None and root.new is not None else {}

    def said(self, severity: str) -> tuple[str, ...]:
        """The diagnostics of a severity, each once, without what the engine adds to the real ones."""
        texts = (message.text for message in self.messages if message.severity == severity)
        return tuple(dict.fromkeys(text for text in texts if text not in ("preview failed", "update failed")))


def read(path: Path) -> Events:
    """The events in a file.

    Raises:
        RefusedError: it cannot be read, or holds no event.
    """
    try:
        content = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise RefusedError(f"the event log {path} cannot be read: {error.strerror}") from error
    documents = list(_documents(content.splitlines()))
    if not documents:
        raise RefusedError(
            f"{path} holds no event of Pulumi; make one with `pulumi preview --event-log FILE`"
        )
    return parse(documents)


def _documents(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """A last line that was cut off is left out."""
    for line in lines:
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict) and "sequence" in document:
            yield document


def parse(documents: Iterable[Mapping[str, Any]]) -> Events:
    """The events of one operation, from their JSON documents in order."""
    steps: dict[str, Step] = {}
    findings: dict[Finding, None] = {}
    messages: list[Message] = []
    ended, packs = None, ()
    for document in documents:
        done = document.get("resOutputsEvent") or document.get("resourcePreEvent")
        if done:
            _note(steps, done["metadata"])
        elif policy := document.get("policyEvent"):
            findings[_finding(policy)] = None
        elif said := document.get("diagnosticEvent"):
            messages.append(_message(said))
        elif summary := document.get("summaryEvent"):
            ended, packs = summary.get("result") or "succeeded", tuple(summary.get("PolicyPacks") or ())
    # Steps come in the order of work, which is another one each time.
    ordered = dict(sorted(steps.items()))
    return Events(ordered, tuple(findings), tuple(m for m in messages if m.text), ended, packs)


def _note(steps: dict[str, Step], told: Mapping[str, Any]) -> None:
    """Of several events of a resource the last one counts, which has a stack's outputs."""
    op = _OPS.get(told.get("op", ""))
    if op is None:
        return
    urn = str(told["urn"])
    if op == DELETE and urn in steps:
        # What an earlier update left behind of a replaced resource goes; the resource itself stays.
        return
    keys = tuple(map(str, told.get("keys") or ()))
    old, new = _side(told.get("old")), _side(told.get("new"))
    steps[urn] = Step(op, urn, str(told.get("type", "")), old, None if op == DELETE else new, keys)


def _side(told: Mapping[str, Any] | None) -> Side | None:
    if told is None:
        return None
    return Side(
        str(told.get("id") or ""),
        str(told.get("parent") or ""),
        without_secrets(told.get("inputs") or {}),
        without_secrets(told.get("outputs") or {}),
        bool(told.get("custom")),
        bool(told.get("protect")),
        bool(told.get("retainOnDelete")),
    )


def _finding(told: Mapping[str, Any]) -> Finding:
    return Finding(
        str(told.get("policyName", "")),
        str(told.get("resourceUrn") or ""),
        plain(told.get("message", "")),
        told.get("enforcementLevel") == "mandatory",
        str(told.get("severity") or ""),
    )


def _message(told: Mapping[str, Any]) -> Message:
    severity = str(told.get("severity", "")).partition("#")[0]
    return Message(severity, str(told.get("urn") or ""), plain(told.get("message", "")))


def plain(text: object) -> str:
    """A text of the engine without its colour marks and the empty lines around it."""
    return _COLOUR.sub("", str(text)).strip()


__all__ = ["SECRET", "UNKNOWN", "Events", "Finding", "Message", "Side", "Step", "parse", "read"]
