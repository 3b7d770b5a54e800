"""CloudWatch of one region: moto's backend with measured fleets and alarms that are evaluated."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend as MotoCloudWatchBackend
from moto.core.base_backend import BackendDict

from rehearsal.cloud.cloudwatch import alarms, data, evaluation
from rehearsal.cloud.cloudwatch.alarm_history import AlarmHistory, Item
from rehearsal.cloud.cloudwatch.alarms import Definition, Evaluator
from rehearsal.cloud.cloudwatch.recorder import Recorder
from rehearsal.cloud.events import topics
from rehearsal.cloud.world import World


class CloudWatchBackend(MotoCloudWatchBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.recorder = Recorder(account_id, region_name)
        self.recorder.sources.append(self._bring_lines_in)
        self.evaluator = Evaluator(self.recorder, self._notify, lambda at: World.current.clock.date(at))
        #: By alarm: what it watches, None when that is not emulated, and until when it was evaluated.
        self._definitions: dict[str, Definition | None] = {}
        self._settled: dict[str, float] = {}
        self.history = AlarmHistory()

    def _bring_lines_in(self) -> None:
        """Let metric filters count what servers have written."""
        from rehearsal.cloud.logs.models import logs_backends

        logs_backends[self.account_id][self.region_name].bring_in()

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """Also for alarms: moto's own look at nothing."""
        super().put_metric_data(namespace, metric_data)
        for each in metric_data:
            metric = data.metric(namespace, each["MetricName"], each.get("Dimensions") or [])
            at = data.second(each["Timestamp"]) if each.get("Timestamp") else World.current.timeline.now
            values = each.get("Values") or ([each["Value"]] if each.get("Value") is not None else [])
            for value, count in zip_longest(values, each.get("Counts") or [], fillvalue=1.0):
                self.recorder.count(metric, at, float(value), float(count))

    def put_metric_alarm(self, name: str, *args: Any, **settings: Any) -> Any:
        """A new alarm has INSUFFICIENT_DATA; a changed one keeps its state until it is evaluated again."""
        before = self.alarms.get(name)
        if before:
            self.settle([name])
        alarm = super().put_metric_alarm(name, *args, **settings)
        now = World.current.timeline.now
        alarm.state_value = evaluation.INSUFFICIENT_DATA
        alarm.state_updated_timestamp = alarm.configuration_updated_timestamp = World.current.clock.date(now)
        if before:
            alarm.state_value, alarm.state_reason = before.state_value, before.state_reason
            alarm.state_updated_timestamp, alarm.history = before.state_updated_timestamp, before.history
        self._definitions[name], self._settled[name] = alarms.define(alarm), now
        return alarm

    def settle(self, names: Iterable[str] | None = None) -> None:
        """Evaluate these alarms, or all of them, up to the present; those not emulated stay as they are."""
        now = World.current.timeline.now
        for name in list(self.alarms) if names is None else names:
            definition = self._definitions.get(name)
            if name in self.alarms and definition:
                since = self._settled[name]
                self._settled[name] = self.evaluator.settle(self.alarms[name], definition, since, now)

    def ringing(self, names: Iterable[str]) -> list[str]:
        """Which of these alarms are in ALARM now."""
        wanted = list(names)
        self.settle(wanted)
        return [name for name in wanted if name in self.alarms and self.alarms[name].state_value == "ALARM"]

    def set_alarm_state(self, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        """An alarm that is evaluated returns to its own state at the end of the minute, as on AWS."""
        self.settle([alarm_name])
        before = self.alarms[alarm_name].state_value if alarm_name in self.alarms else ""
        super().set_alarm_state(alarm_name, reason, reason_data, state_value)
        alarm, now = self.alarms[alarm_name], World.current.timeline.now
        alarm.state_updated_timestamp = World.current.clock.date(now)
        if before != state_value:
            self._notify(alarm, now)

    def _notify(self, alarm: Any, at: float) -> None:
        """Note that the alarm entered another state, and tell the topics among the actions of it."""
        before, date = alarm.history[-1][3], World.current.clock.date(at)
        kind = "CompositeAlarm" if alarm.rule else "MetricAlarm"
        item = Item(alarm.name, kind, at, date, before, alarm.state_value, alarm.state_reason)
        self.history.record(item)
        actions = {
            "ALARM": alarm.alarm_actions,
            "OK": alarm.ok_actions,
            "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
        }[alarm.state_value]
        if not alarm.actions_enabled:
            return
        message = {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": self.account_id,
            "Region": self.region_name,
            "NewStateValue": alarm.state_value,
            "NewStateReason": alarm.state_reason,
            "StateChangeTime": date.isoformat(),
            "OldStateValue": before,
            "AlarmArn": alarm.alarm_arn,
        }
        subject = f'{alarm.state_value}: "{alarm.name}" in {self.region_name}'
        for arn in actions:
            topics.publish(arn, subject, message)


cloudwatch_backends = BackendDict(CloudWatchBackend, "cloudwatch")
