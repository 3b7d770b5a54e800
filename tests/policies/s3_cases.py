"""Right and wrong buckets, with what is attached to them."""

from __future__ import annotations

import json
from typing import Any

from policies import s3
from policies.rules import UNKNOWN, Resource
from tests.policies.cases import Case, res

BUCKET = res(s3.BUCKET, "logs")
OTHER = res(s3.BUCKET, "other")
CLOSED = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)
EXPIRES = [{"id": "expire", "status": "Enabled"}]


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "One", **statement}]})


def allow(action: str, principal: Any, **more: Any) -> dict[str, str]:
    given = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "arn:aws:s3:::logs/*"}
    return {"policy": policy(**given, **more)}


def tls(resource: str = "arn:aws:s3:::logs/*", secure: str = "false", **changes: Any) -> str:
    given = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::logs", resource],
        "Condition": {"Bool": {"aws:SecureTransport": secure}},
    }
    return policy(**{**given, **changes})


NO_TLS = (
    tls(secure="true"),
    tls(resource="arn:aws:s3:::logs/some"),
    tls(Effect="Allow"),
    tls(Principal={"AWS": "123456789012"}),
    tls(Action="s3:Get*"),
    tls(Action="s3:Put*"),
    tls(Condition={}),
)


def with_setting(kind: str, **inputs: Any) -> list[Resource]:
    """The bucket, and a setting of it."""
    return [BUCKET, res(kind, depends={"bucket": BUCKET}, **inputs)]


def logged(source: Resource, target: Resource) -> Resource:
    return res(s3.LOGGING, source.name, depends={"bucket": source, "targetBucket": target})


OF_OWNER = {"Condition": {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}}
SERVICE = {"Service": "delivery.logs.amazonaws.com"}
CASES: tuple[Case, ...] = (
    Case(
        s3.s3_2,
        right={"acl": "private"},
        wrong={"acl": "public-read"},
        says="acl is public-read",
        kinds=(s3.ACL,),
    ),
    *(
        Case(s3.s3_2, right={"acl": "log-delivery-write"}, wrong={"acl": acl}, says=f"acl is {acl}")
        for acl in ("public-read-write", "authenticated-read")
    ),
    Case(
        s3.s3_2,
        right=allow("s3:GetObject", "*", **OF_OWNER),
        wrong=allow("s3:GetObject", "*"),
        says="statement One of the policy lets everyone read",
        kinds=(s3.POLICY,),
    ),
    Case(
        s3.s3_2, right=allow("s3:PutObject", "*"), wrong=allow("s3:List*", {"AWS": "*"}), says="lets everyone"
    ),
    Case(
        s3.s3_3,
        right={"acl": "public-read"},
        wrong={"acl": "public-read-write"},
        says="strangers may write",
        kinds=(s3.ACL,),
    ),
    Case(
        s3.s3_3,
        right=allow("s3:PutObject", SERVICE),
        wrong=allow("s3:*", {"AWS": ["*"]}),
        says="lets everyone write",
        kinds=(s3.POLICY,),
    ),
    *(
        Case(s3.s3_3, right={}, wrong=allow(action, "*"), says="lets everyone write")
        for action in ("s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy", "s3:PutBucketAcl")
    ),
    *(
        Case(
            s3.s3_5,
            right=with_setting(s3.POLICY, policy=tls()),
            wrong=with_setting(s3.POLICY, policy=wrong),
            says="denies requests without TLS",
        )
        for wrong in NO_TLS
    ),
    Case(s3.s3_5, right=[], wrong=[BUCKET], says="denies requests without TLS"),
    Case(
        s3.s3_6,
        right=allow("s3:PutObject", {"AWS": "arn:aws:iam::210987654321:root"}),
        wrong=allow("s3:Put*", {"AWS": "arn:aws:iam::210987654321:root"}),
        says="grants s3:PutBucketAcl, s3:PutBucketPolicy",
        kinds=(s3.POLICY,),
    ),
    Case(
        s3.s3_6,
        right=allow("s3:PutObjectAcl", SERVICE),
        wrong=allow("s3:PutObjectAcl", "*"),
        says="grants s3:PutObjectAcl",
    ),
    *(
        Case(s3.s3_6, right={}, wrong=allow(action, {"AWS": "210987654321"}), says=f"grants {action}")
        for action in ("s3:DeleteBucketPolicy", "s3:PutEncryptionConfiguration", "s3:PutObjectAcl")
    ),
    *(
        Case(
            s3.s3_8,
            right=with_setting(s3.PUBLIC_ACCESS_BLOCK, **CLOSED),
            wrong=with_setting(s3.PUBLIC_ACCESS_BLOCK, **{**CLOSED, flag: False}),
            says=f"not true: {flag}",
        )
        for flag in CLOSED
    ),
    Case(
        s3.s3_8,
        right=[],
        # What is not known yet hides nothing that is.
        wrong=with_setting(
            s3.PUBLIC_ACCESS_BLOCK, **{**CLOSED, "blockPublicAcls": UNKNOWN, "ignorePublicAcls": False}
        ),
        says="not true: ignorePublicAcls",
    ),
    Case(s3.s3_8, right=[], wrong=[BUCKET], says="no public access block"),
    Case(
        s3.s3_9,
        right=[BUCKET, OTHER, logged(BUCKET, OTHER)],
        wrong=[BUCKET, OTHER, logged(OTHER, OTHER)],
        says="requests to the bucket are not logged",
    ),
    Case(
        s3.s3_12,
        right={"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        wrong={"rule": {"objectOwnership": "ObjectWriter"}},
        says="rule.objectOwnership is ObjectWriter",
        kind=s3.OWNERSHIP,
    ),
    Case(s3.s3_12, right=BUCKET, wrong=res(s3.ACL, acl="private"), says="a bucket ACL is declared"),
    Case(s3.s3_12, right={}, wrong={"acl": "private"}, says="acl or grants is given"),
    Case(s3.s3_12, right={}, wrong={"grants": [{"type": "Group"}]}, says="acl or grants is given"),
    Case(
        s3.s3_13,
        right=with_setting(s3.LIFECYCLE, rules=EXPIRES),
        wrong=with_setting(s3.LIFECYCLE, rules=[{"id": "expire", "status": "Disabled"}]),
        says="nothing in the bucket ever ends",
    ),
    Case(s3.s3_13, right=[], wrong=[BUCKET], says="nothing in the bucket ever ends"),
    Case(
        s3.s3_14,
        right=with_setting(s3.VERSIONING, versioningConfiguration={"status": "Enabled"}),
        wrong=with_setting(s3.VERSIONING, versioningConfiguration={"status": "Suspended"}),
        says="objects of the bucket have no versions",
    ),
    Case(s3.s3_14, right=[], wrong=[BUCKET], says="objects of the bucket have no versions"),
)
