"""One service's part of a plan: its refresh from the first batch to the last, its stops, cost and failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.releases import course, members, preferences, refreshes, timing
from scripts.releases.course import Bounds, Course, Fleet, Pace
from scripts.releases.groups import Group
from scripts.releases.members import Server
from scripts.releases.preferences import Preferences
from scripts.releases.prices import Prices
from scripts.releases.reach import Reached
from scripts.releases.timing import Timing


@dataclass(frozen=True)
class Failure:
    """How a bad image ends: what comes back, and how long that takes when the first batch or the last fails.

    Attributes:
        image: the one that comes back; None when AWS puts nothing back by itself.
        lowest: the fewest servers that serve until then.
    """

    image: str | None
    first_seconds: float
    last_seconds: float
    lowest: int


@dataclass(frozen=True)
class Stage:
    """Where the refresh stops by itself and someone can look: a checkpoint of `percent`, or while it bakes
    (None).

    Attributes:
        new: servers that run the new image then; `old` do not.
        back_seconds: how long it takes until none does, if it fails or is rolled back there.
        lowest: the fewest servers that serve until then.
    """

    at_seconds: float
    seconds: float
    percent: int | None
    new: int
    old: int
    back_seconds: float
    lowest: int


@dataclass(frozen=True)
class Cost:
    """What the servers beyond the desired capacity cost; `amount` None without a price for the type."""

    region: str
    hours: float
    instance_type: str | None
    amount: float | None
    currency: str
    date: str | None


@dataclass(frozen=True)
class Target:
    """What servers are to run. `renewed`: those that run the image are replaced too, by its new template."""

    image: str
    renewed: bool = False


@dataclass(frozen=True)
class ServicePlan:
    """One service's part of a release.

    Attributes:
        replace_seconds: from the launch of a new server until it is healthy and warm.
        replaced: servers that run another image.
        now: every server that is not on its way out.
    """

    service: str
    group: Group
    image: str
    runs: str | None
    preferences: Preferences
    timing: Timing
    replace_seconds: float
    desired: int
    now: int
    replaced: int
    course: Course
    stages: tuple[Stage, ...]
    failure: Failure
    cost: Cost
    refreshing: bool


def of(reached: Reached, group: Group, chosen: Preferences, prices: Prices, target: Target) -> ServicePlan:
    """The plan of one group for one target. Raises AwsError when AWS refuses."""
    account = reached.account
    section = preferences.service_section(reached.config, group.service)
    servers = [server for server in members.of(account, group) if not server.leaves]
    took = timing.of(account, group)
    desired = _desired(group, section)
    fleet = _fleet(desired, servers, target)
    limits, pace = _limits(desired, chosen), _pace(chosen, took)
    planned = course.course(fleet, limits, pace)
    refresh = refreshes.of(account, group)
    before = refreshes.image_of(account, group, group.version)
    return ServicePlan(
        service=group.service,
        group=group,
        image=target.image,
        runs=before,
        preferences=chosen,
        timing=took,
        replace_seconds=pace.replace_seconds,
        desired=desired,
        now=len(servers),
        replaced=fleet.old + fleet.idle,
        course=planned,
        stages=_stages(desired, limits, pace, planned),
        failure=_failure(fleet, limits, pace, planned, before if chosen.auto_rollback else None),
        cost=_cost(account.region, group, section, prices, planned),
        refreshing=refresh is not None and refresh.running,
    )


def preferences_of(reached: Reached, group: Group) -> Preferences:
    """How the next refresh of a group will be started. Raises RefusedError; see `preferences.of`."""
    services = reached.state.services if reached.state else {}
    said = services.get(group.service)
    exported = said.refresh_preferences if said else {}
    own = tuple(said.alarms.values()) if said else ()
    return preferences.of(reached.config, group.service, exported, own, group.settings)


def _limits(desired: int, chosen: Preferences) -> Bounds:
    """A root volume is replaced on the server itself: none is launched, whatever the maximum."""
    most = None if chosen.strategy == "ReplaceRootVolume" else chosen.max_healthy_percentage
    return course.bounds(desired, chosen.min_healthy_percentage, most)


def _pace(chosen: Preferences, took: Timing) -> Pace:
    return Pace(
        took.boot_seconds + max(chosen.instance_warmup_seconds, took.healthy),
        0.0 if chosen.strategy == "ReplaceRootVolume" else took.leave_seconds,
        chosen.checkpoint_percentages,
        chosen.pause_seconds,
        chosen.bake_time_seconds,
    )


def _desired(group: Group, section: Mapping[str, Any]) -> int:
    """The capacity, moved into the config's limits: `up` sets these before it starts the refresh."""
    desired = group.desired
    for key, choose in (("min", max), ("max", min)):
        limit = section.get(key)
        if isinstance(limit, int) and not isinstance(limit, bool):
            desired = choose(desired, limit)
    return desired


def _fleet(desired: int, servers: Sequence[Server], target: Target) -> Fleet:
    """Skip matching leaves servers with the template's new version alone: those of the image, if any, unless
    the template changes in something else too.
    """
    others = [server for server in servers if target.renewed or server.image != target.image]
    serving = sum(server.serves for server in others)
    current = min(desired, len(servers) - len(others))
    return Fleet(desired, serving, current, len(others) - serving)


def _stages(desired: int, limits: Bounds, pace: Pace, planned: Course) -> tuple[Stage, ...]:
    found = []
    for stop in planned.stops if planned.batches else ():
        back = course.way_back(desired, stop.current, limits, pace)
        found.append(
            Stage(
                stop.at_seconds, stop.seconds, stop.percent, stop.current, stop.old, back.seconds, back.lowest
            )
        )
    return tuple(found)


def _failure(fleet: Fleet, limits: Bounds, pace: Pace, planned: Course, image: str | None) -> Failure:
    """A rollback replaces what was replaced so far, without checkpoints and bake time."""
    plain = Pace(pace.replace_seconds, pace.drain_seconds)
    first = planned.steps[0]
    early = course.course(
        Fleet(fleet.desired, 0, min(fleet.desired, first.serving), first.launched), limits, plain
    )
    late = course.way_back(fleet.desired, fleet.desired, limits, pace)
    lowest = min(planned.lowest, early.lowest, late.lowest)
    return Failure(image, early.seconds, late.seconds, lowest)


def _cost(region: str, group: Group, section: Mapping[str, Any], prices: Prices, planned: Course) -> Cost:
    """The preferred type's price: a group launches it unless a zone has run out of it."""
    written = section.get("instanceTypes")
    types = tuple(map(str, written)) if isinstance(written, list) and written else group.instance_types
    preferred = types[0] if types else None
    hours = planned.extra_seconds / 3600
    price = None if preferred is None else prices.an_hour(region, preferred)
    amount = None if price is None else hours * price
    return Cost(region, hours, preferred, amount, prices.currency, prices.date(region))
