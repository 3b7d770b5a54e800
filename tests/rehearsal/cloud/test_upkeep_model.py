"""Renewing a fleet without moto: what must hold at every instant, whatever the maintenance policy."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloud.autoscaling import batches
from rehearsal.cloud.autoscaling.hooks import CONTINUE, LAUNCHING, TERMINATION, Hook
from tests.rehearsal.cloud.paper import PaperWorld

DAY = 86_400
HOOKS = (Hook("launch", LAUNCHING, 300), Hook("termination", TERMINATION, 60, CONTINUE))

policies = st.integers(0, 100).flatmap(
    lambda low: st.tuples(st.just(low), st.integers(100, min(200, low + 100)))
)


@given(st.integers(1, 30), st.none() | policies, st.booleans())
def test_a_fleet_is_renewed_within_its_bounds_and_never_empty(
    desired: int, policy: tuple[int, int] | None, hooked: bool
) -> None:
    world = PaperWorld(desired)
    fleet = world.fleet
    if hooked:
        fleet.hooks.by_name.update({hook.name: hook for hook in HOOKS})
    fleet.upkeep.policy, fleet.upkeep.max_lifetime = policy, DAY
    fleet.changed()
    first = set(fleet.servers)
    # Without a policy AWS terminates first, a tenth at a time.
    plain = batches.Bounds(desired - max(1, desired // 10), desired)
    limits = batches.bounds(desired, *policy) if policy else plain

    def look(_: float) -> None:
        live = fleet.live()
        assert sum(map(fleet.ready, live)) >= limits.min_ready
        assert len(live) <= limits.max_total

    world.timeline.observers.append(look)
    world.step(DAY + 30_000)
    assert len(fleet.live()) == desired == sum(map(fleet.ready, fleet.live()))
    assert not first & set(fleet.servers)


def test_the_next_look_at_ages_is_planned_once() -> None:
    world = PaperWorld(3)
    world.fleet.upkeep.max_lifetime = DAY
    for _ in range(20):
        world.fleet.changed()
        world.step(1)
    assert len(world.timeline._events) == 1


def test_an_unhealthy_server_and_a_too_old_one_do_not_go_at_the_same_instant() -> None:
    world = PaperWorld(3)
    next(iter(world.fleet.servers.values())).health = "Unhealthy"
    world.fleet.upkeep.max_lifetime = 1.0
    world.fleet.changed()
    world.step(0)
    assert sum(server.leaving for server in world.fleet.servers.values()) == 1
