"""CloudWatch Logs of one region: moto's backend with groups that pass lines on, filters put as AWS puts them,
and saved queries.
"""

from __future__ import annotations

from typing import Any

from moto.logs.exceptions import (
    InvalidParameterException,
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
)
from moto.logs.models import LogsBackend as MotoLogsBackend
from moto.logs.models import logs_backends as logs_backends

from rehearsal.cloud.logs import counting, destinations
from rehearsal.cloud.logs.groups import Group
from rehearsal.cloud.logs.queries import Definitions
from rehearsal.cloud.logs.subscriptions import MOST_FILTERS, Subscription
from rehearsal.cloud.world import World

#: "PutLogEvents": of one batch; each event counts for so many bytes more than its message.
MOST_EVENTS, MOST_BYTES, EVENT_BYTES = 10_000, 1_048_576, 26


class LogsBackend(MotoLogsBackend):
    groups: dict[str, Group]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.query_definitions = Definitions()

    # Groups

    def create_log_group(self, log_group_name: str, tags: dict[str, str], **kwargs: Any) -> Group:
        if log_group_name in self.groups:
            raise ResourceAlreadyExistsException
        if len(log_group_name) > 512:
            constraint = "Member must have length less than or equal to 512"
            raise InvalidParameterException(
                constraint=constraint, parameter="logGroupName", value=log_group_name
            )
        group = self.groups[log_group_name] = Group(self, log_group_name, **kwargs)
        self.tag_resource(group.arn, tags)
        return group

    def ensure_log_group(self, log_group_name: str) -> None:
        if log_group_name not in self.groups:
            self.groups[log_group_name] = Group(self, log_group_name)

    def set_key(self, log_group_name: str, key_arn: str | None) -> None:
        """The key that what comes from now on is encrypted with; None is that of CloudWatch Logs itself.

        Raises InvalidParameterException for a key that is not there.
        """
        from moto.kms.models import kms_backends

        group = self._group(log_group_name)
        if key_arn is not None:
            _, _, _, region, account, key = key_arn.split(":", 5)
            if key.removeprefix("key/") not in kms_backends[account][region].keys:
                raise InvalidParameterException(
                    f"The specified KMS key does not exist or is not allowed to be used with {group.arn}"
                )
        group.kms_key_id = key_arn

    def put_log_events(
        self, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> tuple[str, dict[str, Any]]:
        """Raises InvalidParameterException also for more than AWS takes at once."""
        size = sum(len(event["message"].encode()) + EVENT_BYTES for event in log_events)
        if len(log_events) > MOST_EVENTS or size > MOST_BYTES:
            raise InvalidParameterException(
                f"{len(log_events)} log events of {size} bytes: a batch has at most {MOST_EVENTS} events and "
                f"{MOST_BYTES} bytes"
            )
        answer: tuple[str, dict[str, Any]] = super().put_log_events(
            log_group_name, log_stream_name, log_events
        )
        return answer

    def bring_in(self) -> None:
        """Let all that servers wrote be in its streams, counted and on its way."""
        for group in list(self.groups.values()):
            group.bring_in()

    def counted(self, group: Group, events: list[Any]) -> None:
        from rehearsal.cloud.cloudwatch.models import cloudwatch_backends

        if events:
            recorder = cloudwatch_backends[self.account_id][self.region_name].recorder
            filters = self.filters.get_matching_filters(log_group_name=group.name)
            counting.count(recorder, group.name, filters, events)

    # Filters

    def put_metric_filter(
        self, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: Any
    ) -> None:
        """Put in the place of the one of this name; moto keeps both. It counts from now on."""
        self._group(log_group_name).bring_in()
        counting.check(filter_pattern, metric_transformations)
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
        """Put a subscription filter, in the place of the one of this name. It sees what comes from now on."""
        group = self._group(log_group_name)
        group.bring_in()
        filters: dict[str, Subscription] = group.subscription_filters
        if name not in filters and len(filters) >= MOST_FILTERS:
            raise LimitExceededException()
        counting.check_pattern(pattern)
        if destinations.is_lambda(destination):
            self._look_up_function(destination)
        now = World.current.clock.date(World.current.timeline.now)
        created_at = int(now.timestamp() * 1000)
        subscription = Subscription(
            name, log_group_name, pattern, destination, role, distribution, created_at, self.account_id
        )
        subscription.try_destination()
        filters[name] = subscription

    def _group(self, name: str) -> Group:
        if name not in self.groups:
            raise ResourceNotFoundException()
        return self.groups[name]

    def _look_up_function(self, arn: str) -> None:
        from moto.awslambda.utils import get_backend

        try:
            get_backend(self.account_id, self.region_name).get_function(arn)
        except Exception as unknown:
            raise InvalidParameterException(
                "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission "
                "to execute your function."
            ) from unknown


# moto's other services (flow logs, Lambda, Route 53) write to moto's own dictionary: it holds our backend, so
# that there is one CloudWatch Logs for all.
logs_backends.backend = LogsBackend
