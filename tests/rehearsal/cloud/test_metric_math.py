"""The part of CloudWatch's metric math that the emulated cloud computes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloud.cloudwatch.expressions import MAX_LENGTH, UnsupportedExpression, identifiers, parse

VALUES = {"a": 6.0, "b": 4.0, "zero": 0.0, "gone": None}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a + b", 10), ("a - b", 2), ("a * b", 24), ("a / b", 1.5), ("-(a + 1)", -7), ("+a", 6),
        ("100 * FILL(gone, 0) / a", 0), ("100 * FILL(b, 0) / 8", 50), ("FILL(gone, a)", 6),
        ("IF(a > 5, a, b)", 6), ("IF(a < 5, a, b)", 4), ("IF(a >= 6, 1, 0)", 1), ("IF(a <= 5, 1, 0)", 0),
        ("IF(a == 6, 1, 0)", 1), ("IF(a != 6, 1, 0)", 0),
        ("MAX([a, b, gone])", 6), ("MIN([a, b, gone])", 4), ("  a  ", 6), ("1.5", 1.5),
    ],
)  # fmt: skip
def test_an_expression_is_computed_from_the_values_of_its_ids(expression: str, value: float) -> None:
    assert parse(expression)(VALUES) == value


@pytest.mark.parametrize(
    "expression",
    [
        "gone + 1",
        "1 / gone",
        "-gone",
        "a / zero",
        "IF(gone, 1, 2)",
        "IF(a < 5, a)",
        "MAX([gone])",
        "gone > 1",
    ],
)
def test_what_is_computed_from_a_missing_datapoint_is_missing(expression: str) -> None:
    assert parse(expression)(VALUES) is None


@pytest.mark.parametrize(
    "expression",
    [
        "", "a +", "a ** 2", "a and b", "ANOMALY_DETECTION_BAND(a)", "SUM(METRICS())", "FILL(a)", "MAX(a)",
        "MAX([])", "'a'", "True", "a.b", "a[0]", "lambda: 1", "__import__('os')", "RATE(a)", "1 < a < 3",
        "FILL(a, b=1)", "a; b", "(" * 300 + "a" + ")" * 300, "+".join(["a"] * MAX_LENGTH), "{1}", "-'a'",
        "not a", "1" * (MAX_LENGTH + 1),
    ],
)  # fmt: skip
def test_all_else_is_refused_and_never_executed(expression: str) -> None:
    with pytest.raises(UnsupportedExpression):
        parse(expression)
    with pytest.raises(UnsupportedExpression):
        identifiers(expression)


@given(st.text(max_size=40))
def test_any_text_is_computed_or_refused(text: str) -> None:
    try:
        computed = parse(text)(dict.fromkeys(identifiers(text), 1.0))
    except UnsupportedExpression:
        return
    assert computed is None or isinstance(computed, float)


def test_functions_are_no_ids() -> None:
    assert identifiers("100 * FILL(errors, 0) / requests") == {"errors", "requests"}
