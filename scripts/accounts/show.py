"""What a person and a program are told of the place of the state."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from scripts.accounts.place import Done

_WOULD = {"made": "would be made", "changed": "would be changed", "there": "there"}


def text(done: Done) -> str:
    """One line a part, and what to do next."""
    states = {part.what: _WOULD[part.state] if done.dry_run else part.state for part in done.parts}
    width = max(len(state) for state in states.values())
    lines = [f"{state:<{width}}  {what}" for what, state in states.items()]
    place = done.place
    head = f"Pulumi's state of {place.project} in account {place.account}, {place.region}"
    if done.dry_run:
        return "\n".join([head + " (nothing was changed)", "", *lines])
    return "\n".join(
        [
            head,
            "",
            *lines,
            "",
            "In the file of the stack that makes the roles, such as Pulumi.delivery.yaml:",
            "    state:",
            f"      bucket: {place.bucket}",
            f"      keyArn: {done.key_arn}",
            "",
            "Next, once for each stack:",
            f"  pulumi login '{done.login}'",
            f"  pulumi stack init delivery --secrets-provider '{done.secrets_provider}'",
        ]
    )


def document(done: Done) -> dict[str, Any]:
    """The same for programs."""
    place = done.place
    return {
        "ok": True,
        "dryRun": done.dry_run,
        "account": place.account,
        "region": place.region,
        "bucket": place.bucket,
        "alias": place.alias,
        "keyArn": done.key_arn,
        "login": done.login,
        "secretsProvider": done.secrets_provider,
        "parts": [{**asdict(part), "what": part.what.strip()} for part in done.parts],
    }
