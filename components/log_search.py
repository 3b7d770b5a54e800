"""Logs on a web page: saved queries for CloudWatch Logs Insights, and a dashboard of the environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch
from pydantic import Field, StringConstraints

from .args import Args, Late
from .log_watch import NAMESPACE

QUERIES = {
    "errors": (
        "fields @timestamp, @logStream, `body._SYSTEMD_UNIT`, body.MESSAGE, @message\n"
        "| filter body.PRIORITY <= 3\n"
        "    or @message like /ERROR|CRITICAL|FATAL|Traceback|level.{3,6}(error|critical|fatal)/\n"
        "| sort @timestamp desc\n"
        "| limit 200"
    ),
    "one-server": (
        "fields @timestamp, `body._SYSTEMD_UNIT`, body.MESSAGE, @message\n"
        "| filter @logStream = 'i-00000000000000000'\n"
        "| sort @timestamp asc\n"
        "| limit 1000"
    ),
    "servers": (
        "stats min(@timestamp) as first, max(@timestamp) as last, count(*) as lines by @logStream\n"
        "| sort last desc\n"
        "| limit 100"
    ),
    "volume": (
        "stats count(*) as lines, sum(strlen(@message)) as characters by @log, `body._SYSTEMD_UNIT`\n"
        "| sort characters desc\n"
        "| limit 50"
    ),
}
"""By name: what tells of errors; all that one server said, whose ID is filled in; which servers spoke from
when to when, those that are gone as well; and what makes the bill."""

_WIDTH = 24
"""Of a dashboard, in its own units."""


class LogSearchArgs(Args):
    """What a `LogSearch` is made of."""

    region: str
    title: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,200}$")]
    """The name of the dashboard and of the queries' folder: an environment's own in account and region."""
    log_groups: Mapping[str, Late] = Field(min_length=1)
    """Names of log groups, by service."""
    error_metrics: Mapping[str, Late] = Field(default_factory=dict)
    """Names of the metrics of lines that tell of errors, by service: `LogWatch.error_metric`."""
    streams: Mapping[str, Late] = Field(default_factory=dict)
    """Names of the Firehose streams, by service. None where another account keeps the logs."""


class LogSearch(pulumi.ComponentResource):
    """Where people look for a line: four queries ready to run, and a page that shows what matters of them."""

    dashboard: Output[str]
    url: Output[str]
    """The dashboard in AWS's console."""

    def __init__(self, name: str, args: LogSearchArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:logsearch:LogSearch", name, None, opts)
        child = ResourceOptions(parent=self)
        for query, text in QUERIES.items():
            cloudwatch.QueryDefinition(
                f"{name}-{query}",
                name=f"{args.title}/{query}",
                log_group_names=list(args.log_groups.values()),
                query_string=text,
                opts=child,
            )
        known = Output.all(
            groups=dict(args.log_groups), errors=dict(args.error_metrics), streams=dict(args.streams)
        )
        dashboard = cloudwatch.Dashboard(
            name,
            dashboard_name=args.title,
            dashboard_body=known.apply(lambda names: json.dumps(dashboard_body(args.region, **names))),
            opts=child,
        )
        self.dashboard = dashboard.dashboard_name
        page = f"https://{args.region}.console.aws.amazon.com/cloudwatch/home?region={args.region}#dashboards/dashboard/"
        self.url = Output.concat(page, self.dashboard)
        self.register_outputs({"url": self.url})


def dashboard_body(
    region: str, groups: Mapping[str, str], errors: Mapping[str, str], streams: Mapping[str, str]
) -> dict[str, Any]:
    """The page, from top to bottom: errors as they come, who speaks how much, and whether it all arrives."""
    sources = "".join(f"SOURCE '{group}' | " for group in groups.values())
    lines = {
        service: ["AWS/Logs", "IncomingLogEvents", "LogGroupName", groups[service]] for service in groups
    }
    failed = {service: [NAMESPACE, errors[service]] for service in errors}
    waiting = {
        service: ["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", streams[service]]
        for service in streams
    }
    widgets = [
        _query("Errors, the newest first", region, sources + QUERIES["errors"], y=0, height=9),
        _graph("Lines a minute", region, lines, x=0, y=9),
        _graph("Lines a minute that tell of an error", region, failed, x=8, y=9),
        _graph(
            "Seconds that the oldest line waits for the bucket", region, waiting, x=16, y=9, stat="Maximum"
        ),
        _query("Servers, by their last line", region, sources + QUERIES["servers"], y=15, height=8),
    ]
    return {"start": "-PT3H", "widgets": [widget for widget in widgets if widget is not None]}


def _query(title: str, region: str, query: str, *, y: int, height: int) -> dict[str, Any]:
    return {
        "type": "log",
        "x": 0,
        "y": y,
        "width": _WIDTH,
        "height": height,
        "properties": {"title": title, "region": region, "query": query, "view": "table"},
    }


def _graph(
    title: str, region: str, metrics: Mapping[str, list[str]], *, x: int, y: int, stat: str = "Sum"
) -> dict[str, Any] | None:
    """A line for each service; none at all is no widget, which CloudWatch would refuse."""
    if not metrics:
        return None
    return {
        "type": "metric",
        "x": x,
        "y": y,
        "width": _WIDTH // 3,
        "height": 6,
        "properties": {
            "title": title,
            "region": region,
            "metrics": [[*metric, {"label": service}] for service, metric in metrics.items()],
            "stat": stat,
            "period": 60,
            "view": "timeSeries",
        },
    }
