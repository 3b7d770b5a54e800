"""The logs of an environment: one bucket for all of them, and the way of each service's log group into it.

One Firehose stream for each service, and not one for all with dynamic partitioning (ADR 12): the service is
in a stream's prefix, so nothing parses records; a service that floods its stream throttles no other; and a
stream costs by what goes through it, while partitioning is charged on top and buffers 64 MB at least.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, iam, kinesis, kms
from pydantic import Field, model_validator

from . import log_policies, policies
from .args import Args, ComponentArgs, Late, LogDelivery, RetentionDays
from .log_bucket import ACCESS_LOGS, FLOW_LOGS, Deliveries, LogBucket, LogBucketArgs
from .log_lifecycle import COLD_DAYS_LEAST, Keep, ObjectLock
from .log_stream import FAILURES, SERVICES, StreamArgs, delivery_stream
from .names import ROLE_PREFIX, name_prefix, named


class Archive(Args):
    """How long logs are kept in the bucket, and in what form. Raises ValueError for what S3 would refuse, or
    charge for without use."""

    expire_after_days: int = Field(default=1096, ge=1, le=36500)
    """After how many days the services' logs and the flow logs are gone."""
    cold_after_days: int | None = Field(default=None, ge=1, le=36500)
    """From when on they lie in cold storage, where a file is restored before it is read. None: never."""
    access_log_days: int = Field(default=90, ge=1, le=36500)
    """After how many days the load balancers' access logs are gone."""
    object_lock: ObjectLock | None = None
    buffer_seconds: int = Field(default=300, ge=60, le=900)
    """How long a stream gathers lines for a file: longer makes fewer, larger files, which search faster."""
    messages_only: bool = False
    """Whether files hold the lines alone. As records (False) they also say which server wrote a line, when,
    and by an ID whether it is the same line that arrived twice: deliveries are made at least once."""

    @model_validator(mode="after")
    def _in_order(self) -> Archive:
        self.kept()
        shortest = min(self.expire_after_days, self.access_log_days)
        if self.object_lock is not None and self.object_lock.days > shortest:
            raise ValueError(
                f"locked for {self.object_lock.days} days, and some logs expire after {shortest}: "
                "lock no longer than they are kept, as nobody can delete them before"
            )
        return self

    def kept(self) -> tuple[Keep, ...]:
        """By kind. Failures are never cold: they are delivered again by hand. Access logs go cold as the
        others do if they are kept long enough for it."""
        cold = self.cold_after_days
        late = cold is not None and self.access_log_days >= cold + COLD_DAYS_LEAST
        return (
            Keep(prefix=f"{SERVICES}/", days=self.expire_after_days, cold_after_days=cold),
            Keep(prefix=f"{FAILURES}/", days=self.expire_after_days),
            Keep(prefix=f"{FLOW_LOGS}/", days=self.expire_after_days, cold_after_days=cold),
            Keep(prefix=f"{ACCESS_LOGS}/", days=self.access_log_days, cold_after_days=cold if late else None),
        )


class LogShippingArgs(ComponentArgs):
    """What `LogShipping` is made of."""

    services: tuple[str, ...] = ()
    """Whose log groups are shipped, by name."""
    archive: Archive = Archive()
    destination_arn: Late | None = None
    """A destination of CloudWatch Logs in another account, which then keeps the services' logs: there are no
    streams here. It is in this region. Access and flow logs stay in this account's bucket."""
    delivery_retention_days: RetentionDays = 30
    """How long it is kept what Firehose tells of failed deliveries."""
    retain: bool = True
    """Whether the bucket, what is in it and the key that it needs outlive the stack."""
    key_deletion_window_days: int = Field(default=30, ge=7, le=30)
    """How long the key can be had back after it was destroyed (KMS, ScheduleKeyDeletion)."""


