from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.alert_topic import AlertTopic, AlertTopicArgs
from tests.components.recorder import ACCOUNT, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

VPC = f"arn:aws:ec2:eu-central-1:{ACCOUNT}:vpc/vpc-1"
TOPIC = f"arn:aws:sns:eu-central-1:{ACCOUNT}:alerts-topic"
USE_KEY = ["kms:Decrypt", "kms:GenerateDataKey*"]
ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*"


def topic(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        args = AlertTopicArgs(**{"owner_arn": VPC, "tags": {"owner": "platform"}, **changed})
        return {"arn": AlertTopic("alerts", args).arn}

    return build(program)


def allow(sid: str, principal: Mapping[str, str], condition: Mapping[str, Any] | None = None) -> Any:
    use = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": USE_KEY, "Resource": "*"}
    return use if condition is None else {**use, "Condition": condition}


def publish(sid: str, service: str, source: str) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:{service}:eu-central-1:{ACCOUNT}:{source}"},
        },
    }


def test_who_publishes_may_use_the_topics_own_key(build: Build) -> None:
    assert topic(build).inputs("Key") == {
        "Key alerts": {
            "description": "Encrypts alerts on their way to who is to hear of them",
            "enableKeyRotation": True,
            "deletionWindowInDays": 30,
            "policy": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "AdministerByIam",
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                        "Action": "kms:*",
                        "Resource": "*",
                    },
                    allow(
                        "PublishAlarms",
                        {"Service": "cloudwatch.amazonaws.com"},
                        {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
                    ),
                    allow("PublishEvents", {"Service": "events.amazonaws.com"}),
                    allow(
                        "PublishScalingErrors",
                        {"AWS": "*"},
                        {
                            "StringEquals": {"kms:CallerAccount": ACCOUNT},
                            "ArnLike": {"aws:PrincipalArn": ROLE},
                        },
                    ),
                ],
            },
            "tags": {"owner": "platform", "Name": "alerts"},
        }
    }


def test_the_topic_is_encrypted_and_takes_what_comes_from_the_accounts_alarms_and_rules(build: Build) -> None:
    built = topic(build)
    assert built.inputs("Topic") == {
        "Topic alerts": {
            "namePrefix": "alerts-",
            "kmsMasterKeyId": f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/alerts",
            "tags": {"owner": "platform", "Name": "alerts"},
        }
    }
    assert built.inputs("TopicPolicy") == {
        "TopicPolicy alerts": {
            "arn": TOPIC,
            "policy": {
                "Version": "2012-10-17",
                "Statement": [
                    publish("PublishAlarms", "cloudwatch", "alarm:*"),
                    publish("PublishEvents", "events", "rule/*"),
                    {
                        "Sid": "TlsOnly",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "sns:Publish",
                        "Resource": TOPIC,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                ],
            },
        }
    }


def test_it_is_handed_on_once_its_publishers_are_let_in(build: Build) -> None:
    built = topic(build)
    assert built.outputs == {"arn": TOPIC}
    assert built.parents() == {
        "the AlertTopic alerts": "Stack",
        "Key alerts": "the AlertTopic alerts",
        "Topic alerts": "the AlertTopic alerts",
        "TopicPolicy alerts": "the AlertTopic alerts",
    }
    assert built.types()["the AlertTopic alerts"] == "immutable:alerttopic:AlertTopic"


def test_events_of_databases_reach_it_when_there_are_databases(build: Build) -> None:
    built = topic(build, database_events=True)
    use = built.inputs()["Key alerts"]["policy"]["Statement"][-1]
    rds = {"Service": "events.rds.amazonaws.com"}
    assert use == allow("PublishDatabaseEvents", rds, {"StringEquals": {"aws:SourceAccount": ACCOUNT}})
    statements = built.inputs()["TopicPolicy alerts"]["policy"]["Statement"]
    told = next(each for each in statements if each["Sid"] == "PublishDatabaseEvents")
    assert told == {**publish("PublishDatabaseEvents", "rds", "*"), "Principal": rds}


def test_a_budget_may_tell_of_itself_here_when_there_is_one(build: Build) -> None:
    built = topic(build, budget_alerts=True)
    use = built.inputs()["Key alerts"]["policy"]["Statement"][-1]
    budgets = {"Service": "budgets.amazonaws.com"}
    assert use == allow("PublishBudgetAlerts", budgets, {"StringEquals": {"aws:SourceAccount": ACCOUNT}})
    statements = built.inputs()["TopicPolicy alerts"]["policy"]["Statement"]
    told = next(each for each in statements if each["Sid"] == "PublishBudgetAlerts")
    # A budget is in no region (AWS Cost Management, Creating an SNS topic for budget notifications).
    assert told["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:*"},
    }
    assert (told["Principal"], told["Action"], told["Resource"]) == (budgets, "sns:Publish", TOPIC)


def test_everyone_named_gets_a_subscription(build: Build) -> None:
    built = topic(build, emails=("a@example.com", "b@example.com"))
    assert built.inputs("TopicSubscription") == {
        f"TopicSubscription alerts-{email}": {"topic": TOPIC, "protocol": "email", "endpoint": email}
        for email in ("a@example.com", "b@example.com")
    }
    assert built.parents()["TopicSubscription alerts-a@example.com"] == "the AlertTopic alerts"


def test_another_partition_names_itself(build: Build) -> None:
    built = topic(build, owner_arn="arn:aws-cn:ec2:cn-north-1:210987654321:vpc/vpc-1")
    administer, *_, scaling = built.inputs()["Key alerts"]["policy"]["Statement"]
    assert administer["Principal"] == {"AWS": "arn:aws-cn:iam::210987654321:root"}
    assert scaling["Condition"]["ArnLike"]["aws:PrincipalArn"].startswith(
        "arn:aws-cn:iam::210987654321:role/"
    )


def test_the_key_may_be_gone_sooner(build: Build) -> None:
    assert topic(build, key_deletion_window_days=7).inputs()["Key alerts"]["deletionWindowInDays"] == 7


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"emails": ("ops",)}, "should match pattern"),
        ({"emails": ("a@example.com", "a@example.com")}, "a@example.com is named twice: name each address"),
        ({"emails": ("a" * 250 + "@b.de",)}, "at most 254 characters"),
        ({"key_deletion_window_days": 6}, "greater than or equal to 7"),
        ({"key_deletion_window_days": 31}, "less than or equal to 30"),
        ({"email": "a@example.com"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_topic_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        AlertTopicArgs(**{"owner_arn": VPC, **changed})
