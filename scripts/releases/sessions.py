"""Who was on a server: Session Manager's records, which AWS keeps for 30 days."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scripts.releases.aws import Account, errors


@dataclass(frozen=True)
class Session:
    """A session on a server; `owner` is the ARN of who opened it."""

    id: str
    target: str
    owner: str
    start: str


def on(account: Account, instance_ids: Collection[str], since: datetime | None) -> Iterator[Session]:
    """The sessions on any of these servers, open or over, from `since` on (None: all that are on record).

    All of the account's are read and sorted out here: a question per server would be thousands.
    """
    if not instance_ids:
        return
    client: Any = account.client("ssm")
    # No filter at all rather than an empty list of them, which AWS refuses.
    given = {} if since is None else {"Filters": [{"key": "InvokedAfter", "value": _instant(since)}]}
    for state in ("Active", "History"):
        with errors():
            pages = client.get_paginator("describe_sessions").paginate(State=state, **given)
            found = [each for page in pages for each in page["Sessions"]]
        for each in found:
            if each.get("Target") in instance_ids:
                start = each.get("StartDate")
                yield Session(
                    id=str(each.get("SessionId", "")),
                    target=str(each["Target"]),
                    owner=str(each.get("Owner", "")),
                    start=_instant(start) if start else "an unknown time",
                )


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
