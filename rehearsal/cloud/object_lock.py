"""S3 Object Lock as it is since November 2023: a bucket that holds objects takes it, and keeps it."""

from __future__ import annotations

from typing import Any

from moto.s3.exceptions import InvalidBucketState
from moto.s3.models import S3Backend


def install() -> None:
    """Let moto's S3, which refuses a bucket that is not empty, take the configuration."""
    S3Backend.put_object_lock_configuration = put_object_lock_configuration


def put_object_lock_configuration(
    s3: Any,
    bucket_name: str,
    lock_enabled: bool,
    mode: str | None = None,
    days: int | None = None,
    years: int | None = None,
) -> None:
    """For the objects that are written from now on. Raises InvalidBucketState without versioning."""
    bucket = s3.get_bucket(bucket_name)
    if not bucket.is_versioned:
        raise InvalidBucketState(
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
        )
    bucket.object_lock_enabled = bucket.object_lock_enabled or lock_enabled
    bucket.default_lock_mode, bucket.default_lock_days, bucket.default_lock_years = mode, days, years
