"""Roles that EKS is told: whether they are there, and trust who is to take them."""

from __future__ import annotations

import json
from typing import Any

_ACCOUNT_DIGITS = 12


def find(arn: str) -> Any:
    """moto's role, None for one that is not there."""
    from moto.iam.models import iam_backends

    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if len(account) != _ACCOUNT_DIGITS or not account.isdigit():
        return None
    return next((each for each in iam_backends[account]["aws"].roles.values() if each.arn == arn), None)


def trusts(role: Any, service: str, action: str = "sts:AssumeRole") -> bool:
    """Whether the service may take the role. The conditions of the trust are not looked at, as they speak of
    resources that are not there yet.
    """
    document = json.loads(role.assume_role_policy_document)
    return any(
        statement.get("Effect") == "Allow"
        and action in _list(statement.get("Action"))
        and service in _list((statement.get("Principal") or {}).get("Service"))
        for statement in _list(document.get("Statement"))
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
