"""Right and wrong secrets."""

from __future__ import annotations

from policies import secretsmanager
from tests.policies.cases import Case, res

OURS = res(secretsmanager.STORED, "ours")
OTHER = res(secretsmanager.STORED, "other")
ROTATED = res(secretsmanager.ROTATION, depends={"secretId": OURS})
CASES: tuple[Case, ...] = (
    Case(
        secretsmanager.secretsmanager_1, [OURS, ROTATED], [OURS, ROTATED, OTHER], "nothing rotates the secret"
    ),
    Case(
        secretsmanager.secretsmanager_4,
        right={"rotationRules": {"automaticallyAfterDays": 90}},
        wrong={"rotationRules": {"automaticallyAfterDays": 91}},
        says="every 91 days",
    ),
    Case(
        secretsmanager.secretsmanager_4,
        right={"rotationRules": {"scheduleExpression": "rate(48 hours)"}},
        wrong={"rotationRules": {"scheduleExpression": "rate(100 days)"}},
        says="every 100 days",
    ),
)
