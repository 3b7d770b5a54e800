"""Bucket policies whose conditions moto does not read: who comes over loopback has come over TLS.

A statement that refuses whoever comes without TLS would refuse everybody, as if it had no condition.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket


def install() -> None:
    """Let moto's S3 leave such statements out."""
    FakeBucket.get_permission = get_permission


def get_permission(bucket: Any, action: str, resource: str) -> Any:
    """What the policy of a bucket says of an action, by moto's own rules otherwise."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    document = json.loads(bucket.policy)
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    document["Statement"] = [each for each in statements if not _refuses_without_tls(each)]
    return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)


def _refuses_without_tls(statement: Mapping[str, Any]) -> bool:
    asked = statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    return asked and statement["Effect"] == "Deny"
