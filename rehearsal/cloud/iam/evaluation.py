"""Whether policies allow a call: IAM's rules for a caller's own policies and his permissions boundary.

A denial counts before everything; then a statement has to allow the call, and one of the boundary as well
(IAM, Policy evaluation logic). What policies of resources, sessions and organisations say is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

Policy = Mapping[str, Any]
Context = Mapping[str, Sequence[str]]
"""What is known of a call by condition key in lower case; one that is not there is unknown."""

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Request:
    """One call on one resource, as IAM sees it."""

    action: str
    """Such as `ec2:CreateVpc`."""
    resource: str
    """An ARN, or `*` where the service knows none, or this emulation does not."""
    context: Context = field(default_factory=dict)


def refusal(request: Request, policies: Sequence[Policy], boundary: Policy | None = None) -> str | None:
    """Why the call is refused, in AWS's words; None when it is allowed."""
    everything = [*policies, *([boundary] if boundary else [])]
    if any(_hits(request, statement, "Deny") for policy in everything for statement in _statements(policy)):
        return "with an explicit deny in an identity-based policy"
    if not any(_hits(request, each, "Allow") for policy in policies for each in _statements(policy)):
        return f"because no identity-based policy allows the {request.action} action"
    if boundary and not any(_hits(request, each, "Allow") for each in _statements(boundary)):
        return f"because no permissions boundary allows the {request.action} action"
    return None


def trusted(document: Policy, action: str, provider: str, context: Context) -> bool:
    """Whether a role's trust lets somebody take it whom this provider of tokens vouches for."""
    return any(
        statement.get("Effect") == "Allow"
        and action in _list(statement.get("Action"))
        and provider in _list((statement.get("Principal") or {}).get("Federated"))
        and _holds(statement.get("Condition") or {}, context)
        for statement in _statements(document)
    )


def _statements(policy: Policy) -> Iterator[Mapping[str, Any]]:
    yield from _list(policy.get("Statement"))


def _hits(request: Request, statement: Mapping[str, Any], effect: str) -> bool:
    if statement.get("Effect") != effect:
        return False
    actions = _list(statement.get("Action", statement.get("NotAction")))
    named = any(like(request.action.lower(), str(each).lower()) for each in actions)
    if named == ("NotAction" in statement):
        return False
    resources = _list(statement.get("Resource", statement.get("NotResource", "*")))
    there = any(like(request.resource, _filled(str(each), request.context)) for each in resources)
    if there == ("NotResource" in statement):
        return False
    return _holds(statement.get("Condition") or {}, request.context)


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Every condition of the statement. Raises NotImplementedError for an operator that is not known here."""
    return all(
        _one_holds(
            operator, [_filled(str(each), context) for each in _list(wanted)], context.get(key.lower())
        )
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _one_holds(operator: str, wanted: list[str], found: Sequence[str] | None) -> bool:
    base = operator.removesuffix("IfExists")
    quantifier, _, name = base.rpartition(":")
    if name == "Null":
        return (found is None) == (wanted[0].lower() == "true")
    if found is None:
        # A condition on what is not there does not hold, and one of the negative ones does.
        return operator != base or name in _NEGATIVE or quantifier == "ForAllValues"
    matches = _MATCHES.get(_NEGATIVE.get(name, name))
    if matches is None:
        raise NotImplementedError(f"the condition operator {operator} of a policy")
    hits = [any(matches(value, each) for each in wanted) for value in found]
    if quantifier == "ForAllValues":
        return all(hits) if name not in _NEGATIVE else not any(hits)
    return any(hits) if name not in _NEGATIVE else not any(hits)


def like(value: str, pattern: str) -> bool:
    """IAM's wildcards: `*` and `?`, and no others."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": like,
    "ArnEquals": like,
    "ArnLike": like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
}
_NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def _filled(text: str, context: Context) -> str:
    """Policy variables such as `${aws:PrincipalAccount}`; one that is not known stands for nothing."""
    return _VARIABLE.sub(lambda found: next(iter(context.get(found[1].lower(), ())), "\0"), text)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
