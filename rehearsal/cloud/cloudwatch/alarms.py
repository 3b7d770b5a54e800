"""Metric alarms over emulated metrics: their definition read once, their state evaluated when asked for.

A period ends with every emulated minute, counted from the start of the cloud, not with a calendar's: the same
story gives the same states. AWS evaluates an alarm every minute over the periods that end then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any

from rehearsal.cloud.cloudwatch import evaluation, expressions, metrics, statistics
from rehearsal.cloud.cloudwatch.history import KEPT_SECONDS
from rehearsal.cloud.cloudwatch.metrics import Metric
from rehearsal.cloud.cloudwatch.recorder import Recorder


@dataclass(frozen=True)
class Query:
    """One of an alarm's metrics: a metric and its statistic, or an expression over other queries."""

    id: str
    metric: Metric | None
    statistic: str
    expression: str


@dataclass(frozen=True)
class Definition:
    """`unsupported` says why the alarm cannot be evaluated here; empty when it can."""

    queries: tuple[Query, ...]
    result: str
    period: float
    unsupported: str

    @property
    def step(self) -> float:
        """Seconds between two evaluations."""
        return 60.0 if self.period >= 60 else 10.0

    @property
    def metrics(self) -> list[Metric]:
        return [query.metric for query in self.queries if query.metric]


def define(alarm: Any) -> Definition | None:
    """What a moto alarm watches; None when none of it is emulated, and its state is what was set."""
    if alarm.rule is not None:
        return None
    queries, result, periods = _queries(alarm)
    watched = [query.metric for query in queries if query.metric]
    if not watched or not all(map(metrics.emulated, watched)):
        return None
    unsupported = _unsupported(alarm, queries)
    return Definition(queries if unsupported else in_order(queries), result, float(max(periods)), unsupported)


def _queries(alarm: Any) -> tuple[tuple[Query, ...], str, list[int]]:
    if not alarm.metric_data_queries:
        watched = Metric(alarm.namespace, alarm.metric_name, _dimensions(alarm.dimensions))
        statistic = alarm.statistic or alarm.extended_statistic
        return (Query("m", watched, statistic, ""),), "m", [int(alarm.period)]
    queries, periods, results = [], [], []
    for each in alarm.metric_data_queries:
        stat = each.metric_stat
        metric: Metric | None = None
        if stat:
            metric = Metric(
                stat.metric.namespace, stat.metric.metric_name, _dimensions(stat.metric.dimensions)
            )
            periods.append(int(stat.period))
        queries.append(Query(each.id, metric, stat.stat if stat else "", each.expression or ""))
        if each.return_data is not False:
            results.append(each.id)
    return tuple(queries), results[0] if results else "", periods


def _dimensions(given: Any) -> frozenset[tuple[str, str]]:
    return frozenset((each.name, each.value) for each in given)


def _unsupported(alarm: Any, queries: tuple[Query, ...]) -> str:
    if not evaluation.comparable(alarm.comparison_operator):
        return f"the comparison {alarm.comparison_operator}"
    for query in queries:
        if query.metric and not statistics.known(query.statistic):
            return f"the statistic {query.statistic}"
    try:
        in_order(queries)
    except expressions.UnsupportedExpression as why:
        return str(why)
    return ""


def in_order(queries: tuple[Query, ...]) -> tuple[Query, ...]:
    """Each query after those that its expression uses. Raises UnsupportedExpression for what cannot be."""
    by_id = {query.id: query for query in queries}
    uses = {query.id: expressions.identifiers(query.expression) for query in queries if query.expression}
    for name in sorted(set().union(*uses.values()) - set(by_id)):
        raise expressions.UnsupportedExpression(f"the ID {name!r} is not one of the queries'")
    try:
        ordered = list(TopologicalSorter({name: uses.get(name, set()) for name in by_id}).static_order())
    except CycleError as cycle:
        raise expressions.UnsupportedExpression("expressions that use each other") from cycle
    return tuple(by_id[name] for name in ordered)


class Evaluator:
    """Brings one alarm's state up to the present."""

    def __init__(
        self, recorder: Recorder, changed: Callable[[Any, float], None], date: Callable[[float], datetime]
    ) -> None:
        self._recorder, self._changed, self._date = recorder, changed, date

    def settle(self, alarm: Any, definition: Definition, since: float, now: float) -> float:
        """Evaluate at every step after `since` up to `now`; returns the last one, from where to go on.

        Of a long time only what history is kept for is evaluated; when nothing changes any more, the first
        evaluation stands for all that follow.
        """
        step = definition.step
        last = now // step * step
        tick = max((since // step + 1) * step, (now - KEPT_SECONDS) // step * step)
        reach = definition.period * (int(alarm.evaluation_periods) + evaluation.EXTRA_PERIODS)
        while tick <= now:
            self._evaluate(alarm, definition, tick)
            if not self._recorder.changed_since(definition.metrics, tick - reach):
                break
            tick += step
        return max(since, last)

    def _evaluate(self, alarm: Any, definition: Definition, at: float) -> None:
        if definition.unsupported:
            why = f"Insufficient Data: {definition.unsupported} (emulated cloud)"
            self._enter(alarm, evaluation.INSUFFICIENT_DATA, why, at)
            return
        period, periods = definition.period, int(alarm.evaluation_periods)
        starts = [at - period * back for back in range(periods + evaluation.EXTRA_PERIODS, 0, -1)]
        if alarm.evaluate_low_sample_count_percentile == "ignore" and self._few(definition, starts[-1]):
            return
        points = [(start, self.point(definition, start)) for start in starts]
        comparison, threshold = alarm.comparison_operator, float(alarm.threshold)
        datapoints = int(alarm.datapoints_to_alarm or periods)
        missing = alarm.treat_missing_data or "missing"
        breaching = [
            None if value is None else evaluation.breaches(value, comparison, threshold)
            for _, value in points
        ]
        state = evaluation.judge(breaching, datapoints, periods, missing)
        if state is not None and state != alarm.state_value:
            dated = [(self._date(start), value) for start, value in points]
            why = evaluation.reason(state, dated, comparison, threshold, datapoints, periods, missing)
            self._enter(alarm, state, why, at)

    def _few(self, definition: Definition, start: float) -> bool:
        return any(
            statistics.too_few(
                self._recorder.samples(query.metric, start, start + definition.period), query.statistic
            )
            for query in definition.queries
            if query.metric
        )

    def point(self, definition: Definition, start: float) -> float | None:
        """The value of the result in the period from `start` on."""
        values: dict[str, float | None] = {}
        for query in definition.queries:
            if query.metric:
                found = self._recorder.samples(query.metric, start, start + definition.period)
                values[query.id] = statistics.statistic(found, query.statistic)
            else:
                values[query.id] = expressions.parse(query.expression)(values)
        return values.get(definition.result)

    def _enter(self, alarm: Any, state: str, why: str, at: float) -> None:
        if (state, why) == (alarm.state_value, alarm.state_reason):
            return
        before = alarm.state_value
        alarm.update_state(why, "{}", state)
        alarm.state_updated_timestamp = self._date(at)
        if state != before:
            self._changed(alarm, at)
