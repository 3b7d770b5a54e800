"""Policies of buckets in the emulated S3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local

BUCKET = "logs"
TLS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.fixture
def s3(cloud: Local) -> Any:
    client = cloud.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    client.put_object(Bucket=BUCKET, Key="line", Body=b"said")
    return client


def refuse(s3: Any, **more: Any) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    document = {"Version": "2012-10-17", "Statement": [{**statement, **more}]}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))


def test_who_reads_over_loopback_is_not_refused_for_want_of_tls(s3: Any) -> None:
    refuse(s3, Condition=TLS_ONLY)
    assert s3.get_object(Bucket=BUCKET, Key="line")["Body"].read() == b"said"


@pytest.mark.parametrize("more", [{}, {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}])
def test_any_other_refusal_holds(s3: Any, more: dict[str, Any]) -> None:
    refuse(s3, **more)
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=BUCKET, Key="line")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
