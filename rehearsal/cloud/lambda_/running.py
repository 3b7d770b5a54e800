"""Calls of functions: by a client that waits for the answer, and by other services that do not.

A function calls the emulated cloud, which answers one request at a time; so whoever waits for a function must
not be one of those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from rehearsal.cloud.lambda_.functions import Function
from rehearsal.cloud.lambda_.process import Environment
from rehearsal.cloud.world import World

RUNTIMES = ("python3.",)


@contextmanager
def warm(world: World, function: Function) -> Iterator[Callable[[Any], dict[str, Any]]]:
    """A way to call the function, in one process as long as this lasts. Its log is kept in its log group."""
    if not str(function.settings.get("Runtime")).startswith(RUNTIMES):
        raise NotImplementedError(
            f"a function of the runtime {function.settings.get('Runtime')!r} does not run"
        )
    with Environment(function, world.endpoint, world.clock.speed) as environment:

        def call(event: Any) -> dict[str, Any]:
            answer = environment.call(event)
            with world.lock:
                if World.current is world:
                    _count(function, failed="error" in answer)
            return answer

        try:
            yield call
        finally:
            lines = environment.log()
            with world.lock:
                if World.current is world:
                    _keep(function, environment.stream, lines)


def in_the_background(work: Callable[[], object]) -> None:
    Thread(target=work, daemon=True).start()


def _count(function: Function, *, failed: bool) -> None:
    from rehearsal.cloud.cloudwatch.metrics import Metric
    from rehearsal.cloud.cloudwatch.models import cloudwatch_backends

    recorder = cloudwatch_backends[function.account][function.region].recorder
    where, now = frozenset({("FunctionName", function.name)}), World.current.timeline.now
    recorder.count(Metric("AWS/Lambda", "Invocations", where), now, 1.0)
    recorder.count(Metric("AWS/Lambda", "Errors", where), now, float(failed))


def _keep(function: Function, stream: str, lines: list[str]) -> None:
    """Lambda makes the group and the stream where they are missing; nothing printed, nothing kept."""
    if not lines:
        return
    from moto.logs.models import logs_backends

    logs = logs_backends[function.account][function.region]
    if function.log_group not in logs.groups:
        logs.create_log_group(function.log_group, {})
    logs.create_log_stream(function.log_group, stream)
    now = int(World.current.clock.date(World.current.timeline.now).timestamp() * 1000)
    logs.put_log_events(function.log_group, stream, [{"timestamp": now, "message": line} for line in lines])
