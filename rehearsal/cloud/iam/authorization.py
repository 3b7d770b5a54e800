"""Who took a role may do what its policies say, and is told which permission he lacks.

The keys `test` are those of an administrator. Sessions of a role that this cloud knows are held to it: its
own and attached policies, its boundary, their conditions. A call that hands a role to a service needs
PassRole. Which resources a call is about, `resources.py` says: of services that it does not know it is `*`.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from rehearsal.cloud import errors
from rehearsal.cloud.iam import resources
from rehearsal.cloud.iam.asked import Asked, asked
from rehearsal.cloud.iam.evaluation import Policy, Request, refusal
from rehearsal.cloud.server import Answer, Environ

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")
_ROLE = re.compile(r"arn:[^:]+:iam::\d{12}:role/.+")
_JSON = {"acm", "budgets", "events", "firehose", "kms", "logs", "secretsmanager", "ssm", "tagging"}
#: Services that name roles without being given one.
_NAMES_ROLES = {"iam", "kms", "s3", "sns", "sts"}
_GIVEN_TO = {
    "autoscaling": "autoscaling.amazonaws.com",
    "ec2": "vpc-flow-logs.amazonaws.com",
    "rds": "rds.amazonaws.com",
}
#: Members that name a role which is not handed over: who may come to a cluster.
_NAMED_ONLY = {"principalArn"}
_MONITORING = {"MonitoringRoleArn": "monitoring.rds.amazonaws.com"}


class Caller(NamedTuple):
    """A session of a role."""

    arn: str
    account: str
    policies: list[Policy]
    boundary: Policy | None


def refused(environ: Environ, service: str) -> Answer | None:
    """The answer to a caller who may not make this call; None for one who may."""
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    caller = _caller(found[1]) if found and found[1].startswith("ASIA") else None
    if found is None or caller is None:
        return None
    question = asked(environ, service)
    if question.action == "sts:GetCallerIdentity":
        return None
    for request in _requests(question, service, found[2], caller):
        why = refusal(request, caller.policies, caller.boundary)
        if why:
            text = (
                f"User: {caller.arn} is not authorized to perform: {request.action} on resource: "
                f"{request.resource} {why}"
            )
            return errors.answer(environ, service, _code(environ, service), _said(service, text), 403)
    return None


def _code(environ: Environ, service: str) -> str:
    if service == "ec2":
        return "UnauthorizedOperation"
    json_protocol = service in _JSON or service in errors.REST_JSON or environ.get("HTTP_X_AMZ_TARGET")
    return "AccessDeniedException" if json_protocol else "AccessDenied"


def _said(service: str, text: str) -> str:
    return f"You are not authorized to perform this operation. {text}" if service == "ec2" else text


def _caller(key: str) -> Caller | None:
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    for account, partitions in list(sts_backends.items()):
        session = next(
            (each for sts in partitions.values() if (each := sts.get_assumed_role_from_access_key(key))), None
        )
        if session is None:
            continue
        iam = iam_backends[account]["aws"]
        role = next((each for each in iam.roles.values() if each.arn == session.role_arn), None)
        if role is None:
            return None  # Of an account that is here by name alone.
        boundary = role.permissions_boundary_arn
        return Caller(session.arn, account, _policies(role), _document(iam, boundary) if boundary else None)
    return None


def _policies(role: Any) -> list[Policy]:
    own = [json.loads(text) for text in role.policies.values()]
    attached = [_default(policy) for policy in role.managed_policies.values()]
    return own + attached


def _document(iam: Any, arn: str) -> Policy:
    return _default(iam.managed_policies[arn])


def _default(policy: Any) -> Policy:
    (version,) = [each for each in policy.versions if each.is_default]
    document: Policy = json.loads(version.document)
    return document


def _requests(question: Asked, service: str, region: str, caller: Caller) -> list[Request]:
    """The call on each of its resources, and PassRole for each role that it hands over."""
    context: dict[str, list[str]] = {
        "aws:requestedregion": [region],
        "aws:principalaccount": [caller.account],
        "aws:resourceaccount": [caller.account],
        "aws:securetransport": ["true"],
    }
    if question.tags:
        context |= {f"aws:requesttag/{key.lower()}": [value] for key, value in question.tags.items()}
        context["aws:tagkeys"] = list(question.tags)
    if service == "iam":
        context |= resources.iam_context(question, caller.account)
    requests = []
    for resource in resources.of(question, service, region, caller.account):
        tags = {f"aws:resourcetag/{key.lower()}": [value] for key, value in resource.tags.items()}
        requests.append(Request(question.action, resource.arn, {**context, **tags}))
    return requests + _handed_over(question, service, context)


def _handed_over(question: Asked, service: str, context: dict[str, list[str]]) -> list[Request]:
    if service in _NAMES_ROLES:
        return []
    roles = [
        (name, value) for name, value in question.given if _ROLE.fullmatch(value) and name not in _NAMED_ONLY
    ]
    return [
        Request("iam:PassRole", arn, {**context, "iam:passedtoservice": [_taker(service, name, question)]})
        for name, arn in roles
    ]


def _taker(service: str, name: str, question: Asked) -> str:
    if service == "eks" and ("PodIdentity" in question.action or "Addon" in question.action):
        return "pods.eks.amazonaws.com"
    return _MONITORING.get(name) or _GIVEN_TO.get(service, f"{service}.amazonaws.com")
