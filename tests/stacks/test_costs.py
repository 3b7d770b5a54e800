"""The budget of a stack file, and what of it sleeps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components.databases import GIVEN
from tests.stacks.declared import Account, declared
from tests.stacks.given import SMALLEST, complaint, complaints, loaded, with_changes

BUDGET = "immutable:budget"
SLEEP = {"timeZone": "Europe/Berlin", "from": "20:00", "until": "07:00"}
MAIN = {"engine": "postgres", "version": GIVEN["version"], "instanceClass": "db.t4g.medium"}


def test_without_a_budget_there_is_none_and_it_may_not_publish() -> None:
    made = declared("staging", SMALLEST)
    assert not [each for each in made.resources if "budget" in each.type]
    assert "budgets.amazonaws.com" not in made.one("TopicPolicy", "alerts").inputs["policy"]


def test_a_budget_tells_the_alert_topic_which_lets_it_in() -> None:
    given = {
        "monthlyUsd": 500, "alertPercentages": [50], "forecastPercentages": [110],
        "emails": ["cfo@example.com"],
    }  # fmt: skip
    made = declared("staging", with_changes({BUDGET: given}))
    budget = made.one("Budget", "budget").inputs
    assert (budget["limitAmount"], "costFilters" in budget) == ("500.00", False)
    told = [(each["notificationType"], each["threshold"]) for each in budget["notifications"]]
    assert told == [("ACTUAL", 50), ("FORECASTED", 110)]
    for each in budget["notifications"]:
        assert each["subscriberSnsTopicArns"] == [made.one("TopicPolicy", "alerts").inputs["arn"]]
        assert each["subscriberEmailAddresses"] == ["cfo@example.com"]
    assert "budgets.amazonaws.com" in made.one("TopicPolicy", "alerts").inputs["policy"]
    assert "budgets.amazonaws.com" in made.one("Key", "alerts").inputs["policy"]
    assert budget["tags"]["environment"] == "staging"


def test_a_budget_may_count_what_is_tagged_with_the_environment() -> None:
    made = declared("prod", with_changes({BUDGET: {"monthlyUsd": 500, "scope": "environment"}}))
    filters = made.one("Budget", "budget").inputs["costFilters"]
    assert filters == [{"name": "TagKeyValue", "values": ["user:environment$prod"]}]


@pytest.mark.parametrize(
    ("given", "key", "says"),
    [
        ({}, ".monthlyUsd", "is missing; set it to US dollars a month, before credits"),
        ({"monthlyUsd": 0}, ".monthlyUsd", "0 is too low; the least is 1"),
        ({"monthlyUsd": 10_000_001}, ".monthlyUsd", "10000001 is too high; the most is 10000000"),
        ({"alertPercentages": [80, 80]}, ".alertPercentages[1]", "80 stands there twice; remove one"),
        ({"forecastPercentages": [1, 1]}, ".forecastPercentages[1]", "1 stands there twice; remove one"),
        ({"alertPercentages": [0]}, ".alertPercentages[0]", "0 is too low; the least is 1"),
        ({"alertPercentages": [1001]}, ".alertPercentages[0]", "1001 is too high; the most is 1000"),
        ({"emails": ["ops"]}, ".emails[0]", "'ops' is not an e-mail address"),
        ({"emails": ["a@b.de", "a@b.de"]}, ".emails[1]", "'a@b.de' stands there twice"),
        ({"scope": "team"}, ".scope", "'team'"),
        ({"alertPercentages": list(range(1, 11))}, ".alertPercentages", "has 11 entries together with"),
        ({"alertPercentages": [], "forecastPercentages": []}, ".alertPercentages", "is empty, and so is"),
    ],
)
def test_what_is_no_budget_is_refused_by_its_key(given: dict[str, Any], key: str, says: str) -> None:
    whole = {"monthlyUsd": 500, **given} if given else {}
    changes = {f"{BUDGET}.{name}": value for name, value in whole.items()} or {f"{BUDGET}.scope": "account"}
    line = complaint(changes)
    assert line.startswith(f"{BUDGET}{key}: "), line
    assert says in line


def test_both_ends_of_a_budget_are_taken() -> None:
    for usd in (1, 99.5, 10_000_000):
        found = loaded(with_changes({BUDGET: {"monthlyUsd": usd}})).budget
        assert found is not None
        assert found.monthly_usd == usd
    ten = {"monthlyUsd": 1, "alertPercentages": list(range(1, 10)), "forecastPercentages": [1000]}
    assert not complaints({BUDGET: ten})


class NewAccount(Account):
    """In which there is no database yet."""

    def answers(self) -> dict[str, Any]:
        version = {"version": "16.4", "versionActual": "16.4", "validUpgradeTargets": []}
        none: dict[str, list[str]] = {"instanceIdentifiers": [], "instanceArns": []}
        return {**super().answers(), "getInstances": none, "getEngineVersion": version}


def asleep(**changes: Any) -> Any:
    given = {"immutable:sleep": dict(SLEEP), "immutable:databases": {"main": dict(MAIN)}, **changes}
    return declared("staging", with_changes(given), account=NewAccount())


def test_databases_sleep_with_the_servers() -> None:
    made = asleep()
    stop = made.one("Schedule", "main-stop").inputs
    start = made.one("Schedule", "main-start").inputs
    assert stop["scheduleExpression"] == "cron(30 20 ? * MON,TUE,WED,THU,FRI *)"
    assert start["scheduleExpression"] == "cron(30 6 ? * MON,TUE,WED,THU,FRI *)"
    assert stop["scheduleExpressionTimezone"] == start["scheduleExpressionTimezone"] == "Europe/Berlin"
    identifier = made.one("Instance", "main").inputs["identifier"]
    assert f'"{identifier}"' in stop["target"]["input"]
    assert f":db:{identifier}" in made.one("RolePolicy", "sleep").inputs["policy"]


@pytest.mark.parametrize(
    "changes",
    [
        {"immutable:sleep": None},
        {"immutable:databases.main.sleep": False},
        {"immutable:databases": None},
    ],
)
def test_a_database_that_does_not_sleep_has_no_schedule(changes: dict[str, Any]) -> None:
    assert not [each for each in asleep(**changes).resources if ":scheduler/" in each.type]


def test_databases_do_not_sleep_for_an_hour() -> None:
    short = {"immutable:sleep": {**SLEEP, "from": "12:00", "until": "13:00"}}
    assert complaint({**short, "immutable:databases": {"main": dict(MAIN)}}) == (
        "immutable:sleep.until: from 12:00 until 13:00 are 60 minutes, and a database takes more than 60 to "
        "stop after the servers and start before them; sleep longer, or write sleep: false at main"
    )
    # Servers alone do, and so does a database that is left out.
    assert not complaints(short)
    assert not complaints({**short, "immutable:databases": {"main": {**MAIN, "sleep": False}}})
