"""Right and wrong topics."""

from __future__ import annotations

import json
from typing import Any

from policies import sns
from tests.policies.cases import Case

OF_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def publishes(principal: Any, **more: Any) -> dict[str, str]:
    statement = {"Sid": "One", "Effect": "Allow", "Principal": principal, "Action": "sns:Publish", **more}
    return {"policy": json.dumps({"Statement": [statement]})}


CASES: tuple[Case, ...] = (
    Case(sns.sns_1, right={"kmsMasterKeyId": "alias/alerts"}, wrong={}, says="kmsMasterKeyId is missing"),
    Case(
        sns.sns_4,
        right=publishes({"Service": "cloudwatch.amazonaws.com"}),
        wrong=publishes({"AWS": "*"}),
        says="statement One of the policy lets everyone in",
        kind=sns.TOPIC_POLICY,
    ),
    Case(sns.sns_4, publishes("*", Condition=OF_ACCOUNT), publishes("*"), "lets everyone in"),
)
