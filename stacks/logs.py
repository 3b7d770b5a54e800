"""The logs of an environment: the bucket and the ways to it first, what searches and watches them last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi import Output

from components.alert_topic import AlertTopic
from components.log_lifecycle import ObjectLock
from components.log_search import LogSearch, LogSearchArgs
from components.log_shipping import Archive, LogShipping, LogShippingArgs
from components.log_watch import LogThresholds, LogWatch, LogWatchArgs
from stacks.config import EnvironmentConfig, blamed_on
from stacks.log_sections import ArchiveConfig
from stacks.names import answering


def shipping(stack: str, config: EnvironmentConfig, tags: dict[str, str]) -> LogShipping:
    """The bucket, the key, and a stream for each service and workload, before anything writes to them."""
    with blamed_on(stack, "logs"):
        return LogShipping(
            "logs",
            LogShippingArgs(
                services=(*config.services, *config.workloads),
                archive=_archive(config.logs.kept, config.load_balancer.access_log_retention_days),
                destination_arn=config.logs.destination_arn,
                retain=config.logs.retain_on_destroy,
                tags=tags,
            ),
        )


def _archive(config: ArchiveConfig, access_log_days: int) -> Archive:
    locked = config.object_lock_days
    mode = "COMPLIANCE" if config.object_lock_mode == "compliance" else "GOVERNANCE"
    return Archive(
        expire_after_days=config.expire_after_days,
        cold_after_days=config.cold_after_days,
        access_log_days=access_log_days,
        object_lock=None if locked is None else ObjectLock(days=locked, mode=mode),
        buffer_seconds=config.buffer_seconds,
        messages_only=config.messages_only,
    )


def watched(
    stack: str,
    config: EnvironmentConfig,
    shipped: LogShipping,
    groups: dict[str, Output[str]],
    alerts: AlertTopic,
    tags: dict[str, str],
) -> dict[str, Any]:
    """Alarms on each service's logs, and where to search them all; what the stack exports of its logs.

    `groups` are the names of the log groups, of services and of workloads.
    """
    watches = {}
    for name, group in groups.items():
        with blamed_on(stack, config.section_of(name), name, "alarms"):
            watches[name] = _watch(name, config, group, shipped, alerts, tags)
    exported: dict[str, Any] = {"bucket": shipped.bucket, "groups": groups}
    if groups:
        title = f"{tags['project']}-{stack}".replace(".", "-")
        exported["dashboard"] = _search(title, config, groups, watches, shipped).url
    if config.logs.open_search is not None:
        # Imported here: few environments have one.
        from components.log_forwarding import LogForwarding, LogForwardingArgs

        function_arn = config.logs.open_search.function_arn
        LogForwarding("logs", LogForwardingArgs(function_arn=function_arn, log_groups=groups))
    return exported


def _watch(
    name: str,
    config: EnvironmentConfig,
    group: Output[str],
    shipped: LogShipping,
    alerts: AlertTopic,
    tags: dict[str, str],
) -> LogWatch:
    alarms = answering(config)[name].alarms
    return LogWatch(
        name,
        LogWatchArgs(
            log_group_name=group,
            stream_name=shipped.streams.get(name),
            topic_arn=alerts.arn,
            thresholds=LogThresholds(
                error_percent=alarms.log_error_percent, error_pattern=alarms.log_error_pattern
            ),
            tags={**tags, "service": name},
        ),
    )


def _search(
    title: str,
    config: EnvironmentConfig,
    groups: Mapping[str, Output[str]],
    watches: Mapping[str, LogWatch],
    shipped: LogShipping,
) -> LogSearch:
    return LogSearch(
        "logs",
        LogSearchArgs(
            region=config.region,
            title=title,
            log_groups=groups,
            error_metrics={name: watch.error_metric for name, watch in watches.items()},
            streams=shipped.streams,
        ),
    )
