"""What IAM's types share. IAM is global: none of them has a region."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call
from rehearsal.provider.values import tag_list


def document(value: Any) -> str:
    """A policy as JSON text; botocore has parsed it already."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def when(value: Any) -> str:
    """A date as the real provider writes it."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


def tagged(tags: dict[str, str]) -> dict[str, Any]:
    """The request's tags; none when there are none."""
    return {"Tags": tag_list(tags)} if tags else {}


def retag_by(kind: str, parameter: str) -> Any:
    """The function that changes the tags of a kind, found by its ID in `parameter`."""

    def retag(
        call: Call, resource_id: str, outputs: Properties, wanted: dict[str, str], removed: list[str]
    ) -> None:
        client = call.client("iam")
        if wanted:
            getattr(client, f"tag_{kind}")(**{parameter: resource_id}, Tags=tag_list(wanted))
        if removed:
            getattr(client, f"untag_{kind}")(**{parameter: resource_id}, TagKeys=removed)

    return retag
