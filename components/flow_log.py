"""Who talked to whom in a network, kept where no server can change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, ec2, iam

from . import policies
from .args import Late
from .log_bucket import FLOW_LOGS
from .names import ROLE_PREFIX, name_prefix, named


class FlowLogArgs(Protocol):
    """What this module takes from the network's arguments."""

    @property
    def flow_log_bucket_arn(self) -> Late | None: ...
    @property
    def flow_log_retention_days(self) -> int: ...
    @property
    def log_kms_key_arn(self) -> Late | None: ...
    @property
    def retain_logs(self) -> bool: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def flow_log(name: str, args: FlowLogArgs, vpc: ec2.Vpc, opts: ResourceOptions) -> None:
    """Accepted and rejected traffic of the whole VPC, each minute, in a bucket or a log group of its own."""
    child_name = f"{name}-flow-logs"
    if args.flow_log_bucket_arn is None:
        _to_log_group(child_name, args, vpc, opts)
    else:
        _to_bucket(child_name, args.flow_log_bucket_arn, args.tags, vpc, opts)


def _to_bucket(
    name: str, bucket_arn: Late, tags: Mapping[str, str], vpc: ec2.Vpc, opts: ResourceOptions
) -> None:
    """By account, region, day and hour, as Athena finds partitions by itself. No role: the bucket's policy
    lets the service in.
    """
    ec2.FlowLog(
        name,
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="s3",
        log_destination=Output.concat(bucket_arn, f"/{FLOW_LOGS}/"),
        destination_options=ec2.FlowLogDestinationOptionsArgs(
            file_format="plain-text", hive_compatible_partitions=True, per_hour_partition=True
        ),
        max_aggregation_interval=60,
        tags=named(tags, name),
        opts=opts,
    )


def _to_log_group(name: str, args: FlowLogArgs, vpc: ec2.Vpc, opts: ResourceOptions) -> None:
    tags = named(args.tags, name)
    group = cloudwatch.LogGroup(
        name,
        retention_in_days=args.flow_log_retention_days,
        kms_key_id=args.log_kms_key_arn,
        tags=tags,
        opts=ResourceOptions(parent=opts.parent, retain_on_delete=args.retain_logs),
    )
    role = iam.Role(
        name,
        name_prefix=name_prefix(name, ROLE_PREFIX),
        description="Lets the flow logs of the VPC write to their log group",
        assume_role_policy=Output.json_dumps(vpc.arn.apply(_trust)),
        tags=tags,
        opts=opts,
    )
    policy = iam.RolePolicy(
        name,
        role=role.name,
        policy=Output.json_dumps(group.arn.apply(_writer)),
        opts=opts,
    )
    ec2.FlowLog(
        name,
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        max_aggregation_interval=60,
        tags=tags,
        # Without the policy the first deliveries are refused.
        opts=ResourceOptions(parent=opts.parent, depends_on=[policy]),
    )


def _trust(vpc_arn: str) -> policies.Document:
    return policies.flow_log_trust(policies.owner_of(vpc_arn))


def _writer(log_group_arn: str) -> policies.Document:
    return policies.document(policies.log_writer(log_group_arn), policies.log_group_finder(log_group_arn))
