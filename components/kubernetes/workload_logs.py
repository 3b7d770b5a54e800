"""Where a workload's lines go: a log group as a service has one, there before its first pod."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions

from ..args import ComponentArgs, Late, LogDelivery, RetentionDays
from ..shipped_log_group import shipped_log_group


class WorkloadLogsArgs(ComponentArgs):
    """What `WorkloadLogs` are made of."""

    log_retention_days: RetentionDays = 365
    log_kms_key_arn: Late | None = None
    """A customer key. Without one, CloudWatch Logs encrypts with a key of its own."""
    retain_logs: bool = True
    """Whether they outlive the workload."""
    log_delivery: LogDelivery | None = None
    """Usually `LogShipping.deliveries`."""


class WorkloadLogs(pulumi.ComponentResource):
    """The log group of one workload. The cluster's log agent writes to it."""

    log_group_name: Output[str]
    """Known once what is written to it is delivered."""
    log_group_arn: Output[str]

    def __init__(self, name: str, args: WorkloadLogsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:workloadlogs:WorkloadLogs", name, None, opts)
        logs, delivery = shipped_log_group(name, args, self)
        self.log_group_name = Output.all(logs.name, *(each.id for each in delivery)).apply(_first)
        self.log_group_arn = logs.arn
        self.register_outputs({"logGroupName": self.log_group_name})


def _first(known: Sequence[Any]) -> str:
    return str(known[0])
