"""Which lines a filter pattern takes."""

from __future__ import annotations

import json

import pytest

from rehearsal.cloud.logs.patterns import InvalidPattern, compiled

ERRORS = "{ ($.body.PRIORITY = %^[0-3]$%) || ($.body.MESSAGE = %ERROR|CRITICAL|FATAL|Traceback%) }"


def _journal(message: str, priority: str = "6") -> str:
    return json.dumps({"body": {"MESSAGE": message, "PRIORITY": priority}})


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("", ["", "anything"], []),
        ("ERROR", ["an ERROR", "[ERROR]"], ["error", "fine"]),
        ("ERROR web", ["web: ERROR"], ["ERROR", "web"]),
        ("?ERROR ?FATAL", ["ERROR", "FATAL"], ["fine"]),
        ("ERROR -harmless", ["ERROR"], ["harmless ERROR", "harmless"]),
        ('"two words"', ["with two words"], ["words two"]),
        (r'"a \"quoted\" one"', ['a "quoted" one'], ["a quoted one"]),
        ("%^5[0-9]{2}$%", ["503"], ["5030", "200"]),
        ('{ $.a = "x" }', ['{"a": "x"}'], ['{"a": "y"}', '{"b": "x"}', "x", '{"a"', '["x"]']),
        ('{ $.a != "x" }', ['{"a": "y"}'], ['{"a": "x"}', "{}"]),
        ("{ $.a = x* }", ['{"a": "xyz"}'], ['{"a": "yx"}']),
        ("{ $.a >= 400 }", ['{"a": 400}', '{"a": 500.5}'], ['{"a": 399}', '{"a": "500"}', '{"a": true}']),
        ("{ $.a < 2 && $.b = 1 }", ['{"a": 1, "b": 1}'], ['{"a": 1, "b": 2}', '{"a": 2, "b": 1}']),
        ("{ $.a[1].b = c }", ['{"a": [0, {"b": "c"}]}'], ['{"a": [{"b": "c"}]}', '{"a": {"1": 0}}']),
        ('{ $["a.b"] = c }', ['{"a.b": "c"}'], ['{"a": {"b": "c"}}']),
        ("{ $.a IS TRUE }", ['{"a": true}'], ['{"a": 1}', '{"a": false}']),
        ("{ $.a is null }", ['{"a": null}'], ['{"a": 0}', "{}"]),
        ("{ $.a NOT EXISTS }", ["{}"], ['{"a": null}']),
        ("{ ($.a = 1 || $.b = 1) && $.c = 1 }", ['{"b": 1, "c": 1}'], ['{"a": 1}', '{"c": 1}']),
        (
            ERRORS,
            [_journal("x", "3"), _journal("a Traceback"), _journal("ERROR: x")],
            [_journal("x"), _journal("x", "13"), "ERROR"],
        ),
    ],
)
def test_a_pattern_takes_these_lines_and_no_others(pattern: str, taken: list[str], left: list[str]) -> None:
    matches = compiled(pattern)
    assert [line for line in taken + left if matches(line)] == taken


@pytest.mark.parametrize(
    "pattern",
    [
        "[ip, user]",
        "{ $.a = 1",
        "{ $.a }",
        "{ a = 1 }",
        "{ $.a = 1 || }",
        "{ ($.a = 1 }",
        "{ $.a = 1 ) }",
        "{ $.a > x }",
        "{ $.a IS 1 }",
        "{ $.a NOT 1 }",
        "{ $.a = %(% }",
        "%(%",
        '"open',
        "ERROR ?FATAL",
        "{ $.a = %a% || $.a = %b% || $.a = %c% }",
    ],
)
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        compiled(pattern)