class LogShipping(pulumi.ComponentResource):
    """One bucket for all logs of an environment, one key for all log groups, a stream for each service.

    A service's log group is made before its first server and subscribed to its stream (`deliveries`). Load
    balancers and flow logs deliver to `bucket` themselves. What Firehose cannot unpack lies below
    `failures/`, and `delivery_log_group` says why. It tries for a day to reach the bucket.
    """

    bucket: Output[str]
    """Its name, known once those who deliver may."""
    bucket_arn: Output[str]
    key_arn: Output[str]
    """The customer key of the streams, of what they deliver, and of log groups in this account and region."""
    deliveries: dict[str, LogDelivery]
    """Where each service's log group is shipped to, by service."""
    streams: dict[str, Output[str]]
    """The names of the Firehose streams, by service. None when another account keeps the logs."""
    delivery_log_group: Output[str]

    def __init__(self, name: str, args: LogShippingArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:logshipping:LogShipping", name, None, opts)
        child = ResourceOptions(parent=self)
        # Not with the customer key: this group comes first, as its ARN tells whose key and bucket they are,
        # and Firehose writes no logs to it but the reasons of its failures.
        errors = cloudwatch.LogGroup(
            f"{name}-delivery",
            retention_in_days=args.delivery_retention_days,
            tags=named(args.tags, f"{name}-delivery"),
            opts=child,
        )
        key = _key(name, args, errors.arn, self)
        bucket = LogBucket(
            name,
            LogBucketArgs(
                deliveries=Deliveries(owner_arn=errors.arn, access_logs=ACCESS_LOGS, flow_logs=FLOW_LOGS),
                keep=args.archive.kept(),
                object_lock=args.archive.object_lock,
                retain=args.retain,
                tags=args.tags,
            ),
            opts=child,
        )
        self.bucket = bucket.bucket
        self.bucket_arn = bucket.arn
        self.key_arn = key.arn
        self.delivery_log_group = errors.name
        self.streams, self.deliveries = {}, {}
        if args.destination_arn is not None:
            there = LogDelivery(destination_arn=args.destination_arn)
            self.deliveries = dict.fromkeys(args.services, there)
        elif args.services:
            made = _streams(name, args, bucket.arn, key.arn, errors, child)
            self.streams = {service: stream.name for service, stream in made.items()}
            self.deliveries = _deliveries(name, args, made, errors.arn, child)
        self.register_outputs({"bucket": self.bucket, "keyArn": self.key_arn})


def _key(name: str, args: LogShippingArgs, owner_arn: Output[str], parent: pulumi.Resource) -> kms.Key:
    """It outlives the stack with the bucket: without it nobody reads what Firehose delivered."""
    return kms.Key(
        name,
        description="Encrypts logs of servers: log groups, streams and files",
        policy=Output.json_dumps(
            owner_arn.apply(lambda arn: log_policies.key_policy(policies.owner_of(arn)))
        ),
        enable_key_rotation=True,
        deletion_window_in_days=args.key_deletion_window_days,
        tags=named(args.tags, name),
        opts=ResourceOptions(parent=parent, retain_on_delete=args.retain),
    )


def _role(
    name: str,
    what: str,
    trust: Output[policies.Document],
    policy: Output[policies.Document],
    args: ComponentArgs,
    opts: ResourceOptions,
) -> Output[str]:
    """The ARN of a role, known once it may do what it is for: who gets it tries at once."""
    role = iam.Role(
        name,
        name_prefix=name_prefix(name, ROLE_PREFIX),
        description=what,
        assume_role_policy=Output.json_dumps(trust),
        tags=named(args.tags, name),
        opts=opts,
    )
    written = iam.RolePolicy(name, role=role.name, policy=Output.json_dumps(policy), opts=opts)
    return Output.all(role.arn, written.id).apply(_first)


def _first(known: Sequence[str]) -> str:
    return known[0]


def _streams(
    name: str,
    args: LogShippingArgs,
    bucket_arn: Output[str],
    key_arn: Output[str],
    errors: cloudwatch.LogGroup,
    opts: ResourceOptions,
) -> dict[str, kinesis.FirehoseDeliveryStream]:
    """By service. They share a role: it writes below two prefixes of one bucket."""
    lines = cloudwatch.LogStream(f"{name}-delivery", name="delivery", log_group_name=errors.name, opts=opts)
    prefixes = (f"{SERVICES}/", f"{FAILURES}/")
    role_arn = _role(
        f"{name}-delivery",
        "Lets Firehose deliver the services' logs to their bucket",
        errors.arn.apply(lambda arn: log_policies.firehose_trust(policies.owner_of(arn))),
        Output.all(bucket_arn, key_arn, errors.arn).apply(
            lambda arns: log_policies.archive_writer(arns[0], prefixes, arns[1], arns[2])
        ),
        args,
        opts,
    )
    common = StreamArgs(
        role_arn=role_arn,
        bucket_arn=bucket_arn,
        key_arn=key_arn,
        error_log_group=errors.name,
        error_log_stream=lines.name,
        buffer_seconds=args.archive.buffer_seconds,
        messages_only=args.archive.messages_only,
        tags=args.tags,
    )
    return {service: delivery_stream(f"{name}-{service}", service, common, opts) for service in args.services}


def _deliveries(
    name: str,
    args: LogShippingArgs,
    streams: dict[str, kinesis.FirehoseDeliveryStream],
    owner_arn: Output[str],
    opts: ResourceOptions,
) -> dict[str, LogDelivery]:
    role_arn = _role(
        f"{name}-subscription",
        "Lets CloudWatch Logs put the services' logs to their streams",
        owner_arn.apply(lambda arn: log_policies.subscription_trust(policies.owner_of(arn))),
        Output.all(*(stream.arn for stream in streams.values())).apply(log_policies.stream_writer),
        args,
        opts,
    )
    return {
        service: LogDelivery(destination_arn=stream.arn, role_arn=role_arn)
        for service, stream in streams.items()
    }
