"""Releases, hours of sleep and alerts that cannot be as written: each is refused in one line on its key."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stacks.given import complaint, complaints

WEB = "immutable:services.web"


@pytest.mark.parametrize(
    ("refresh", "line"),
    [
        (
            {"checkpointPercentages": [50, 10, 100]},
            "checkpointPercentages: [50, 10, 100] does not ascend; write each percentage once, the lowest "
            "first",
        ),
        ({"checkpointPercentages": [50, 50, 100]}, "checkpointPercentages: [50, 50, 100] does not ascend"),
        (
            {"checkpointPercentages": [10, 50]},
            "checkpointPercentages: [10, 50] ends before 100, and so would the release; add 100",
        ),
        ({"checkpointPercentages": [0, 100]}, "checkpointPercentages[0]: 0 is too low; the least is 1"),
        ({"checkpointPercentages": [101]}, "checkpointPercentages[0]: 101 is too high; the most is 100"),
        (
            {"checkpointDelaySeconds": 60},
            "checkpointDelaySeconds: 60 has no checkpoint to pause at; add checkpointPercentages, or remove "
            "it",
        ),
        (
            {"checkpointPercentages": [10, 50, 100], "checkpointDelaySeconds": 3600},
            "timeoutSeconds: 7200 is over before the 7500 s of pauses and bakeSeconds; raise it",
        ),
        ({"timeoutSeconds": 300}, "timeoutSeconds: 300 is over before the 300 s of pauses"),
        (
            {"strategy": "BlueGreen"},
            "strategy: 'BlueGreen' is not a choice; write Rolling or ReplaceRootVolume",
        ),
        (
            {"strategy": "ReplaceRootVolume"},
            "minHealthyPercentage: 100 leaves no server to ReplaceRootVolume; lower it",
        ),
        (
            {"alarms": ["arn:aws:cloudwatch:eu-central-1:1:alarm:x"]},
            "alarms[0]: 'arn:aws:cloudwatch:eu-central-1:1:alarm:x' is an ARN; write its name alone",
        ),
        ({"alarms": [""]}, "alarms[0]: '' is not an alarm's name; take 1 to 255 characters"),
        ({"alarms": ["a" * 256]}, f"alarms[0]: '{'a' * 77}…' is not an alarm's name"),
        ({"alarms": ["x", "x"]}, "alarms[1]: 'x' stands there twice; remove one"),
        ({"watchAlarms": "no"}, "watchAlarms: 'no' is text; write true or false"),
    ],
)
def test_a_release_that_could_not_be_trusted_is_refused(refresh: dict[str, Any], line: str) -> None:
    assert complaint({f"{WEB}.refresh": refresh}).startswith(f"{WEB}.refresh.{line}")


@pytest.mark.parametrize(
    "refresh",
    [
        {"checkpointPercentages": [100]},
        {"checkpointPercentages": [1, 2, 100], "checkpointDelaySeconds": 0},
        {"checkpointPercentages": [10, 100], "checkpointDelaySeconds": 6899},
        {"strategy": "ReplaceRootVolume", "minHealthyPercentage": 90},
        {"timeoutSeconds": 301},
        {"alarms": ["a" * 255]},
    ],
)
def test_a_release_at_its_limits_is_taken(refresh: dict[str, Any]) -> None:
    assert complaints({f"{WEB}.refresh": refresh}) == []


def test_a_warm_up_longer_than_the_grace_period_is_refused() -> None:
    assert complaints({f"{WEB}.warmupSeconds": 300}) == []
    assert complaint({f"{WEB}.warmupSeconds": 301}) == (
        f"{WEB}.warmupSeconds: 301 is more than healthCheckGraceSeconds 300; lower it or raise that"
    )


@pytest.mark.parametrize(
    ("sleep", "line"),
    [
        ({"timeZone": "Berlin"}, "timeZone: 'Berlin' is not a time zone; write one such as Europe/Berlin"),
        ({"timeZone": None}, "timeZone: is missing; set it to an IANA time zone, such as Europe/Berlin"),
        ({"from": "8pm"}, "from: '8pm' is not a time of day; write one such as \"20:00\""),
        ({"from": 1200}, "from: 1200 is a number, not text; put quotes around it"),
        ({"until": None}, 'until: is missing; set it to a time of day, such as "07:00"'),
        ({"until": "24:00"}, "until: '24:00' is not a time of day; write one such as \"20:00\""),
        ({"until": "20:00"}, "until: '20:00' is when it falls asleep; write another time"),
        ({"days": []}, "days: [] has too few entries; give at least 1"),
        (
            {"days": ["monday"]},
            "days[0]: 'monday' is not a choice; write mon, tue, wed, thu, fri, sat or sun",
        ),
        ({"days": ["mon", "mon"]}, "days[1]: 'mon' stands there twice; remove one"),
        ({"fromTime": "20:00"}, "fromTime: is not a known key; did you mean from?"),
    ],
)
def test_hours_of_sleep_that_are_none_are_refused(sleep: dict[str, Any], line: str) -> None:
    hours = {"timeZone": "Europe/Berlin", "from": "20:00", "until": "07:00"} | sleep
    hours = {key: value for key, value in hours.items() if value is not None}
    assert complaint({"immutable:sleep": hours}) == f"immutable:sleep.{line}"


@pytest.mark.parametrize(
    ("emails", "line"),
    [
        (["ops"], "emails[0]: 'ops' is not an e-mail address; write one such as ops@example.com"),
        (["a@example.com", "a@example.com"], "emails[1]: 'a@example.com' stands there twice; remove one"),
        (["a@" + "b" * 250 + ".de"], "emails[0]: 'a@bbb"),
        ("ops@example.com", "emails: 'ops@example.com' is text; write a list"),
    ],
)
def test_an_address_that_no_alert_reaches_is_refused(emails: Any, line: str) -> None:
    assert complaint({"immutable:alerts": {"emails": emails}}).startswith(f"immutable:alerts.{line}")
