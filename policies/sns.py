"""Amazon SNS: what a topic carries is encrypted, and strangers neither publish nor subscribe."""

from __future__ import annotations

from collections.abc import Iterator

from policies import documents
from policies.rules import Resource, Rule, Severity, at, rule

TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"


@rule(
    id="sns-1",
    types=(TOPIC,),
    severity=Severity.MEDIUM,
    control="SNS.1",
    reason="Alerts say what is broken, and how to get at it.",
    fix="name a key in kmsMasterKeyId that the publishing services may use",
)
def sns_1(topic: Resource) -> Iterator[str]:
    if not at(topic, "kmsMasterKeyId", ""):
        yield "kmsMasterKeyId is missing: messages are not encrypted at rest"


@rule(
    id="sns-4",
    types=(TOPIC, TOPIC_POLICY),
    severity=Severity.HIGH,
    control="SNS.4",
    reason="Who may subscribe reads every alert; who may publish sends false ones.",
    fix="name the principals, or fix the account in a condition such as aws:SourceAccount",
)
def sns_4(topic: Resource) -> Iterator[str]:
    for each in documents.open_to_all(at(topic, "policy")):
        yield f"{each.label} of the policy lets everyone in"


RULES: tuple[Rule, ...] = (sns_1, sns_4)
