"""Exceptions from the guardrails, as a stack file may and may not list them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from policies import exceptions as in_pack
from tests.stacks.given import (
    ROOT,
    SMALLEST,
    SMALLEST_FACTORY,
    complaint,
    complaints,
    loaded,
    loaded_factory,
    with_changes,
)

KEY = "immutable:exceptions"
RIGHT: dict[str, Any] = {
    "rule": "ec2-9",
    "resource": "bastion-*",
    "until": "2999-03-31",
    "reason": "goes with the old office in spring",
}
TODAY = datetime.now(UTC).date()


def given(*entries: dict[str, Any]) -> dict[str, Any]:
    return {KEY: list(entries)}


def test_an_exception_is_taken_as_it_stands() -> None:
    (found,) = loaded(with_changes(given(RIGHT))).exceptions
    assert found.model_dump() == {**RIGHT, "until": date(2999, 3, 31)}


def test_without_a_resource_it_is_for_all() -> None:
    entry = {key: value for key, value in RIGHT.items() if key != "resource"}
    (found,) = loaded(with_changes(given(entry))).exceptions
    assert found.resource == "*"


@pytest.mark.parametrize("until", ["2999-03-31 00:00:00 +0000 UTC", "2999-03-31T00:00:00Z"])
def test_a_day_that_yaml_took_for_a_moment_is_that_day(until: str) -> None:
    """In the program and in the guardrails."""
    entry = {**RIGHT, "until": until}
    assert loaded(with_changes(given(entry))).exceptions[0].until == date(2999, 3, 31)
    assert in_pack.read([entry])[0].until == date(2999, 3, 31)


def test_what_the_program_takes_the_guardrails_take() -> None:
    (one,) = loaded(with_changes(given(RIGHT))).exceptions
    assert [vars(each) for each in in_pack.read([RIGHT])] == [one.model_dump()]


def test_it_holds_on_its_last_day() -> None:
    assert complaints(given({**RIGHT, "until": str(TODAY)})) == []


def test_a_factory_has_exceptions_too() -> None:
    factory = loaded_factory(with_changes(given(RIGHT), SMALLEST_FACTORY))
    assert factory.exceptions[0].rule == "ec2-9"


@pytest.mark.parametrize(
    ("changed", "place", "line"),
    [
        ({"rule": "ec2-99"}, "[0].rule", "'ec2-99' is not a rule of docs/guardrails.md; did you mean ec2-9?"),
        (
            {"rule": "nothing"},
            "[0].rule",
            "'nothing' is not a rule of docs/guardrails.md; each has its ID there",
        ),
        ({"until": "spring"}, "[0].until", "'spring' is not a day; write one such as 2027-03-31"),
        ({"until": "2027-02-31"}, "[0].until", "'2027-02-31' is not a day; write one such as 2027-03-31"),
        ({"until": 2027}, "[0].until", "2027 is not a day; write one such as 2027-03-31"),
        (
            {"until": "2020-01-01"},
            "[0].until",
            "2020-01-01 is past: mend what ec2-9 finds, or decide anew until when it may stay",
        ),
        (
            {"reason": "legacy"},
            "[0].reason",
            "'legacy' says too little; write why the rule does not hold here",
        ),
        (
            {"resource": ""},
            "[0].resource",
            "'' is no name; write a resource's, such as entry, or leave it out for all",
        ),
        ({"Until": "x"}, "[0].Until", "is not a known key; did you mean until?"),
    ],
)
def test_a_wrong_exception_is_one_line(changed: dict[str, Any], place: str, line: str) -> None:
    assert complaint(given({**RIGHT, **changed})) == f"{KEY}{place}: {line}"


@pytest.mark.parametrize("key", ["rule", "until", "reason"])
def test_an_exception_says_of_what_until_when_and_why(key: str) -> None:
    entry = {name: value for name, value in RIGHT.items() if name != key}
    assert complaint(given(entry)).startswith(f"{KEY}[0].{key}: is missing; set it to ")


def test_it_ended_yesterday() -> None:
    line = complaint(given({**RIGHT, "until": str(TODAY - timedelta(days=1))}))
    assert line.startswith(f"{KEY}[0].until: {TODAY - timedelta(days=1)} is past")


def test_two_exceptions_that_say_the_same_are_in_conflict() -> None:
    other = {**RIGHT, "until": "2999-12-31"}
    line = f"{KEY}[1]: ec2-9 is excepted for 'bastion-*' twice; remove one of the two"
    assert complaint(given(RIGHT, other)) == line
    assert complaints(given(RIGHT, {**RIGHT, "resource": "web-*"}, {**RIGHT, "rule": "ec2-8"})) == []


def test_a_stack_without_exceptions_starts_without_the_guardrails() -> None:
    program = "import sys, stacks.config, stacks.exceptions; print('policies' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "False"
    assert KEY not in SMALLEST
