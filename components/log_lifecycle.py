"""How logs grow old in their bucket: cold, then gone, and locked meanwhile if somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pulumi import ResourceOptions
from pulumi_aws import s3
from pydantic import Field, model_validator

from .args import Args

COLD_CLASS = "GLACIER"
"""S3 Glacier Flexible Retrieval: a tenth of the price; an object is restored before it is read, in hours."""
COLD_DAYS_LEAST = 90
"""What S3 charges for in that class, however early an object is deleted (Amazon S3, Storage classes)."""
NONCURRENT_DAYS = 7
"""How long a version stays that was overwritten, or deleted by hand or by age."""


class Keep(Args):
    """How long what lies below a prefix is kept, and from when on in cold storage.

    Raises ValueError for cold storage that ends before S3 stops charging for it.
    """

    prefix: str = ""
    """The beginning of the objects' keys; "" is all of them."""
    days: int = Field(ge=1, le=36500)
    cold_after_days: int | None = Field(default=None, ge=1)
    """None: never. S3 leaves objects of less than 128 KB where they are."""

    @model_validator(mode="after")
    def _pays(self) -> Keep:
        cold = self.cold_after_days
        if cold is not None and self.days < cold + COLD_DAYS_LEAST:
            raise ValueError(
                f"{self.days} days is too short for what is cold after {cold}: S3 charges {COLD_DAYS_LEAST} "
                f"days of cold storage; keep it {cold + COLD_DAYS_LEAST} days, or leave it warm"
            )
        return self

    @property
    def id(self) -> str:
        """The rule's own name."""
        return self.prefix.strip("/") or "expire"


class ObjectLock(Args):
    """Nobody deletes or overwrites what was delivered for so many days."""

    days: int = Field(ge=1, le=36500)
    mode: Literal["GOVERNANCE", "COMPLIANCE"] = "GOVERNANCE"
    """GOVERNANCE can be bypassed by who has the permission for just that. COMPLIANCE by nobody, the account's
    root and AWS included: the bucket cannot be deleted before its last object is free."""


def keep(name: str, bucket: s3.Bucket, kept: Sequence[Keep], opts: ResourceOptions) -> None:
    """One configuration with a rule for each: S3 knows only all of a bucket's rules at once."""
    s3.BucketLifecycleConfiguration(name, bucket=bucket.id, rules=[_rule(each) for each in kept], opts=opts)


def _rule(kept: Keep) -> s3.BucketLifecycleConfigurationRuleArgs:
    cold = kept.cold_after_days
    return s3.BucketLifecycleConfigurationRuleArgs(
        id=kept.id,
        status="Enabled",
        filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=kept.prefix),
        transitions=None
        if cold is None
        else [s3.BucketLifecycleConfigurationRuleTransitionArgs(days=cold, storage_class=COLD_CLASS)],
        expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=kept.days),
        noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=NONCURRENT_DAYS
        ),
        abort_incomplete_multipart_upload=(
            s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(days_after_initiation=7)
        ),
    )


def lock(name: str, bucket: s3.Bucket, lock: ObjectLock, opts: ResourceOptions) -> None:
    """A default for what is delivered from now on: S3 takes it on a versioned bucket that is there already.

    What was delivered before stays unlocked, and S3 never turns the bucket's lock off again.
    """
    s3.BucketObjectLockConfiguration(
        name,
        bucket=bucket.id,
        rule=s3.BucketObjectLockConfigurationRuleArgs(
            default_retention=s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                mode=lock.mode, days=lock.days
            )
        ),
        opts=opts,
    )
