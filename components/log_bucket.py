"""The bucket that takes the access logs of an environment, or the logs of builds."""

from __future__ import annotations

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import s3
from pydantic import Field

from components import policies
from components.args import ComponentArgs, Late
from components.names import BUCKET_PREFIX, name_prefix, named


class LogBucketArgs(ComponentArgs):
    """What a `LogBucket` is made of."""

    account_id: Late | None = None
    """The account whose load balancers deliver here. Without one, only the account's own roles write here."""
    retention_days: int = Field(default=90, ge=1, le=3650)
    retain: bool = True
    """Whether the bucket outlives the stack. False also lets it be deleted with what is in it."""


class LogBucket(pulumi.ComponentResource):
    """A private bucket for logs, dropped when they are old.

    Everything about it is kept with it on destroy: a bucket that lost its policy and its public access block
    would not be the bucket that was kept. It is encrypted with S3's own keys, the only ones that load
    balancers can deliver with. It logs no access to itself (control S3.9): each entry would make another.
    """

    bucket: Output[str]
    """The name of the bucket, known once its policy is there."""

    def __init__(self, name: str, args: LogBucketArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:logbucket:LogBucket", name, None, opts)
        child = ResourceOptions(parent=self, retain_on_delete=args.retain)
        bucket = s3.Bucket(
            name,
            bucket_prefix=name_prefix(name, BUCKET_PREFIX),
            force_destroy=not args.retain,
            tags=named(args.tags, name),
            opts=child,
        )
        closed = _close(name, bucket, child)
        _keep(name, bucket, args.retention_days, child)
        policy = s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=Output.json_dumps(
                Output.all(bucket.arn, args.account_id).apply(lambda known: bucket_policy(known[0], known[1]))
            ),
            # S3 refuses two changes of a bucket's access at once (OperationAborted).
            opts=ResourceOptions(parent=self, retain_on_delete=args.retain, depends_on=[closed]),
        )
        self.bucket = policy.bucket
        self.register_outputs({"bucket": self.bucket})


def bucket_policy(bucket_arn: str, account: str | None) -> policies.Document:
    """Who may write here beside the account's own roles, and how."""
    delivery = [] if account is None else [policies.access_logs(bucket_arn, account)]
    return policies.document(*delivery, policies.tls_only(bucket_arn))


def _close(name: str, bucket: s3.Bucket, opts: ResourceOptions) -> s3.BucketPublicAccessBlock:
    """No public access by policy or by ACL, and no ACLs at all; encrypted."""
    s3.BucketOwnershipControls(
        name,
        bucket=bucket.id,
        rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=opts,
    )
    s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.id,
        rules=[
            s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=(
                    s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256"
                    )
                )
            )
        ],
        opts=opts,
    )
    return s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )


def _keep(name: str, bucket: s3.Bucket, retention_days: int, opts: ResourceOptions) -> None:
    """Versioned, so that nothing is overwritten; gone a week after it expired."""
    versioning = s3.BucketVersioning(
        name,
        bucket=bucket.id,
        versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=opts,
    )
    s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.id,
        rules=[
            s3.BucketLifecycleConfigurationRuleArgs(
                id="expire",
                status="Enabled",
                filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=retention_days),
                noncurrent_version_expiration=(
                    s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=7)
                ),
                abort_incomplete_multipart_upload=(
                    s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=7
                    )
                ),
            )
        ],
        # Rules for noncurrent versions need versioning to be on.
        opts=ResourceOptions(
            parent=opts.parent, retain_on_delete=opts.retain_on_delete, depends_on=[versioning]
        ),
    )
