"""Measures the fleets of one region: what changes is recorded, and windows of it are read as samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.cloudwatch import metrics
from rehearsal.cloud.cloudwatch.history import Events, Levels, Values
from rehearsal.cloud.cloudwatch.metrics import Capacity, Metric, Traffic
from rehearsal.cloud.cloudwatch.statistics import Samples

if TYPE_CHECKING:
    from rehearsal.cloud.firehose.freshness import Freshness


class Recorder:
    def __init__(self, account_id: str, region_name: str) -> None:
        self._account_id, self._region_name = account_id, region_name
        self._traffic: dict[str, Levels[Traffic]] = {}
        self._capacity: dict[str, Levels[Capacity]] = {}
        self._rules: dict[str, Events] = {}
        self._counted: dict[Metric, Values] = {}
        #: Asked before counted values are read: they let what is still on its way be counted.
        self.sources: list[Callable[[], None]] = []

    # What is measured

    def observe(self, group: Any, now: float) -> None:
        """Called after every change of a group's servers."""
        self._capacity.setdefault(group.name, Levels()).record(now, metrics.capacity(group))
        for target_group in group.target_groups():
            self._observe_targets(target_group, now)

    def observe_all(self, now: float) -> None:
        """Also what no group tells: targets that were deregistered by hand, or whose group is gone."""
        for group in self._groups():
            self._capacity.setdefault(group.name, Levels()).record(now, metrics.capacity(group))
        for target_group in self._target_groups().values():
            self._observe_targets(target_group, now)

    def rule_triggered(self, name: str, now: float) -> None:
        self._rules.setdefault(name, Events()).record(now)

    def count(self, metric: Metric, at: float, value: float, times: float = 1.0) -> None:
        """A value of a metric that nothing here measures by itself, so many times."""
        self._counted.setdefault(metric, Values()).record(at, value, times)

    def _observe_targets(self, target_group: Any, now: float) -> None:
        arn, targets = target_group.arn, target_group.targets
        servers = [
            server
            for group in self._groups()
            if arn in group.target_group_arns
            for server in group.fleet.servers.values()
            if server.id in targets
        ]
        self._traffic.setdefault(arn, Levels()).record(now, metrics.traffic(servers))

    def _groups(self) -> list[Any]:
        from rehearsal.cloud.autoscaling.models import autoscaling_backends

        return list(autoscaling_backends[self._account_id][self._region_name].autoscaling_groups.values())

    def _target_groups(self) -> dict[str, Any]:
        from moto.elbv2.models import elbv2_backends

        found: dict[str, Any] = elbv2_backends[self._account_id][self._region_name].target_groups
        return found

    # What is read

    def samples(self, metric: Metric, start: float, end: float) -> Samples:
        """The samples of an emulated metric from `start` until before `end`; none where there is no data."""
        match metric.namespace:
            case "AWS/ApplicationELB":
                contribute = metrics.LOAD_BALANCER[metric.name]
                traffic = self._traffic.get(self._arn(metric), Levels())
                return [each for now, s in traffic.segments(start, end) for each in contribute(now, s)]
            case "AWS/AutoScaling":
                count = metrics.AUTO_SCALING[metric.name]
                capacity = self._enabled(metric).segments(start, end)
                return [(float(count(now)), s / metrics.SAMPLE_SECONDS) for now, s in capacity]
            case "AWS/Firehose":
                return self._freshness(metric).samples(start, end)
            case "AWS/Events":
                return self._triggered(metric, start, end)
        return self._values(metric).samples(start, end)

    def _triggered(self, metric: Metric, start: float, end: float) -> Samples:
        triggered = self._rules.get(metric.dimension("RuleName"), Events()).count(start, end)
        return [(1.0, float(triggered))] if triggered else []

    def changed_since(self, used: Iterable[Metric], at: float) -> bool:
        """Whether any of these metrics has changed after this second."""
        return any(self._history(metric).changed_since(at) for metric in used)

    def _history(self, metric: Metric) -> Levels[Any] | Events | Values | Freshness:
        match metric.namespace:
            case "AWS/ApplicationELB":
                return self._traffic.get(self._arn(metric), Levels())
            case "AWS/AutoScaling":
                return self._capacity.get(metric.dimension("AutoScalingGroupName"), Levels())
            case "AWS/Firehose":
                return self._freshness(metric)
            case "AWS/Events":
                return self._rules.get(metric.dimension("RuleName"), Events())
        return self._values(metric)

    def _values(self, metric: Metric) -> Values:
        for bring in self.sources:
            bring()
        return self._counted.get(metric, Values())

    def _freshness(self, metric: Metric) -> Freshness:
        """Of a stream that is there; of another there is nothing to tell."""
        from rehearsal.cloud.firehose.freshness import Freshness
        from rehearsal.cloud.firehose.models import firehose_backends

        for bring in self.sources:
            bring()
        streams = firehose_backends[self._account_id][self._region_name].deliveries
        found = streams.get(metric.dimension("DeliveryStreamName"))
        return found.freshness if found else Freshness()

    def _enabled(self, metric: Metric) -> Levels[Capacity]:
        """A group's metrics are there while their collection is enabled."""
        name = metric.dimension("AutoScalingGroupName")
        group = next((group for group in self._groups() if group.name == name), None)
        if group is None or metric.name not in {each["Metric"] for each in group.enabled_metrics}:
            return Levels()
        return self._capacity.get(name, Levels())

    def _arn(self, metric: Metric) -> str:
        """The target group behind the dimensions; empty when the load balancer does not forward to it."""
        balancer, suffix = metric.dimension("LoadBalancer"), metric.dimension("TargetGroup")
        for arn, target_group in self._target_groups().items():
            if arn.endswith(f":{suffix}"):
                balancers: list[str] = target_group.load_balancer_arns
                behind = any(each.endswith(f":loadbalancer/{balancer}") for each in balancers)
                return arn if behind else ""
        return ""
