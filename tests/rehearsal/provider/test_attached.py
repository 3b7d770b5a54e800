"""What hangs on a group, where it is more than one resource's life; and bad input for all of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from rehearsal.provider import aws_provider
from tests.rehearsal.provider.world import Made, World, urn

GROUP = "aws:autoscaling/group:Group"
HOOK = "aws:autoscaling/lifecycleHook:LifecycleHook"
SCHEDULE = "aws:autoscaling/schedule:Schedule"
NOTIFICATION = "aws:autoscaling/notification:Notification"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
LAUNCH = {"name": "launch", "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}


def _refusals(token: str, **inputs: Any) -> list[tuple[str, str]]:
    failures = aws_provider().check(urn(token, "web"), {}, inputs, b"1")[1]
    return [(failure.property, failure.reason) for failure in failures]


@pytest.fixture
def asked(cloud: Local, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations of Auto Scaling that were called, in order, with the sizes that they named."""
    from rehearsal.cloud.autoscaling.responses import AutoScalingResponse

    calls: list[str] = []
    for name in ("create_auto_scaling_group", "update_auto_scaling_group", "put_lifecycle_hook"):
        original = getattr(AutoScalingResponse, name)

        def noted(self: Any, name: str = name, original: Any = original) -> Any:
            sizes = [self._get_int_param(size) for size in ("MinSize", "MaxSize", "DesiredCapacity")]
            calls.append(f"{name} {sizes}")
            return original(self)

        monkeypatch.setattr(AutoScalingResponse, name, noted)
    return calls


def test_a_group_has_its_first_hooks_before_it_has_a_size(world: World, asked: list[str]) -> None:
    """As the real provider: an empty group, its hooks, its size."""
    hook = {**LAUNCH, "heartbeatTimeout": 600, "defaultResult": "CONTINUE"}
    sizes = {"minSize": 1, "maxSize": 4, "desiredCapacity": 2}
    group = world.make(GROUP, **{**world.group_inputs(), **sizes}, initialLifecycleHooks=[hook])
    assert asked == [
        "create_auto_scaling_group [0, 0, None]",
        "put_lifecycle_hook [None, None, None]",
        "update_auto_scaling_group [1, 4, 2]",
    ]
    found = world.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=group.id)
    (launch,) = found["LifecycleHooks"]
    assert (launch["LifecycleHookName"], launch["LifecycleTransition"]) == (
        "launch",
        "autoscaling:EC2_INSTANCE_LAUNCHING",
    )
    assert (launch["HeartbeatTimeout"], launch["DefaultResult"]) == (600, "CONTINUE")


def test_a_group_without_first_hooks_has_its_size_at_once(world: World, asked: list[str]) -> None:
    world.make(GROUP, **{**world.group_inputs(), "maxSize": 3})
    assert asked == ["create_auto_scaling_group [0, 3, None]"]


def test_other_first_hooks_are_another_group(world: World) -> None:
    group = world.make(GROUP, **world.group_inputs(), initialLifecycleHooks=[LAUNCH])
    assert group.diff({"initialLifecycleHooks": []}).replaces == ("initialLifecycleHooks",)
    terminate = {"name": "end", "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}
    two = world.make(GROUP, **world.group_inputs(), initialLifecycleHooks=[LAUNCH, terminate])
    assert not two.diff({"initialLifecycleHooks": [terminate, LAUNCH]}).changed


def test_a_hook_of_the_same_name_takes_over_the_first_one(world: World) -> None:
    group = world.make(GROUP, **world.group_inputs(), initialLifecycleHooks=[LAUNCH])
    world.make(HOOK, autoscalingGroupName=group.id, **LAUNCH, heartbeatTimeout=60)
    hooks = world.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=group.id)
    assert [hook["HeartbeatTimeout"] for hook in hooks["LifecycleHooks"]] == [60]


def test_zones_and_reservations_of_a_group_reach_the_cloud(world: World) -> None:
    zones = {"capacityDistributionStrategy": "balanced-only"}
    reservation = {"capacityReservationPreference": "none"}
    group = world.make(
        GROUP,
        **world.group_inputs(),
        availabilityZoneDistribution=zones,
        capacityReservationSpecification=reservation,
        context="a",
    )
    found = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group.id])
    described = found["AutoScalingGroups"][0]
    assert described["AvailabilityZoneDistribution"] == {"CapacityDistributionStrategy": "balanced-only"}
    assert described["CapacityReservationSpecification"] == {"CapacityReservationPreference": "none"}
    assert described["Context"] == "a"
    assert group.outputs["availabilityZoneDistribution"] == zones


