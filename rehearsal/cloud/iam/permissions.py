"""Whether a role's own policies allow an action: enough to notice one that was forgotten.

Statements that allow count by action and resource. Conditions, denials and AWS's managed policies do not.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.models import iam_backends

from rehearsal.cloud.world import ACCOUNT


def allowed(role: str, action: str, resource: str) -> bool:
    """`role` by name or ARN; one that is not there may do nothing."""
    found = _role(role)
    if found is None:
        return False
    own = [json.loads(policy) for policy in found.policies.values()]
    attached = [
        json.loads(version.document)
        for arn, policy in found.managed_policies.items()
        for version in policy.versions
        if version.is_default and "::aws:policy/" not in arn
    ]
    return any(
        statement.get("Effect") == "Allow"
        and _fits(statement.get("Action"), action)
        and _fits(statement.get("Resource"), resource)
        for document in own + attached
        for statement in _list(document.get("Statement"))
    )


def assumable(role: str, service: str) -> bool:
    """Whether a service such as `logs.amazonaws.com` may assume the role."""
    found = _role(role)
    if found is None:
        return False
    return any(
        statement.get("Effect") == "Allow"
        and service in _list((statement.get("Principal") or {}).get("Service"))
        for statement in _list(json.loads(found.assume_role_policy_document).get("Statement"))
    )


def _role(role: str) -> Any:
    """The role in the account that its ARN names, or in the usual one."""
    name, account = role.rsplit("/", 1)[-1], role.split(":")[4] if role.startswith("arn:") else ACCOUNT
    return next((each for each in iam_backends[account]["aws"].roles.values() if each.name == name), None)


def _fits(patterns: Any, value: str) -> bool:
    return any(fnmatchcase(value.lower(), str(pattern).lower()) for pattern in _list(patterns))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
