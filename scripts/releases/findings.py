"""What `drift` reports: one thing each that is not as it was declared."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that is not as declared.

    Attributes:
        kind: one of those in docs/operations.md.
        service: the service or the workload, None for what is neither's.
        subject: the instance, the group, the pod or the object.
        declared: what it should be, "" where there is nothing to compare with.
    """

    kind: str
    service: str | None
    subject: str
    text: str
    declared: str = ""
    actual: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "service": self.service,
            "subject": self.subject,
            "declared": self.declared or None,
            "actual": self.actual or None,
            "text": self.text,
        }


@dataclass
class Drift:
    """All that was found. `notes` are no drift, but help to understand it."""

    servers: int = 0
    pods: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self, environment: str) -> dict[str, Any]:
        """For programs; see docs/operations.md for the fields."""
        return {
            "ok": True,
            "environment": environment,
            "drift": bool(self.findings),
            "servers": self.servers,
            "pods": self.pods,
            "findings": [each.as_json() for each in self.findings],
            "notes": self.notes,
        }
