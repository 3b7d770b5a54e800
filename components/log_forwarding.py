"""Log groups that a function gets as well: the way into a domain of OpenSearch.

Not by Firehose: it does not deliver records of CloudWatch Logs to OpenSearch, as one of them holds many lines
(Amazon Data Firehose, Send CloudWatch Logs to Firehose). AWS's way is the function that its console makes for
the domain (Streaming CloudWatch Logs data to Amazon OpenSearch Service). A log group takes two subscriptions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, lambda_
from pydantic import Field

from . import policies
from .args import Args, Late


class LogForwardingArgs(Args):
    """What a `LogForwarding` is made of."""

    function_arn: Late
    """A function in this account and region that takes events of CloudWatch Logs."""
    log_groups: Mapping[str, Late] = Field(min_length=1)
    """Names of log groups in the function's account and region, by service."""


class LogForwarding(pulumi.ComponentResource):
    """Every line of some log groups to one function, which may be called for these groups alone."""

    def __init__(self, name: str, args: LogForwardingArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:logforwarding:LogForwarding", name, None, opts)
        owner = Output.from_input(args.function_arn).apply(policies.owner_of)
        for service, group in args.log_groups.items():
            child_name = f"{name}-{service}-open-search"
            permission = lambda_.Permission(
                child_name,
                action="lambda:InvokeFunction",
                function=args.function_arn,
                principal="logs.amazonaws.com",
                source_arn=Output.all(owner, group).apply(_events_of),
                opts=ResourceOptions(parent=self),
            )
            cloudwatch.LogSubscriptionFilter(
                child_name,
                log_group=group,
                destination_arn=args.function_arn,
                filter_pattern="",
                # CloudWatch Logs tries the function before it takes the subscription.
                opts=ResourceOptions(parent=self, depends_on=[permission]),
            )
        self.register_outputs({})


def _events_of(known: Sequence[Any]) -> str:
    (partition, region, account), group = known
    return f"arn:{partition}:logs:{region}:{account}:log-group:{group}:*"
