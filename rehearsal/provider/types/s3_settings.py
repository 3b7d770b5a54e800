"""What can be set on a bucket. All of these are one call to put, one to get and one to take away."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.plugin import Properties
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.values import from_api, pick, to_api

Request = Callable[[Properties], dict[str, Any]]
Facts = Callable[[dict[str, Any]], Properties | None]


def _setting(
    type_name: str,
    operation: str,
    request: Request,
    facts: Facts,
    delete: str | Callable[[Properties], dict[str, Any]],
    required: tuple[str, ...],
    **more: Any,
) -> ResourceType:
    """A type that is one setting of a bucket; its ID is the bucket's name.

    Args:
        type_name: its token.
        operation: the end of the names of S3's calls, such as `bucket_policy`.
        request: the arguments of the put call.
        facts: what the answer to the get call says, None when nothing is set.
        delete: the name of the call that takes the setting away, or what to put instead.
        required: inputs without which nothing can be put; `bucket` is always one.
        more: further fields of the record.
    """

    def put(call: Call, bucket: str, arguments: dict[str, Any]) -> None:
        getattr(call.client("s3"), f"put_{operation}")(Bucket=bucket, **arguments)

    def create(call: Call, news: Properties) -> tuple[str, Properties]:
        put(call, news["bucket"], request(news))
        return news["bucket"], {}

    def read(call: Call, bucket: str, known: Properties) -> Properties | None:
        found = facts(getattr(call.client("s3"), f"get_{operation}")(Bucket=bucket))
        return None if found is None else {"bucket": bucket, **found}

    def update(call: Call, bucket: str, old: Properties, news: Properties, changed: frozenset[str]) -> None:
        put(call, bucket, request(news))

    def remove(call: Call, bucket: str, outputs: Properties) -> None:
        if callable(delete):
            put(call, bucket, delete(outputs))
        else:
            getattr(call.client("s3"), delete)(Bucket=bucket)

    return ResourceType(
        type_name=type_name,
        create=create,
        read=read,
        update=update,
        delete=remove,
        inputs=frozenset(("bucket", *required)) | more.pop("inputs", frozenset()),
        required=("bucket", *required),
        replaces=words("bucket expectedBucketOwner") | more.pop("replaces", frozenset()),
        **more,
    )


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

PUBLIC_ACCESS_BLOCK = _setting(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "public_access_block",
    lambda news: {"PublicAccessBlockConfiguration": to_api({name: bool(news.get(name)) for name in _BLOCKS})},
    lambda answer: from_api(answer["PublicAccessBlockConfiguration"]),
    "delete_public_access_block",
    required=(),
    inputs=frozenset(_BLOCKS),
    defaults=dict.fromkeys(_BLOCKS, False),
)

OWNERSHIP_CONTROLS = _setting(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "bucket_ownership_controls",
    lambda news: {"OwnershipControls": {"Rules": [to_api(news["rule"])]}},
    lambda answer: {"rule": from_api(answer["OwnershipControls"]["Rules"][0])},
    "delete_bucket_ownership_controls",
    required=("rule",),
    enums={"rule.objectOwnership": ("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced")},
)

_ENCRYPTION = {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}
_RULE_PATH = "rules[].applyServerSideEncryptionByDefault.sseAlgorithm"

ENCRYPTION = _setting(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "bucket_encryption",
    lambda news: {"ServerSideEncryptionConfiguration": {"Rules": to_api(news["rules"], _ENCRYPTION)}},
    lambda answer: {
        "rules": from_api(
            answer["ServerSideEncryptionConfiguration"]["Rules"],
            {api: name for name, api in _ENCRYPTION.items()},
        )
    },
    "delete_bucket_encryption",
    required=("rules",),
    enums={_RULE_PATH: ("AES256", "aws:kms", "aws:kms:dsse")},
)


def _versioning(answer: dict[str, Any]) -> Properties | None:
    status = answer.get("Status")
    return {"versioningConfiguration": {"status": status}} if status else None


VERSIONING = _setting(
    "aws:s3/bucketVersioning:BucketVersioning",
    "bucket_versioning",
    lambda news: {
        "VersioningConfiguration": to_api(news["versioningConfiguration"], {"mfaDelete": "MFADelete"})
    },
    _versioning,
    # Versioning that was once on can only be suspended.
    lambda _: {"VersioningConfiguration": {"Status": "Suspended"}},
    required=("versioningConfiguration",),
    enums={"versioningConfiguration.status": ("Enabled", "Suspended", "Disabled")},
)

_LIFECYCLE: Mapping[str, str] = {"id": "ID"}
_STORAGE_CLASSES = (
    "GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR",
)  # fmt: skip
_PLURALS = {"transitions": "Transitions", "noncurrentVersionTransitions": "NoncurrentVersionTransitions"}


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    request: dict[str, Any] = to_api(rule, {**_LIFECYCLE, **_PLURALS})
    # S3 wants every rule to say what it is for; without a filter it is for everything.
    if not request.get("Filter") and "Prefix" not in request:
        request["Filter"] = {"Prefix": ""}
    return request


def _lifecycle_facts(answer: dict[str, Any]) -> Properties:
    rules = []
    for rule in answer["Rules"]:
        found = from_api(rule, {"ID": "id"})
        if found.get("filter") == {"prefix": ""}:
            found["filter"] = {}
        rules.append(found)
    return {"rules": rules}


LIFECYCLE = _setting(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "bucket_lifecycle_configuration",
    lambda news: {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in news["rules"]]}},
    _lifecycle_facts,
    "delete_bucket_lifecycle",
    required=("rules",),
    enums={
        "rules[].status": ("Enabled", "Disabled"),
        "rules[].transitions[].storageClass": _STORAGE_CLASSES,
        "rules[].noncurrentVersionTransitions[].storageClass": _STORAGE_CLASSES,
    },
    ranges={
        "rules[].expiration.days": (1, 2147483647),
        "rules[].transitions[].days": (0, 2147483647),
        "rules[].noncurrentVersionExpiration.noncurrentDays": (1, 2147483647),
        "rules[].abortIncompleteMultipartUpload.daysAfterInitiation": (1, 2147483647),
    },
)

_LOGGING = ("targetBucket", "targetPrefix")


def _logging(answer: dict[str, Any]) -> Properties | None:
    found = answer.get("LoggingEnabled")
    return from_api(pick(found, ("TargetBucket", "TargetPrefix"))) if found else None


LOGGING = _setting(
    "aws:s3/bucketLogging:BucketLogging",
    "bucket_logging",
    lambda news: {"BucketLoggingStatus": {"LoggingEnabled": to_api(pick(news, _LOGGING))}},
    _logging,
    lambda _: {"BucketLoggingStatus": {}},
    required=_LOGGING,
)

POLICY = _setting(
    "aws:s3/bucketPolicy:BucketPolicy",
    "bucket_policy",
    lambda news: {"Policy": news["policy"]},
    lambda answer: {"policy": answer["Policy"]},
    "delete_bucket_policy",
    required=("policy",),
    documents=words("policy"),
)


def _lock(news: Properties, with_rule: bool = True) -> dict[str, Any]:
    rule = news.get("rule") if with_rule else None
    configuration = {"ObjectLockEnabled": news.get("objectLockEnabled") or "Enabled"}
    return {"ObjectLockConfiguration": {**configuration, **({"Rule": to_api(rule)} if rule else {})}}


def _lock_facts(answer: dict[str, Any]) -> Properties:
    found = from_api(answer["ObjectLockConfiguration"])
    retention = (found.get("rule") or {}).get("defaultRetention") or {}
    # S3 answers one of both; the emulated one says 0 for the other.
    retention = {key: value for key, value in retention.items() if value}
    return {
        "objectLockEnabled": found["objectLockEnabled"],
        "rule": {"defaultRetention": retention} if retention.get("mode") else None,
    }


_RETENTION = "rule.defaultRetention"

OBJECT_LOCK = _setting(
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "object_lock_configuration",
    _lock,
    _lock_facts,
    # Object Lock that was once on stays on; its default for new objects goes.
    lambda outputs: _lock(outputs, with_rule=False),
    required=(),
    inputs=words("objectLockEnabled rule"),
    enums={"objectLockEnabled": ("Enabled",), f"{_RETENTION}.mode": ("GOVERNANCE", "COMPLIANCE")},
    ranges={f"{_RETENTION}.days": (1, 36500), f"{_RETENTION}.years": (1, 100)},
    defaults={"objectLockEnabled": "Enabled"},
    replaces=words("objectLockEnabled"),
)

TYPES = (
    PUBLIC_ACCESS_BLOCK,
    OWNERSHIP_CONTROLS,
    ENCRYPTION,
    VERSIONING,
    LIFECYCLE,
    LOGGING,
    POLICY,
    OBJECT_LOCK,
)
