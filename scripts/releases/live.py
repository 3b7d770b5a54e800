"""What AWS says of an environment right now: its groups, their servers, and the refresh that is going on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.releases import members, refreshes
from scripts.releases.groups import Group
from scripts.releases.members import Server
from scripts.releases.reach import Reached
from scripts.releases.refreshes import Refresh


@dataclass(frozen=True)
class Live:
    """One group: what AWS says of it, of its servers, and of its latest refresh."""

    group: Group
    servers: Sequence[Server]
    refresh: Refresh | None
    configured: str | None


@dataclass(frozen=True)
class Environment:
    """All groups of an environment; `remarks` are about which groups those are."""

    name: str
    services: tuple[Live, ...]
    remarks: tuple[str, ...]


def look(reached: Reached) -> Environment:
    """Asks AWS. Raises AwsError when it refuses."""
    account, config = reached.account, reached.config
    services = tuple(
        Live(
            group,
            members.of(account, group),
            refreshes.of(account, group),
            config.services.get(group.service) or config.shared,
        )
        for group in reached.groups.all
    )
    return Environment(config.environment, services, tuple(reached.remarks))
