"""The cases of what keeps costs down: budgets, and schedules that stop databases."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.plugin import Properties
from tests.rehearsal.provider.cases import TAGS, Case
from tests.rehearsal.provider.world import Made, World


def alert(world: World, threshold: int, kind: str = "ACTUAL") -> Properties:
    return {
        "comparisonOperator": "GREATER_THAN",
        "notificationType": kind,
        "threshold": threshold,
        "thresholdType": "PERCENTAGE",
        "subscriberSnsTopicArns": [world.topic.id],
        "subscriberEmailAddresses": ["a@example.com", "b@example.com"],
    }


def _budget_now(world: World, made: Made) -> tuple[str, list[float], list[str]]:
    client, (account, name) = world.client("budgets"), made.id.split(":")
    where = {"AccountId": account, "BudgetName": name}
    found = client.describe_budget(**where)["Budget"]
    told = client.describe_notifications_for_budget(**where)["Notifications"]
    return (
        found["BudgetLimit"]["Amount"],
        [each["Threshold"] for each in told],
        found["CostFilters"]["Region"],
    )


def schedule(world: World, **more: Any) -> Properties:
    return {
        "groupName": world.schedule_group.id,
        "description": "d",
        "scheduleExpression": "cron(30 6 ? * MON,TUE *)",
        "scheduleExpressionTimezone": "Europe/Berlin",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {
            "arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance",
            "roleArn": world.scheduler_role.outputs["arn"],
            "input": json.dumps({"DbInstanceIdentifier": "main"}),
            "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 10},
        },
        **more,
    }


def _schedule_now(world: World, made: Made) -> tuple[str, str, str]:
    group, name = made.id.split("/")
    found = world.client("scheduler").get_schedule(Name=name, GroupName=group)
    return found["ScheduleExpression"], found["State"], found["Description"]


COSTS = (
    Case(
        "aws:budgets/budget:Budget",
        lambda w: {
            "namePrefix": "staging-",
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "500.00",
            "limitUnit": "USD",
            "costFilters": [{"name": "Region", "values": ["eu-central-1"]}],
            "costTypes": {"includeCredit": False, "includeRefund": False},
            "notifications": [alert(w, 80), alert(w, 100, "FORECASTED")],
            "tags": TAGS,
        },
        change=lambda w: {
            "limitAmount": "700.00",
            "costFilters": [{"name": "Region", "values": ["eu-west-1"]}],
            "notifications": [alert(w, 90)],
        },
        seen=_budget_now,
        expected=("700.00", [90], ["eu-west-1"]),
        replace=lambda _: {"namePrefix": "prod-"},
    ),
    Case(
        "aws:scheduler/schedule:Schedule",
        schedule,
        change=lambda _: {
            "scheduleExpression": "cron(0 7 ? * MON-FRI *)", "state": "DISABLED", "description": "e",
        },
        seen=_schedule_now,
        expected=("cron(0 7 ? * MON-FRI *)", "DISABLED", "e"),
        replace=lambda _: {"groupName": "default"},
    ),
    Case(
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        lambda _: {"namePrefix": "sleep-", "tags": TAGS},
        change=lambda _: {"tags": {"Name": "other"}},
        seen=lambda w, made: w.client("scheduler").list_tags_for_resource(ResourceArn=made.outputs["arn"])[
            "Tags"
        ],
        expected=[{"Key": "Name", "Value": "other"}],
        replace=lambda _: {"namePrefix": "other-"},
    ),
)  # fmt: skip
