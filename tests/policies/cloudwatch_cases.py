"""Right and wrong alarms and log groups."""

from __future__ import annotations

from policies import cloudwatch
from tests.policies.cases import Case

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
CASES: tuple[Case, ...] = (
    Case(cloudwatch.cloudwatch_15, right={"alarmActions": [TOPIC]}, wrong={}, says="alarmActions is empty"),
    Case(
        cloudwatch.cloudwatch_17,
        right={"actionsEnabled": True},
        wrong={"actionsEnabled": False},
        says="actionsEnabled is false",
    ),
    Case(cloudwatch.logs_retention, {"retentionInDays": 30}, {"retentionInDays": 0}, "retentionInDays is 0"),
    Case(cloudwatch.logs_retention, {"retentionInDays": 1}, {}, "retentionInDays is 0 or missing"),
)
