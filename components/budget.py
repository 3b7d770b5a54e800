"""What an environment may cost a month, and who hears of it when it costs more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import pulumi
from pulumi import ResourceOptions
from pulumi_aws import budgets
from pydantic import Field, model_validator

from .alert_topic import Email
from .args import ComponentArgs, Late
from .names import LONG_PREFIX, name_prefix, named

Percentage = Annotated[int, Field(ge=1, le=1000)]
"""Of the budget. More than 100 is for a second, louder alert."""

MOST_NOTIFICATIONS = 10
"""Alerts of one budget (AWS Budgets, Quotas)."""
MOST_EMAILS = 10
"""Addresses of one alert, beside a topic (Budgets API, CreateNotification)."""


class BudgetArgs(ComponentArgs):
    """What a `Budget` is made of. Raises ValueError for a percentage or an address that is given twice, for
    more alerts than a budget has, and when nobody would hear of any.
    """

    monthly_usd: float = Field(ge=1, le=10_000_000)
    """In US dollars, whatever currency the bill is in; before credits and refunds."""
    actual_percentages: tuple[Percentage, ...] = (80, 100)
    """At which part of it spent there is an alert."""
    forecast_percentages: tuple[Percentage, ...] = (100,)
    """At which part of it that the month is going to cost. AWS forecasts after about five weeks of use."""
    alert_topic_arn: Late | None = None
    """A topic that AWS Budgets may publish to: `AlertTopicArgs.budget_alerts`."""
    emails: tuple[Email, ...] = Field(default=(), max_length=MOST_EMAILS)
    """More people who get each alert, such as those who pay."""
    tag: tuple[str, str] | None = None
    """Key and value of the tag whose resources alone count; None counts the whole account. The key has to be
    activated as a cost allocation tag in the account that pays: till then nothing is counted."""

    @model_validator(mode="after")
    def _agrees(self) -> BudgetArgs:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        for given in (self.actual_percentages, self.forecast_percentages, self.emails):
            for each in sorted({str(one) for one in given if given.count(one) > 1}):
                yield f"{each} is named twice: name each once"
        count = len(self.actual_percentages) + len(self.forecast_percentages)
        if not 1 <= count <= MOST_NOTIFICATIONS:
            yield f"{count} percentages: a budget has 1 to {MOST_NOTIFICATIONS} alerts"
        if self.alert_topic_arn is None and not self.emails:
            yield "nobody hears of it: give alert_topic_arn or emails"


class Budget(pulumi.ComponentResource):
    """A monthly budget. It tells and stops nothing: what costs money may be what customers wait for."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: BudgetArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:budget:Budget", name, None, opts)
        budget = budgets.Budget(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=f"{args.monthly_usd:.2f}",
            limit_unit="USD",
            cost_filters=None if args.tag is None else [_tagged(*args.tag)],
            # Credits hide what an environment costs until they are used up, all at once.
            cost_types=budgets.BudgetCostTypesArgs(include_credit=False, include_refund=False),
            notifications=[
                *(_alert(args, "ACTUAL", percent) for percent in args.actual_percentages),
                *(_alert(args, "FORECASTED", percent) for percent in args.forecast_percentages),
            ],
            tags=named(args.tags, name),
            opts=ResourceOptions(parent=self),
        )
        self.name = budget.name
        self.register_outputs({"name": self.name})


def _tagged(key: str, value: str) -> budgets.BudgetCostFilterArgs:
    """As AWS writes a tag that users set themselves (AWS Budgets, `CostFilters`)."""
    return budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:{key}${value}"])


def _alert(
    args: BudgetArgs, kind: Literal["ACTUAL", "FORECASTED"], percent: int
) -> budgets.BudgetNotificationArgs:
    topic = args.alert_topic_arn
    return budgets.BudgetNotificationArgs(
        notification_type=kind,
        comparison_operator="GREATER_THAN",
        threshold=percent,
        threshold_type="PERCENTAGE",
        subscriber_sns_topic_arns=None if topic is None else [topic],
        subscriber_email_addresses=list(args.emails) or None,
    )