def test_a_hook_follows_its_group_to_another_one(world: World) -> None:
    hook = world.make(HOOK, autoscalingGroupName=world.auto_scaling_group.id, **LAUNCH)
    other = world.make(GROUP, **world.group_inputs()).id
    assert hook.diff({"autoscalingGroupName": other}).replaces == ()
    hook.update({"autoscalingGroupName": other})
    hooks = world.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=other)
    assert [found["LifecycleHookName"] for found in hooks["LifecycleHooks"]] == ["launch"]


def _scheduled(world: World, group: str) -> Made:
    return world.make(
        SCHEDULE, autoscalingGroupName=group, scheduledActionName="sleep", recurrence="0 1 * * *"
    )


def test_two_groups_have_actions_of_one_name(world: World) -> None:
    other = world.make(GROUP, **world.group_inputs()).id
    first, second = (_scheduled(world, group) for group in (world.auto_scaling_group.id, other))
    assert first.outputs["arn"] != second.outputs["arn"]
    second.delete()
    assert second.read() is None
    assert first.read() is not None


def test_an_action_keeps_its_arn_when_it_is_changed(world: World) -> None:
    action = _scheduled(world, world.auto_scaling_group.id)
    before = action.outputs["arn"]
    assert before.startswith("arn:aws:autoscaling:eu-central-1:123456789012:scheduledUpdateGroupAction:")
    assert before.endswith(f":autoScalingGroupName/{world.auto_scaling_group.id}:scheduledActionName/sleep")
    assert action.update({"minSize": 3})["arn"] == before


def test_a_size_that_an_action_does_not_name_is_none(world: World) -> None:
    """The real provider cannot tell a size left out from none; -1 says that it is left alone."""
    action = _scheduled(world, world.auto_scaling_group.id)
    assert [action.outputs[name] for name in ("minSize", "maxSize", "desiredCapacity")] == [0, 0, 0]
    assert action.update({"maxSize": -1})["maxSize"] == -1


def test_an_action_moved_by_hand_shows(world: World) -> None:
    action = _scheduled(world, world.auto_scaling_group.id)
    world.client("autoscaling").put_scheduled_update_group_action(
        AutoScalingGroupName=world.auto_scaling_group.id,
        ScheduledActionName="sleep",
        Recurrence="0 2 * * *",
        StartTime=datetime(2030, 1, 1, tzinfo=UTC),
        MinSize=0,
        MaxSize=0,
        DesiredCapacity=0,
    )
    state = action.read()
    assert state is not None and state.inputs is not None
    assert state.inputs["recurrence"] == "0 2 * * *"
    assert state.outputs["startTime"] == "2030-01-01T00:00:00Z"


@pytest.mark.parametrize("request_", ["put_scheduled_update_group_action", "delete_scheduled_action"])
def test_an_action_of_no_group_is_refused(world: World, request_: str) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        getattr(world.client("autoscaling"), request_)(AutoScalingGroupName="none", ScheduledActionName="a")


def test_what_a_group_no_longer_notifies_is_taken_away(world: World) -> None:
    other = world.make(GROUP, **world.group_inputs()).id
    kinds = ["autoscaling:EC2_INSTANCE_TERMINATE_ERROR", "autoscaling:EC2_INSTANCE_LAUNCH_ERROR"]
    made = world.make(
        NOTIFICATION,
        groupNames=[world.auto_scaling_group.id, other],
        notifications=kinds,
        topicArn=world.topic.id,
    )
    made.update({"groupNames": [other]})
    client = world.client("autoscaling")
    found = client.describe_notification_configurations(
        AutoScalingGroupNames=[world.auto_scaling_group.id, other]
    )["NotificationConfigurations"]
    assert {(entry["AutoScalingGroupName"], entry["TopicARN"]) for entry in found} == {
        (other, world.topic.id)
    }
    elsewhere = client.describe_notification_configurations(AutoScalingGroupNames=["none"])
    assert elsewhere["NotificationConfigurations"] == []


def test_what_a_group_notifies_is_asked_of_the_groups_it_names(world: World) -> None:
    client, own = world.client("autoscaling"), world.auto_scaling_group.id
    kinds = [f"autoscaling:EC2_INSTANCE_{kind}" for kind in ("LAUNCH", "LAUNCH_ERROR", "TERMINATE")]
    made = world.make(NOTIFICATION, groupNames=[own], notifications=kinds[:2], topicArn=world.topic.id)
    other = world.make(GROUP, **world.group_inputs()).id
    for group, said in ((other, ["autoscaling:TEST_NOTIFICATION"]), (own, [kinds[2], kinds[0]])):
        client.put_notification_configuration(
            AutoScalingGroupName=group, TopicARN=world.topic.id, NotificationTypes=said
        )
    state = made.read()
    assert state is not None and state.inputs is not None
    assert (state.inputs["groupNames"], state.inputs["notifications"]) == ([own], [kinds[0], kinds[2]])
    assert not made.diff({"notifications": [kinds[1], kinds[0]]}).changed


