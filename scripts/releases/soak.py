"""How long the fleet of a service has run an image by now, and how long its alarms have been silent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scripts.releases import alarms, live, members, preferences, refreshes, schedules
from scripts.releases.aws import Account
from scripts.releases.groups import Group
from scripts.releases.members import Server
from scripts.releases.reach import Reached
from scripts.releases.refreshes import Refresh


@dataclass(frozen=True)
class Soak:
    """What a service's fleet shows.

    Attributes:
        image: what all its servers run; None when it is not one, or there is no server.
        since: when the fleet came to be as it is; None while it changes.
        trouble: why it does not count now, "" when it does.
        passes: whether time alone may end the trouble.
        rang: the alarm that rang last since then, and until when it did.
    """

    service: str
    image: str | None
    since: datetime | None
    trouble: str = ""
    passes: bool = False
    rang: tuple[str, datetime] | None = None

    @property
    def silent_since(self) -> datetime | None:
        """Since when the fleet runs the image and no alarm rings."""
        if self.since is None or self.rang is None:
            return self.since
        return max(self.since, self.rang[1])


def of(reached: Reached, group: Group) -> Soak:
    """Asks AWS about one group.

    Raises:
        AwsError: it refused, or did not answer.
    """
    account, service = reached.account, group.service
    refresh = refreshes.of(account, group)
    servers = [each for each in members.of(account, group) if not each.leaves]
    if refresh and refresh.running:
        percent = f", {refresh.percentage}%" if refresh.percentage is not None else ""
        return Soak(service, None, None, f"its refresh is {refresh.status}{percent}", passes=True)
    job = "schedule" in preferences.service_section(reached.config, service)
    if job and not servers:
        image = refreshes.image_of(account, group, group.version)
    else:
        images = {server.image for server in servers}
        image = images.pop() if len(images) == 1 else None
        if trouble := _trouble(account, group, servers, image):
            return Soak(service, image, None, *trouble)
    return _with_alarms(reached, group, refresh, image, _since(group, refresh, servers))


def _trouble(
    account: Account, group: Group, servers: list[Server], image: str | None
) -> tuple[str, bool] | None:
    """What keeps the fleet from proving anything now, and whether that passes by itself."""
    least, serving = int(group.settings.get("MinSize", 0)), sum(server.serves for server in servers)
    if not servers:
        wakes = group.desired > 0 or schedules.wake(schedules.of(account, group)) is not None
        return ("it runs no server now", wakes)
    if image is None:
        return (f"its servers run several images: {members.runs(servers)}", False)
    if serving < max(least, 1):
        return (f"{serving} of at least {max(least, 1)} servers serve", True)
    return None


def _since(group: Group, refresh: Refresh | None, servers: Iterable[Server]) -> datetime:
    """When the last refresh ended, whichever way, or the oldest of its servers started, whichever is later:
    before that the fleet was another one.
    """
    times: list[datetime | None] = [group.settings["CreatedTime"], refresh.ended_at if refresh else None]
    started = [server.launched_at for server in servers if server.launched_at]
    return max(time for time in (*times, min(started, default=None)) if time)


def _with_alarms(
    reached: Reached, group: Group, refresh: Refresh | None, image: str | None, since: datetime
) -> Soak:
    """What the service's alarms are, and were in the meantime."""
    names = live.alarm_names(reached.state, group.service, refresh)
    known = live.states(reached.account, names)
    found = (group.service, image, since)
    for name, alarm in known.items():
        if alarm is None:
            return Soak(*found, trouble=f"its alarm {name} does not exist, so nothing watches it")
    ringing = [name for name, alarm in known.items() if alarm and alarm.state == alarms.ALARM]
    if ringing:
        return Soak(*found, trouble=f"its alarm {', '.join(ringing)} rings", passes=True)
    rang = [(name, at) for name in known if (at := alarms.rang(reached.account, name, since))]
    return Soak(*found, rang=max(rang, key=lambda each: each[1], default=None))


def succeeded(account: Account, group: Group, image: str) -> bool:
    """Whether a refresh of this group to the image ended well, as far back as AWS keeps them."""
    ended = (each.version for each in refreshes.history(account, group) if each.status == "Successful")
    versions = dict.fromkeys(version for version in ended if version is not None)
    return any(refreshes.image_of(account, group, version) == image for version in versions)
