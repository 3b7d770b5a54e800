"""Amazon S3: buckets are private, encrypted on the way, watched, and what is in them ends some day.

A bucket's settings are resources of their own, so most rules look at the whole stack: at every bucket and at
what is attached to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from policies import documents
from policies.documents import Statement
from policies.rules import (
    Resource,
    Rule,
    Severity,
    at,
    for_each,
    is_true,
    known,
    of_type,
    rule,
)

BUCKET = "aws:s3/bucket:Bucket"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ACL = "aws:s3/bucketAcl:BucketAcl"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"

_READS = ("s3:GetObject", "s3:ListBucket")
_WRITES = ("s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy", "s3:PutBucketAcl")
_OWNERS_ALONE = (
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutObjectAcl",
)
"""AWS's parameter of S3.6: what no other account may do."""
_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

Found = Iterator[tuple[str | None, str]]


def _attached(
    resources: Sequence[Resource], kind: str, bucket: Resource, key: str = "bucket"
) -> list[Resource]:
    """What names this bucket under `key`, straight or through another setting of the bucket's."""
    around = {bucket.urn} | {each.urn for each in resources if each.comes_from("bucket", bucket)}
    return [each for each in of_type(resources, kind) if around & set(each.depends.get(key, ()))]


def _open(given: Any, actions: Sequence[str]) -> Iterator[Statement]:
    for each in documents.open_to_all(given):
        if any(each.grants(action) for action in actions):
            yield each


@rule(
    id="s3-2",
    types=(BUCKET, POLICY, ACL),
    severity=Severity.CRITICAL,
    control="S3.2",
    reason="What everyone may read is published.",
    fix="name who may, or serve what is public from a content network",
)
def s3_2(resource: Resource) -> Iterator[str]:
    acl = at(resource, "acl", "private")
    if acl in ("public-read", "public-read-write", "authenticated-read"):
        yield f"acl is {acl}: strangers may read"
    for each in _open(at(resource, "policy"), _READS):
        yield f"{each.label} of the policy lets everyone read"


@rule(
    id="s3-3",
    types=(BUCKET, POLICY, ACL),
    severity=Severity.CRITICAL,
    control="S3.3",
    reason="A bucket that everyone may write to is filled, emptied, or made to hold what others run.",
    fix="name who may",
)
def s3_3(resource: Resource) -> Iterator[str]:
    if at(resource, "acl", "private") == "public-read-write":
        yield "acl is public-read-write: strangers may write"
    for each in _open(at(resource, "policy"), _WRITES):
        yield f"{each.label} of the policy lets everyone write"


@rule(
    id="s3-5",
    severity=Severity.MEDIUM,
    control="S3.5",
    reason="A request without TLS shows what it carries, and who sent it, to everyone on the way.",
    fix="deny s3:* on the bucket and its objects where aws:SecureTransport is false",
)
def s3_5(resources: Sequence[Resource]) -> Found:
    def check(bucket: Resource) -> Iterator[str]:
        texts = [at(each, "policy") for each in _attached(resources, POLICY, bucket)]
        if all(known(each) for each in texts) and not any(_denies_clear_text(each) for each in texts):
            yield "no policy of the bucket denies requests without TLS"

    yield from for_each(of_type(resources, BUCKET), check)


def _denies_clear_text(given: Any) -> bool:
    return any(
        not each.allow
        and ("AWS", "*") in each.principals
        and each.names("s3:GetObject")
        and each.names("s3:PutObject")
        and any(text.endswith("*") for text in each.resources)
        and each.requires("Bool", "aws:SecureTransport") == ("false",)
        for each in documents.statements(given)
    )


@rule(
    id="s3-6",
    types=(BUCKET, POLICY),
    severity=Severity.HIGH,
    control="S3.6",
    reason="Who may change a bucket's policy can give everything in it away.",
    fix="take the action out; roles of the own account get it by a policy of theirs",
)
def s3_6(resource: Resource) -> Iterator[str]:
    for each in documents.statements(at(resource, "policy")):
        granted = [action for action in _OWNERS_ALONE if each.grants(action)]
        if granted and any(kind == "AWS" for kind, _ in each.principals):
            yield f"{each.label} of the policy grants {', '.join(granted)}"


