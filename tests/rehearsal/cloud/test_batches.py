from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloud.autoscaling.batches import Bounds, Count, bounds, launches, terminations


@pytest.mark.parametrize(
    ("desired", "low", "high", "expected"),
    [
        (10, 100, 110, Bounds(10, 11)),
        (10, 90, 100, Bounds(9, 10)),
        (3, 50, 150, Bounds(2, 4)),
        (4, 0, 100, Bounds(0, 4)),
        (2, 100, 110, Bounds(2, 3)),  # no room for a single server: one is launched first
        (2, 100, 100, Bounds(2, 3)),
        (2, 90, None, Bounds(1, 2)),  # no maximum given: one is terminated first
        (0, 100, 110, Bounds(0, 0)),
    ],
)
def test_percentages_become_servers(desired: int, low: int, high: int | None, expected: Bounds) -> None:
    assert bounds(desired, low, high) == expected


@given(st.integers(1, 10_000), st.integers(0, 100), st.integers(100, 200))
def test_bounds_never_cross_the_percentages_where_these_leave_room(desired: int, low: int, high: int) -> None:
    limits = bounds(desired, low, high)
    assert limits.min_ready == math.ceil(desired * low / 100)
    assert limits.max_total in (desired * high // 100, desired + 1)
    assert limits.max_total > limits.min_ready


def test_at_a_checkpoint_old_servers_stay_for_which_there_are_no_new_ones() -> None:
    paused = Count(desired=4, old=4, current=2, ready=6, old_ready=4, allowed=2)
    assert (terminations(paused, Bounds(0, 8)), launches(paused, Bounds(0, 8))) == (2, 0)


def test_old_servers_that_do_not_serve_go_first_whatever_the_minimum() -> None:
    count = Count(desired=4, old=4, current=0, ready=2, old_ready=2)
    assert terminations(count, Bounds(4, 4)) == 2
