"""CloudWatch Logs of one region: moto's backend with filters put as AWS puts them, and saved queries."""

from __future__ import annotations

from typing import Any

from moto.logs.exceptions import LimitExceededException, ResourceNotFoundException
from moto.logs.models import LogsBackend as MotoLogsBackend
from moto.logs.models import logs_backends as logs_backends

from rehearsal.cloud.logs.queries import Definitions
from rehearsal.cloud.logs.subscriptions import MOST_FILTERS, Subscription
from rehearsal.cloud.world import World


class LogsBackend(MotoLogsBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.query_definitions = Definitions()

    def put_metric_filter(
        self, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: Any
    ) -> None:
        """Put in the place of the one of this name; moto keeps both."""
        if log_group_name not in self.groups:
            raise ResourceNotFoundException()
        self.filters.delete_filter(filter_name, log_group_name)
        super().put_metric_filter(filter_name, filter_pattern, log_group_name, metric_transformations)

    def delete_metric_filter(self, filter_name: str | None = None, log_group_name: str | None = None) -> None:
        if not self.filters.get_matching_filters(filter_name, log_group_name):
            raise ResourceNotFoundException("The specified metric filter does not exist.")
        super().delete_metric_filter(filter_name, log_group_name)

    def subscribe(
        self,
        log_group_name: str,
        name: str,
        pattern: str,
        destination: str,
        role: str | None,
        distribution: str,
    ) -> None:
        """Put a subscription filter, in the place of the one of this name."""
        group = self.groups.get(log_group_name)
        if group is None:
            raise ResourceNotFoundException()
        filters: dict[str, Any] = group.subscription_filters
        if name not in filters and len(filters) >= MOST_FILTERS:
            raise LimitExceededException()
        # moto looks the destination up, in its own way.
        filters_before = dict(filters)
        filters.clear()
        try:
            super().put_subscription_filter(log_group_name, name, pattern, destination, role or "")
        finally:
            filters.clear()
            filters.update(filters_before)
        now = World.current.clock.date(World.current.timeline.now)
        created_at = int(now.timestamp() * 1000)
        filters[name] = Subscription(
            name, log_group_name, pattern, destination, role, distribution, created_at
        )


# moto's other services (flow logs, Lambda, Route 53) write to moto's own dictionary: it holds our backend, so
# that there is one CloudWatch Logs for all.
logs_backends.backend = LogsBackend
