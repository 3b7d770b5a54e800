"""Right and wrong policies, roles and users."""

from __future__ import annotations

import json
from typing import Any

from policies import iam
from tests.policies.cases import Case

GITHUB = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
INLINE = (
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:iam/userPolicy:UserPolicy",
)
SUBJECT = "token.actions.githubusercontent.com:sub"


def document(**statement: Any) -> str:
    return json.dumps({"Statement": [{"Sid": "One", "Effect": "Allow", **statement}]})


def may(action: Any, resource: Any = "*") -> dict[str, str]:
    return {"policy": document(Action=action, Resource=resource)}


def trusts(principal: Any, action: str = "sts:AssumeRole", **condition: Any) -> dict[str, str]:
    return {"assumeRolePolicy": document(Principal=principal, Action=action, Condition=condition)}


def of_github(operator: str, subject: str) -> dict[str, str]:
    condition = {operator: {SUBJECT: subject}}
    return trusts({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", **condition)


CASES: tuple[Case, ...] = (
    *(
        Case(iam.iam_1, right=may("*", narrow), wrong=may("*", ["*"]), says="every action")
        for narrow in ("arn:aws:s3:::*", "arn:aws:iam::111111111111:role/*")
    ),
    *(
        Case(
            iam.iam_1,
            # Who denies everything allows nothing.
            right={"policy": document(**{"Effect": "Deny", key: "*", "Resource": "*"})},
            wrong={"policy": document(**{key: "*", "Resource": "*"})},
            says=says,
        )
        for key, says in (("Action", "every action"), ("NotAction", "all but some actions"))
    ),
    *(
        Case(
            iam.iam_1,
            right={"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
            wrong={"policyArn": f"arn:aws:iam::aws:policy/{name}"},
            says=f"policy/{name}",
            kind=iam.ATTACHMENT,
        )
        for name in ("IAMFullAccess", "PowerUserAccess")
    ),
    Case(
        iam.iam_21,
        right={"policy": document(Effect="Deny", Action="s3:*", Resource="*")},
        wrong=may("s3:*"),
        says="allows s3:*",
    ),
    Case(
        iam.iam_1,
        right=may("s3:GetObject"),
        wrong=may("*"),
        says="statement One allows every action",
        kinds=INLINE,
    ),
    Case(
        iam.iam_1, right=may("*", "arn:aws:s3:::one"), wrong=may(["s3:Get*", "*"], ["*"]), says="every action"
    ),
    Case(
        iam.iam_1,
        right={"policy": document(NotAction="iam:*", Resource="arn:aws:s3:::one/*")},
        wrong={"policy": document(NotAction="iam:*", Resource="*")},
        says="all but some actions",
        kind=iam.INLINE[0],
    ),
    Case(
        iam.iam_1,
        right={"policyArn": "arn:aws:iam::aws:policy/EC2ImageBuilderExecutionPolicy"},
        wrong={"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        says="policyArn is arn:aws:iam::aws:policy/AdministratorAccess",
        kind=iam.ATTACHMENT,
    ),
    Case(iam.iam_2, right={"roles": ["web"]}, wrong={"users": ["eve"]}, says="the user eve"),
    Case(
        iam.iam_2, right={"roles": ["web"]}, wrong={"user": "eve"}, says="the user eve", kinds=iam.iam_2.types
    ),
    Case(iam.iam_no_access_key, {"status": "Inactive"}, {"user": "eve"}, "an access key is declared"),
    Case(
        iam.iam_21,
        right=may(["ec2:Describe*", "s3:GetObject"]),
        wrong=may(["s3:*", "ec2:*", "sns:Publish"]),
        says="statement One allows ec2:*, s3:*",
        kinds=INLINE,
    ),
    Case(
        iam.iam_named_trust,
        right=trusts({"Service": "ec2.amazonaws.com"}),
        wrong=trusts({"AWS": "*"}),
        says="lets everyone take the role",
    ),
    Case(
        iam.iam_named_trust,
        right=of_github("StringEquals", "repo:owner/name:environment:prod"),
        wrong=trusts({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity"),
        says="takes any subject",
    ),
    Case(
        iam.iam_named_trust,
        right=of_github("StringLike", "repo:owner/name:*"),
        wrong=of_github("StringLike", "repo:owner/*:environment:prod"),
        says="takes any subject",
    ),
)
