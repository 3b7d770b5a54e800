"""What the ARN of a subscription filter leads to: a stream of this account, or a destination of another."""

from __future__ import annotations

import json
from typing import Any

from moto.logs.models import logs_backends

from rehearsal.cloud.firehose.delivery import Delivery
from rehearsal.cloud.firehose.models import firehose_backends
from rehearsal.cloud.iam import permissions

DENIED, UNKNOWN = "AccessDeniedException", "ResourceNotFoundException"


def is_lambda(arn: str) -> bool:
    return arn.split(":")[2] == "lambda"


def target(arn: str, role: str | None, owner: str) -> Delivery | str:
    """The stream that takes the records of `owner`'s group, or the code of the error that is met."""
    service, region, account, what = arn.split(":", 5)[2:]
    if service == "logs" and what.startswith("destination:"):
        found = logs_backends[account][region].destinations.get(arn)
        if found is None:
            return UNKNOWN
        if not _lets_in(found.access_policy, owner):
            return DENIED
        return _stream(found.target_arn, found.role_arn)
    if service != "firehose" or account != owner:
        return UNKNOWN
    return _stream(arn, role)


def _stream(arn: str, role: str | None) -> Delivery | str:
    if arn.split(":")[2] != "firehose":
        return UNKNOWN
    region, account, what = arn.split(":", 5)[3:]
    delivery: Delivery | None = firehose_backends[account][region].deliveries.get(what.partition("/")[2])
    if delivery is None:
        return UNKNOWN
    if not role or not permissions.assumable(role, "logs.amazonaws.com"):
        return DENIED
    may = any(
        permissions.allowed(role, f"firehose:{action}", arn) for action in ("PutRecord", "PutRecordBatch")
    )
    return delivery if may else DENIED


def _lets_in(policy: str | None, owner: str) -> bool:
    """Whether a destination's access policy lets an account put subscription filters."""
    statements: Any = json.loads(policy)["Statement"] if policy else []
    return any(
        statement.get("Effect") == "Allow" and _names(statement.get("Principal"), owner)
        for statement in (statements if isinstance(statements, list) else [statements])
    )


def _names(principal: Any, account: str) -> bool:
    accounts = principal.get("AWS") if isinstance(principal, dict) else principal
    named = accounts if isinstance(accounts, list) else [accounts]
    return any(str(each) in ("*", account, f"arn:aws:iam::{account}:root") for each in named)
