"""The bucket that takes all logs of an environment, or the logs of builds."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import s3
from pydantic import Field

from . import log_policies, policies
from .args import Args, ComponentArgs, Late
from .log_lifecycle import Keep, ObjectLock, keep, lock
from .names import BUCKET_PREFIX, name_prefix, named

ACCESS_LOGS = "load-balancer"
FLOW_LOGS = "flow-logs"
REQUESTS = "requests"
"""What S3 calls server access logs; load balancers have access logs too."""


class Deliveries(Args):
    """Which of AWS's own services deliver to a bucket, and where in it: each prefix without its slash."""

    owner_arn: Late
    """The ARN of any resource of the same account and region: it says whose logs may be delivered."""
    access_logs: str | None = None
    """The prefix of load balancers' access logs; "" is the bucket's top. None: they deliver nothing."""
    flow_logs: str | None = None
    """The same for VPC flow logs."""


class LogBucketArgs(ComponentArgs):
    """What a `LogBucket` is made of."""

    deliveries: Deliveries | None = None
    """Without them, only the account's own roles write here."""
    retention_days: int = Field(default=90, ge=1, le=3650)
    """How long everything is kept, unless `keep` says it for each kind."""
    keep: tuple[Keep, ...] = ()
    object_lock: ObjectLock | None = None
    """For how long nobody can delete what was delivered. None: whoever may delete objects can."""
    retain: bool = True
    """Whether the bucket outlives the stack. False also lets it be deleted with what is in it."""
    requests_of: Late | None = None
    """The ARN of another bucket, of the same account and region: S3 writes here who asked that one for what,
    and requests to this one are logged nowhere. None: it holds other logs, and a second bucket its requests.
    """
    request_retention_days: int = Field(default=90, ge=1, le=3650)
    """How long it stays known who read, wrote or deleted a log."""


class LogBucket(pulumi.ComponentResource):
    """A private bucket for logs, dropped when they are old.

    Everything about it is kept with it on destroy: a bucket that lost its policy and its public access block
    would not be the bucket that was kept. It is encrypted with S3's own keys, the only ones that load
    balancers can deliver with; who can name a better key names it with each object, as Firehose does.

    Who asked it for what is written to a second bucket (control S3.9), whose own requests are logged nowhere:
    each entry would make another.
    """

    bucket: Output[str]
    """The name of the bucket, known once its policy is there."""
    arn: Output[str]
    """The same."""

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
        _keep(name, bucket, args, child)
        policy = s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=_policy(bucket.arn, args.deliveries, args.requests_of),
            # S3 refuses two changes of a bucket's access at once (OperationAborted).
            opts=ResourceOptions(parent=self, retain_on_delete=args.retain, depends_on=[closed]),
        )
        if args.requests_of is None:
            _log_requests(name, bucket, args, child)
        self.bucket = policy.bucket
        self.arn = Output.all(bucket.arn, policy.bucket).apply(_first)
        self.register_outputs({"bucket": self.bucket})


def _first(known: Sequence[str]) -> str:
    return known[0]


def _policy(bucket_arn: Output[str], deliveries: Deliveries | None, requests_of: Late | None) -> Output[str]:
    owner_arn = None if deliveries is None else deliveries.owner_arn
    known = Output.all(bucket_arn, owner_arn, requests_of)
    return Output.json_dumps(known.apply(lambda arns: bucket_policy(arns[0], arns[1], deliveries, arns[2])))


def bucket_policy(
    bucket_arn: str, owner_arn: str | None, deliveries: Deliveries | None, requests_of: str | None = None
) -> policies.Document:
    """Who may write here beside the account's own roles, and how."""
    delivered: list[policies.Statement] = []
    if deliveries is not None and owner_arn is not None:
        owner = policies.owner_of(owner_arn)
        if deliveries.access_logs is not None:
            prefix = _folder(deliveries.access_logs)
            delivered.append(log_policies.access_logs(bucket_arn, owner.account, prefix))
        if deliveries.flow_logs is not None:
            delivered += log_policies.flow_logs(bucket_arn, owner, _folder(deliveries.flow_logs))
    if requests_of is not None:
        delivered.append(log_policies.requests(bucket_arn, requests_of))
    return policies.document(*delivered, policies.tls_only(bucket_arn))


def _log_requests(name: str, bucket: s3.Bucket, args: LogBucketArgs, opts: ResourceOptions) -> None:
    """It begins once the second bucket lets S3 write: S3 tries it, and refuses otherwise."""
    child_name = f"{name}-{REQUESTS}"
    there = LogBucket(
        child_name,
        LogBucketArgs(
            requests_of=bucket.arn,
            retention_days=args.request_retention_days,
            retain=args.retain,
            tags=args.tags,
        ),
        ResourceOptions(parent=opts.parent),
    )
    s3.BucketLogging(
        name, bucket=bucket.id, target_bucket=there.bucket, target_prefix=f"{REQUESTS}/", opts=opts
    )


def _folder(prefix: str) -> str:
    return f"{prefix}/" if prefix else ""


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


def _keep(name: str, bucket: s3.Bucket, args: LogBucketArgs, opts: ResourceOptions) -> None:
    """Versioned, so that nothing is overwritten; cold, gone and locked by its age."""
    versioning = s3.BucketVersioning(
        name,
        bucket=bucket.id,
        versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=opts,
    )
    # Rules for noncurrent versions need versioning to be on, and so does a lock.
    after = ResourceOptions(
        parent=opts.parent, retain_on_delete=opts.retain_on_delete, depends_on=[versioning]
    )
    keep(name, bucket, args.keep or (Keep(days=args.retention_days),), after)
    if args.object_lock is not None:
        lock(name, bucket, args.object_lock, after)
