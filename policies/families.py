"""Every rule, by the family that it belongs to. A new family is one line here."""

from __future__ import annotations

from collections import Counter
from types import ModuleType

from policies import (
    autoscaling,
    cloudwatch,
    ec2,
    eks,
    elb,
    firehose,
    iam,
    imagebuilder,
    immutability,
    kms,
    lambda_,
    names,
    networks,
    pods,
    rds,
    rds_upkeep,
    rollouts,
    s3,
    secretsmanager,
    sns,
    ssm,
    workloads,
)
from policies.rules import Rule

FAMILIES: tuple[ModuleType, ...] = (
    immutability,
    rollouts,
    autoscaling,
    ec2,
    networks,
    elb,
    rds,
    rds_upkeep,
    s3,
    kms,
    iam,
    secretsmanager,
    sns,
    ssm,
    cloudwatch,
    firehose,
    lambda_,
    names,
    imagebuilder,
    pods,
    workloads,
    eks,
)
"""Modules that each have `RULES`, in the order of the table in docs/guardrails.md."""


def rules() -> tuple[Rule, ...]:
    """All rules. Raises ValueError for two of one ID: an exception to one would be an exception to both."""
    found = tuple(each for family in FAMILIES for each in family.RULES)
    twice = sorted(name for name, count in Counter(each.id for each in found).items() if count > 1)
    if twice:
        raise ValueError(f"two rules are called {twice[0]}; rename one of them")
    return found
