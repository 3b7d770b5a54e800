"""Notifications of groups: which of their events go to a topic."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from collections.abc import Iterable

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words

_EVENTS = (
    "autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
    "autoscaling:EC2_INSTANCE_TERMINATE", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
    "autoscaling:TEST_NOTIFICATION",
)  # fmt: skip


def _put(call: Call, topic: str, news: Properties) -> None:
    for group in news["groupNames"]:
        call.client("autoscaling").put_notification_configuration(
            AutoScalingGroupName=group, TopicARN=topic, NotificationTypes=news["notifications"]
        )


def _remove(call: Call, topic: str, groups: Iterable[str]) -> None:
    for group in groups:
        call.client("autoscaling").delete_notification_configuration(
            AutoScalingGroupName=group, TopicARN=topic
        )


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    _put(call, news["topicArn"], news)
    return news["topicArn"], {}


def _read(call: Call, topic: str, known: Properties) -> Properties | None:
    """What the known groups send to the topic; AWS is asked by group, which is why there is no import."""
    found = call.client("autoscaling").describe_notification_configurations(
        AutoScalingGroupNames=known["groupNames"]
    )["NotificationConfigurations"]
    mine = [entry for entry in found if entry["TopicARN"] == topic]
    if not mine:
        return None
    return {
        "groupNames": sorted({entry["AutoScalingGroupName"] for entry in mine}),
        "notifications": sorted({entry["NotificationType"] for entry in mine}),
        "topicArn": topic,
    }


def _update(call: Call, topic: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    _remove(call, topic, sorted(set(old["groupNames"]) - set(news["groupNames"])))
    _put(call, topic, news)


def _delete(call: Call, topic: str, outputs: Properties) -> None:
    found = _read(call, topic, outputs)
    if found is not None:
        _remove(call, topic, found["groupNames"])


NOTIFICATION = ResourceType(
    type_name="aws:autoscaling/notification:Notification",
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    inputs=words("groupNames notifications topicArn"),
    required=("groupNames", "notifications", "topicArn"),
    enums={"notifications[]": _EVENTS},
    replaces=words("topicArn"),
    sets=words("groupNames notifications"),
)

TYPES = (NOTIFICATION,)
