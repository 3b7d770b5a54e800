"""What an operation shows while it runs: one line per step, diagnostics, and a summary at the end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from rehearsal.engine.options import Finding, Step, Verb, is_default_provider
from rehearsal.engine.values import redact

_SIGNS: dict[Verb, str] = {
    "create": "+",
    "update": "~",
    "replace": "+-",
    "delete": "-",
    "delete-replaced": "--",
    "read": ">",
    "import": "=",
    "refresh": "~",
    "discard": "<",
    "same": " ",
}
_WORDS: dict[Verb, tuple[str, str, str]] = {
    # in a preview, at the beginning, at the end
    "create": ("create", "creating…", "created"),
    "update": ("update", "updating…", "updated"),
    "replace": ("replace", "replacing…", "replaced"),
    "delete": ("delete", "deleting…", "deleted"),
    "delete-replaced": ("delete original", "deleting original…", "deleted original"),
    "read": ("read", "reading…", "read"),
    "import": ("import", "importing…", "imported"),
    "refresh": ("changed outside", "refreshing…", "changed outside"),
    "discard": ("forget", "forgetting…", "forgotten"),
    "same": ("same", "", "same"),
}
_COLOURS = {"+": "32", "~": "33", "+-": "33", "-": "31", "--": "31", "error": "31", "warning": "33"}
_LEVELS = {"mandatory": "error", "advisory": "warning"}
_SUMMARY = (
    ("create", "+", "to create", "created"),
    ("update", "~", "to update", "updated"),
    ("replace", "+-", "to replace", "replaced"),
    ("delete", "-", "to delete", "deleted"),
)


class Display:
    """Writes to a terminal or a file; colours only on a terminal. Safe to use from several threads."""

    def __init__(self, out: TextIO, *, preview: bool) -> None:
        self._out = out
        self._preview = preview
        self._coloured = out.isatty()
        self._lock = threading.Lock()

    def started(self, step: Step) -> None:
        """`+ aws:ec2/vpc:Vpc network creating…`"""
        self._step(step, _WORDS[step.verb][1])

    def finished(self, step: Step, seconds: float) -> None:
        """`+ aws:ec2/vpc:Vpc network created (0.3s)`"""
        self._step(step, f"{_WORDS[step.verb][2]} ({seconds:.1f}s)")

    def failed(self, step: Step, seconds: float) -> None:
        """`+ aws:ec2/vpc:Vpc network creating failed (0.3s)`"""
        self._step(step, f"{_WORDS[step.verb][1].rstrip('…')} failed ({seconds:.1f}s)")

    def told(self, step: Step) -> None:
        """`+ aws:ec2/vpc:Vpc network create`; what stays the same is only counted."""
        if step.verb not in ("same", "read"):
            words = _WORDS[step.verb]
            self._step(step, words[0] if self._preview else f"{words[2]} (0.0s)")

    def outputs(self, step: Step) -> None:
        """Outputs stand at the end: see `stack_outputs`."""

    def message(self, severity: str, urn: str, text: str) -> None:
        """`error: …`; the name of the resource leads unless the text has it."""
        name = urn.rpartition("::")[2]
        lead = f"{name}: " if name and name not in text else ""
        label = self._colour(f"{severity}:", severity) if severity != "info" else ""
        self.line(f"{label} {lead}{text}".strip())

    def finding(self, finding: Finding) -> None:
        """`mandatory: ec2-8 (high) aws:ec2/launchTemplate:LaunchTemplate web: …`"""
        label = self._colour(f"{finding.level}:", _LEVELS[finding.level])
        severity = f" ({finding.severity})" if finding.severity else ""
        self.line(f"{label} {finding.policy}{severity} {finding.where}: {finding.line}")

    def line(self, text: str = "") -> None:
        """One line as it is."""
        with self._lock:
            self._out.write(f"{text}\n")
            self._out.flush()

    def stack_outputs(self, outputs: Mapping[str, Any]) -> None:
        """The stack's outputs; secrets are not shown."""
        if outputs:
            self.line("Outputs:")
            for line in tree(redact(dict(outputs)), "    "):
                self.line(line)

    def summary(self, counts: Mapping[str, int], seconds: float) -> None:
        """`Resources: + 12 to create, 3 unchanged`"""
        parts = [
            self._colour(f"{sign} {counts[op]} {later if self._preview else done}", sign)
            for op, sign, later, done in _SUMMARY
            if counts[op]
        ]
        if counts["same"] or not parts:
            parts.append(f"{counts['same']} unchanged")
        self.line(f"Resources: {', '.join(parts)}")
        self.line(f"Duration: {seconds:.1f}s")

    def _step(self, step: Step, words: str) -> None:
        state = step.state
        if is_default_provider(state):
            return
        sign = _SIGNS[step.verb]
        self.line(f"{self._colour(f'{sign:>2}', sign)} {state.type} {state.name} {words}")

    def _colour(self, text: str, kind: str) -> str:
        code = _COLOURS.get(kind)
        return f"\x1b[{code}m{text}\x1b[0m" if code and self._coloured else text


def tree(values: Mapping[str, Any], indent: str) -> Iterator[str]:
    """A mapping as lines, the mappings in it below their names and further in."""
    width = max(map(len, values))
    for key in sorted(values):
        value = values[key]
        if isinstance(value, dict) and value:
            yield f"{indent}{key}:"
            yield from tree(value, f"{indent}    ")
        else:
            yield f"{indent}{key:<{width}}: {json.dumps(value, ensure_ascii=False, sort_keys=True)}"