def test_notifications_are_of_known_kinds_and_deleted_once(world: World) -> None:
    client, group = world.client("autoscaling"), world.auto_scaling_group.id
    with pytest.raises(ClientError, match='"autoscaling:LUNCH" is not a valid Notification Type'):
        client.put_notification_configuration(
            AutoScalingGroupName=group, TopicARN="arn:a", NotificationTypes=["autoscaling:LUNCH"]
        )
    with pytest.raises(ClientError, match="Notification Topic doesn't exist"):
        client.delete_notification_configuration(AutoScalingGroupName=group, TopicARN="arn:a")


@pytest.mark.parametrize(
    ("token", "inputs", "at"),
    [
        (HOOK, {"autoscalingGroupName": "a", "lifecycleTransition": "launch"}, "lifecycleTransition"),
        (HOOK, {"autoscalingGroupName": "a", **LAUNCH, "heartbeatTimeout": 29}, "heartbeatTimeout"),
        (HOOK, {"autoscalingGroupName": "a", **LAUNCH, "heartbeatTimeout": 7201}, "heartbeatTimeout"),
        (HOOK, {"autoscalingGroupName": "a", **LAUNCH, "defaultResult": "STOP"}, "defaultResult"),
        (HOOK, {"autoscalingGroupName": "a", **LAUNCH, "name": "n" * 256}, "name"),
        (SCHEDULE, {"autoscalingGroupName": "a", "scheduledActionName": "s", "minSize": -2}, "minSize"),
        (SCHEDULE, {"autoscalingGroupName": "a", "scheduledActionName": "s" * 256}, "scheduledActionName"),
        (
            NOTIFICATION,
            {"groupNames": ["a"], "topicArn": "arn:a", "notifications": ["LAUNCH"]},
            "notifications[0]",
        ),
        (RULE, {"scheduleExpression": "rate(1 day)", "state": "ON"}, "state"),
        (RULE, {"eventPattern": "{}", "name": "n" * 65}, "name"),
        (RULE, {}, ""),
        (
            TARGET,
            {"rule": "r", "arn": "arn:a", "retryPolicy": {"maximumRetryAttempts": 186}},
            "retryPolicy.maximumRetryAttempts",
        ),
        (SUBSCRIPTION, {"topic": "arn:a", "endpoint": "b", "protocol": "pigeon"}, "protocol"),
        (
            GROUP,
            {"minSize": 0, "maxSize": 1, "launchTemplate": {}, "initialLifecycleHooks": [
                {**LAUNCH, "heartbeatTimeout": 1}]},
            "initialLifecycleHooks[0].heartbeatTimeout",
        ),
        (
            GROUP,
            {"minSize": 0, "maxSize": 1, "launchTemplate": {}, "availabilityZoneDistribution": {
                "capacityDistributionStrategy": "any"}},
            "availabilityZoneDistribution.capacityDistributionStrategy",
        ),
    ],
)  # fmt: skip
def test_a_value_that_aws_refuses_is_named(token: str, inputs: dict[str, Any], at: str) -> None:
    assert [place for place, _ in _refusals(token, **inputs)] == [at]


@pytest.mark.parametrize("seconds", [30, 7200])
def test_a_hook_waits_half_a_minute_to_two_hours(seconds: int) -> None:
    assert _refusals(HOOK, autoscalingGroupName="a", **LAUNCH, heartbeatTimeout=seconds) == []


@pytest.mark.parametrize(
    ("token", "missing"),
    [
        (HOOK, ["autoscalingGroupName", "lifecycleTransition"]),
        (SCHEDULE, ["autoscalingGroupName", "scheduledActionName"]),
        (NOTIFICATION, ["groupNames", "notifications", "topicArn"]),
        (TARGET, ["arn", "rule"]),
        ("aws:sns/topicPolicy:TopicPolicy", ["arn", "policy"]),
        (SUBSCRIPTION, ["endpoint", "protocol", "topic"]),
    ],
)
def test_what_must_be_said_is_asked_for(token: str, missing: list[str]) -> None:
    assert [place for place, _ in _refusals(token)] == missing
