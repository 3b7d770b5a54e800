"""Requests of CloudWatch that need what the emulated fleets measured."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.responses import CloudWatchResponse as MotoCloudWatchResponse
from moto.core.responses import ActionResult

from rehearsal.cloud.cloudwatch import alarm_history, data, metrics
from rehearsal.cloud.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from rehearsal.cloud.world import World


class CloudWatchResponse(MotoCloudWatchResponse):
    @property
    def cloudwatch_backend(self) -> CloudWatchBackend:
        backend: CloudWatchBackend = cloudwatch_backends[self.current_account][self.region]
        return backend

    def _settle(self, names: list[str] | None = None) -> None:
        self.cloudwatch_backend.recorder.observe_all(World.current.timeline.now)
        self.cloudwatch_backend.settle(names)

    def describe_alarms(self) -> Any:
        self._settle(self._get_param("AlarmNames", []) or None)
        return super().describe_alarms()

    def describe_alarms_for_metric(self) -> Any:
        self._settle()
        return super().describe_alarms_for_metric()

    def describe_alarm_history(self) -> Any:
        """Without AlarmTypes it tells of metric alarms alone, as on AWS."""
        name = self._get_param("AlarmName")
        self._settle([name] if name else None)
        wanted = self._get_param("HistoryItemType")
        start, end = self._get_param("StartDate"), self._get_param("EndDate")
        found = self.cloudwatch_backend.history.items(
            name,
            self._get_param("AlarmTypes", []) or ["MetricAlarm"],
            data.second(start) if start else None,
            data.second(end) if end else None,
        )
        # Configurations and actions are not noted in the emulated cloud.
        items = [each.as_answer() for each in found if wanted in (None, alarm_history.STATE_UPDATE)]
        if self._get_param("ScanBy") == "TimestampAscending":
            items.reverse()
        first = int(self._get_param("NextToken") or 0)
        last = first + int(self._get_param("MaxRecords") or alarm_history.MOST_ITEMS)
        more = {"NextToken": str(last)} if last < len(items) else {}
        return ActionResult({"AlarmHistoryItems": items[first:last], **more})

    def get_metric_data(self) -> Any:
        queries = self._get_params().get("MetricDataQueries", [])
        if not data.all_emulated(queries):
            return super().get_metric_data()
        start, end = self._window()
        try:
            results = data.metric_data(self.cloudwatch_backend.evaluator, queries, start, end)
        except ValueError as wrong:
            raise ValidationError(f"{wrong} (emulated cloud)") from wrong
        if self._get_param("ScanBy") != "TimestampAscending":
            for result in results:
                result["Timestamps"].reverse()
                result["Values"].reverse()
        return ActionResult({"MetricDataResults": results})

    def get_metric_statistics(self) -> Any:
        name = self._get_param("MetricName")
        metric = data.metric(self._get_param("Namespace"), name, self._get_param("Dimensions", []))
        wanted = [*self._get_param("Statistics", []), *self._get_param("ExtendedStatistics", [])]
        if not metrics.emulated(metric) or not wanted:
            return super().get_metric_statistics()
        start, end = self._window()
        period = self._get_int_param("Period")
        try:
            points = data.statistics_of(self.cloudwatch_backend.recorder, metric, wanted, period, start, end)
        except ValueError as wrong:
            raise ValidationError(f"{wrong} (emulated cloud)") from wrong
        return ActionResult({"Label": name, "Datapoints": points})

    def _window(self) -> tuple[float, float]:
        """StartTime and EndTime as emulated seconds."""
        self._settle()
        return data.second(self._get_param("StartTime")), data.second(self._get_param("EndTime"))
