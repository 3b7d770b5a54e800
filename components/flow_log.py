"""Who talked to whom in a network, kept where no server can change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, ec2, iam

from components import policies
from components.args import Late
from components.names import ROLE_PREFIX, name_prefix, named


class FlowLogArgs(Protocol):
    """What this module takes from the network's arguments."""

    @property
    def flow_log_retention_days(self) -> int: ...
    @property
    def log_kms_key_arn(self) -> Late | None: ...
    @property
    def retain_logs(self) -> bool: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def flow_log(name: str, args: FlowLogArgs, vpc: ec2.Vpc, opts: ResourceOptions) -> None:
    """Accepted and rejected traffic of the whole VPC, each minute, in a log group of its own."""
    child_name = f"{name}-flow-logs"
    tags = named(args.tags, child_name)
    group = cloudwatch.LogGroup(
        child_name,
        retention_in_days=args.flow_log_retention_days,
        kms_key_id=args.log_kms_key_arn,
        tags=tags,
        opts=ResourceOptions(parent=opts.parent, retain_on_delete=args.retain_logs),
    )
    role = iam.Role(
        child_name,
        name_prefix=name_prefix(child_name, ROLE_PREFIX),
        description="Lets the flow logs of the VPC write to their log group",
        assume_role_policy=Output.json_dumps(vpc.arn.apply(_trust)),
        tags=tags,
        opts=opts,
    )
    policy = iam.RolePolicy(
        child_name,
        role=role.name,
        policy=Output.json_dumps(group.arn.apply(_writer)),
        opts=opts,
    )
    ec2.FlowLog(
        child_name,
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
