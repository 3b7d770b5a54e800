"""Several commands at once, in an order that a test decides: one at a time goes on to its next boundary.

A boundary is before every call of AWS and around every read and write of a config file: where commands can
see each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from scripts.releases import aws, config_file, usage_project

#: More steps than any command takes.
LONGEST = 10_000


class Actor:
    """A command in a thread of its own. `error` is what ended it, None when it ended well; `at` the boundary
    that it stands at: an operation of AWS, or the function that reads or writes a file.
    """

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.done, self.at = False, ""
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.actor = self  # type: ignore[attr-defined]
        self._thread.start()

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001  (the test looks at it)
            self.error = error
        self.done = True
        self._stopped.release()

    def step(self) -> None:
        """Go on to the next boundary, or to the end."""
        if not self.done:
            self._go.release()
            assert self._stopped.acquire(timeout=60)

    def wait(self, at: str) -> None:
        """From the actor's own thread: stop here until the next step."""
        self.at = at
        self._stopped.release()
        self._go.acquire()


def boundary(at: str = "") -> None:
    """Stops an actor; anybody else passes."""
    actor = getattr(threading.current_thread(), "actor", None)
    if actor is not None:
        actor.wait(at)


def watch(patch: pytest.MonkeyPatch) -> None:
    """Puts the boundaries there."""
    new_client = aws._new_client
    known: dict[tuple[str, str], Any] = {}

    def made(service: str, region: str, after_call: Callable[..., None]) -> Any:
        """One for all commands: a client of its own for each would be most of the test's time."""
        if (service, region) not in known:
            known[service, region] = new_client(service, region, after_call)
            known[service, region].meta.events.register("before-call", _before_call)
        known[service, region].meta.events.register("after-call", after_call)
        return known[service, region]

    patch.setattr(aws, "_new_client", made)
    for module, name in ((config_file, "read"), (config_file, "write"), (usage_project, "_text")):
        patch.setattr(module, name, _stopping(getattr(module, name)))


def _before_call(model: Any, **_: Any) -> None:
    boundary(model.name)


def _stopping(work: Callable[..., Any]) -> Callable[..., Any]:
    def stopping(*arguments: Any) -> Any:
        boundary(work.__name__)
        result = work(*arguments)
        boundary()
        return result

    return stopping


def play(actors: Sequence[Actor], order: Iterable[tuple[int, int | str]], look: Callable[[], None]) -> None:
    """Each entry lets one actor go so many steps on, or to a boundary of that name; then all go on to their
    ends, one after another. `look` is called after every step.
    """
    for index, steps in order:
        actor = actors[index % len(actors)]
        for _ in range(steps if isinstance(steps, int) else LONGEST):
            if actor.done or actor.at == steps:
                break
            actor.step()
            look()
    for actor in actors:
        while not actor.done:
            actor.step()
            look()
