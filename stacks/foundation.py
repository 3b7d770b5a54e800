"""What every stack stands on, be it an environment or the image factory: its network, and who hears of it."""

from __future__ import annotations

from typing import Protocol

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.alert_topic import AlertTopic, AlertTopicArgs
from components.network import Egress, Network, NetworkArgs
from stacks.config import blamed_on, refusal
from stacks.sections import AlertsConfig, LogsConfig, NetworkConfig


class Founded(Protocol):
    """The sections that stacks of both kinds have."""

    @property
    def region(self) -> str: ...
    @property
    def network(self) -> NetworkConfig: ...
    @property
    def logs(self) -> LogsConfig: ...
    @property
    def alerts(self) -> AlertsConfig: ...
    @property
    def tags(self) -> dict[str, str]: ...


def tags_of(stack: str, config: Founded) -> dict[str, str]:
    """What every resource of the stack is tagged with."""
    return {**config.tags, "environment": stack, "managed-by": "pulumi", "project": pulumi.get_project()}


def zones(stack: str, config: Founded) -> tuple[str, ...]:
    """The first zones by name. Zones that need an opt-in (Local, Wavelength) lack NAT gateways or more.

    Raises pulumi.RunError when the region has fewer than the configuration asks for, or tells none.
    """
    try:
        found = aws.get_availability_zones(
            state="available", filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
        )
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
        reason = " ".join(str(error).split())
        text = f"{config.region} does not tell its zones ({reason}); check credentials and network"
        raise refusal(stack, [(("aws:region",), text)]) from None
    names = sorted(found.names)
    if len(names) < config.network.zones:
        text = f"{config.network.zones} is more than the {len(names)} zones of {config.region}; lower it"
        raise refusal(stack, [(("network", "zones"), text)])
    return tuple(names[: config.network.zones])


def network_args(
    stack: str, config: Founded, tags: dict[str, str], flow_log_bucket_arn: Output[str] | None = None
) -> NetworkArgs:
    """The network of the stack's file; a stack may want other endpoints in it."""
    return NetworkArgs(
        cidr=config.network.cidr,
        zones=zones(stack, config),
        region=config.region,
        egress=Egress(config.network.egress),
        flow_log_bucket_arn=flow_log_bucket_arn,
        flow_log_retention_days=config.logs.retention_days,
        retain_logs=config.logs.retain_on_destroy,
        tags=tags,
    )


def alerts(
    stack: str,
    config: Founded,
    network: Network,
    tags: dict[str, str],
    *,
    database_events: bool = False,
    budget_alerts: bool = False,
) -> AlertTopic:
    """The topic that alarms and events of the stack are told to, those of its databases and budget too."""
    with blamed_on(stack, "alerts"):
        return AlertTopic(
            "alerts",
            AlertTopicArgs(
                owner_arn=network.vpc_arn,
                emails=config.alerts.emails,
                database_events=database_events,
                budget_alerts=budget_alerts,
                tags=tags,
            ),
        )
