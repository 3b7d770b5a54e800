"""Budgets of the emulated account: changed, told of, and refused beyond AWS's limits."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local

ACCOUNT = "123456789012"
BUDGET: dict[str, Any] = {
    "BudgetName": "staging",
    "BudgetType": "COST",
    "TimeUnit": "MONTHLY",
    "BudgetLimit": {"Amount": "500", "Unit": "USD"},
}


def notification(threshold: float, **more: Any) -> dict[str, Any]:
    return {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": threshold,
        **more,
    }


def told(*emails: str) -> list[dict[str, str]]:
    return [{"SubscriptionType": "EMAIL", "Address": email} for email in emails]


@pytest.fixture
def budgets(cloud: Local) -> Any:
    client = cloud.client("budgets")
    alerts = [{"Notification": notification(80), "Subscribers": told("a@example.com")}]
    client.create_budget(AccountId=ACCOUNT, Budget=BUDGET, NotificationsWithSubscribers=alerts)
    return client


def where(**more: Any) -> dict[str, Any]:
    return {"AccountId": ACCOUNT, "BudgetName": "staging", **more}


def test_a_new_limit_leaves_the_start_and_the_notifications(budgets: Any) -> None:
    before = budgets.describe_budget(**where())["Budget"]
    new = {**BUDGET, "BudgetLimit": {"Amount": "700", "Unit": "USD"}}
    budgets.update_budget(AccountId=ACCOUNT, NewBudget=new)
    after = budgets.describe_budget(**where())["Budget"]
    assert after["BudgetLimit"]["Amount"] == "700"
    assert after["TimePeriod"]["Start"] == before["TimePeriod"]["Start"]
    assert len(budgets.describe_notifications_for_budget(**where())["Notifications"]) == 1


def test_who_is_told_is_known_however_the_threshold_is_written(budgets: Any) -> None:
    asked = notification(80.0, ThresholdType="PERCENTAGE")
    found = budgets.describe_subscribers_for_notification(**where(Notification=asked))
    assert found["Subscribers"] == told("a@example.com")
    budgets.delete_notification(**where(Notification=asked))
    assert budgets.describe_notifications_for_budget(**where())["Notifications"] == []


@pytest.mark.parametrize("kind", ["EMAIL", "SNS"])
def test_nobody_tells_more_than_so_many(kind: str, budgets: Any) -> None:
    many = [{"SubscriptionType": kind, "Address": f"a{number}"} for number in range(11)]
    with pytest.raises(ClientError, match=f"CreationLimitExceededException.*of the type {kind}"):
        budgets.create_notification(**where(Notification=notification(90), Subscribers=many))


def test_a_budget_has_ten_notifications_and_no_more(budgets: Any) -> None:
    for number in range(9):
        budgets.create_notification(**where(Notification=notification(number), Subscribers=told("a@b.c")))
    with pytest.raises(ClientError, match="at most 10 notifications"):
        budgets.create_notification(**where(Notification=notification(99), Subscribers=told("a@b.c")))


def test_a_budget_that_is_not_there_is_named(budgets: Any) -> None:
    with pytest.raises(ClientError, match=r"NotFoundException.*other"):
        budgets.update_budget(AccountId=ACCOUNT, NewBudget={**BUDGET, "BudgetName": "other"})
    with pytest.raises(ClientError, match=r"NotFoundException.*other"):
        budgets.describe_notifications_for_budget(**where(BudgetName="other"))
