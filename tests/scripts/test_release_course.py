"""The arithmetic of a plan, by itself and beside the real course of refreshes in the emulated fleet."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloud.autoscaling.preferences import Preferences
from rehearsal.cloud.autoscaling.refresh import START_SECONDS
from scripts.releases.course import Bounds, Course, Fleet, Pace, bounds, course
from tests.rehearsal.cloud.paper import TIMINGS, version
from tests.rehearsal.cloud.test_rollout_model import World

BATCH = 100.0
percentages = st.integers(0, 100).flatmap(
    lambda low: st.tuples(st.just(low), st.none() | st.integers(100, min(200, low + 100)))
)
points_of = st.lists(st.integers(1, 100), unique=True, min_size=1, max_size=3).map(sorted)
no_points: list[int] = []
checkpoints = st.just(no_points) | points_of


def planned(desired: int, low: int, high: int | None, **pace: object) -> Course:
    return course(Fleet(desired, desired), bounds(desired, low, high), Pace(BATCH, **pace))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("desired", "low", "high", "expected"),
    [
        (10, 100, 110, Bounds(10, 11)),
        (10, 90, 100, Bounds(9, 10)),
        (3, 50, 150, Bounds(2, 4)),
        (2, 100, 110, Bounds(2, 3)),  # no room for a single server: one is launched first
        (2, 90, None, Bounds(1, 2)),  # no maximum: one is terminated first
        (10, 90, None, Bounds(9, 10)),
        (0, 100, 110, Bounds(0, 0)),
    ],
)
def test_percentages_become_servers(desired: int, low: int, high: int | None, expected: Bounds) -> None:
    assert bounds(desired, low, high) == expected


@pytest.mark.parametrize(
    ("desired", "low", "high", "batches", "lowest", "highest"),
    [
        (2, 100, 110, 2, 2, 3),
        (10, 100, 120, 5, 10, 12),
        (10, 100, 200, 1, 10, 20),
        (10, 50, 100, 2, 5, 10),
        (10, 0, 100, 1, 0, 10),
        (3, 50, 150, 2, 2, 4),
        (100, 90, 110, 5, 90, 110),
        (0, 100, 110, 0, 0, 0),
    ],
)
def test_the_course_of_known_settings(
    desired: int, low: int, high: int, batches: int, lowest: int, highest: int
) -> None:
    found = planned(desired, low, high)
    assert (found.batches, found.lowest, found.highest) == (batches, lowest, highest)
    assert found.seconds == batches * BATCH


@given(st.integers(1, 60), percentages, checkpoints)
def test_every_server_is_replaced_within_the_bounds(
    desired: int, percent: tuple[int, int | None], points: list[int]
) -> None:
    low, high = percent
    limits = bounds(desired, low, high)
    found = planned(desired, low, high, checkpoints=points, checkpoint_seconds=1000)
    ends_at = desired if not points else math.ceil(desired * points[-1] / 100)
    assert sum(step.launched for step in found.steps) == ends_at
    assert sum(step.terminated for step in found.steps) == ends_at
    assert found.lowest >= limits.lowest
    assert found.highest <= limits.highest
    stops = {math.ceil(desired * point / 100) for point in points if point < 100}
    assert found.seconds >= found.batches * BATCH
    assert found.seconds <= found.batches * BATCH + 1000 * len(stops) + 1000 * len(points)


@given(st.integers(1, 40), percentages)
def test_the_emulated_fleet_takes_the_planned_course(desired: int, percent: tuple[int, int | None]) -> None:
    compare(desired, *percent)


@given(st.integers(1, 20), percentages, points_of)
def test_the_emulated_fleet_stops_at_checkpoints_and_bakes_as_planned(
    desired: int, percent: tuple[int, int | None], points: list[int]
) -> None:
    compare(desired, *percent, checkpoints=tuple(points), checkpoint_delay=500.0, bake_time=300.0)


def compare(desired: int, low: int, high: int | None, **more: object) -> None:
    world = World(desired)
    refresh = world.refresh(version(2), Preferences({}, low, high, warmup=TIMINGS.warmup, **more))  # type: ignore[arg-type]
    world.end(refresh)
    assert refresh.status == "Successful"
    found = course(
        Fleet(desired, desired),
        bounds(desired, low, high),
        Pace(
            TIMINGS.boot + TIMINGS.warmup,
            TIMINGS.drain,
            refresh.preferences.checkpoints,
            refresh.preferences.checkpoint_delay,
            refresh.preferences.bake_time,
        ),
    )
    assert refresh.end is not None
    assert found.seconds == pytest.approx(refresh.end - refresh.start - START_SECONDS)
    assert found.lowest == min(ready for ready, _ in world.seen)
    assert found.highest == max(total for _, total in world.seen)
    launches = {a.start for a in world.fleet.activities if "Launching" in a.description and a.start > 1000}
    assert found.batches == len(launches)


def test_servers_that_do_not_serve_are_replaced_first() -> None:
    found = course(Fleet(4, old=2, idle=2), Bounds(4, 5), Pace(BATCH))
    assert (found.steps[0].terminated, found.steps[0].launched, found.lowest) == (2, 3, 2)


def test_servers_that_match_already_stay() -> None:
    found = course(Fleet(4, old=1, current=3), Bounds(4, 5), Pace(BATCH))
    assert (found.batches, sum(step.terminated for step in found.steps)) == (1, 1)


def test_a_fleet_that_matches_already_takes_no_time() -> None:
    found = course(Fleet(4, old=0, current=4), Bounds(4, 5), Pace(BATCH))
    assert (found.batches, found.seconds, found.extra_seconds) == (0, 0.0, 0.0)


def test_a_last_checkpoint_below_100_percent_leaves_the_others() -> None:
    found = planned(4, 100, 150, checkpoints=(50,), checkpoint_seconds=1000)
    assert (sum(step.launched for step in found.steps), found.seconds) == (2, BATCH)


def test_extra_hours_are_those_beside_the_desired_capacity_with_the_drain() -> None:
    # Two rounds with one server more, and two servers that drain: one beside each later round's end.
    found = course(Fleet(2, 2), Bounds(2, 3), Pace(BATCH, drain_seconds=30))
    assert found.extra_seconds == 2 * BATCH + 2 * 30


def test_servers_taken_out_before_others_come_cost_nothing_extra_beyond_their_drain() -> None:
    found = course(Fleet(2, 2), Bounds(1, 2), Pace(BATCH, drain_seconds=30))
    assert found.extra_seconds == 2 * 30


def test_ten_thousand_servers_are_planned_at_once() -> None:
    assert planned(10_000, 100, 110).batches == 10
