"""Running instance refreshes: followed to their end, cancelled, or rolled back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import sleep
from typing import Protocol

from scripts.releases import aws, refreshes
from scripts.releases.aws import Account, AwsError
from scripts.releases.errors import RefusedError
from scripts.releases.groups import Group
from scripts.releases.refreshes import Refresh

POLL_SECONDS = 5.0
#: How many looks in a row may fail, each after `aws.ATTEMPTS` tries of its own, until there is no more hope.
MISSED_LOOKS = 20

Look = Callable[[Group, Refresh], None]
"""Told of every group at every look."""


@dataclass(frozen=True)
class Outcome:
    """How a followed refresh ended."""

    group: Group
    refresh: Refresh

    @property
    def succeeded(self) -> bool:
        return self.refresh.status == "Successful"


def running(account: Account, found: Iterable[Group]) -> list[tuple[Group, Refresh]]:
    """The groups that are being refreshed, or rolled back, with what AWS says of it."""
    latest = [(group, refreshes.of(account, group)) for group in found]
    return [(group, refresh) for group, refresh in latest if refresh and refresh.running]


class Following:
    """Refreshes that are followed, look by look. Stopping to look ends none of them."""

    def __init__(self, account: Account, started: Iterable[tuple[Group, Refresh]], look: Look) -> None:
        self._account, self._look = account, look
        self._open = dict(enumerate(started))
        self._ended: dict[int, Outcome] = {}
        self._missed = 0

    @property
    def open(self) -> bool:
        """Whether one of them goes on."""
        return bool(self._open)

    @property
    def ended(self) -> list[Outcome]:
        return [self._ended[place] for place in sorted(self._ended)]

    def step(self) -> None:
        """Looks once at each that goes on.

        Raises:
            AwsError: AWS refused for another reason than load, or did not answer `MISSED_LOOKS` times in a
                row.
        """
        for place, (group, before) in list(self._open.items()):
            try:
                refresh = refreshes.of(self._account, group, before.id)
            except AwsError as error:
                self._missed += 1
                if not error.passes or self._missed >= MISSED_LOOKS:
                    raise
                continue
            self._missed = 0
            if refresh is None:
                raise AwsError(f"AWS no longer knows the refresh {before.id} of {group.name}")
            self._look(group, refresh)
            self._open[place] = group, refresh
            if not refresh.running:
                self._ended[place] = Outcome(group, refresh)
                del self._open[place]


class Followed(Protocol):
    """What is looked at until it has ended."""

    @property
    def open(self) -> bool: ...

    def step(self) -> None: ...


def to_the_end(*followed: Followed) -> None:
    """Looks every `POLL_SECONDS`, at all of them, until the last one has ended. Raises as they do."""
    while going := [each for each in followed if each.open]:
        for each in going:
            each.step()
        if any(each.open for each in followed):
            sleep(POLL_SECONDS)


def follow(account: Account, started: Iterable[tuple[Group, Refresh]], look: Look) -> list[Outcome]:
    """Follows refreshes alone. Raises as `Following.step`."""
    following = Following(account, started, look)
    to_the_end(following)
    return following.ended


def cancel(account: Account, environment: str, found: Iterable[Group]) -> list[tuple[Group, Refresh]]:
    """CancelInstanceRefresh for every group that is being refreshed or rolled back: it ends where it is, and
    nothing is undone.

    Raises:
        RefusedError: none is; nothing was changed.
        AwsError: AWS refused; those before in the alphabet are cancelled already.
    """
    going = _going(account, environment, found)
    for group, refresh in going:
        if refresh.status != "Cancelling":
            with aws.errors():
                account.autoscaling.cancel_instance_refresh(AutoScalingGroupName=group.name)
    return going


def roll_back(account: Account, environment: str, found: Iterable[Group]) -> list[tuple[Group, Refresh]]:
    """RollbackInstanceRefresh for every group that is being refreshed: what it replaced so far is replaced by
    servers of the configuration that the group still has.

    Raises:
        RefusedError: none is, or one of them cannot be rolled back; nothing was changed.
        AwsError: AWS refused; those before in the alphabet are rolled back already.
    """
    going = _going(account, environment, found)
    for group, refresh in going:
        if not refresh.reversible:
            raise RefusedError(
                f"the refresh of {group.service} has no desired configuration, so that AWS has nothing to go "
                f"back to; cancel it, and deploy the image before"
            )
        if refresh.status in ("Cancelling", "RollbackInProgress"):
            raise RefusedError(f"the refresh of {group.service} is {refresh.status} already; watch it")
    for group, _ in going:
        with aws.errors():
            account.autoscaling.rollback_instance_refresh(AutoScalingGroupName=group.name)
    return going


def _going(account: Account, environment: str, found: Iterable[Group]) -> list[tuple[Group, Refresh]]:
    given = list(found)
    going = running(account, given)
    if not going:
        services = ", ".join(group.service for group in given)
        raise RefusedError(f"no refresh is running in {environment} ({services})")
    return going
