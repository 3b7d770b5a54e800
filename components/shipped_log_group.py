"""A log group of lines that are shipped: what every kind of service writes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pulumi
from pulumi import ResourceOptions
from pulumi_aws import cloudwatch

from .args import Late, LogDelivery, RetentionDays
from .names import named


class LogGroupArgs(Protocol):
    """What this module takes from a component's arguments."""

    @property
    def log_retention_days(self) -> RetentionDays: ...
    @property
    def log_kms_key_arn(self) -> Late | None: ...
    @property
    def retain_logs(self) -> bool: ...
    @property
    def log_delivery(self) -> LogDelivery | None: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def shipped_log_group(
    name: str, args: LogGroupArgs, parent: pulumi.Resource
) -> tuple[cloudwatch.LogGroup, list[cloudwatch.LogSubscriptionFilter]]:
    """The group and its subscription, if it is shipped: what is written before that arrives nowhere else."""
    logs = cloudwatch.LogGroup(
        name,
        retention_in_days=args.log_retention_days,
        kms_key_id=args.log_kms_key_arn,
        tags=named(args.tags, name),
        opts=ResourceOptions(parent=parent, retain_on_delete=args.retain_logs),
    )
    if args.log_delivery is None:
        return logs, []
    subscription = cloudwatch.LogSubscriptionFilter(
        name,
        log_group=logs.name,
        destination_arn=args.log_delivery.destination_arn,
        role_arn=args.log_delivery.role_arn,
        # All of the group's events; what is searched for among them is for their reader to say.
        filter_pattern="",
        opts=ResourceOptions(parent=parent),
    )
    return logs, [subscription]
