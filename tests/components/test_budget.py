from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.budget import Budget, BudgetArgs
from tests.components.recorder import ACCOUNT, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

TOPIC = f"arn:aws:sns:eu-central-1:{ACCOUNT}:alerts-topic"


def budget(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        given = {"monthly_usd": 500, "alert_topic_arn": TOPIC, "tags": {"owner": "platform"}, **changed}
        return {"name": Budget("budget", BudgetArgs(**given)).name}

    return build(program)


def alert(kind: str, percent: int, **who: Any) -> dict[str, Any]:
    return {
        "notificationType": kind,
        "comparisonOperator": "GREATER_THAN",
        "threshold": percent,
        "thresholdType": "PERCENTAGE",
        **(who or {"subscriberSnsTopicArns": [TOPIC]}),
    }


def test_what_is_spent_and_what_will_be_is_told_to_the_alert_topic(build: Build) -> None:
    built = budget(build)
    assert built.inputs() == {
        "Budget budget": {
            "namePrefix": "budget-",
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "500.00",
            "limitUnit": "USD",
            "costTypes": {"includeCredit": False, "includeRefund": False},
            "notifications": [alert("ACTUAL", 80), alert("ACTUAL", 100), alert("FORECASTED", 100)],
            "tags": {"owner": "platform", "Name": "budget"},
        }
    }
    assert built.types()["Budget budget"] == "aws:budgets/budget:Budget"
    assert built.types()["the Budget budget"] == "immutable:budget:Budget"
    assert built.parents() == {"the Budget budget": "Stack", "Budget budget": "the Budget budget"}
    assert built.outputs == {"name": "budget-budget"}


def test_what_counts_may_be_what_bears_one_tag(build: Build) -> None:
    filters = budget(build, tag=("environment", "staging")).inputs()["Budget budget"]["costFilters"]
    assert filters == [{"name": "TagKeyValue", "values": ["user:environment$staging"]}]


def test_who_pays_may_hear_of_it_by_e_mail_beside_the_topic_or_instead(build: Build) -> None:
    one = {"actual_percentages": (50,), "forecast_percentages": (), "emails": ("cfo@example.com",)}
    emails = {"subscriberEmailAddresses": ["cfo@example.com"]}
    both = budget(build, **one).inputs()["Budget budget"]["notifications"]
    assert both == [alert("ACTUAL", 50, subscriberSnsTopicArns=[TOPIC], **emails)]
    alone = budget(build, **one, alert_topic_arn=None).inputs()["Budget budget"]["notifications"]
    assert alone == [alert("ACTUAL", 50, **emails)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"monthly_usd": 0.5}, "greater than or equal to 1"),
        ({"actual_percentages": (80, 80)}, "80 is named twice"),
        ({"forecast_percentages": (100, 100)}, "100 is named twice"),
        ({"emails": ("a@b.de", "a@b.de")}, "a@b.de is named twice"),
        ({"emails": tuple(f"{number}@b.de" for number in range(11))}, "at most 10 items"),
        ({"actual_percentages": (0,)}, "greater than or equal to 1"),
        ({"actual_percentages": (), "forecast_percentages": ()}, "0 percentages: a budget has 1 to 10"),
        ({"actual_percentages": tuple(range(1, 11))}, "11 percentages: a budget has 1 to 10 alerts"),
        ({"alert_topic_arn": None}, "nobody hears of it"),
    ],
)
def test_what_is_no_budget_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        BudgetArgs(**{"monthly_usd": 500, "alert_topic_arn": TOPIC, **changed})
