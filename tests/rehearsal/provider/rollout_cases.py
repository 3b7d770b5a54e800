"""The cases of what hangs on a fleet: hooks, times of day, notifications, events, topics."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from rehearsal.plugin import Properties
from tests.rehearsal.provider.cases import NEW_TAGS, TAGS, Case
from tests.rehearsal.provider.world import Made, World


def _of_group(made: Made) -> str:
    """The ID under which the real provider imports what belongs to a group."""
    return f"{made.inputs['autoscalingGroupName']}/{made.id}"


def _hook(world: World, made: Made) -> dict[str, Any]:
    found = world.client("autoscaling").describe_lifecycle_hooks(
        AutoScalingGroupName=made.inputs["autoscalingGroupName"], LifecycleHookNames=[made.inputs["name"]]
    )["LifecycleHooks"][0]
    return {name: found[name] for name in ("LifecycleTransition", "HeartbeatTimeout", "DefaultResult")}


def _action(world: World, made: Made) -> dict[str, Any]:
    found = world.client("autoscaling").describe_scheduled_actions(
        AutoScalingGroupName=made.inputs["autoscalingGroupName"]
    )["ScheduledUpdateGroupActions"][0]
    names = ("MinSize", "MaxSize", "DesiredCapacity", "Recurrence", "TimeZone", "StartTime", "EndTime")
    return {name: found[name] for name in names if name in found}


def _notified(world: World, made: Made) -> list[tuple[str, str]]:
    found = world.client("autoscaling").describe_notification_configurations()["NotificationConfigurations"]
    mine = [entry for entry in found if entry["TopicARN"] == made.inputs["topicArn"]]
    return [(entry["AutoScalingGroupName"][:5], entry["NotificationType"]) for entry in mine]


def _pattern(state: str) -> str:
    return json.dumps({"source": ["aws.autoscaling"], "detail": {"StatusCode": [state]}})


def _rule(world: World, made: Made) -> tuple[dict[str, Any], dict[str, str]]:
    events = world.client("events")
    found = events.describe_rule(Name=made.id)
    tags = events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
    facts = {name: found[name] for name in ("Description", "State", "EventPattern")}
    facts["EventPattern"] = json.loads(facts["EventPattern"])
    return facts, {tag["Key"]: tag["Value"] for tag in tags}


def _target(world: World, made: Made) -> dict[str, Any]:
    found = world.client("events").list_targets_by_rule(Rule=made.inputs["rule"])["Targets"][0]
    return {name: value for name, value in found.items() if name != "Id"}


def _transformer(template: str) -> Properties:
    return {"inputPaths": {"why": "$.detail.Cause"}, "inputTemplate": template}


def _publishers(world: World, service: str) -> str:
    statement = {
        "Effect": "Allow",
        "Action": "sns:Publish",
        "Resource": world.topic.id,
        "Principal": {"Service": service},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _topic_policy(world: World, made: Made) -> str:
    found = world.client("sns").get_topic_attributes(TopicArn=made.id)["Attributes"]["Policy"]
    return str(json.loads(found)["Statement"][0]["Principal"]["Service"])


def _subscription(world: World, made: Made) -> dict[str, str]:
    found = world.client("sns").get_subscription_attributes(SubscriptionArn=made.id)["Attributes"]
    names = ("Endpoint", "Protocol", "TopicArn", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery")
    return {name: found[name] for name in names}


ATTACHED = (
    Case(
        "aws:autoscaling/lifecycleHook:LifecycleHook",
        lambda w: {
            "autoscalingGroupName": w.auto_scaling_group.id,
            "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
            "heartbeatTimeout": 600,
        },
        change=lambda _: {
            "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "heartbeatTimeout": 300,
            "defaultResult": "CONTINUE",
        },
        seen=_hook,
        expected={
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "HeartbeatTimeout": 300,
            "DefaultResult": "CONTINUE",
        },
        replace=lambda _: {"name": "other"},
        import_id=_of_group,
    ),
    Case(
        "aws:autoscaling/schedule:Schedule",
        lambda w: {
            "autoscalingGroupName": w.auto_scaling_group.id,
            "scheduledActionName": "sleep",
            "recurrence": "0 20 * * 1-5",
            "minSize": 0,
            "maxSize": 2,
            "desiredCapacity": 1,
        },
        change=lambda _: {
            "recurrence": "0 21 * * 1-5",
            "timeZone": "Europe/Berlin",
            "startTime": "2030-01-01T00:00:00Z",
            "endTime": "2031-01-01T00:00:00Z",
            "minSize": 1,
            "maxSize": -1,
            "desiredCapacity": 2,
        },
        seen=_action,
        expected={
            "MinSize": 1,
            "DesiredCapacity": 2,
            "Recurrence": "0 21 * * 1-5",
            "TimeZone": "Europe/Berlin",
            "StartTime": datetime(2030, 1, 1, tzinfo=UTC),
            "EndTime": datetime(2031, 1, 1, tzinfo=UTC),
        },
        replace=lambda _: {"autoscalingGroupName": "other", "scheduledActionName": "wake"},
        import_id=_of_group,
    ),
    Case(
        "aws:autoscaling/notification:Notification",
        lambda w: {
            "groupNames": [w.auto_scaling_group.id],
            "notifications": ["autoscaling:EC2_INSTANCE_LAUNCH_ERROR"],
            "topicArn": w.topic.id,
        },
        change=lambda w: {
            "groupNames": [w.make("aws:autoscaling/group:Group", **w.group_inputs()).id],
            "notifications": ["autoscaling:EC2_INSTANCE_TERMINATE_ERROR"],
        },
        seen=_notified,
        expected=[("thing", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR")],
        replace=lambda _: {"topicArn": "arn:other"},
    ),
)

EVENTS = (
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {"description": "d", "eventPattern": _pattern("Failed"), "tags": TAGS},
        change=lambda _: {
            "description": "e",
            "eventPattern": _pattern("Cancelled"),
            "state": "DISABLED",
            "tags": NEW_TAGS,
        },
        seen=_rule,
        expected=(
            {
                "Description": "e",
                "State": "DISABLED",
                "EventPattern": {"source": ["aws.autoscaling"], "detail": {"StatusCode": ["Cancelled"]}},
            },
            NEW_TAGS,
        ),
        replace=lambda _: {"name": "other", "eventBusName": "other"},
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda w: {
            "rule": w.rule.id,
            "arn": w.topic.id,
            "inputTransformer": _transformer('"<why>"'),
        },
        change=lambda w: {
            "arn": w.make("aws:sns/topic:Topic", name="elsewhere").id,
            "inputTransformer": _transformer('"It was <why>"'),
            "retryPolicy": {"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 3},
            "deadLetterConfig": {"arn": "arn:aws:sqs:eu-central-1:123456789012:dead"},
        },
        seen=_target,
        expected={
            "Arn": "arn:aws:sns:eu-central-1:123456789012:elsewhere",
            "InputTransformer": {
                "InputPathsMap": {"why": "$.detail.Cause"},
                "InputTemplate": '"It was <why>"',
            },
            "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 3},
            "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-central-1:123456789012:dead"},
        },
        replace=lambda _: {"rule": "other", "targetId": "other", "eventBusName": "other"},
        import_id=lambda made: f"{made.inputs['rule']}/{made.outputs['targetId']}",
    ),
)

TOPICS = (
    Case(
        "aws:sns/topicPolicy:TopicPolicy",
        lambda w: {"arn": w.topic.id, "policy": _publishers(w, "cloudwatch.amazonaws.com")},
        change=lambda w: {"policy": _publishers(w, "events.amazonaws.com")},
        seen=_topic_policy,
        expected="events.amazonaws.com",
        replace=lambda _: {"arn": "arn:other"},
        # A topic is never without a policy.
        stays=True,
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {"topic": w.topic.id, "protocol": "email", "endpoint": "night@example.com"},
        change=lambda _: {
            "filterPolicy": json.dumps({"service": ["web"]}),
            "filterPolicyScope": "MessageBody",
            "rawMessageDelivery": True,
        },
        seen=lambda w, made: _subscription(w, made) | {"TopicArn": made.inputs["topic"] == w.topic.id},
        expected={
            "Endpoint": "night@example.com",
            "Protocol": "email",
            "TopicArn": True,
            "FilterPolicy": '{"service": ["web"]}',
            "FilterPolicyScope": "MessageBody",
            "RawMessageDelivery": "true",
        },
        replace=lambda _: {"topic": "arn:other", "protocol": "email-json", "endpoint": "day@example.com"},
    ),
)
