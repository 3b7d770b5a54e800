"""AWS Systems Manager: what people run on servers is nobody else's to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.rules import Resource, Rule, Severity, at, rule

DOCUMENT = "aws:ssm/document:Document"


@rule(
    id="ssm-4",
    types=(DOCUMENT,),
    severity=Severity.CRITICAL,
    control="SSM.4",
    reason="A public document shows how the inside of an account works.",
    fix="share it with accounts by their numbers, or with none",
)
def ssm_4(document: Resource) -> Iterator[str]:
    permissions = at(document, "permissions", {})
    accounts = at(permissions, "accountIds", "") if isinstance(permissions, Mapping) else ""
    if "all" in accounts.lower().split(","):
        yield f"permissions.accountIds is {accounts}"


RULES: tuple[Rule, ...] = (ssm_4,)
