"""What hangs on a group beside its servers, and what moto lacks of it: scheduled actions, notifications."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import AutoScalingBackend as MotoAutoScalingBackend
from moto.autoscaling.models import FakeScheduledAction
from moto.autoscaling.responses import AutoScalingResponse as MotoAutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.moto_api._internal import mock_random

from rehearsal.cloud import schedules
from rehearsal.cloud.autoscaling.exceptions import ValidationError, group_not_found

NOTIFICATION_TYPES = (
    "autoscaling:EC2_INSTANCE_LAUNCH",
    "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
    "autoscaling:EC2_INSTANCE_TERMINATE",
    "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
    "autoscaling:TEST_NOTIFICATION",
)


class ScheduledActions(MotoAutoScalingBackend):
    """They fire here. moto keeps them by name alone: two groups could have no actions of one name."""

    def put_scheduled_update_group_action(
        self, name: str, *args: Any, scheduled_action_name: str, **settings: Any
    ) -> FakeScheduledAction:
        if name not in self.autoscaling_groups:
            raise group_not_found(name)
        key = f"{name}/{scheduled_action_name}"
        before = self.scheduled_actions.get(key)
        action = super().put_scheduled_update_group_action(
            name, *args, scheduled_action_name=scheduled_action_name, **settings
        )
        try:
            schedules.check(action)
        except ValueError as wrong:
            del self.scheduled_actions[scheduled_action_name]
            raise ValidationError(str(wrong)) from wrong
        action.scheduled_action_arn = before.scheduled_action_arn if before else self._action_arn(key)
        self.scheduled_actions[key] = self.scheduled_actions.pop(scheduled_action_name)
        schedules.arm(action, self._fire)
        return action

    def _fire(self, action: FakeScheduledAction) -> bool:
        """What is due is done; whether the action is the one in force and goes on."""
        key = f"{action.auto_scaling_group_name}/{action.scheduled_action_name}"
        if self.scheduled_actions.get(key) is not action:
            return False
        schedules.resize(self.autoscaling_groups[action.auto_scaling_group_name], action)
        if schedules.over(action):
            del self.scheduled_actions[key]
            return False
        return True

    def _action_arn(self, key: str) -> str:
        group, name = key.split("/", 1)
        return (
            f"arn:aws:autoscaling:{self.region_name}:{self.account_id}:scheduledUpdateGroupAction:"
            f"{mock_random.uuid4()}:autoScalingGroupName/{group}:scheduledActionName/{name}"
        )

    def delete_scheduled_action(self, auto_scaling_group_name: str, scheduled_action_name: str) -> None:
        if self.scheduled_actions.pop(f"{auto_scaling_group_name}/{scheduled_action_name}", None) is None:
            raise ValidationError("Scheduled action name not found")


class NotificationRequests(MotoAutoScalingResponse):
    """Requests about a group's notifications, which are kept with the group."""

    def put_notification_configuration(self) -> Any:
        group, types = self._group(), self._get_param("NotificationTypes", [])
        for kind in types:
            if kind not in NOTIFICATION_TYPES:
                raise ValidationError(f'"{kind}" is not a valid Notification Type')
        group.notifications[self._get_param("TopicARN")] = list(types)
        return EmptyResult()

    def delete_notification_configuration(self) -> Any:
        if self._group().notifications.pop(self._get_param("TopicARN"), None) is None:
            raise ValidationError("Notification Topic doesn't exist")
        return EmptyResult()

    def describe_notification_configurations(self) -> Any:
        wanted = self._get_param("AutoScalingGroupNames", [])
        found = [
            {"AutoScalingGroupName": group.name, "TopicARN": topic, "NotificationType": kind}
            for group in self.autoscaling_backend.autoscaling_groups.values()
            if not wanted or group.name in wanted
            for topic, types in group.notifications.items()
            for kind in types
        ]
        page, token = self._page(found, 50, 100)
        return ActionResult({"NotificationConfigurations": page, "NextToken": token})
