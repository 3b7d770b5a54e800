"""What changes in a resource, down to the single value."""

from __future__ import annotations

import base64
import json
from typing import Any

from scripts.releases import differences, engine_events
from scripts.releases.differences import ABSENT, Difference
from scripts.releases.engine_events import Step
from tests.scripts.told_events import GROUP, UNKNOWN, ToldEvents


def step(old: dict[str, Any] | None, new: dict[str, Any] | None, op: str = "update", **more: Any) -> Step:
    told = ToldEvents()
    told.step(op, GROUP, "web", old, new, **more)
    (found,) = engine_events.parse(told.documents).changed
    return found


def shown(
    old: dict[str, Any] | None, new: dict[str, Any] | None, op: str = "update", **more: Any
) -> list[str]:
    return [line for line in differences.lines(step(old, new, op, **more)) if line]


def test_only_what_differs_is_a_difference() -> None:
    found = differences.of(
        step({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 1, "c": 3}, "d": [1], "e": None})
    )
    assert found == [Difference("a.c", 2, 3)]


def test_numbers_and_flags_that_are_texts_are_no_differences() -> None:
    assert differences.of(step({"a": 3, "b": True}, {"a": "3", "b": "true"})) == []


def test_a_value_that_comes_or_goes() -> None:
    assert differences.of(step({"a": 1}, {"b": 2})) == [
        Difference("b", ABSENT, 2),
        Difference("a", 1, ABSENT),
    ]


def test_a_value_before_and_after_is_a_line_each() -> None:
    assert shown({"a": "x", "b": 1}, {"a": "y"})[1:] == ['-     a: "x"', '+     a: "y"', "-     b: 1"]


def test_an_item_put_into_a_list_moves_the_others_on_and_changes_none() -> None:
    assert differences.of(step({"x": ["a", "c"]}, {"x": ["a", "b", "c"]})) == [
        Difference("x[1]", ABSENT, "b")
    ]
    assert differences.of(step({"x": ["a", "b"]}, {"x": ["b"]})) == [Difference("x[0]", "a", ABSENT)]


def test_an_item_that_changes_is_compared_inside() -> None:
    old, new = ({"x": [{"name": "a", "size": size}]} for size in (20, 30))
    assert differences.of(step(old, new)) == [Difference("x[0].size", 20, 30)]


def test_a_document_is_compared_inside() -> None:
    old, new = (
        {"policy": json.dumps({"Statement": [{"Action": ["s3:Get", *more]}]})} for more in ([], ["s3:Put"])
    )
    assert shown(old, new)[1:] == ['+     policy.Statement[0].Action[1]: "s3:Put"']


def test_user_data_is_compared_line_by_line_and_what_is_quoted_in_it_too() -> None:
    texts = (f'#cloud-config\ncontent: "A=1\\nLEVEL={level}\\nZ=9"\n' for level in ("debug", "info"))
    old, new = ({"userData": base64.b64encode(text.encode()).decode()} for text in texts)
    assert shown(old, new)[1:] == [
        "      userData:",
        '          content: "A=1',
        "-         LEVEL=debug",
        "+         LEVEL=info",
        '          Z=9"',
    ]


def test_an_empty_line_stands_between_resources() -> None:
    assert list(differences.lines(step({"a": 1}, {"a": 2})))[-1] == ""


def test_a_new_resource_shows_all_its_values_and_one_that_goes_shows_none() -> None:
    assert shown(None, {"min": 2}, "create") == [f"+ create {GROUP} web", "+     min: 2"]
    assert shown({"min": 2}, None, "delete") == [f"- delete {GROUP} web"]


def test_a_replacement_says_what_forces_it() -> None:
    assert shown({"a": 1}, {"a": 2}, "replace", keys=["a"])[0] == (
        f"! REPLACE {GROUP} web (because a cannot be changed)"
    )


def test_what_nobody_knows_yet_says_so_also_inside_of_a_text() -> None:
    assert shown(None, {"id": UNKNOWN, "arn": f"arn:{UNKNOWN}"}, "create")[1:] == [
        "+     id: (known after up)",
        '+     arn: "arn:(known after up)"',
    ]


def test_what_the_sdk_keeps_for_itself_is_not_shown() -> None:
    assert differences.of(step({"__provider": "a", "__defaults": []}, {"__provider": "b"})) == []


def test_what_was_changed_by_hand_is_compared_with_what_the_cloud_told() -> None:
    found = differences.of(step({"max": 4}, {"max": 4}, outputs={"max": 9, "arn": "arn:1"}))
    assert found == [Difference("max", 9, 4)]


def test_a_long_value_is_cut_and_says_how_long_it_is() -> None:
    (line,) = shown(None, {"body": "x" * 5000}, "create")[1:]
    assert line.endswith("… (5,002 characters)")
    assert len(line) < 700


def test_no_value_leaves_its_line() -> None:
    lines = shown({"a": "one\n"}, {"a": "one\n  two\x1b[2J\n"})
    assert all(line.isprintable() for line in lines)
    assert lines[-1] == "+           two [2J"


def test_properties_are_named_once() -> None:
    assert differences.properties(step({"tags": {"a": 1, "b": 2}}, {"tags": {"a": 3, "b": 4}, "x": [1]})) == [
        "tags", "x",
    ]  # fmt: skip
