"""Which service answers which request: load balancer rules compared as patterns, before any rule exists.

A rule matches when the host is one of its hosts and the path one of its paths; `*` stands for any characters,
`?` for one. The rule with the lowest priority number wins, so a rule behind a wider one is never reached.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Protocol


class Route(Protocol):
    """What is compared of a service's rule; no hosts or no paths means all of them."""

    @property
    def priority(self) -> int: ...
    @property
    def hosts(self) -> tuple[str, ...]: ...
    @property
    def paths(self) -> tuple[str, ...]: ...


def covers(wider: str, narrower: str) -> bool:
    """Whether every text that `narrower` matches is matched by `wider`; both are patterns with `*` and `?`.

    It never says yes wrongly. It may miss a cover that only several wildcards together make up.
    """
    parts = (".*" if c == "*" else "[^*]" if c == "?" else re.escape(c) for c in wider)
    return re.fullmatch("".join(parts), narrower, re.DOTALL) is not None


def conflicts(routes: Mapping[str, Route]) -> Iterator[tuple[str, str, str]]:
    """Every ambiguity as (service, key of its route, what is wrong), on the service whose rule loses."""
    ordered = sorted(routes.items(), key=lambda item: (item[1].priority, item[0]))
    for (first, winner), (second, loser) in itertools.combinations(ordered, 2):
        if winner.priority == loser.priority:
            yield second, "priority", f"{loser.priority} is also that of {first}; give each service its own"
        key, lost = _lost(winner, loser)
        if not lost:
            continue
        if winner.priority == loser.priority:
            yield second, key, f"{lost} is also routed to {first}; a request can have one service only"
        else:
            yield (
                second,
                key,
                f"{lost} is already routed to {first}, whose priority {winner.priority} comes before "
                f"{loser.priority}; give {second} the lower number, or another host or path",
            )


def _lost(winner: Route, loser: Route) -> tuple[str, str]:
    """The first host and path of `loser` that `winner` takes whole, as (key, text); no text if none."""
    hosts, paths = winner.hosts or ("*",), winner.paths or ("/*",)
    for host, path in itertools.product(loser.hosts or ("*",), loser.paths or ("/*",)):
        # Host names are compared without case, paths with it.
        host_taken = any(covers(each.lower(), host.lower()) for each in hosts)
        if host_taken and any(covers(each, path) for each in paths):
            named = [f"'{part}'" for part, own in ((host, loser.hosts), (path, loser.paths)) if own]
            return ("paths" if loser.paths else "hosts"), " ".join(named)
    return "", ""
