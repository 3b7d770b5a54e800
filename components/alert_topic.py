"""Where an environment says that something is wrong: one encrypted topic, and who hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import kms, sns
from pydantic import Field, StringConstraints, model_validator

from . import policies
from .args import ComponentArgs, Late
from .names import LONG_PREFIX, name_prefix, named

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]

_USE_KEY = ["kms:Decrypt", "kms:GenerateDataKey*"]


class AlertTopicArgs(ComponentArgs):
    """What an `AlertTopic` is made of. Raises ValueError for an address that is given twice."""

    owner_arn: Late
    """The ARN of any resource of the same account and region, such as `Network.vpc_arn`: it says whose alarms
    may publish here."""
    emails: tuple[Email, ...] = ()
    """Who gets every alert by e-mail, once they have confirmed it by the link that AWS sends them."""
    database_events: bool = False
    """Whether RDS tells of events of this account's databases here."""
    budget_alerts: bool = False
    """Whether AWS Budgets tells here of what this account costs."""
    key_deletion_window_days: int = Field(default=30, ge=7, le=30)
    """How long the key can be had back after the topic was destroyed (KMS, ScheduleKeyDeletion)."""

    @model_validator(mode="after")
    def _once_each(self) -> AlertTopicArgs:
        twice = sorted({email for email in self.emails if self.emails.count(email) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is named twice: name each address once")
        return self


class AlertTopic(pulumi.ComponentResource):
    """A topic that this account's alarms, event rules and Auto Scaling groups publish to.

    It has a key of its own: no one can let CloudWatch or EventBridge use the key that AWS manages for SNS, so
    alarms would be lost on a topic that is encrypted with it (Amazon SNS, Key management).
    """

    arn: Output[str]
    """The topic, known once its publishers are let in."""

    def __init__(self, name: str, args: AlertTopicArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:alerttopic:AlertTopic", name, None, opts)
        child = ResourceOptions(parent=self)
        owner = Output.from_input(args.owner_arn).apply(policies.owner_of)
        key = kms.Key(
            name,
            description="Encrypts alerts on their way to who is to hear of them",
            policy=Output.json_dumps(owner.apply(lambda known: key_policy(known, _services(args)))),
            enable_key_rotation=True,
            deletion_window_in_days=args.key_deletion_window_days,
            tags=named(args.tags, name),
            opts=child,
        )
        topic = sns.Topic(
            name,
            name_prefix=name_prefix(name, LONG_PREFIX),
            kms_master_key_id=key.arn,
            tags=named(args.tags, name),
            opts=child,
        )
        policy = sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=Output.json_dumps(topic.arn.apply(lambda known: topic_policy(known, _services(args)))),
            opts=child,
        )
        for email in args.emails:
            sns.TopicSubscription(
                f"{name}-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=child
            )
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})


class _Service(NamedTuple):
    """A service that publishes here if the arguments say so, and what it publishes for."""

    sid: str
    principal: str
    source: str
    """What may be its source: of an ARN, the service, the region if there is one, and the resources."""


_DATABASES = _Service("PublishDatabaseEvents", "events.rds.amazonaws.com", "rds:{region}:{account}:*")
_BUDGETS = _Service("PublishBudgetAlerts", "budgets.amazonaws.com", "budgets::{account}:*")


def _services(args: AlertTopicArgs) -> list[_Service]:
    wanted = ((_DATABASES, args.database_events), (_BUDGETS, args.budget_alerts))
    return [service for service, is_wanted in wanted if is_wanted]


def key_policy(owner: policies.Owner, services: Sequence[_Service]) -> policies.Document:
    """The account's own administration of the key, and its use by those who publish.

    Auto Scaling publishes as its service-linked role. The role is named in a condition: as a principal it
    would have to exist before the account's first group does.
    """
    account = f"arn:{owner.partition}:iam::{owner.account}"
    role = f"{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*"
    return policies.document(
        {
            "Sid": "AdministerByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "PublishAlarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": _USE_KEY,
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": owner.account}},
        },
        {
            # No condition: EventBridge names no source account to the key of an encrypted topic (Amazon SNS,
            # Key management). The topic's policy is what limits it.
            "Sid": "PublishEvents",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": _USE_KEY,
            "Resource": "*",
        },
        {
            "Sid": "PublishScalingErrors",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": _USE_KEY,
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:CallerAccount": owner.account},
                "ArnLike": {"aws:PrincipalArn": role},
            },
        },
        *(_key_user(owner, service) for service in services),
    )


def _key_user(owner: policies.Owner, service: _Service) -> policies.Statement:
    return {
        "Sid": service.sid,
        "Effect": "Allow",
        "Principal": {"Service": service.principal},
        "Action": _USE_KEY,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": owner.account}},
    }


def topic_policy(topic_arn: str, services: Sequence[_Service]) -> policies.Document:
    """Alarms and event rules of this account and region may publish, over TLS.

    Auto Scaling needs no statement: its role's own policy lets it publish within the account.
    """
    partition, region, account = policies.owner_of(topic_arn)
    publishers = (
        _Service("PublishAlarms", "cloudwatch.amazonaws.com", "cloudwatch:{region}:{account}:alarm:*"),
        _Service("PublishEvents", "events.amazonaws.com", "events:{region}:{account}:rule/*"),
        *services,
    )
    return policies.document(
        *(
            {
                "Sid": publisher.sid,
                "Effect": "Allow",
                "Principal": {"Service": publisher.principal},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {
                        "aws:SourceArn": f"arn:{partition}:"
                        + publisher.source.format(region=region, account=account)
                    },
                },
            }
            for publisher in publishers
        ),
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
