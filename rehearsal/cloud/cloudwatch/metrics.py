"""The metrics that the emulated cloud has, as AWS names them, and what they are measured from.

Traffic is a constant: every target group with a healthy target gets the same requests a second, spread evenly
over its healthy targets. How many of them a server answers with an error, and how fast, is its image's doing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rehearsal.cloud.autoscaling.servers import (
    DRAINING,
    HEALTHY,
    IN_SERVICE,
    INITIAL,
    PENDING,
    STANDBY,
    TERMINATING,
    UNHEALTHY,
    Server,
)
from rehearsal.cloud.cloudwatch.statistics import Samples

#: Enough for a p99 of one minute to count: CloudWatch wants 1000 samples for it.
REQUESTS_PER_SECOND = 20.0
#: A state is sampled once a minute, as load balancers and groups do.
SAMPLE_SECONDS = 60.0


class Metric(NamedTuple):
    """What CloudWatch identifies a metric by."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    def dimension(self, name: str) -> str:
        return dict(self.dimensions)[name]


class Traffic(NamedTuple):
    """What a target group is at an instant. `latencies`: (seconds, share of the requests)."""

    healthy: int
    unhealthy: int
    error_share: float
    latencies: tuple[tuple[float, float], ...]


class Capacity(NamedTuple):
    """What a group is at an instant, in numbers of servers."""

    desired: int
    low: int
    high: int
    states: tuple[tuple[str, int], ...]


def traffic(servers: Iterable[Server]) -> Traffic | None:
    """Of the registered ones among these servers; None when there is no target to ask."""
    targets = [s for s in servers if s.target in (INITIAL, HEALTHY, UNHEALTHY, DRAINING)]
    if not targets:
        return None
    healthy = [server for server in targets if server.target == HEALTHY]
    share = 1 / len(healthy) if healthy else 0.0
    latencies = Counter(server.latency_seconds for server in healthy)
    return Traffic(
        len(healthy),
        sum(server.target == UNHEALTHY for server in targets),
        sum(server.error_share for server in healthy) * share,
        tuple(sorted((seconds, count * share) for seconds, count in latencies.items())),
    )


def capacity(group: Any) -> Capacity:
    states = Counter(server.lifecycle.partition(":")[0] for server in group.fleet.servers.values())
    return Capacity(
        group.fleet.desired, group.min_size or 0, group.max_size or 0, tuple(sorted(states.items()))
    )


def _requests(now: Traffic, seconds: float) -> float:
    return REQUESTS_PER_SECOND * seconds if now.healthy else 0.0


def _level(value: float, seconds: float) -> Samples:
    return [(float(value), seconds / SAMPLE_SECONDS)]


#: What a target group contributes to a metric in so many seconds: single requests, states by the minute.
LOAD_BALANCER: dict[str, Callable[[Traffic, float], Samples]] = {
    "RequestCount": lambda now, seconds: [(1.0, _requests(now, seconds))],
    "HTTPCode_Target_5XX_Count": lambda now, seconds: [(1.0, now.error_share * _requests(now, seconds))],
    "HTTPCode_Target_2XX_Count": lambda now, seconds: [
        (1.0, (1 - now.error_share) * _requests(now, seconds))
    ],
    "TargetResponseTime": lambda now, seconds: [
        (latency, share * _requests(now, seconds)) for latency, share in now.latencies
    ],
    "HealthyHostCount": lambda now, seconds: _level(now.healthy, seconds),
    "UnHealthyHostCount": lambda now, seconds: _level(now.unhealthy, seconds),
}


def _in(now: Capacity, *states: str) -> int:
    return sum(count for state, count in now.states if state in states or not states)


AUTO_SCALING: dict[str, Callable[[Capacity], int]] = {
    "GroupMinSize": lambda now: now.low,
    "GroupMaxSize": lambda now: now.high,
    "GroupDesiredCapacity": lambda now: now.desired,
    "GroupInServiceInstances": lambda now: _in(now, IN_SERVICE),
    "GroupPendingInstances": lambda now: _in(now, PENDING),
    "GroupStandbyInstances": lambda now: _in(now, STANDBY),
    "GroupTerminatingInstances": lambda now: _in(now, TERMINATING),
    "GroupTotalInstances": lambda now: _in(now),
}

#: Namespace → (names, the dimensions that its metrics have here). Other dimensions are other metrics.
_EMULATED = {
    "AWS/ApplicationELB": (frozenset(LOAD_BALANCER), frozenset({"LoadBalancer", "TargetGroup"})),
    "AWS/AutoScaling": (frozenset(AUTO_SCALING), frozenset({"AutoScalingGroupName"})),
    "AWS/Events": (frozenset({"TriggeredRules"}), frozenset({"RuleName"})),
    "AWS/Firehose": (frozenset({"DeliveryToS3.DataFreshness"}), frozenset({"DeliveryStreamName"})),
    "AWS/Lambda": (frozenset({"Errors", "Invocations"}), frozenset({"FunctionName"})),
    "AWS/Logs": (frozenset({"IncomingLogEvents", "IncomingBytes"}), frozenset({"LogGroupName"})),
    "AWS/Scheduler": (
        frozenset({"InvocationAttemptCount", "InvocationDroppedCount", "TargetErrorCount"}),
        frozenset({"ScheduleGroup"}),
    ),
}


def emulated(metric: Metric) -> bool:
    """Whether the emulated cloud measures it; that there is data for these very dimensions is not said.

    What is not AWS's own is counted as it comes, from metric filters of log groups and from PutMetricData.
    """
    if not metric.namespace.startswith("AWS/"):
        return True
    names, dimensions = _EMULATED.get(metric.namespace, (frozenset(), frozenset()))
    return metric.name in names and {name for name, _ in metric.dimensions} == dimensions
