"""Requests of AWS Budgets that moto lacks. No money is spent in the emulated cloud: no alert is ever sent.

Source: the API reference of each operation; "Quotas for AWS Budgets".
"""

from __future__ import annotations

import json
from typing import Any

from moto.budgets.exceptions import NotFoundException
from moto.budgets.models import Budget, Notification
from moto.budgets.responses import BudgetsResponse as MotoBudgetsResponse
from moto.core.exceptions import JsonRESTError
from moto.utilities.tagging_service import TaggingService

from rehearsal.cloud.world import World

#: Of a budget; and of one of them.
MAX_NOTIFICATIONS = 10
MAX_EMAILS, MAX_TOPICS = 10, 1
_TAGGER = "rehearsal_tagger"


class CreationLimitExceeded(JsonRESTError):  # noqa: N818
    def __init__(self, message: str) -> None:
        super().__init__("CreationLimitExceededException", message)


class BudgetsResponse(MotoBudgetsResponse):
    def create_budget(self) -> Any:
        for each in self._get_param("NotificationsWithSubscribers", []):
            _check_subscribers(each["Subscribers"])
        if len(self._get_param("NotificationsWithSubscribers", [])) > MAX_NOTIFICATIONS:
            raise CreationLimitExceeded(f"A budget has at most {MAX_NOTIFICATIONS} notifications.")
        answer = super().create_budget()
        self._begin(self._budget(self._get_param("Budget")["BudgetName"]))
        tags = self._get_param("ResourceTags", [])
        if tags:
            self._tagger().tag_resource(self._arn(self._get_param("Budget")["BudgetName"]), tags)
        return answer

    def update_budget(self) -> Any:
        wanted = self._get_param("NewBudget")
        found = self._budget(wanted["BudgetName"])
        start = found.budget["TimePeriod"]["Start"]
        found.budget = Budget(wanted, []).budget
        found.budget["TimePeriod"].setdefault("Start", start)
        return json.dumps({})

    def delete_budget(self) -> Any:
        self._tagger().delete_all_tags_for_resource(self._arn(self._get_param("BudgetName")))
        return super().delete_budget()

    def describe_notifications_for_budget(self) -> Any:
        self._budget(self._get_param("BudgetName"))
        return super().describe_notifications_for_budget()

    def create_notification(self) -> Any:
        found = self._budget(self._get_param("BudgetName"))
        _check_subscribers(self._get_param("Subscribers"))
        if len(found.notifications) >= MAX_NOTIFICATIONS:
            raise CreationLimitExceeded(f"A budget has at most {MAX_NOTIFICATIONS} notifications.")
        return super().create_notification()

    def describe_subscribers_for_notification(self) -> Any:
        wanted = _essence(self._get_param("Notification"))
        for each in self._budget(self._get_param("BudgetName")).notifications:
            if _essence(each.details) == wanted:
                return json.dumps({"Subscribers": each.subscribers})
        raise NotFoundException("Unable to get subscribers - the notification doesn't exist.")

    def delete_notification(self) -> Any:
        found, wanted = self._budget(self._get_param("BudgetName")), _essence(self._get_param("Notification"))
        found.notifications = [each for each in found.notifications if _essence(each.details) != wanted]
        return json.dumps({})

    def list_tags_for_resource(self) -> Any:
        tags = self._tagger().list_tags_for_resource(self._get_param("ResourceARN"))
        return json.dumps({"ResourceTags": tags["Tags"]})

    def tag_resource(self) -> Any:
        self._tagger().tag_resource(self._get_param("ResourceARN"), self._get_param("ResourceTags"))
        return json.dumps({})

    def untag_resource(self) -> Any:
        keys = self._get_param("ResourceTagKeys")
        self._tagger().untag_resource_using_names(self._get_param("ResourceARN"), keys)
        return json.dumps({})

    def _budget(self, name: str) -> Budget:
        found: Budget | None = self.backend.budgets[self._get_param("AccountId")].get(name)
        if found is None:
            raise NotFoundException(f"Unable to get budget: {name} - the budget doesn't exist.")
        return found

    def _begin(self, budget: Budget) -> None:
        """A budget that is told no start begins with the present month."""
        now = World.current.clock.date(World.current.timeline.now)
        first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        budget.budget["TimePeriod"].setdefault("Start", first.timestamp())

    def _arn(self, name: str) -> str:
        return f"arn:aws:budgets::{self._get_param('AccountId')}:budget/{name}"

    def _tagger(self) -> TaggingService:
        """The backend's, which moto gives none."""
        tagger: TaggingService | None = getattr(self.backend, _TAGGER, None)
        if tagger is None:
            tagger = TaggingService()
            setattr(self.backend, _TAGGER, tagger)
        return tagger


def _essence(notification: dict[str, Any] | Notification) -> tuple[Any, ...]:
    """What tells one notification of a budget from another; a threshold is a percentage unless told."""
    said = notification if isinstance(notification, dict) else notification.details
    kind = said.get("ThresholdType") or "PERCENTAGE"
    return said["NotificationType"], said["ComparisonOperator"], float(said["Threshold"]), kind


def _check_subscribers(subscribers: list[dict[str, str]]) -> None:
    for kind, most in (("EMAIL", MAX_EMAILS), ("SNS", MAX_TOPICS)):
        if sum(each["SubscriptionType"] == kind for each in subscribers) > most:
            raise CreationLimitExceeded(f"A notification has at most {most} subscribers of the type {kind}.")
