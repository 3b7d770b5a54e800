"""What metric filters count, and how many lines come in: values for the emulated CloudWatch."""

from __future__ import annotations

from collections import Counter
from typing import Any

from moto.logs.exceptions import InvalidParameterException

from rehearsal.cloud.cloudwatch.history import BIN_SECONDS
from rehearsal.cloud.cloudwatch.metrics import Metric
from rehearsal.cloud.cloudwatch.recorder import Recorder
from rehearsal.cloud.logs import patterns
from rehearsal.cloud.world import World


def check(pattern: str, transformations: list[dict[str, Any]]) -> None:
    """Raises InvalidParameterException for what AWS refuses, and for what is not emulated."""
    check_pattern(pattern)
    for each in transformations:
        try:
            float(each["metricValue"])
        except ValueError:
            raise InvalidParameterException(
                f"metricValue {each['metricValue']!r}: only numbers are emulated"
            ) from None
        if each.get("dimensions"):
            raise InvalidParameterException("dimensions of a metric filter are not emulated")


def check_pattern(pattern: str) -> None:
    """Raises InvalidParameterException."""
    try:
        patterns.compiled(pattern)
    except patterns.InvalidPattern as wrong:
        raise InvalidParameterException(str(wrong)) from wrong


def count(recorder: Recorder, group: str, filters: list[dict[str, Any]], events: list[Any]) -> None:
    """Count events of a group, each at its own time.

    `filters`: as DescribeMetricFilters has them. A default value stands for ten seconds in which lines came
    and none matched; AWS tells it once a minute.
    """
    # Cut to the millisecond, as the lines' times are: one of the first instant belongs to the first minute.
    epoch = int(World.current.clock.epoch.timestamp() * 1000)
    bin_milliseconds = BIN_SECONDS * 1000
    bins = [(event.timestamp - epoch) // bin_milliseconds * BIN_SECONDS for event in events]
    everything = Counter(bins)
    dimension = frozenset({("LogGroupName", group)})
    sizes: Counter[float] = Counter()
    for at, event in zip(bins, events, strict=True):
        sizes[at] += len(event.message)
    for at, lines in everything.items():
        recorder.count(Metric("AWS/Logs", "IncomingLogEvents", dimension), at, 1.0, lines)
        recorder.count(Metric("AWS/Logs", "IncomingBytes", dimension), at, sizes[at])
    for each in filters:
        matches = patterns.compiled(each["filterPattern"])
        told = {message: matches(message) for message in {event.message for event in events}}
        found = Counter(at for at, event in zip(bins, events, strict=True) if told[event.message])
        for transformation in each["metricTransformations"]:
            name, space = transformation["metricName"], transformation["metricNamespace"]
            metric, value = Metric(space, name, frozenset()), float(transformation["metricValue"])
            default = transformation.get("defaultValue")
            for at in everything:
                if found[at]:
                    recorder.count(metric, at, value, found[at])
                elif default is not None:
                    recorder.count(metric, at, float(default))
