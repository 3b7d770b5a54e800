"""AWS Secrets Manager: a secret renews itself, and often enough."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from policies.rules import Resource, Rule, Severity, at, of_type, rule

STORED = "aws:secretsmanager/secret:Secret"
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"

_DAYS_MOST = 90
"""AWS's parameter maxDaysSinceRotation."""
_DAYS_OF = {"day": 1, "hour": 1 / 24}


@rule(
    id="secretsmanager-1",
    severity=Severity.MEDIUM,
    control="SecretsManager.1",
    reason="A secret that never changes is known, sooner or later, to who should not know it.",
    fix="declare a SecretRotation for it",
)
def secretsmanager_1(resources: Sequence[Resource]) -> Iterator[tuple[str | None, str]]:
    rotations = of_type(resources, ROTATION)
    for secret in of_type(resources, STORED):
        if not any(each.comes_from("secretId", secret) for each in rotations):
            yield secret.urn, "nothing rotates the secret"


@rule(
    id="secretsmanager-4",
    types=(ROTATION,),
    severity=Severity.MEDIUM,
    control="SecretsManager.4",
    reason="The time between two rotations is the time that a leaked secret works.",
    fix=f"rotate it every {_DAYS_MOST} days or more often",
)
def secretsmanager_4(rotation: Resource) -> Iterator[str]:
    rules = "rotationRules"
    days = at(rotation, f"{rules}.automaticallyAfterDays", 0)
    # A cron expression says when, not how often: it is left to its reader.
    rate = re.fullmatch(r"rate\((\d+) (day|hour)s?\)", str(at(rotation, f"{rules}.scheduleExpression", "")))
    if rate:
        days = int(rate[1]) * _DAYS_OF[rate[2]]
    if days > _DAYS_MOST:
        yield f"it is rotated every {days:g} days"


RULES: tuple[Rule, ...] = (secretsmanager_1, secretsmanager_4)
