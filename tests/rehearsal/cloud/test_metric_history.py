"""Values over time, and the statistics of windows of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloud.cloudwatch.history import KEPT_SECONDS, Events, Levels
from rehearsal.cloud.cloudwatch.statistics import known, statistic, too_few


def levels(*changes: tuple[float, float | None]) -> Levels[float]:
    made: Levels[float] = Levels()
    for at, value in changes:
        made.record(at, value)
    return made


def test_a_window_has_the_values_that_held_in_it() -> None:
    made = levels((10, 1.0), (30, 2.0), (40, None), (50, 3.0))
    assert list(made.segments(0, 60)) == [(1.0, 20), (2.0, 10), (3.0, 10)]
    assert list(made.segments(20, 35)) == [(1.0, 10), (2.0, 5)]
    assert list(made.segments(40, 50)) == list(made.segments(0, 10)) == []


def test_of_two_values_at_one_instant_the_later_one_holds() -> None:
    made = levels((0, 1.0), (10, 5.0), (10, 2.0))
    assert list(made.segments(0, 20)) == [(1.0, 10), (2.0, 10)]
    assert not levels((0, 1.0), (10, 5.0), (10, 1.0)).changed_since(0), "there and back at one instant"


def test_a_value_that_does_not_change_is_no_change() -> None:
    made = levels((0, 1.0), (10, 1.0))
    assert (made.changed_since(0), made.changed_since(-1)) == (False, True)


@given(
    st.lists(st.tuples(st.floats(0.5, 9000), st.sampled_from([None, 1.0, 2.0, 3.0])), min_size=1, max_size=30)
)
def test_what_is_forgotten_is_older_than_the_horizon(steps: list[tuple[float, float | None]]) -> None:
    made, plain, now = levels(), [], 0.0
    for seconds, value in steps:
        now += seconds
        made.record(now, value)
        plain.append((now, value))
    start, found = max(0.0, now - KEPT_SECONDS), 0.0
    for (at, value), (until, _) in zip(plain, [*plain[1:], (now + 60, None)], strict=True):
        found += (value or 0) * max(0.0, until - max(at, start))
    assert sum(v * s for v, s in made.segments(start, now + 60)) == pytest.approx(found)


def test_history_does_not_grow_for_ever() -> None:
    made, events = levels(), Events()
    for minute in range(10_000):
        made.record(minute * 60.0, float(minute))
        events.record(minute * 60.0)
    assert max(len(made._times), len(made._values), len(events._times)) <= KEPT_SECONDS / 60 + 1


def test_events_are_counted_in_the_window_that_they_began() -> None:
    events = Events()
    for at in (10.0, 60.0, 60.0, 119.0):
        events.record(at)
    assert (events.count(0, 60), events.count(60, 120), events.count(120, 180)) == (1, 3, 0)
    assert (events.changed_since(119), events.changed_since(119.5)) == (True, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Sum", 14), ("SampleCount", 4), ("Average", 3.5), ("Minimum", 1), ("Maximum", 10),
        ("p50", 1), ("p75", 2), ("p90", 10), ("p100", 10),
    ],
)  # fmt: skip
def test_statistics_weigh_every_sample(name: str, value: float) -> None:
    assert statistic([(10.0, 1.0), (1.0, 2.0), (2.0, 1.0), (50.0, 0.0)], name) == value


def test_without_a_sample_there_is_no_statistic() -> None:
    assert statistic([(1.0, 0.0)], "Sum") is None


def test_an_unknown_statistic_is_refused() -> None:
    with pytest.raises(ValueError, match="tm99"):
        statistic([(1.0, 1.0)], "tm99")
    assert [name for name in ("p99", "p99.9", "p101", "Sum", "IQM") if known(name)] == ["p99", "p99.9", "Sum"]


@pytest.mark.parametrize(
    ("name", "count", "few"),
    [("p99", 999, True), ("p99", 1000, False), ("p99", 0, False), ("p50", 19, True), ("p10", 99, True),
     ("p10", 100, False), ("p100", 1, False), ("Sum", 1, False)],
)  # fmt: skip
def test_a_percentile_needs_ten_samples_beyond_it(name: str, count: float, few: bool) -> None:
    assert too_few([(1.0, float(count))], name) is few
