"""M of N and missing data, against CloudWatch's own tables and against a plain reading of its rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloud.cloudwatch.evaluation import breaches, comparable, judge, reason

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
POINTS = {"0": False, "X": True, "-": None}
NO_DATA = "INSUFFICIENT_DATA"

#: "How alarm state is evaluated when data is missing": 3 periods, of which 3, then 2 must breach.
TABLES = [
    ("0-X-X", 3, ("OK", "OK", "OK", "OK")),
    ("----0", 3, ("OK", "OK", "OK", "OK")),
    ("-----", 3, (NO_DATA, None, "ALARM", "OK")),
    ("0XX-X", 3, ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("--X--", 3, ("ALARM", None, "ALARM", "OK")),
    ("0-X-X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("00X0X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("0-X--", 2, ("OK", "OK", "ALARM", "OK")),
    ("----0", 2, ("OK", "OK", "ALARM", "OK")),
    ("---X-", 2, ("ALARM", None, "ALARM", "OK")),
]
#: "Avoiding premature transitions to alarm state".
PREMATURE = [("----X", 3, ("OK", None)), ("---X-", 3, ("OK", None)), ("--X--", 3, ("ALARM", None))]


@pytest.mark.parametrize(("points", "datapoints", "states"), TABLES)
def test_states_are_those_of_cloudwatchs_tables(
    points: str, datapoints: int, states: tuple[str | None, ...]
) -> None:
    breaching = [POINTS[point] for point in points]
    assert tuple(judge(breaching, datapoints, 3, each) for each in TREATMENTS) == states


@pytest.mark.parametrize(("points", "datapoints", "states"), PREMATURE)
def test_a_single_new_breach_is_no_alarm_yet(
    points: str, datapoints: int, states: tuple[str | None, ...]
) -> None:
    breaching = [POINTS[point] for point in points]
    assert tuple(judge(breaching, datapoints, 3, each) for each in TREATMENTS[:2]) == states


@given(st.integers(1, 5).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))), st.data())
def test_with_all_data_m_of_the_last_n_decide(sizes: tuple[int, int], data: st.DataObject) -> None:
    periods, datapoints = sizes
    points = data.draw(st.lists(st.booleans(), min_size=periods + 2, max_size=periods + 2))
    expected = "ALARM" if points[-periods:].count(True) >= datapoints else "OK"
    assert {judge(points, datapoints, periods, each) for each in TREATMENTS} == {expected}


@given(st.integers(1, 5).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))), st.data())
def test_missing_data_counts_as_it_is_treated_and_as_seldom_as_possible(
    sizes: tuple[int, int], data: st.DataObject
) -> None:
    periods, datapoints = sizes
    range_of = periods + 2
    points = data.draw(st.lists(st.sampled_from([True, False, None]), min_size=range_of, max_size=range_of))
    newest_first = [point for point in reversed(points) if point is not None]
    for treatment, filler in (("breaching", True), ("notBreaching", False)):
        evaluated = (newest_first + [filler] * periods)[:periods]
        expected = "ALARM" if evaluated.count(True) >= datapoints else "OK"
        assert judge(points, datapoints, periods, treatment) == expected
    kept = judge(points, datapoints, periods, "ignore")
    plain = judge(points, datapoints, periods, "missing")
    assert (plain == NO_DATA) == (not newest_first)
    assert kept in (plain, None)
    if newest_first.count(False) and newest_first[:periods].count(True) < datapoints:
        assert plain == kept == "OK" or not newest_first[:periods].count(False)


START = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)


def said(state: str, *values: float | None, missing: str = "missing") -> str:
    points = [(START + timedelta(minutes=n), value) for n, value in enumerate(values)]
    return reason(state, points, "GreaterThanThreshold", 5.0, 2, 3, missing)


def test_a_reason_says_which_datapoints_crossed_the_threshold() -> None:
    assert said("ALARM", 0.0, 0.0, 9.0, 0.0, 7.5) == (
        "Threshold Crossed: 2 out of the last 3 datapoints "
        "[7.5 (02/01/26 03:04:00), 9.0 (02/01/26 03:02:00)] were greater than "
        "the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert said("OK", None, None, 9.0, 0.0, None).endswith(
        "[0.0 (02/01/26 03:03:00)] was not greater than the threshold (5.0) "
        "(minimum 2 datapoints for ALARM -> OK transition)."
    )


def test_a_reason_says_that_there_was_no_data() -> None:
    assert said(NO_DATA, None, None, None) == "Insufficient Data: 3 datapoints were unknown."
    assert said("OK", None, None, None, missing="notBreaching") == (
        "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated "
        "as [NonBreaching]."
    )


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("GreaterThanThreshold", False, False, True),
        ("GreaterThanOrEqualToThreshold", False, True, True),
        ("LessThanThreshold", True, False, False),
        ("LessThanOrEqualToThreshold", True, True, False),
    ],
)
def test_each_comparison_with_a_threshold_breaches_where_it_says(
    comparison: str, below: bool, equal: bool, above: bool
) -> None:
    assert comparable(comparison)
    assert [breaches(value, comparison, 5) for value in (4, 5, 6)] == [below, equal, above]
