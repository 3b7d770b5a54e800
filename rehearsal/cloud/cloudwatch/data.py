"""Datapoints of emulated metrics, as GetMetricData and GetMetricStatistics answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rehearsal.cloud.cloudwatch import statistics
from rehearsal.cloud.cloudwatch.alarms import Definition, Evaluator, Query, in_order
from rehearsal.cloud.cloudwatch.history import KEPT_SECONDS
from rehearsal.cloud.cloudwatch.metrics import Metric, emulated
from rehearsal.cloud.cloudwatch.recorder import Recorder
from rehearsal.cloud.world import World


def metric(namespace: str, name: str, dimensions: list[dict[str, str]]) -> Metric:
    return Metric(namespace, name, frozenset((each["Name"], each["Value"]) for each in dimensions))


def second(date: datetime) -> float:
    """A calendar time as an emulated second."""
    epoch = World.current.clock.epoch
    return (date - (epoch if date.tzinfo else epoch.replace(tzinfo=None))).total_seconds()


def _of(query: dict[str, Any]) -> Metric | None:
    given = (query.get("MetricStat") or {}).get("Metric")
    return metric(given["Namespace"], given["MetricName"], given.get("Dimensions", [])) if given else None


def all_emulated(queries: list[dict[str, Any]]) -> bool:
    watched = [found for query in queries if (found := _of(query))]
    return bool(watched) and all(map(emulated, watched))


def metric_data(
    evaluator: Evaluator, given: list[dict[str, Any]], start: float, end: float
) -> list[dict[str, Any]]:
    """MetricDataResults, oldest datapoint first. Raises UnsupportedExpression."""
    queries = in_order(
        tuple(
            Query(q["Id"], _of(q), (q.get("MetricStat") or {}).get("Stat", ""), q.get("Expression") or "")
            for q in given
        )
    )
    period = float(max(int(q["MetricStat"]["Period"]) for q in given if q.get("MetricStat")))
    results = []
    by_id = {query.id: query for query in queries}
    for asked in given:
        if asked.get("ReturnData") is False:
            continue
        query = by_id[asked["Id"]]
        definition = Definition(queries, query.id, period, "")
        points = [(at, evaluator.point(definition, at)) for at in _periods(start, end, period)]
        there = [(at, value) for at, value in points if value is not None]
        name = query.metric.name if query.metric else query.id
        results.append(
            {
                "Id": query.id,
                "Label": asked.get("Label") or name,
                "Timestamps": [World.current.clock.date(at) for at, _ in there],
                "Values": [value for _, value in there],
                "StatusCode": "Complete",
            }
        )
    return results


def statistics_of(
    recorder: Recorder, asked: Metric, wanted: list[str], period: float, start: float, end: float
) -> list[dict[str, Any]]:
    """Datapoints of GetMetricStatistics. Raises ValueError for a statistic that is not emulated."""
    points = []
    for at in _periods(start, end, period):
        samples = recorder.samples(asked, at, at + period)
        values = {name: statistics.statistic(samples, name) for name in wanted}
        if all(value is None for value in values.values()):
            continue
        extended = {name: value for name, value in values.items() if statistics.PERCENTILE.fullmatch(name)}
        plain = {name: value for name, value in values.items() if name not in extended}
        point = {"Timestamp": World.current.clock.date(at)} | plain
        points.append(point | ({"ExtendedStatistics": extended} if extended else {}))
    return points


def _periods(start: float, end: float, period: float) -> Iterator[float]:
    """Starts of the whole periods that begin in the window and have ended, of what is remembered."""
    now = World.current.timeline.now
    at = max(start, now - KEPT_SECONDS) // period * period
    while at < min(end, now):
        if at >= start - period and at + period <= now:
            yield at
        at += period
