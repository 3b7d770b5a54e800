"""Who may write, deliver and encrypt logs, as policy documents; `policies` has those of everything else."""

from __future__ import annotations

from collections.abc import Sequence

from . import policies


def access_logs(bucket_arn: str, account: str, prefix: str = "") -> policies.Statement:
    """Lets an account's load balancers deliver their logs to a bucket.

    The principal is the one for all regions (Elastic Load Balancing, Enable access logs). A load balancer
    writes below its own account's number only, so the resource keeps other accounts out without a condition.
    """
    return {
        "Sid": "DeliverAccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/{prefix}AWSLogs/{account}/*",
    }


def flow_logs(bucket_arn: str, owner: policies.Owner, prefix: str = "") -> list[policies.Statement]:
    """Lets this account's flow logs deliver to a bucket, in partitions that Hive understands.

    AWS looks for these statements, by these Sids, and adds them itself when they are missing (Amazon VPC,
    Amazon S3 bucket permissions for flow logs): under other names each update would take AWS's away again.
    """
    source = {
        "StringEquals": {"aws:SourceAccount": owner.account},
        "ArnLike": {"aws:SourceArn": f"arn:{owner.partition}:logs:{owner.region}:{owner.account}:*"},
    }
    principal = {"Service": "delivery.logs.amazonaws.com"}
    return [
        {
            "Sid": "AWSLogDeliveryWrite",
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:PutObject",
            "Resource": f"{bucket_arn}/{prefix}AWSLogs/aws-account-id={owner.account}/*",
            "Condition": {
                **source,
                "StringEquals": {**source["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"},
            },
        },
        {
            "Sid": "AWSLogDeliveryAclCheck",
            "Effect": "Allow",
            "Principal": principal,
            "Action": ["s3:GetBucketAcl", "s3:ListBucket"],
            "Resource": bucket_arn,
            "Condition": source,
        },
    ]


def requests(bucket_arn: str, source_arn: str) -> policies.Statement:
    """Lets S3 write who asked another bucket for what.

    The name of a bucket is nobody else's, and S3 logs to buckets of the same account alone (Amazon S3,
    Enabling server access logging): that does without the account.
    """
    return {
        "Sid": "S3ServerAccessLogsPolicy",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/*",
        "Condition": {"ArnLike": {"aws:SourceArn": source_arn}},
    }


def key_policy(owner: policies.Owner) -> policies.Document:
    """The account's own administration of the key, and its use by CloudWatch Logs for this account's groups.

    The condition is the one that AWS documents (Encrypt log data in CloudWatch Logs): without it the service
    would use the key for whoever names it. Firehose comes by its role, which IAM lets in.
    """
    account = f"arn:{owner.partition}:iam::{owner.account}"
    groups = f"arn:{owner.partition}:logs:{owner.region}:{owner.account}:log-group:*"
    return policies.document(
        {
            "Sid": "AdministerByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "EncryptLogGroups",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{owner.region}.amazonaws.com"},
            "Action": [
                "kms:Decrypt*",
                "kms:Describe*",
                "kms:Encrypt*",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        },
    )


def firehose_trust(owner: policies.Owner) -> policies.Document:
    """Lets the Firehose streams of this account and region, and no other's, assume a role."""
    streams = f"arn:{owner.partition}:firehose:{owner.region}:{owner.account}:deliverystream/*"
    return policies.trust(
        "firehose.amazonaws.com",
        {"StringEquals": {"aws:SourceAccount": owner.account}, "ArnLike": {"aws:SourceArn": streams}},
    )


def subscription_trust(owner: policies.Owner) -> policies.Document:
    """Lets CloudWatch Logs assume a role for the subscriptions of this account and region."""
    source = f"arn:{owner.partition}:logs:{owner.region}:{owner.account}:*"
    return policies.trust("logs.amazonaws.com", {"StringLike": {"aws:SourceArn": source}})


def archive_writer(
    bucket_arn: str, prefixes: Sequence[str], key_arn: str, log_group_arn: str
) -> policies.Document:
    """What a Firehose stream needs to deliver: below these prefixes, with this key, and telling of failures
    in this log group (Amazon Data Firehose, Grant access to an Amazon S3 destination).
    """
    region = policies.owner_of(key_arn).region
    return policies.document(
        {
            "Sid": "FindBucket",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            "Resource": bucket_arn,
        },
        {
            "Sid": "WriteObjects",
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            "Resource": [f"{bucket_arn}/{prefix}*" for prefix in prefixes],
        },
        {
            "Sid": "EncryptObjects",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": key_arn,
            "Condition": {
                "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
                "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket_arn, f"{bucket_arn}/*"]},
            },
        },
        {
            "Sid": "TellFailures",
            "Effect": "Allow",
            "Action": "logs:PutLogEvents",
            "Resource": f"{log_group_arn}:log-stream:*",
        },
    )


def stream_writer(stream_arns: Sequence[str]) -> policies.Document:
    """Putting records to these Firehose streams."""
    return policies.document(
        {
            "Sid": "PutRecords",
            "Effect": "Allow",
            "Action": ["firehose:PutRecord", "firehose:PutRecordBatch"],
            "Resource": sorted(stream_arns),
        }
    )
