"""What AWS says of an environment right now: its groups, their servers and alarms, and what goes on there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scripts.releases import alarms, members, progress, refreshes, schedules
from scripts.releases.alarms import Alarm
from scripts.releases.aws import Account
from scripts.releases.groups import Group
from scripts.releases.members import Server
from scripts.releases.progress import Stage
from scripts.releases.reach import Reached
from scripts.releases.refreshes import Refresh
from scripts.releases.schedules import Action
from scripts.releases.state import EnvironmentState


@dataclass(frozen=True)
class Live:
    """One group: what AWS says of it, of its servers, and of its latest refresh.

    Attributes:
        stage: what a running refresh does now.
        alarms: each alarm of the service by name; None for one that does not exist.
        schedule: the group's scheduled actions, asked for while it has no servers.
    """

    group: Group
    servers: Sequence[Server]
    refresh: Refresh | None
    configured: str | None
    stage: Stage | None
    alarms: Mapping[str, Alarm | None]
    schedule: Sequence[Action] = ()

    @property
    def asleep(self) -> bool:
        """Whether a schedule took its servers away and will bring them back."""
        return self.group.desired == 0 and schedules.wake(self.schedule) is not None


@dataclass(frozen=True)
class Environment:
    """All groups of an environment, `at` a time of AWS's clock; `remarks` are about which these are."""

    name: str
    at: datetime
    services: tuple[Live, ...]
    remarks: tuple[str, ...]


def look(reached: Reached) -> Environment:
    """Asks AWS. Raises AwsError when it refuses."""
    account, found = reached.account, reached.groups.all
    latest = {group.name: refreshes.of(account, group) for group in found}
    names = {group.name: alarm_names(reached.state, group.service, latest[group.name]) for group in found}
    known = states(account, (name for some in names.values() for name in some))
    services = tuple(
        _live(reached, group, latest[group.name], {name: known[name] for name in names[group.name]})
        for group in found
    )
    return Environment(reached.config.environment, account.now(), services, tuple(reached.remarks))


def _live(
    reached: Reached, group: Group, refresh: Refresh | None, watched: Mapping[str, Alarm | None]
) -> Live:
    account, config = reached.account, reached.config
    servers = members.of(account, group)
    return Live(
        group=group,
        servers=servers,
        refresh=refresh,
        configured=config.services.get(group.service) or config.shared,
        stage=progress.of(account, group, refresh, servers) if refresh else None,
        alarms=watched,
        schedule=schedules.of(account, group) if group.desired == 0 else (),
    )


def alarm_names(state: EnvironmentState | None, service: str, refresh: Refresh | None) -> tuple[str, ...]:
    """A service's alarms: those that its stack made, those that its last `up` watched, and those that a
    running refresh does.
    """
    known = state.services.get(service) if state else None
    made = list(known.alarms.values()) if known else []
    watched: Iterable[object] = (known.refresh_preferences.get("alarms") or ()) if known else ()
    running = refresh.pauses.alarms if refresh and refresh.running else ()
    return tuple(dict.fromkeys([*made, *(name for name in watched if isinstance(name, str)), *running]))


def states(account: Account, names: Iterable[str]) -> dict[str, Alarm | None]:
    """The alarms of these names. Raises AwsError when AWS refuses."""
    wanted = list(names)
    found = alarms.read(account, wanted)
    return {name: found.get(name) for name in wanted}
