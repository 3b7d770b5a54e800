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
    *(
        Case(
            secretsmanager.secretsmanager_4,
            right={"rotationRules": {"scheduleExpression": often}},
            wrong={"rotationRules": {"scheduleExpression": seldom}},
            says=f"every {days} days",
        )
        for often, seldom, days in (
            ("rate(90 days)", "rate(91 days)", "91"),
            ("rate(2160 hours)", "rate(2184 hours)", "91"),
            ("rate(1 day)", "rate(100 days)", "100"),
            # It says when, and not how often.
            ("cron(0 4 1 * ? *)", "rate(365 days)", "365"),
        )
    ),
)
