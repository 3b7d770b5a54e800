"""Updates of clusters, node groups and add-ons: what is under way, how it ended, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from rehearsal.cloud.world import World

IN_PROGRESS, SUCCESSFUL, FAILED = "InProgress", "Successful", "Failed"


def now() -> datetime:
    return World.current.clock.date(World.current.timeline.now)


@dataclass
class Update:
    """`node_group`, `add_on`: the name of what is updated, if it is not the cluster itself."""

    kind: str
    params: dict[str, str]
    node_group: str | None = None
    add_on: str | None = None
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = IN_PROGRESS
    errors: list[dict[str, Any]] = field(default_factory=list)
    created_at: datetime = field(default_factory=now)

    @property
    def active(self) -> bool:
        return self.status == IN_PROGRESS

    def succeed(self) -> None:
        self.status = SUCCESSFUL

    def fail(self, code: str, message: str, resources: list[str]) -> None:
        self.status = FAILED
        self.errors.append({"errorCode": code, "errorMessage": message, "resourceIds": resources})

    def describe(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": self.status,
            "type": self.kind,
            "params": [{"type": kind, "value": value} for kind, value in self.params.items()],
            "createdAt": self.created_at,
            "errors": self.errors,
        }
