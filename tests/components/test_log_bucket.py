"""A log bucket beside a load balancer's, whose settings `test_load_balancer.py` holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.log_bucket import LogBucket, LogBucketArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]


def test_without_an_account_no_service_delivers_there_and_tls_is_still_asked_for(build: Build) -> None:
    built = build(lambda: {"bucket": LogBucket("builds", LogBucketArgs()).bucket})
    assert built.inputs()["BucketPolicy builds"]["policy"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": ["arn:aws:s3:::builds", "arn:aws:s3:::builds/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
