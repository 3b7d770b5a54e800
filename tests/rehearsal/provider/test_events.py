"""Rules, targets and topics, where it is more than one resource's life."""

from __future__ import annotations

import json

import pytest

from rehearsal.plugin import ProviderError
from tests.rehearsal.provider.world import World

RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"


def test_a_rule_with_targets_stays_until_they_are_gone(world: World) -> None:
    target = world.make(TARGET, rule=world.rule.id, arn=world.topic.id)
    with pytest.raises(ProviderError, match="it has targets"):
        world.rule.delete()
    target.delete()
    world.rule.delete()
    assert world.rule.read() is None


def test_a_rule_changed_by_hand_shows(world: World) -> None:
    rule = world.make(RULE, namePrefix="web-", eventPattern='{"source": ["a"]}', tags={"owner": "a"})
    events = world.client("events")
    events.put_rule(Name=rule.id, EventPattern='{"source": ["b"]}', Description="mine", State="DISABLED")
    events.tag_resource(ResourceARN=rule.outputs["arn"], Tags=[{"Key": "owner", "Value": "b"}])
    state = rule.read()
    assert state is not None and state.inputs is not None
    assert json.loads(state.inputs["eventPattern"]) == {"source": ["b"]}
    assert state.inputs["tags"] == state.outputs["tagsAll"] == {"owner": "b"}
    assert (state.outputs["description"], state.outputs["state"]) == ("mine", "DISABLED")
    imported = world.provider.read(rule.urn, rule.id, {}, {})
    assert imported is not None
    names = ("arn", "name", "eventBusName")
    assert [imported.outputs[name] for name in names] == [rule.outputs[name] for name in names]


def test_tags_alone_are_changed_too(world: World) -> None:
    rule = world.make(RULE, eventPattern='{"source": ["a"]}', tags={"owner": "a", "old": "b"})
    rule.update({"tags": {"owner": "c", "new": "d"}})
    tags = world.client("events").list_tags_for_resource(ResourceARN=rule.outputs["arn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"owner": "c", "new": "d"}


def test_a_target_changed_by_hand_shows(world: World) -> None:
    target = world.make(TARGET, rule=world.rule.id, arn=world.topic.id)
    world.client("events").put_targets(
        Rule=world.rule.id,
        Targets=[{"Id": target.outputs["targetId"], "Arn": "arn:aws:sns:eu:1:a", "InputPath": "$.b"}],
    )
    state = target.read()
    assert state is not None
    assert (state.outputs["arn"], state.outputs["inputPath"]) == ("arn:aws:sns:eu:1:a", "$.b")


def test_a_rule_of_another_bus_is_told_by_its_bus(world: World) -> None:
    world.client("events").create_event_bus(Name=f"bus{world.number}")
    bus = f"bus{world.number}"
    rule = world.make(RULE, name="own", eventBusName=bus, eventPattern='{"source": ["a"]}', state="DISABLED")
    assert rule.id == f"{bus}/own"
    target = world.make(TARGET, rule="own", eventBusName=bus, arn=world.topic.id, targetId="t")
    assert target.id == f"{bus}-own-t"
    imported = world.provider.read(target.urn, f"{bus}/own/t", {}, {})
    assert imported is not None and imported.outputs["eventBusName"] == bus
    target.delete()
    rule.delete()
    assert rule.read() is None


def test_a_topic_whose_policy_is_gone_is_its_owners_again(world: World) -> None:
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": world.topic.id, "Principal": "*"}
    policy = world.make(
        "aws:sns/topicPolicy:TopicPolicy",
        arn=world.topic.id,
        policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    policy.delete()
    state = world.topic.read()
    assert state is not None
    (left,) = json.loads(state.outputs["policy"])["Statement"]
    owner = {"StringEquals": {"AWS:SourceOwner": "123456789012"}}
    assert (left["Effect"], left["Resource"], left["Condition"]) == ("Allow", world.topic.id, owner)
    assert "SNS:Publish" in left["Action"]
    assert (left["Sid"], left["Principal"]) == ("__default_statement_ID", {"AWS": "*"})


def test_a_filter_is_taken_away_by_an_empty_one(world: World) -> None:
    made = world.make(
        SUBSCRIPTION,
        topic=world.topic.id,
        protocol="email",
        endpoint="night@example.com",
        filterPolicy='{"a": ["b"]}',
    )
    made.update({"filterPolicy": None})
    attributes = world.client("sns").get_subscription_attributes(SubscriptionArn=made.id)["Attributes"]
    assert attributes["FilterPolicy"] == "{}"


def test_every_setting_of_a_subscription_reaches_the_cloud_and_is_read_back(world: World) -> None:
    settings = {
        "deliveryPolicy": '{"healthyRetryPolicy": {"numRetries": 3}}',
        "redrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:dead"}',
        "subscriptionRoleArn": "arn:aws:iam::123456789012:role/reads",
    }
    place = {"topic": world.topic.id, "protocol": "email", "endpoint": "night@example.com"}
    made = world.make(SUBSCRIPTION, **place, **settings)
    sns = world.client("sns")
    found = sns.get_subscription_attributes(SubscriptionArn=made.id)["Attributes"]
    assert {name: found[name[0].upper() + name[1:]] for name in settings} == settings
    assert (made.outputs["pendingConfirmation"], made.outputs["confirmationWasAuthenticated"]) == (
        False,
        True,
    )
    sns.set_subscription_attributes(
        SubscriptionArn=made.id, AttributeName="RawMessageDelivery", AttributeValue="true"
    )
    state = made.read()
    assert state is not None and state.outputs["rawMessageDelivery"] is True
