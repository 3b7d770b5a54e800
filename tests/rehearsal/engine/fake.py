"""A provider of package `fake` whose cloud is a dictionary; it fails and waits as a test tells it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rehearsal.plugin import (
    UNKNOWN,
    CheckFailure,
    Diff,
    PartialFailureError,
    Properties,
    ProviderError,
    State,
)

TYPE = "fake:index:Thing"


def name_of(urn: str) -> str:
    """The last part of a URN."""
    return urn.rpartition("::")[2]


@dataclass
class FakeCloud:
    """What exists, and what was done. `things` by ID; `calls` are (method, resource name) in order of time.

    `fail`: text to fail with, by (method, resource name). `partial`: the same, but the thing exists then.
    `wait_seconds`: how long creating or deleting takes. `together`: operations stay until so many have run at
    the same time, or a while has passed. `renamed`: IDs that are found under another one. `running` / `peak`:
    operations at the same time. `during`: called in the middle of an operation.
    """

    things: dict[str, Properties] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    fail: dict[tuple[str, str], str] = field(default_factory=dict)
    partial: dict[tuple[str, str], str] = field(default_factory=dict)
    timeouts: dict[tuple[str, str], float] = field(default_factory=dict)
    seen: dict[tuple[str, str], Any] = field(default_factory=dict)
    config: Properties = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    wait_seconds: float = 0.0
    together: int = 0
    during: dict[tuple[str, str], Callable[[], None]] = field(default_factory=dict)
    running: int = 0
    peak: int = 0
    numbers: int = 0
    lock: threading.Condition = field(default_factory=threading.Condition)

    def did(self, method: str) -> list[str]:
        """The names of the resources that a method was called for, in order."""
        return [name for called, name in self.calls if called == method]

    def forget(self) -> None:
        """Start counting anew."""
        self.calls.clear()
        self.timeouts.clear()
        self.seen.clear()
        self.peak = 0

    def work(self, method: str, urn: str) -> None:
        """One operation: count, wait, and fail if told to."""
        with self.lock:
            self.calls.append((method, name_of(urn)))
            self.running += 1
            self.peak = max(self.peak, self.running)
            self.lock.notify_all()
            self.lock.wait_for(lambda: self.peak >= self.together, timeout=30)
        time.sleep(self.wait_seconds)
        self.during.get((method, name_of(urn)), lambda: None)()
        with self.lock:
            self.running -= 1
        if (method, name_of(urn)) in self.fail:
            raise ProviderError(self.fail[method, name_of(urn)])

    def new_id(self, urn: str) -> str:
        """The next ID: `name-1`, `name-2`, ..."""
        with self.lock:
            self.numbers += 1
            return f"{name_of(urn)}-{self.numbers}"


class FakeProvider:
    """Things with any properties. A change of `fixed` replaces, of `first` replaces after deleting.

    `autoname: true` adds `name`, which is new for each thing that is created. `invalid` is refused, with its
    text. Outputs are the inputs and `arn`; `echo` comes out as `said`.
    """

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def configure(self, config: Properties) -> None:
        """Keeps the configuration for the test to look at."""
        self._cloud.config = config

    def check(
        self, urn: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[CheckFailure]]:
        """See the class."""
        self._cloud.seen["check", name_of(urn)] = news
        if "invalid" in news:
            return news, [CheckFailure("invalid", str(news["invalid"]))]
        if news.get("autoname"):
            return {**news, "name": olds.get("name") or f"{name_of(urn)}-{seed.hex()[:7]}"}, []
        return news, []

    def diff(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: list[str],
    ) -> Diff:
        """See the class."""
        changed = sorted(
            key for key in old_inputs.keys() | news.keys() if old_inputs.get(key) != news.get(key)
        )
        replaces = tuple(key for key in changed if key in ("fixed", "first", "name"))
        return Diff(bool(changed), replaces, tuple(changed), "first" in changed)

    def create(self, urn: str, news: Properties, timeout_seconds: float, preview: bool) -> State:
        """See the class."""
        if preview:
            return State("", self._outputs(news, UNKNOWN))
        self._cloud.timeouts["create", name_of(urn)] = timeout_seconds
        self._cloud.work("create", urn)
        new_id = self._cloud.new_id(urn)
        outputs = self._outputs(news, f"arn:{new_id}")
        self._cloud.things[new_id] = outputs
        self._fail_half_way("create", urn, new_id, outputs)
        return State(new_id, outputs)

    def read(self, urn: str, resource_id: str, inputs: Properties, outputs: Properties) -> State | None:
        """What is in the dictionary."""
        self._cloud.work("read", urn)
        thing = self._cloud.things.get(resource_id)
        if thing is None:
            return None
        resource_id = self._cloud.renamed.get(resource_id, resource_id)
        return State(resource_id, thing, {key: thing[key] for key in thing if key not in ("arn", "said")})

    def update(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        timeout_seconds: float,
        ignore_changes: list[str],
        preview: bool,
    ) -> Properties:
        """See the class."""
        outputs = self._outputs(news, old_outputs.get("arn"))
        if preview:
            return outputs
        self._cloud.timeouts["update", name_of(urn)] = timeout_seconds
        self._cloud.work("update", urn)
        self._cloud.things[resource_id] = outputs
        self._fail_half_way("update", urn, resource_id, outputs)
        return outputs

    def delete(
        self, urn: str, resource_id: str, inputs: Properties, outputs: Properties, timeout_seconds: float
    ) -> None:
        """See the class."""
        self._cloud.timeouts["delete", name_of(urn)] = timeout_seconds
        self._cloud.work("delete", urn)
        self._cloud.things.pop(resource_id, None)

    def invoke(self, token: str, args: Properties) -> tuple[Properties, list[CheckFailure]]:
        """`fake:index:double` doubles `number`."""
        self._cloud.calls.append(("invoke", token))
        if "invalid" in args:
            return {}, [CheckFailure("invalid", str(args["invalid"]))]
        return {"number": 2 * args["number"]}, []

    def recorded_types(self) -> list[str]:
        """One type that is not emulated."""
        return ["fake:index:Recorded"]

    @staticmethod
    def _outputs(news: Properties, arn: Any) -> Properties:
        said = {"said": news["echo"]} if "echo" in news else {}
        return {**news, **said, "arn": arn}

    def _fail_half_way(self, method: str, urn: str, new_id: str, outputs: Properties) -> None:
        reason = self._cloud.partial.get((method, name_of(urn)))
        if reason is not None:
            raise PartialFailureError(reason, new_id, outputs)
