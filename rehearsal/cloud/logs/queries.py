"""Saved queries of CloudWatch Logs Insights: kept and listed; what one finds is moto's StartQuery."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

from moto.logs.exceptions import ResourceNotFoundException

from rehearsal.cloud.world import World


@dataclass(frozen=True)
class Definition:
    """`changed_at` is emulated milliseconds since 1970."""

    id: str
    name: str
    query: str
    log_groups: tuple[str, ...]
    changed_at: int

    def describe(self) -> dict[str, object]:
        """As DescribeQueryDefinitions answers."""
        return {
            "queryDefinitionId": self.id,
            "name": self.name,
            "queryString": self.query,
            "logGroupNames": list(self.log_groups),
            "lastModified": self.changed_at,
        }


@dataclass
class Definitions:
    """All of one region."""

    _by_id: dict[str, Definition] = field(default_factory=dict)

    def put(self, query_id: str | None, name: str, query: str, log_groups: list[str]) -> str:
        """Make one, or change the one of this ID. Raises ResourceNotFoundException."""
        if query_id and query_id not in self._by_id:
            raise ResourceNotFoundException("The specified query definition does not exist.")
        query_id = query_id or str(uuid4())
        now = World.current.clock.date(World.current.timeline.now)
        changed_at = int(now.timestamp() * 1000)
        self._by_id[query_id] = Definition(query_id, name, query, tuple(log_groups), changed_at)
        return query_id

    def beginning_with(self, prefix: str) -> list[Definition]:
        """By name."""
        found = [each for each in self._by_id.values() if each.name.startswith(prefix)]
        return sorted(found, key=lambda each: (each.name, each.id))

    def delete(self, query_id: str) -> None:
        """Raises ResourceNotFoundException."""
        if self._by_id.pop(query_id, None) is None:
            raise ResourceNotFoundException("The specified query definition does not exist.")
