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
    name = role.rsplit("/", 1)[-1]
    found = next((each for each in iam_backends[ACCOUNT]["aws"].roles.values() if each.name == name), None)
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


def _fits(patterns: Any, value: str) -> bool:
    return any(fnmatchcase(value.lower(), str(pattern).lower()) for pattern in _list(patterns))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
