"""A log bucket beside a load balancer's, whose settings `test_load_balancer.py` holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.log_bucket import Deliveries, LogBucket, LogBucketArgs
from components.log_lifecycle import Keep, ObjectLock
from tests.components.recorder import ACCOUNT, REGION, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

OWNER = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:any"
TLS_ONLY = {
    "Sid": "TlsOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def bucket(build: Build, **given: Any) -> Built:
    return build(lambda: {"bucket": LogBucket("logs", LogBucketArgs(**given)).bucket})


def statements(build: Build, **given: Any) -> Any:
    return bucket(build, **given).inputs()["BucketPolicy logs"]["policy"]["Statement"]


def test_without_deliveries_no_service_writes_there_and_tls_is_still_asked_for(build: Build) -> None:
    assert statements(build) == [TLS_ONLY]


def test_load_balancers_deliver_below_their_prefix(build: Build) -> None:
    found = statements(build, deliveries=Deliveries(owner_arn=OWNER, access_logs="load-balancer"))
    assert found == [
        {
            "Sid": "DeliverAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::logs/load-balancer/AWSLogs/{ACCOUNT}/*",
        },
        TLS_ONLY,
    ]


def test_flow_logs_of_this_account_deliver_below_theirs(build: Build) -> None:
    source = {"ArnLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}}
    principal = {"Service": "delivery.logs.amazonaws.com"}
    found = statements(build, deliveries=Deliveries(owner_arn=OWNER, flow_logs="flow-logs"))
    assert found == [
        {
            "Sid": "AWSLogDeliveryWrite",
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::logs/flow-logs/AWSLogs/aws-account-id={ACCOUNT}/*",
            "Condition": {
                **source,
                "StringEquals": {
                    "aws:SourceAccount": ACCOUNT,
                    "s3:x-amz-acl": "bucket-owner-full-control",
                },
            },
        },
        {
            "Sid": "AWSLogDeliveryAclCheck",
            "Effect": "Allow",
            "Principal": principal,
            "Action": ["s3:GetBucketAcl", "s3:ListBucket"],
            "Resource": "arn:aws:s3:::logs",
            "Condition": {**source, "StringEquals": {"aws:SourceAccount": ACCOUNT}},
        },
        TLS_ONLY,
    ]


def test_each_kind_grows_old_by_a_rule_of_its_own(build: Build) -> None:
    built = bucket(
        build, keep=(Keep(prefix="warm/", days=30), Keep(prefix="cold/", days=120, cold_after_days=30))
    )
    warm, cold = built.inputs()["BucketLifecycleConfiguration logs"]["rules"]
    common = {
        "status": "Enabled",
        "noncurrentVersionExpiration": {"noncurrentDays": 7},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }
    assert warm == {**common, "id": "warm", "filter": {"prefix": "warm/"}, "expiration": {"days": 30}}
    assert cold == {
        **common,
        "id": "cold",
        "filter": {"prefix": "cold/"},
        "transitions": [{"days": 30, "storageClass": "GLACIER"}],
        "expiration": {"days": 120},
    }


def test_a_lock_waits_for_versions_and_is_kept_with_the_bucket(build: Build) -> None:
    built = bucket(build, object_lock=ObjectLock(days=30))
    key = "BucketObjectLockConfiguration logs"
    assert built.inputs()[key] == {
        "bucket": "logs-id",
        "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}},
    }
    assert built.after()[key] == ["BucketVersioning logs"]
    assert built.options()[key] == {"retain_on_delete": True}


def test_without_a_lock_there_is_none(build: Build) -> None:
    assert bucket(build).inputs("BucketObjectLockConfiguration") == {}


def test_who_asked_a_bucket_for_what_is_written_to_a_second_one(build: Build) -> None:
    built = bucket(build, request_retention_days=30)
    inputs = built.inputs()
    assert inputs["BucketLogging logs"] == {
        "bucket": "logs-id",
        "targetBucket": "logs-requests-id",
        "targetPrefix": "requests/",
    }
    (rule,) = inputs["BucketLifecycleConfiguration logs-requests"]["rules"]
    assert rule["expiration"] == {"days": 30}
    assert built.parents()["the LogBucket logs-requests"] == "the LogBucket logs"
    # No third bucket for the requests to the second one, and so on.
    assert list(built.inputs("BucketLogging")) == ["BucketLogging logs"]


def test_the_second_bucket_takes_what_s3_says_of_the_first_one_alone(build: Build) -> None:
    policy = bucket(build).inputs()["BucketPolicy logs-requests"]["policy"]
    arn = "arn:aws:s3:::logs-requests"
    assert policy["Statement"] == [
        {
            "Sid": "S3ServerAccessLogsPolicy",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{arn}/*",
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::logs"}},
        },
        {**TLS_ONLY, "Resource": [arn, f"{arn}/*"]},
    ]


def test_the_second_bucket_is_kept_or_goes_with_the_first(build: Build) -> None:
    kept = bucket(build)
    assert kept.options()["Bucket logs-requests"] == {"retain_on_delete": True}
    assert kept.options()["BucketLogging logs"] == {"retain_on_delete": True}
    gone = bucket(build, retain=False, tags={"owner": "platform"})
    assert gone.options() == {}
    assert gone.inputs()["Bucket logs-requests"] == {
        "bucketPrefix": "logs-requests-",
        "forceDestroy": True,
        "tags": {"Name": "logs-requests", "owner": "platform"},
    }


def test_a_lock_is_on_the_logs_alone(build: Build) -> None:
    """S3 delivers no requests to a bucket whose objects are locked by default."""
    built = bucket(build, object_lock=ObjectLock(days=30))
    assert list(built.inputs("BucketObjectLockConfiguration")) == ["BucketObjectLockConfiguration logs"]
