"""The fleet and the refresh by themselves, without moto: what must hold at every instant."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloud.autoscaling.hooks import LAUNCHING, Hook
from rehearsal.cloud.autoscaling.refresh import ROOT_VOLUME, Refresh
from tests.rehearsal.cloud.paper import IMAGES, TIMINGS, PaperWorld, preferences, version

OLD, NEW = version(1), version(2)
NEVER_HEALTHY = next(version(n) for n, image in IMAGES.items() if image == "never-healthy")


class World(PaperWorld):
    """`seen` is what each instant was like: how many were ready, and how many in all."""

    def __init__(self, desired: int) -> None:
        super().__init__(desired)
        self.seen: list[tuple[int, int]] = []
        self.timeline.observers.append(self.look)

    def look(self, _: float) -> None:
        live = self.fleet.live()
        self.seen.append((sum(map(self.fleet.ready, live)), len(live)))

    def until(self, status: str) -> Refresh:
        refresh = self.fleet.rollout
        assert isinstance(refresh, Refresh)
        while refresh.status != status:
            assert refresh.active, refresh.status
            self.step(10)
        return refresh

    def versions(self) -> list[int]:
        return sorted(server.configuration.version for server in self.fleet.live())


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
    untouched = {server.id for server in world.fleet.live() if server.configuration == OLD}
    world.end(refresh)
    world.step(1000)
    assert untouched <= set(world.fleet.servers) or refresh.status == "Successful"
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


def test_a_group_that_may_terminate_none_launches_no_more_than_the_maximum() -> None:
    world = World(4)
    world.fleet.suspended.add("Terminate")
    refresh = world.refresh(NEW, preferences(50, 100))
    world.end(refresh)
    assert (refresh.status, world.versions()) == ("Failed", [1] * 4)


def test_an_alarm_of_the_last_seconds_of_the_bake_time_counts() -> None:
    world = World(1)
    world.refresh(NEW, preferences(0, 100, bake_time=40, alarms=("latency",), auto_rollback=True))
    world.step(10)
    refresh = world.until("Baking")
    # Later than the last look at it, which is every 30 s.
    world.step(25)
    world.ringing.add("latency")
    world.end(refresh)
    assert (refresh.status, world.versions()) == ("RollbackSuccessful", [1])


def test_capacity_is_kept_during_the_bake_time() -> None:
    world = World(2)
    world.refresh(NEW, preferences(100, 200, bake_time=5000))
    world.step(10)
    refresh = world.until("Baking")
    world.fleet.vanish(world.fleet.live()[:1])
    world.step(0)
    assert world.versions() == [2, 2]
    for desired in (4, 3):
        world.fleet.desired = desired
        world.fleet.changed()
        world.step(0)
        assert world.versions() == [2] * desired
    assert refresh.status == "Baking"


def test_capacity_is_kept_at_a_checkpoint_without_going_on() -> None:
    world = World(4)
    refresh = world.refresh(NEW, preferences(100, 150, checkpoints=(50, 100), checkpoint_delay=50_000))
    world.step(1000)
    assert (world.versions(), refresh.reason[:7]) == ([1, 1, 2, 2], "Waiting")
    world.fleet.vanish(world.fleet.live()[:1])
    world.step(1000)
    assert world.versions() == [1, 2, 2, 2]
    world.fleet.desired = 6
    world.fleet.changed()
    world.step(1000)
    assert world.versions() == [1, 2, 2, 2, 2, 2]


def test_capacity_is_kept_while_a_refresh_waits_for_a_server_in_standby() -> None:
    world = World(3)
    world.refresh(NEW, preferences(100, 200))
    idle, lost, _ = world.fleet.live()
    world.fleet.stand_by([idle])
    world.step(60)
    world.fleet.vanish([lost])
    world.step(0)
    assert world.versions() == [1, 1, 2]


def test_a_refresh_that_ends_at_a_checkpoint_leaves_no_server_too_many() -> None:
    world = World(4)
    world.group = version(2)
    world.end(world.refresh(version(2), preferences(100, 110)))
    # Now the new version has the lower number, with which scaling in begins.
    refresh = world.refresh(version(1), preferences(100, 110, checkpoints=(40,)))
    world.end(refresh)
    assert (refresh.status, world.versions()) == ("Successful", [1, 1, 2, 2])


def test_a_rollback_from_a_checkpoint_does_not_wait_for_the_end_of_the_checkpoint() -> None:
    world = World(2)
    refresh = world.refresh(NEW, preferences(50, 100, checkpoints=(50, 100), checkpoint_delay=50_000))
    world.step(1000)
    world.refuse("InsufficientInstanceCapacity.")
    refresh.roll_back("test")
    world.end(refresh, limit=5000)
    assert refresh.status == "RollbackFailed"
    assert "InsufficientInstanceCapacity" in refresh.reason


def test_the_end_of_a_checkpoint_means_nothing_to_a_rollback() -> None:
    world = World(2)
    refresh = world.refresh(NEW, preferences(50, 100, checkpoints=(50, 100), checkpoint_delay=1000))
    world.step(1000)
    world.refuse("InsufficientInstanceCapacity.")
    refresh.roll_back("test")
    world.end(refresh, limit=3700)
    assert refresh.status == "RollbackFailed"


def test_a_server_that_was_in_standby_is_checked_anew_when_it_returns() -> None:
    world = World(0)
    world.fleet.desired = 1
    world.fleet.changed()
    world.step(TIMINGS.boot)
    world.fleet.stand_by(world.fleet.live())
    world.fleet.desired = 0
    world.step(1000)
    world.fleet.desired = 1
    world.fleet.enter_service(list(world.fleet.servers.values()))
    world.step(TIMINGS.warmup)
    assert [world.fleet.ready(server) for server in world.fleet.live()] == [True]
    world.fleet.stand_by(world.fleet.live())
    world.fleet.enter_service(list(world.fleet.servers.values()))
    assert not world.fleet.ready(world.fleet.live()[0])


def test_a_cancelled_refresh_does_not_wait_for_a_refused_server_that_may_not_be_terminated() -> None:
    world = World(1)
    world.fleet.hooks.by_name["launch"] = Hook("launch", LAUNCHING, 300)
    refresh = world.refresh(NEVER_HEALTHY, preferences(100, 200))
    world.step(TIMINGS.boot + 10)
    world.fleet.suspended.add("Terminate")
    refresh.cancel()
    world.step(200)
    assert refresh.status == "Cancelling"
    world.step(100)
    assert (refresh.status, world.versions()) == ("Cancelled", [1, 3])


def test_scaling_in_while_root_volumes_are_replaced_leaves_the_servers_that_serve() -> None:
    world = World(4)
    world.refresh(NEVER_HEALTHY, preferences(50, 100), ROOT_VOLUME)
    world.step(200)
    serving = [server for server in world.fleet.live() if world.fleet.ready(server)]
    assert len(serving) == 2
    world.fleet.desired = 2
    world.fleet.changed()
    world.step(0)
    assert world.fleet.live() == serving


def test_a_rollback_takes_back_a_server_whose_root_volume_was_still_being_replaced() -> None:
    world = World(1)
    left_behind = world.refresh(NEW, preferences(0, 100), ROOT_VOLUME)
    world.step(10)
    left_behind.cancel(wait=False)
    # Back before it moved anything.
    world.ringing.add("latency")
    refresh = world.refresh(version(5), preferences(0, 100, alarms=("latency",), auto_rollback=True))
    world.end(refresh)
    assert (refresh.status, world.versions()) == ("RollbackSuccessful", [1])
