"""The event log: what happens in an operation as Pulumi's engine events, one JSON document a line.

The format is that of `pulumi --event-log FILE` (`apitype.EngineEvent`), so that whoever reads it need not
know which engine wrote it. What is left out: debug messages, progress of downloads, and, of policies, the
lists of those that found nothing (`policyAnalyzeSummaryEvent` and its like).
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from rehearsal.engine.options import Finding, Step
from rehearsal.engine.property_paths import way_of
from rehearsal.engine.state import ResourceState
from rehearsal.engine.values import ASSET, SECRET, SIGNATURE, is_secret, lower_outputs

# A secret as the event log of Pulumi's engine shows it.
_HIDDEN = {SIGNATURE: SECRET, "ciphertext": "[secret]"}
_ELIDED = "<contents elided>"
_FLAGS = (
    ("custom", "custom"),
    ("delete", "delete"),
    ("protect", "protect"),
    ("taint", "taint"),
    ("external", "external"),
    ("retainOnDelete", "retain_on_delete"),
    ("initErrors", "init_errors"),
)


class EventLog:
    """Writes one operation's events to a file. Safe to use from several threads."""

    def __init__(self, file: TextIO, *, preview: bool) -> None:
        self._file = file
        self._planning = {"planning": True} if preview else {}
        self._lock = threading.Lock()
        self._sequence = 0

    # --- the operation as a whole

    def prelude(self, config: Mapping[str, str], secret_keys: frozenset[str]) -> None:
        """The operation begins, with this configuration; secret values are hidden."""
        shown = {key: "[secret]" if key in secret_keys else value for key, value in sorted(config.items())}
        self._write({"preludeEvent": {"config": shown}})

    def summary(
        self, changes: Mapping[str, int], seconds: float, result: str, packs: Mapping[str, str]
    ) -> None:
        """The operation ended: `result` is `succeeded`, `failed` or `canceled`; `packs` are the policy packs
        that looked on, with their versions. Nothing follows.
        """
        self._write(
            {
                "summaryEvent": {
                    "maybeCorrupt": False,
                    "durationSeconds": math.ceil(seconds),
                    "resourceChanges": {op: count for op, count in changes.items() if count},
                    "PolicyPacks": dict(packs),
                    "isPreview": bool(self._planning),
                    "result": result,
                }
            }
        )
        self._write({"cancelEvent": {}})

    # --- the steps

    def started(self, step: Step) -> None:
        """See Reporter."""
        for op in _ops(step):
            self._write({"resourcePreEvent": {"metadata": _metadata(op, step), **self._planning}})

    def finished(self, step: Step, seconds: float) -> None:
        """See Reporter."""
        del seconds
        for op in _ops(step):
            self._write({"resOutputsEvent": {"metadata": _metadata(op, step), **self._planning}})

    def failed(self, step: Step, seconds: float) -> None:
        """See Reporter."""
        del seconds
        metadata = _metadata(_ops(step)[0], step)
        self._write({"resOpFailedEvent": {"metadata": metadata, "status": 0, "steps": 0}})

    def told(self, step: Step) -> None:
        """See Reporter."""
        self.started(step)
        self.finished(step, 0.0)

    def outputs(self, step: Step) -> None:
        """See Reporter."""
        self.finished(step, 0.0)

    def message(self, severity: str, urn: str, text: str) -> None:
        """See Reporter."""
        where = {"urn": urn} if urn else {}
        said = {"prefix": f"{severity}: ", "message": f"{text}\n", "color": "never", "severity": severity}
        self._write({"diagnosticEvent": {**where, **said}})

    def finding(self, finding: Finding) -> None:
        """See Reporter."""
        severity = {"severity": finding.severity} if finding.severity else {}
        self._write(
            {
                "policyEvent": {
                    "resourceUrn": finding.urn,
                    "message": f"{finding.message}\n",
                    "color": "never",
                    "policyName": finding.policy,
                    "policyPackName": finding.pack,
                    "policyPackVersion": finding.version,
                    "policyPackVersionTag": finding.version,
                    "enforcementLevel": finding.level,
                    **severity,
                }
            }
        )

    def policies_load(self) -> None:
        """Policy packs are being started."""
        self._write({"policyLoadEvent": {}})

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.close()

    def _write(self, event: dict[str, Any]) -> None:
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        with self._lock:
            stamp = f'{{"sequence":{self._sequence},"timestamp":{int(time.time())},'
            self._file.write(f"{stamp}{text[1:]}\n")
            # Whoever follows the log of a long operation reads whole lines.
            self._file.flush()
            self._sequence += 1


def open_log(file: Path, *, preview: bool) -> EventLog:
    """A new log in `file`; what it held is gone. Raises OSError."""
    return EventLog(file.open("w", encoding="utf-8"), preview=preview)


def _ops(step: Step) -> tuple[str, ...]:
    """The step under Pulumi's names: a replacement is two, of which `replace` is the one that counts."""
    return ("create-replacement", "replace") if step.verb == "replace" else (step.verb,)


def _metadata(op: str, step: Step) -> dict[str, Any]:
    state = step.state
    metadata: dict[str, Any] = {
        "op": op,
        "urn": state.urn,
        "type": state.type,
        "old": _state(step.old),
        "new": _state(step.new),
    }
    if step.keys:
        metadata["keys"] = list(step.keys)
    if step.diffs:
        metadata["diffs"] = list(step.diffs)
    metadata["detailedDiff"] = _detailed(step)
    if op not in ("create-replacement", "delete-replaced"):
        metadata["logical"] = True
    metadata["provider"] = state.provider
    return metadata


def _detailed(step: Step) -> dict[str, dict[str, Any]] | None:
    """How each property changed, as the provider tells the real engine; None where nothing was compared."""
    if not step.diffs or step.old is None or step.new is None:
        return None
    old, new = step.old.inputs, step.new.inputs
    found: dict[str, dict[str, Any]] = {}
    for name in step.diffs:
        kind = way_of(old, new, name)
        found[name] = {"diffKind": f"{kind}-replace" if name in step.keys else kind, "inputDiff": True}
    return found


def _state(state: ResourceState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    shown: dict[str, Any] = {"type": state.type, "urn": state.urn, "id": state.id, "parent": state.parent}
    for key, attribute in _FLAGS:
        if getattr(state, attribute):
            shown[key] = getattr(state, attribute)
    return {
        **shown,
        "inputs": _hidden(lower_outputs(state.inputs)),
        "outputs": _hidden(lower_outputs(state.outputs)),
        "provider": state.provider,
    }


def _hidden(value: Any) -> Any:
    """The tree without what must not be in a log: secrets, and the text of assets."""
    if isinstance(value, dict):
        if is_secret(value):
            return _HIDDEN
        if value.get(SIGNATURE) == ASSET and "text" in value:
            return {**value, "text": _ELIDED}
        return {key: _hidden(item) for key, item in value.items()}
    return [_hidden(item) for item in value] if isinstance(value, list) else value
