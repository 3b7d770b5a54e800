"""The fleet and the refresh by themselves, without moto: what must hold at every instant."""

from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloud.autoscaling.fleet import Fleet, Timings
from rehearsal.cloud.autoscaling.preferences import Preferences
from rehearsal.cloud.autoscaling.refresh import Refresh
from rehearsal.cloud.autoscaling.servers import Configuration, Server
from rehearsal.cloud.clock import Clock, Timeline

OLD = Configuration("lt-1", "web", 1, "good", ("m7g.large",))
NEW = Configuration("lt-1", "web", 2, "good", ("m7g.large",))
NEVER_HEALTHY = Configuration("lt-1", "web", 3, "bad", ("m7g.large",))
TIMINGS = Timings(boot=40, to_healthy=20, to_unhealthy=20, drain=30, grace=120, warmup=60)


class Paper:
    """Servers that are nothing but a number."""

    def __init__(self) -> None:
        self.numbers = itertools.count()

    def launch(self, configuration: Configuration, count: int) -> list[tuple[str, str, str]]:
        return [(f"i-{next(self.numbers)}", "m7g.large", "a") for _ in range(count)]

    def booted(self, servers: list[Server]) -> None: ...
    def started(self, servers: list[Server]) -> None: ...
    def drained(self, servers: list[Server]) -> None: ...
    def ended(self, servers: list[Server]) -> None: ...

    def behaviour(self, image_id: str) -> str:
        return "never-healthy" if image_id == "bad" else "healthy"

    def timings(self) -> Timings:
        return TIMINGS

    def checks_targets(self) -> bool:
        return True


class World:
    """A fleet of OLD servers, all ready, on a clock that is stepped; `seen` is what each instant was like."""

    def __init__(self, desired: int) -> None:
        self.clock = Clock(0)
        self.timeline = Timeline(self.clock)
        self.group = OLD
        self.fleet = Fleet(self.timeline, Paper(), lambda: self.group)
        self.fleet.desired = desired
        self.fleet.changed()
        self.step(1000)
        self.seen: list[tuple[int, int]] = []
        self.timeline.observers.append(self.look)

    def step(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.timeline.catch_up()

    def look(self, _: float) -> None:
        live = self.fleet.live()
        self.seen.append((sum(map(self.fleet.ready, live)), len(live)))

    def refresh(self, target: Configuration, preferences: Preferences) -> Refresh:
        def succeed() -> None:
            self.group = target

        return Refresh(self.fleet, target, preferences, {"LaunchTemplate": {}}, succeed)

    def end(self, refresh: Refresh) -> None:
        for _ in range(3000):
            if not refresh.active:
                return
            self.step(100)
        raise AssertionError(f"still {refresh.status}: {refresh.reason}")


def preferences(low: int, high: int, **more: object) -> Preferences:
    return Preferences({}, low, high, warmup=60, **more)  # type: ignore[arg-type]


percentages = st.integers(0, 100).flatmap(
    lambda low: st.tuples(st.just(low), st.integers(100, min(200, low + 100)))
)


@given(st.integers(1, 30), percentages, st.booleans())
def test_a_refresh_stays_between_its_bounds_at_every_instant(
    desired: int, percent: tuple[int, int], healthy: bool
) -> None:
    low, high = percent
    world = World(desired)
    refresh = world.refresh(NEW if healthy else NEVER_HEALTHY, preferences(low, high, auto_rollback=True))
    world.end(refresh)
    assert refresh.status == ("Successful" if healthy else "RollbackSuccessful")
    assert {s.configuration for s in world.fleet.live()} == {NEW if healthy else OLD}
    most = max(desired * high // 100, desired + (math.ceil(desired * low / 100) >= desired * high // 100))
    assert min(ready for ready, _ in world.seen) >= math.ceil(desired * low / 100)
    assert max(total for _, total in world.seen) <= most


@given(st.integers(2, 30), st.integers(0, 30), st.integers(1, 600), percentages)
def test_a_change_of_capacity_in_the_middle_ends_with_the_new_version(
    desired: int, later: int, after: int, percent: tuple[int, int]
) -> None:
    world = World(desired)
    refresh = world.refresh(NEW, preferences(*percent))
    world.step(after)
    world.fleet.desired = later
    world.fleet.changed()
    world.end(refresh)
    world.step(1000)
    assert refresh.status == "Successful"
    assert [s.configuration for s in world.fleet.live()] == [NEW] * later


@given(st.integers(1, 20), st.lists(st.integers(1, 99), unique=True, max_size=3).map(sorted))
def test_checkpoints_are_kept_and_the_refresh_still_ends(desired: int, points: list[int]) -> None:
    world = World(desired)
    wanted = preferences(50, 150, checkpoints=(*points, 100), checkpoint_delay=5000)
    refresh = world.refresh(NEW, wanted)
    for point in points:
        allowed = math.ceil(desired * point / 100)
        if allowed >= desired:
            break
        while sum(s.configuration == NEW and world.fleet.ready(s) for s in world.fleet.live()) < allowed:
            world.step(10)
        world.step(1000)
        assert sum(s.configuration == NEW for s in world.fleet.live()) == allowed
    world.end(refresh)
    assert refresh.status == "Successful"


@given(st.integers(1, 20), st.integers(1, 1000))
def test_a_rollback_at_any_moment_ends_on_the_old_version(desired: int, after: int) -> None:
    world = World(desired)
    refresh = world.refresh(NEW, preferences(100, 120))
    world.step(6)
    world.step(after)
    if refresh.active:
        refresh.roll_back("test")
    world.end(refresh)
    world.step(1000)
    expected = OLD if refresh.status == "RollbackSuccessful" else NEW
    assert [s.configuration for s in world.fleet.live()] == [expected] * desired
    assert world.group == expected


def test_ten_thousand_servers_take_the_time_that_the_batches_say() -> None:
    world = World(10_000)
    refresh = world.refresh(NEW, preferences(100, 110))
    world.end(refresh)
    assert refresh.end is not None
    seconds = math.ceil(10_000 / 1_000) * (TIMINGS.boot + TIMINGS.warmup)
    assert abs(refresh.end - refresh.start - seconds) <= seconds / 10
