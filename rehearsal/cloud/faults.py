"""Faults put into the emulated cloud from outside: what clients of the real one have to live with.

A fault is for one operation of any service by its name, such as `DescribeInstanceRefreshes`: operations of
S3, which are told apart by paths alone, have none, but where another emulated service calls it, as Firehose
does for PutObject. A fault does one of these, and may take time as well:

error          the request is refused with this code, in the format of its service, and nothing is done
stale_seconds  the answer is the one that the same request got so many emulated seconds ago, or the oldest one
               since the fault was put there: what is read lags behind, as reads of AWS may
drop           the connection is closed without an answer, `before` or `after` the work was done
delay_seconds  the answer takes so many real seconds longer, as time-outs of clients are real
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from rehearsal.cloud import errors
from rehearsal.cloud.server import Answer, Environ

ACTION = re.compile(r"[A-Z][A-Za-z0-9]{2,127}")
MAX_DELAY_SECONDS = 60.0
#: Codes that are the service's fault; all others are answered with status 400.
_STATUS = {"InternalFailure": 500, "InternalError": 500, "ServiceUnavailable": 503, "Unavailable": 503}
_KEYS = {"action", "error", "stale_seconds", "drop", "delay_seconds", "times", "every"}


class Dropped(Exception):  # noqa: N818  (not an error here: the connection is to be closed)
    """The client is to get no answer."""


@dataclass
class Fault:
    """`every`: each so manieth request is hit. `times`: so many are, then no more; None is for ever."""

    action: str
    error: str = ""
    stale_seconds: float | None = None
    drop: str = ""
    delay_seconds: float = 0.0
    times: int | None = None
    every: int = 1
    seen: int = 0
    hits: int = 0
    _answers: dict[bytes, list[tuple[float, Answer]]] = field(default_factory=dict)

    def due(self) -> bool:
        """Count one request; whether it is hit."""
        self.seen += 1
        hit = self.seen % self.every == 0 and (self.times is None or self.hits < self.times)
        self.hits += hit
        return hit

    def remember(self, request: bytes, now: float, answer: Answer) -> None:
        if self.stale_seconds is None:
            return
        answers = self._answers.setdefault(request, [])
        answers.append((now, answer))
        while len(answers) > 1 and answers[1][0] <= now - self.stale_seconds:
            del answers[0]

    def stale(self, request: bytes) -> Answer:
        """The last answer from before `stale_seconds`, or the first one."""
        return self._answers[request][0][1]

    def describe(self) -> dict[str, Any]:
        what = {name: getattr(self, name) for name in sorted(_KEYS) if getattr(self, name)}
        return what | {"seen": self.seen, "hits": self.hits}


@dataclass(frozen=True)
class Call:
    """A request that faults wait for; `due` is the one that hits it."""

    environ: Environ
    request: bytes
    faults: list[Fault]
    due: Fault | None

    def delay(self) -> None:
        if self.due and self.due.delay_seconds:
            time.sleep(self.due.delay_seconds)

    def answer(self, now: float, service: str, work: Callable[[], Answer]) -> Answer:
        """Raises Dropped when the client is to get none."""
        due = self.due
        if due and due.error:
            text = "Rate exceeded" if "Thrott" in due.error else f"{due.error} (a fault that was put there)"
            return errors.answer(self.environ, service, due.error, text, _STATUS.get(due.error, 400))
        if due and due.drop == "before":
            raise Dropped(due.action)
        answer = work()
        for fault in self.faults:
            fault.remember(self.request, now, answer)
        if due and due.drop == "after":
            raise Dropped(due.action)
        return due.stale(self.request) if due and due.stale_seconds is not None else answer


class Faults:
    """All that were put there, in this order: of several that hit one request the first counts."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, given: Mapping[str, Any]) -> Fault:
        """Raises ValueError, or KeyError without an `action`."""
        unknown = set(given) - _KEYS
        if unknown:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        action = given["action"]
        if not isinstance(action, str) or not ACTION.fullmatch(action):
            raise ValueError(f"action {action!r} is not an operation such as DescribeInstanceRefreshes")
        kinds = [name for name in ("error", "stale_seconds", "drop") if given.get(name) is not None]
        if len(kinds) > 1 or not (kinds or given.get("delay_seconds")):
            raise ValueError("give one of error, stale_seconds and drop, or delay_seconds")
        if given.get("drop") not in (None, "before", "after"):
            raise ValueError(f"drop {given['drop']!r} is not before or after")
        if given.get("error") is not None and not re.fullmatch(r"[A-Za-z][\w.]*", str(given["error"])):
            raise ValueError(f"error {given['error']!r} is not an error code such as Throttling")
        _number(given, "stale_seconds", 0, 1e9)
        _number(given, "delay_seconds", 0, MAX_DELAY_SECONDS)
        for name in ("times", "every"):
            _number(given, name, 1, 1e9, whole=True)
        fault = Fault(**{name: value for name, value in given.items() if value is not None})
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()

    def describe(self) -> list[dict[str, Any]]:
        return [fault.describe() for fault in self._faults]

    def between(self, action: str) -> Fault | None:
        """The fault that hits a call of one emulated service to another, such as Firehose's PutObject: no
        request of a client, so that `stale_seconds` and `delay_seconds` do nothing to it.
        """
        hits = [fault for fault in self._faults if fault.action == action and fault.due()]
        return hits[0] if hits else None

    def call(self, environ: Environ) -> Call | None:
        """The request as its faults see it; None for one that none waits for."""
        if not self._faults:
            return None
        body = environ["wsgi.input"].read()
        environ["wsgi.input"].seek(0)
        action = _action(environ, body)
        waiting = [fault for fault in self._faults if fault.action == action]
        if not waiting:
            return None
        hits = [fault for fault in waiting if fault.due()]
        return Call(environ, body, waiting, hits[0] if hits else None)


def _action(environ: Environ, body: bytes) -> str:
    """The operation that is asked for: JSON has it in a header or in the path, others have it in the body."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return str(target).rpartition(".")[2]
    path = str(environ["PATH_INFO"]).removeprefix("/")
    if ACTION.fullmatch(path):  # No bucket's name has a capital letter.
        return path
    if "form-urlencoded" not in environ.get("CONTENT_TYPE", ""):
        return ""
    return parse_qs(body.decode("latin-1")).get("Action", [""])[0]


def _number(given: Mapping[str, Any], name: str, low: float, high: float, whole: bool = False) -> None:
    value = given.get(name)
    kind = int if whole else (int, float)
    if value is not None and (
        isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high
    ):
        raise ValueError(
            f"{name} {value!r} is not a {'whole ' if whole else ''}number from {low} to {high:g}"
        )
