"""SNS: who may publish to a topic, and who reads it."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

import json

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.types.elbv2 import attribute_text

_OWNERS_ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic",
    "Subscribe", "ListSubscriptionsByTopic", "Publish", "Receive",
)  # fmt: skip


def _put_policy(call: Call, arn: str, policy: str) -> None:
    call.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)


def _create_policy(call: Call, news: Properties) -> tuple[str, Properties]:
    _put_policy(call, news["arn"], news["policy"])
    return news["arn"], {"owner": news["arn"].split(":")[4]}


def _read_policy(call: Call, arn: str, known: Properties) -> Properties | None:
    found = call.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    return {"arn": arn, "policy": found["Policy"], "owner": found["Owner"]}


def _update_policy(call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
    _put_policy(call, arn, news["policy"])


def _delete_policy(call: Call, arn: str, outputs: Properties) -> None:
    """No topic is without a policy: as the real provider, give back the one that a new topic has."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNERS_ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": outputs["owner"]}},
    }
    policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    _put_policy(call, arn, json.dumps(policy))


POLICY = ResourceType(
    type_name="aws:sns/topicPolicy:TopicPolicy",
    create=_create_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    inputs=words("arn policy"),
    required=("arn", "policy"),
    replaces=words("arn"),
    documents=words("policy"),
    computed=("owner",),
)

_ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "filterPolicy": "FilterPolicy",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}
_PLACE = {"topic": "TopicArn", "endpoint": "Endpoint", "protocol": "Protocol"}
_FACTS = {"arn": "SubscriptionArn", "ownerId": "Owner"}
_SWITCHES = {
    "pendingConfirmation": "PendingConfirmation",
    "confirmationWasAuthenticated": "ConfirmationWasAuthenticated",
}


def _subscribe(call: Call, news: Properties) -> tuple[str, Properties]:
    attributes = {api: attribute_text(news[key]) for key, api in _ATTRIBUTES.items() if news.get(key)}
    place = {api: news[key] for key, api in _PLACE.items()}
    answer = call.client("sns").subscribe(**place, Attributes=attributes, ReturnSubscriptionArn=True)
    return answer["SubscriptionArn"], {}


def _complete_subscription(call: Call, arn: str, news: Properties) -> Properties:
    return _read_subscription(call, arn, news) or {}


def _read_subscription(call: Call, arn: str, known: Properties) -> Properties | None:
    found = call.client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    return {
        **{key: found.get(api) for key, api in {**_ATTRIBUTES, **_PLACE, **_FACTS}.items()},
        **{key: str(found.get(api)).lower() == "true" for key, api in _SWITCHES.items()},
        "rawMessageDelivery": str(found.get("RawMessageDelivery")).lower() == "true",
    }


def _update_subscription(
    call: Call, arn: str, old: Properties, news: Properties, changed: frozenset[str]
) -> None:
    """The scope before the policy, which is checked by it. A filter is taken away by an empty one."""
    for key, api in _ATTRIBUTES.items():
        if key in changed and (key in news or old.get(key)):
            value = attribute_text(news.get(key, "{}" if key == "filterPolicy" else ""))
            call.client("sns").set_subscription_attributes(
                SubscriptionArn=arn, AttributeName=api, AttributeValue=value
            )


def _unsubscribe(call: Call, arn: str, outputs: Properties) -> None:
    call.client("sns").unsubscribe(SubscriptionArn=arn)


SUBSCRIPTION = ResourceType(
    type_name="aws:sns/topicSubscription:TopicSubscription",
    create=_subscribe,
    complete=_complete_subscription,
    read=_read_subscription,
    update=_update_subscription,
    delete=_unsubscribe,
    inputs=frozenset((*_ATTRIBUTES, *_PLACE)),
    required=("endpoint", "protocol", "topic"),
    enums={
        "protocol": (
            "application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs",
        ),
        "filterPolicyScope": ("MessageAttributes", "MessageBody"),
    },
    defaults={"confirmationTimeoutInMinutes": 1, "endpointAutoConfirms": False, "rawMessageDelivery": False},
    replaces=words("endpoint protocol topic"),
    documents=words("deliveryPolicy filterPolicy redrivePolicy"),
    computed=("arn", "ownerId", "pendingConfirmation", "confirmationWasAuthenticated", "filterPolicyScope"),
)  # fmt: skip

TYPES = (POLICY, SUBSCRIPTION)
