"""An instance refresh of many servers in the emulated fleet: a program by itself, whose cost is measured.

Its servers are numbers instead of moto's instances: it shows what the emulation of Auto Scaling costs.
"""

from __future__ import annotations

import itertools
import json
import math
import resource
from pathlib import Path

from rehearsal.cloud.autoscaling.batches import bounds
from rehearsal.cloud.autoscaling.fleet import Fleet, Timings
from rehearsal.cloud.autoscaling.hooks import AGENT_SECONDS, CONTINUE, LAUNCHING, TERMINATION, Hook
from rehearsal.cloud.autoscaling.preferences import Preferences
from rehearsal.cloud.autoscaling.refresh import Refresh
from rehearsal.cloud.autoscaling.servers import Configuration, Server
from rehearsal.cloud.clock import Clock, Timeline

SERVERS = 10_000
TIMINGS = Timings(boot=40, to_healthy=30, to_unhealthy=30, drain=30, grace=300, warmup=60)
#: Launch before terminate, a thousand at a time.
PREFERENCES = Preferences({}, min_percent=100, max_percent=110, warmup=TIMINGS.warmup, auto_rollback=True)
#: A service's own.
HOOKS = (Hook("launch", LAUNCHING, 600), Hook("termination", TERMINATION, 300, CONTINUE))


class Numbers:
    """Servers that are nothing but a number, and healthy."""

    def __init__(self) -> None:
        self.numbers = itertools.count()

    def launch(self, configuration: Configuration, count: int) -> list[tuple[str, str, str]]:
        kind = configuration.instance_types[0]
        return [(f"i-{number:017x}", kind, "a") for number in itertools.islice(self.numbers, count)]

    def booted(self, servers: list[Server]) -> None: ...
    def started(self, servers: list[Server]) -> None: ...
    def drained(self, servers: list[Server]) -> None: ...
    def replaced(self, servers: list[Server]) -> None: ...
    def ended(self, servers: list[Server]) -> None: ...

    def behaviour(self, image_id: str) -> str:  # noqa: ARG002
        return "healthy"

    def timings(self) -> Timings:
        return TIMINGS

    def checks_targets(self) -> bool:
        return True


def roll(servers: int) -> Refresh:
    """Refresh so many servers, from the first to the last."""
    old, new = (Configuration("lt-1", "bench", number, f"ami-{number}", ("m7g.large",)) for number in (1, 2))
    clock = Clock(0)
    timeline = Timeline(clock)
    fleet = Fleet(timeline, Numbers(), lambda: old)
    fleet.hooks.by_name.update((hook.name, hook) for hook in HOOKS)
    fleet.desired = servers
    fleet.changed()
    clock.step(1000)
    timeline.catch_up()
    refresh = Refresh(fleet, new, PREFERENCES, {"LaunchTemplate": {}}, succeeded=lambda: None)
    while refresh.active:
        clock.step(60)
        timeline.catch_up()
    return refresh


def duration_ratio(refresh: Refresh) -> float:
    """How long it took, as a share of what the batches say."""
    end = math.inf if refresh.end is None else refresh.end
    return (end - refresh.start) / expected_seconds(refresh.fleet.desired)


def expected_seconds(servers: int) -> float:
    """ceil(n / batch) * (boot + warm-up).

    A batch is what fits between the fewest that serve and the most there are. Servers that are launched
    together are ready together, so it rolls in waves, and these are whole ones. If each took its own time it
    would roll on with every single one, and n / batch of the mean time would be the measure; the waves are
    the upper bound of that. Booting ends with the service: the launch hook's validation belongs to it.
    Not in it: a few seconds until it starts, and the last wave's way out, which it does not wait for.
    """
    limits = bounds(servers, PREFERENCES.min_percent, PREFERENCES.max_percent)
    waves = math.ceil(servers / (limits.max_total - limits.min_ready))
    ready = max(TIMINGS.warmup, TIMINGS.to_healthy)
    return waves * (TIMINGS.boot + AGENT_SECONDS[LAUNCHING] + ready)


def peak_mb() -> float:
    """The most memory that this program held, in MiB. What Linux tells of an ended child includes its
    parent's at the fork.
    """
    status = Path("/proc/self/status")
    if status.exists():
        told = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(told["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    rolled = roll(SERVERS)
    found = {"status": rolled.status, "duration_ratio": duration_ratio(rolled), "peak_mb": peak_mb()}
    print(json.dumps(found))
