"""Statistics of one period, in CloudWatch's words, from the samples that fell into it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

#: (value, how often it was sampled); weights of samples may be fractions, as rates are spread over time.
Samples = list[tuple[float, float]]

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


def known(name: str) -> bool:
    return name in _STATISTICS or bool(PERCENTILE.fullmatch(name))


def statistic(samples: Iterable[tuple[float, float]], name: str) -> float | None:
    """The named statistic (`Sum`, `p99`); None without a sample. Raises ValueError for an unknown one."""
    there = [(value, weight) for value, weight in samples if weight > 0]
    percentile = PERCENTILE.fullmatch(name)
    if not percentile and name not in _STATISTICS:
        raise ValueError(f"the statistic {name!r} is not emulated")
    if not there:
        return None
    if percentile:
        return _percentile(there, float(percentile[1]))
    return _STATISTICS[name](there)


def too_few(samples: Samples, name: str) -> bool:
    """Whether a percentile has too few samples to mean anything: less than 10 / (1 - percentile) above p50.

    Source: "Percentile-based CloudWatch alarms and low data samples". 0 samples are missing, not few.
    """
    percentile = PERCENTILE.fullmatch(name)
    count = sum(weight for _, weight in samples)
    if not percentile or count <= 0:
        return False
    share = float(percentile[1]) / 100
    needed = 10 / (1 - share) if 0.5 <= share < 1 else 10 / share if 0 < share < 0.5 else 0
    return count < needed - 1e-6


def _count(samples: Samples) -> float:
    return sum(weight for _, weight in samples)


def _sum(samples: Samples) -> float:
    return sum(value * weight for value, weight in samples)


def _percentile(samples: Samples, percent: float) -> float:
    """The smallest value that this share of the samples does not exceed."""
    wanted, seen = percent / 100 * _count(samples), 0.0
    ordered = sorted(samples)
    for value, weight in ordered:
        seen += weight
        if seen >= wanted - 1e-9:
            return value
    return ordered[-1][0]


_STATISTICS: dict[str, Callable[[Samples], float]] = {
    "SampleCount": _count,
    "Sum": _sum,
    "Average": lambda samples: _sum(samples) / _count(samples),
    "Minimum": lambda samples: min(value for value, _ in samples),
    "Maximum": lambda samples: max(value for value, _ in samples),
}