@rule(
    id="s3-8",
    severity=Severity.HIGH,
    control="S3.8",
    reason="One careless policy or ACL later a bucket is public, unless it cannot be.",
    fix="attach a BucketPublicAccessBlock with all four flags true",
)
def s3_8(resources: Sequence[Resource]) -> Found:
    for bucket in of_type(resources, BUCKET):
        if not _attached(resources, PUBLIC_ACCESS_BLOCK, bucket):
            yield bucket.urn, "the bucket has no public access block"
    yield from for_each(of_type(resources, PUBLIC_ACCESS_BLOCK), _unblocked)


def _unblocked(block: Resource) -> Iterator[str]:
    off = [flag for flag in _BLOCKS if known(at(block, flag)) and not is_true(at(block, flag))]
    if off:
        yield f"not true: {', '.join(off)}"


@rule(
    id="s3-9",
    severity=Severity.MEDIUM,
    control="S3.9",
    reason="Who read or deleted what is only known if it was written down when it happened.",
    fix="attach a BucketLogging that names another bucket; one that takes such logs needs none",
)
def s3_9(resources: Sequence[Resource]) -> Found:
    for bucket in of_type(resources, BUCKET):
        logged = _attached(resources, LOGGING, bucket)
        if not logged and not _attached(resources, LOGGING, bucket, "targetBucket"):
            yield bucket.urn, "requests to the bucket are not logged"


@rule(
    id="s3-12",
    types=(BUCKET, ACL, OWNERSHIP),
    severity=Severity.MEDIUM,
    control="S3.12",
    reason="ACLs are a second way in, beside the policies that everyone reads.",
    fix="leave ACLs out, and set objectOwnership to BucketOwnerEnforced",
)
def s3_12(resource: Resource) -> Iterator[str]:
    if resource.type == OWNERSHIP:
        ownership = at(resource, "rule.objectOwnership", "")
        if ownership != "BucketOwnerEnforced":
            yield f"rule.objectOwnership is {ownership}: ACLs count"
    elif resource.type == ACL:
        yield "a bucket ACL is declared"
    elif at(resource, "acl") or at(resource, "grants"):
        yield "acl or grants is given"


@rule(
    id="s3-13",
    severity=Severity.LOW,
    control="S3.13",
    reason="What is never deleted is paid for and can be stolen for ever.",
    fix="attach a BucketLifecycleConfiguration with a rule that is Enabled",
)
def s3_13(resources: Sequence[Resource]) -> Found:
    def check(bucket: Resource) -> Iterator[str]:
        if not any(_ends_something(each) for each in _attached(resources, LIFECYCLE, bucket)):
            yield "nothing in the bucket ever ends"

    yield from for_each(of_type(resources, BUCKET), check)


def _ends_something(lifecycle: Resource) -> bool:
    return any(at(each, "status") == "Enabled" for each in at(lifecycle, "rules", ()))


@rule(
    id="s3-14",
    severity=Severity.LOW,
    control="S3.14",
    reason="What was overwritten or deleted by mistake can be had again for a while.",
    fix="attach a BucketVersioning whose status is Enabled",
)
def s3_14(resources: Sequence[Resource]) -> Found:
    def check(bucket: Resource) -> Iterator[str]:
        found = _attached(resources, VERSIONING, bucket)
        if not any(at(each, "versioningConfiguration.status") == "Enabled" for each in found):
            yield "objects of the bucket have no versions"

    yield from for_each(of_type(resources, BUCKET), check)


RULES: tuple[Rule, ...] = (s3_2, s3_3, s3_5, s3_6, s3_8, s3_9, s3_12, s3_13, s3_14)
