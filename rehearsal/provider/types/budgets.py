"""Budgets and those who are told when they are used up."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import AutoName, Call, ResourceType, words
from rehearsal.provider.types.naming import physical_name
from rehearsal.provider.values import from_api, pick, tag_dict, tag_list, to_api

# How the real provider writes a time.
_TIME = "%Y-%m-%d_%H:%M"
_SUBSCRIBERS = {"subscriberEmailAddresses": "EMAIL", "subscriberSnsTopicArns": "SNS"}
_NOTIFICATION = ("comparisonOperator", "notificationType", "threshold", "thresholdType")


def _budget(name: str, news: Properties) -> dict[str, Any]:
    budget: dict[str, Any] = {
        "BudgetName": name,
        **to_api(pick(news, ("budgetType", "timeUnit", "costTypes"))),
    }
    if news.get("limitAmount"):
        budget["BudgetLimit"] = {"Amount": news["limitAmount"], "Unit": news.get("limitUnit") or "USD"}
    if news.get("costFilters"):
        budget["CostFilters"] = {each["name"]: each["values"] for each in news["costFilters"]}
    period = {
        key: datetime.strptime(news[name], _TIME).replace(tzinfo=UTC)
        for key, name in (("Start", "timePeriodStart"), ("End", "timePeriodEnd"))
        if news.get(name)
    }
    return {**budget, "TimePeriod": period} if period else budget


def _alerts(news: Properties) -> list[dict[str, Any]]:
    return [
        {
            "Notification": to_api(pick(each, _NOTIFICATION)),
            "Subscribers": [
                {"SubscriptionType": kind, "Address": address}
                for name, kind in _SUBSCRIBERS.items()
                for address in each.get(name) or []
            ],
        }
        for each in news.get("notifications") or []
    ]


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    name, tags = physical_name(news, max_length=100), call.tags(news)
    account = news.get("accountId") or call.account_id()
    call.client("budgets").create_budget(
        AccountId=account,
        Budget=_budget(name, news),
        NotificationsWithSubscribers=_alerts(news),
        **({"ResourceTags": tag_list(tags)} if tags else {}),
    )
    return f"{account}:{name}", {}


def _complete(call: Call, budget_id: str, news: Properties) -> Properties:
    return _read(call, budget_id, news) or {}


def _arn(account: str, name: str) -> str:
    return f"arn:aws:budgets::{account}:budget/{name}"


def _read(call: Call, budget_id: str, known: Properties) -> Properties | None:
    account, _, name = budget_id.partition(":")
    client = call.client("budgets")
    found = client.describe_budget(AccountId=account, BudgetName=name)["Budget"]
    where = {"AccountId": account, "BudgetName": name}
    told = client.describe_notifications_for_budget(**where).get("Notifications") or []
    limit = found.get("BudgetLimit") or {}
    filters = found.get("CostFilters") or {}
    return {
        "accountId": account,
        "arn": _arn(account, name),
        "name": name,
        "budgetType": found["BudgetType"],
        "timeUnit": found["TimeUnit"],
        "limitAmount": _amount(limit.get("Amount"), known.get("limitAmount")),
        "limitUnit": limit.get("Unit"),
        "costFilters": [{"name": key, "values": filters[key]} for key in sorted(filters)],
        "costTypes": from_api(found.get("CostTypes") or {}),
        "notifications": [_notification(client, where, each) for each in told],
        "timePeriodStart": _time(found["TimePeriod"]["Start"]),
        "timePeriodEnd": _time(found["TimePeriod"]["End"]),
        "tagsAll": tag_dict(client.list_tags_for_resource(ResourceARN=_arn(account, name))["ResourceTags"]),
    }


def _amount(present: str | None, wanted: str | None) -> str | None:
    """`500.00` is `500`: the real provider compares them as numbers."""
    same = present is not None and wanted is not None and float(present) == float(wanted)
    return wanted if same else present


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_TIME)


def _notification(client: Any, where: dict[str, str], notification: dict[str, Any]) -> Properties:
    said: Properties = from_api(pick(notification, [name[:1].upper() + name[1:] for name in _NOTIFICATION]))
    answer = client.describe_subscribers_for_notification(**where, Notification=notification)
    for name, kind in _SUBSCRIBERS.items():
        found = [each["Address"] for each in answer["Subscribers"] if each["SubscriptionType"] == kind]
        if found:
            said[name] = found
    return said


def _update(call: Call, budget_id: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    account, _, name = budget_id.partition(":")
    client = call.client("budgets")
    if changed - {"notifications", "tags"}:
        client.update_budget(AccountId=account, NewBudget=_budget(name, news))
    if "notifications" in changed:
        where = {"AccountId": account, "BudgetName": name}
        for each in _alerts(old):
            client.delete_notification(**where, Notification=each["Notification"])
        for each in _alerts(news):
            client.create_notification(**where, **each)


def _retag(
    call: Call, budget_id: str, outputs: Properties, wanted: dict[str, str], removed: list[str]
) -> None:
    client = call.client("budgets")
    if wanted:
        client.tag_resource(ResourceARN=outputs["arn"], ResourceTags=tag_list(wanted))
    if removed:
        client.untag_resource(ResourceARN=outputs["arn"], ResourceTagKeys=removed)


def _delete(call: Call, budget_id: str, outputs: Properties) -> None:
    account, _, name = budget_id.partition(":")
    call.client("budgets").delete_budget(AccountId=account, BudgetName=name)


BUDGET = ResourceType(
    type_name="aws:budgets/budget:Budget",
    create=_create,
    complete=_complete,
    read=_read,
    update=_update,
    delete=_delete,
    retag=_retag,
    inputs=words(
        "accountId budgetType costFilters costTypes limitAmount limitUnit name notifications tags "
        "timePeriodEnd timePeriodStart timeUnit"
    ),
    required=("budgetType", "timeUnit"),
    enums={
        "budgetType": (
            "USAGE", "COST", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION",
            "SAVINGS_PLANS_COVERAGE",
        ),
        "timeUnit": ("DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY"),
        "notifications[].comparisonOperator": ("GREATER_THAN", "LESS_THAN", "EQUAL_TO"),
        "notifications[].notificationType": ("ACTUAL", "FORECASTED"),
        "notifications[].thresholdType": ("PERCENTAGE", "ABSOLUTE_VALUE"),
    },
    lengths={"name": 100, "namePrefix": 74},
    defaults={"timePeriodEnd": "2087-06-15_00:00"},
    auto_name=AutoName(max_length=100),
    replaces=words("accountId name namePrefix"),
    sets=words("costFilters notifications"),
    computed=(
        "accountId", "arn", "costFilters", "costTypes", "limitAmount", "limitUnit", "name",
        "timePeriodStart",
    ),
    regional=False,
)  # fmt: skip

TYPES = (BUDGET,)
