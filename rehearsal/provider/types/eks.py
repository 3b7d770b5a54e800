"""What all of EKS's types share: how they are tagged, waited for, and dated."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.cloud import error_code
from rehearsal.provider.record import Call


def tagged(call: Call, news: Properties) -> dict[str, Any]:
    """The request's tags for a new resource; nothing when there are none."""
    tags = call.tags(news)
    return {"tags": tags} if tags else {}


def retag(
    call: Call, resource_id: str, outputs: Properties, wanted: dict[str, str], removed: list[str]
) -> None:
    """Change the tags of any EKS resource, by its ARN."""
    arn = next(outputs[name] for name in ("arn", "accessEntryArn", "associationArn") if outputs.get(name))
    if wanted:
        call.client("eks").tag_resource(resourceArn=arn, tags=wanted)
    if removed:
        call.client("eks").untag_resource(resourceArn=arn, tagKeys=removed)


def date(value: Any) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


def gone(look: Callable[[], Any]) -> bool:
    """Whether `look` finds that the thing asked about does not exist any more."""
    from botocore.exceptions import ClientError

    try:
        look()
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        return True
    return False


def updated(call: Call, cluster: str, update: dict[str, Any], what: str, **of: str) -> None:
    """Wait until an update is over. Raises ProviderError with EKS's own reason for one that failed."""
    client, now = call.client("eks"), update

    def over() -> bool:
        nonlocal now
        now = client.describe_update(name=cluster, updateId=update["id"], **of)["update"]
        return bool(now["status"] != "InProgress")

    call.wait(over, what)
    if now["status"] != "Successful":
        raise ProviderError(
            f"{what}: unexpected state '{now['status']}', wanted target 'Successful'. last error: "
            + "; ".join(_trouble(each, "errorCode", "errorMessage") for each in now["errors"])
        )


def issues(found: dict[str, Any]) -> str:
    """What is wrong with a node group or an add-on, in its own words."""
    every = (found.get("health") or {}).get("issues") or []
    return "; ".join(_trouble(each, "code", "message") for each in every)


def _trouble(each: dict[str, Any], code: str, message: str) -> str:
    where = ", ".join(each.get("resourceIds") or [])
    return f"{where}: {each[code]}: {each[message]}" if where else f"{each[code]}: {each[message]}"
