"""AWS IAM: roles may what they need, are taken by who is named, and no key of a user lies anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from policies import documents
from policies.documents import Statement
from policies.rules import Resource, Rule, Severity, at, rule

ROLE = "aws:iam/role:Role"
MANAGED = "aws:iam/policy:Policy"
INLINE = (
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:iam/userPolicy:UserPolicy",
)
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"

_ANY_TWO = ("arn:aws:s3:::one", "arn:aws:iam::111111111111:role/two")
_OF_AWS_TOO_WIDE = ("/AdministratorAccess", "/IAMFullAccess", "/PowerUserAccess")
_SUBJECT_PARTS = 2
"""Of a subject such as GitHub's `repo:owner/name:environment:prod`: the parts that say who it is."""


@rule(
    id="iam-1",
    types=(MANAGED, *INLINE, ATTACHMENT),
    severity=Severity.HIGH,
    control="IAM.1",
    reason="Who may everything may undo every other guardrail.",
    fix="name the actions and the resources",
)
def iam_1(policy: Resource) -> Iterator[str]:
    for each in documents.statements(at(policy, "policy")):
        if each.allow and "*" in each.actions and each.on_all(*_ANY_TWO):
            yield f"{each.label} allows every action on every resource"
        if each.allow and each.all_actions_but and each.on_all(*_ANY_TWO):
            yield f"{each.label} allows all but some actions on every resource"
    arn = at(policy, "policyArn", "")
    if arn.endswith(_OF_AWS_TOO_WIDE):
        yield f"policyArn is {arn}"


@rule(
    id="iam-2",
    types=(
        "aws:iam/policyAttachment:PolicyAttachment",
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    ),
    severity=Severity.LOW,
    control="IAM.2",
    reason="What single users may is forgotten when they change their work.",
    fix="give it to a role",
)
def iam_2(policy: Resource) -> Iterator[str]:
    for user in (*at(policy, "users", ()), at(policy, "user")):
        if user is not None:
            yield f"a policy is attached to the user {user}"


@rule(
    id="iam-21",
    types=(MANAGED, *INLINE),
    severity=Severity.LOW,
    control="IAM.21",
    reason="All of a service is more than anything needs, and grows with the service.",
    fix="name the actions, or their common beginning such as ec2:Describe*",
)
def iam_21(policy: Resource) -> Iterator[str]:
    for each in documents.statements(at(policy, "policy")):
        wide = sorted(action for action in each.actions if each.allow and action.endswith(":*"))
        if wide:
            yield f"{each.label} allows {', '.join(wide)}"


@rule(
    id="iam-named-trust",
    types=(ROLE,),
    severity=Severity.CRITICAL,
    reason="A role is as closed as the list of who may take it.",
    fix="name the principal, and for a token's issuer the subject that it may be issued to",
)
def iam_named_trust(role: Resource) -> Iterator[str]:
    given = at(role, "assumeRolePolicy")
    for each in documents.open_to_all(given):
        yield f"{each.label} of assumeRolePolicy lets everyone take the role"
    for each in documents.statements(given):
        if each.grants("sts:AssumeRoleWithWebIdentity") and not _names_subjects(each):
            yield f"{each.label} of assumeRolePolicy takes any subject of the token's issuer"


def _names_subjects(statement: Statement) -> bool:
    """Whether the subject is fixed as far as it says who: wildcards may stand only behind that."""
    found = [
        value
        for operator, key, values in statement.conditions
        if operator in ("stringequals", "stringlike") and key.endswith(":sub")
        for value in values
    ]
    return bool(found) and not any("*" in ":".join(each.split(":")[:_SUBJECT_PARTS]) for each in found)


@rule(
    id="iam-no-access-key",
    types=("aws:iam/accessKey:AccessKey",),
    severity=Severity.HIGH,
    reason="A user's key works until somebody notices, and the stack's state would hold it.",
    fix="let people and pipelines take a role for an hour",
)
def iam_no_access_key(key: Resource) -> Iterator[str]:
    if at(key, "status", "Active") == "Active":
        yield "an access key is declared"


RULES: tuple[Rule, ...] = (iam_1, iam_2, iam_21, iam_named_trust, iam_no_access_key)
