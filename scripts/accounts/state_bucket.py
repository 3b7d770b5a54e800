"""The bucket that holds state: private, encrypted, by TLS alone, and with what every object was before."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from scripts.accounts.place import Place
from scripts.releases.errors import RefusedError

_RULE = "what-state-was"
_BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_UNSET = {
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}


@dataclass(frozen=True)
class Setting:
    """One way in which the bucket has to be."""

    what: str
    is_so: Callable[[Any], bool]
    make: Callable[[Any], object]


def find(s3: Any, place: Place) -> bool:
    """Whether the account has the bucket. Names are one for the whole world.

    Raises RefusedError for a bucket of another account or region.
    """
    try:
        found = s3.head_bucket(Bucket=place.bucket, ExpectedBucketOwner=place.account)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return False
        if status == 403:
            text = "is another account's, or this role may not list it (s3:ListBucket)"
            raise RefusedError(f"the bucket {place.bucket} {text}; give another --bucket") from None
        if status in (301, 400):
            raise _elsewhere(place, "another region") from None
        raise
    region = found["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region") or place.region
    if region != place.region:
        raise _elsewhere(place, region)
    return True


def _elsewhere(place: Place, region: str) -> RefusedError:
    return RefusedError(
        f"the bucket {place.bucket} is in {region}, not in {place.region}; give --region, or another --bucket"
    )


def make(s3: Any, place: Place) -> None:
    # The oldest region takes no name of its own here (CreateBucket).
    inside = {} if place.region == "us-east-1" else {"LocationConstraint": place.region}
    more: dict[str, Any] = {"CreateBucketConfiguration": inside} if inside else {}
    s3.create_bucket(Bucket=place.bucket, ObjectOwnership="BucketOwnerEnforced", **more)
    s3.get_waiter("bucket_exists").wait(Bucket=place.bucket)


def settings(place: Place, key_arn: str) -> list[Setting]:
    """In an order in which no object could be open for a moment: closed first, then the rest."""
    name = place.bucket
    encryption = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn},
        "BucketKeyEnabled": True,
    }
    owner = [{"ObjectOwnership": "BucketOwnerEnforced"}]
    tags = [{"Key": key, "Value": value} for key, value in place.tags]
    return [
        Setting(
            "closed to the public",
            lambda s3: _read(s3.get_public_access_block, name, "PublicAccessBlockConfiguration") == _BLOCKED,
            lambda s3: s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_BLOCKED),
        ),
        Setting(
            "without access lists",
            lambda s3: _read(s3.get_bucket_ownership_controls, name, "OwnershipControls", "Rules") == owner,
            lambda s3: s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": owner}),
        ),
        Setting(
            " and ".join(["by TLS alone", *(f"for deliveries of {each}" for each in place.accounts)]),
            lambda s3: all(each in _statements(s3, name) for each in _wanted(place)),
            lambda s3: s3.put_bucket_policy(Bucket=name, Policy=json.dumps(_policy(s3, place))),
        ),
        Setting(
            "encrypted with the key",
            lambda s3: _encryption(s3, name) == encryption,
            lambda s3: s3.put_bucket_encryption(
                Bucket=name, ServerSideEncryptionConfiguration={"Rules": [encryption]}
            ),
        ),
        Setting(
            "versioned",
            lambda s3: s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled",
            lambda s3: s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"}),
        ),
        Setting(
            f"what was before is kept for {place.keep_days} days",
            lambda s3: any(_same(each, _rule(place)) for each in _rules(s3, name)),
            lambda s3: s3.put_bucket_lifecycle_configuration(
                Bucket=name, LifecycleConfiguration={"Rules": _with_rule(s3, place)}
            ),
        ),
        Setting(
            "tagged",
            lambda s3: all(tag in (_read(s3.get_bucket_tagging, name, "TagSet") or []) for tag in tags),
            lambda s3: s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": _with_tags(s3, name, tags)}),
        ),
    ]


def _read(ask: Callable[..., Any], bucket: str, *path: str) -> Any:
    """What the bucket has of it; None where it has none."""
    try:
        found = ask(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in _UNSET:
            return None
        raise
    for part in path:
        found = found[part]
    return found


def _encryption(s3: Any, bucket: str) -> Any:
    rules = _read(s3.get_bucket_encryption, bucket, "ServerSideEncryptionConfiguration", "Rules") or [{}]
    known = ("ApplyServerSideEncryptionByDefault", "BucketKeyEnabled")
    return {key: value for key, value in rules[0].items() if key in known}


def _tls(place: Place) -> dict[str, Any]:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [place.bucket_arn, f"{place.bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _statements(s3: Any, bucket: str) -> list[Any]:
    policy = _read(s3.get_bucket_policy, bucket, "Policy")
    statements: list[Any] = json.loads(policy)["Statement"] if policy else []
    return statements


def _wanted(place: Place) -> list[dict[str, Any]]:
    actions = ("s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject")
    resources = [place.bucket_arn, f"{place.bucket_arn}/*"]
    return [_tls(place), *(place.shared(account, actions, resources) for account in place.accounts)]


def _policy(s3: Any, place: Place) -> dict[str, Any]:
    """What else the owner put into the policy stays, and so do accounts that were let in before."""
    wanted = _wanted(place)
    names = {statement["Sid"] for statement in wanted}
    others = [each for each in _statements(s3, place.bucket) if each.get("Sid") not in names]
    return {"Version": "2012-10-17", "Statement": [*others, *wanted]}


def _rule(place: Place) -> dict[str, Any]:
    """A stack's state is one object, written anew with every update, and its history many small ones."""
    return {
        "ID": _RULE,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": place.keep_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }


def _same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """For all objects, which S3 says in more than one way."""
    scope = found.get("Filter", {}).get("Prefix", found.get("Prefix", ""))
    return not scope and all(found.get(key) == value for key, value in wanted.items() if key != "Filter")


def _rules(s3: Any, bucket: str) -> list[Any]:
    return _read(s3.get_bucket_lifecycle_configuration, bucket, "Rules") or []


def _with_rule(s3: Any, place: Place) -> list[Any]:
    return [*(each for each in _rules(s3, place.bucket) if each.get("ID") != _RULE), _rule(place)]


def _with_tags(s3: Any, bucket: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
    ours = {tag["Key"] for tag in tags}
    others = [tag for tag in _read(s3.get_bucket_tagging, bucket, "TagSet") or [] if tag["Key"] not in ours]
    return [*others, *tags]
