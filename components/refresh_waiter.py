"""Carries out an instance refresh with boto3 alone: start or adopt it, wait for its end, say what happened.

Nothing of Pulumi is in here, so that it runs in a test, in a script and in the dynamic provider alike.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from . import refresh_alarms as alarms
from . import refresh_view as view
from .refresh_errors import RolloutError
from .refresh_polling import FIRST_SECONDS, LINE_SECONDS, Look, Polling, Voice, is_transient
from .refresh_reading import Clients as Clients
from .refresh_reading import Reader
from .refresh_refusals import refuse_what_aws_cannot_do
from .refresh_view import Target

Answer = TypeVar("Answer")

_RUNNING = ("Pending", "InProgress", "Baking")
_ENDING = ("Cancelling", "RollbackInProgress")


@dataclass(frozen=True)
class Outcome:
    """How a rollout ended well. `refresh_id` is empty when no refresh was needed."""

    refresh_id: str
    status: str
    reason: str


class Rollout:
    """Brings one group to one target, once. Every method raises RolloutError with one line."""

    def __init__(
        self,
        clients: Clients,
        target: Target,
        preferences: Mapping[str, Any],
        timeout_seconds: float,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._autoscaling = clients.autoscaling
        self._read = Reader(clients, target)
        self._target = target
        self._preferences = preferences
        self._alarms: Sequence[str] = preferences.get("AlarmSpecification", {}).get("Alarms", ())
        self._deadline = time.monotonic() + timeout_seconds
        self._timeout_seconds = timeout_seconds
        self._voice = Voice(lambda text: say(f"{target.group_name}: {text}"))
        self._sleep = sleep
        self._is_healthy = False

    def first(self) -> Outcome:
        """After the group was created: wait until its servers are there and healthy, then as `run`.

        Alarms are not asked: they have seen nothing yet, and there is nothing to go back to.
        """
        self._alarms = ()
        with self._voice.never_silent():
            self.wait_until_healthy()
            self._is_healthy = True
        return self.run()

    def run(self) -> Outcome:
        """Refresh unless every server already is as wanted; adopt a refresh that is on its way to the target.

        A refresh that is being cancelled or rolled back is waited for. One to another target is not touched.
        """
        with self._voice.never_silent():
            for attempt in itertools.count():
                latest = self._patiently(self._read.refreshes)[:1]
                status = latest[0]["Status"] if latest else ""
                if status in _ENDING:
                    refresh_id = latest[0]["InstanceRefreshId"]
                    self._voice.say(f"waiting for refresh {refresh_id}, which is {status}")
                    self._until_over(refresh_id)
                    continue
                if status in _RUNNING:
                    return self._finish(self._adopt(latest[0]))
                if self._patiently(self._is_reached):
                    return self._nothing_to_do()
                started = self._start()
                if started is not None:
                    return self._finish(started)
                # Another start came between, or the answer to ours was lost, and AWS does not list it yet.
                self._sleep(min(FIRST_SECONDS * 2.0 ** min(attempt, 10), LINE_SECONDS))
                if time.monotonic() >= self._deadline:
                    break
        raise RolloutError(
            f"{self._target.group_name} has a refresh that AWS does not list yet; run up again"
        )

    def wait_until_healthy(self) -> None:
        """Until desired capacity is in service and every server is healthy in every target group."""
        shown = ""

        def look() -> Look:
            nonlocal shown
            group, health = self._read.group(), self._read.health()
            shown = view.capacity(group, health)
            return view.is_healthy(group, health), shown, shown

        if not self._poll(look):
            raise RolloutError(
                f"group {self._target.group_name} is not healthy after {self._timeout_seconds:g} s: {shown}"
                f"{self._read.failures(None)}; look at the servers' logs, then run up again"
            )

    def _finish(self, refresh_id: str) -> Outcome:
        refresh = self._until_over(refresh_id)
        status, reason = refresh["Status"], refresh.get("StatusReason", "")
        if status != "Successful":
            failures = self._patiently(lambda: self._read.failures(refresh.get("StartTime")))
            raise RolloutError(
                f"instance refresh {refresh_id} of {self._target.group_name} to launch template version "
                f"{self._target.version} ({self._target.image_id}) ended {status}: "
                f"{view.one_line(reason).rstrip('.') or 'no reason given'}{failures}"
            )
        self.wait_until_healthy()
        return self._succeeded(refresh)

    def _succeeded(self, refresh: Mapping[str, Any]) -> Outcome:
        """AWS says so, the servers are healthy, and so the alarms have the last word."""
        self._ask_alarms(f"refresh {refresh['InstanceRefreshId']} ended Successful")
        return Outcome(refresh["InstanceRefreshId"], refresh["Status"], refresh.get("StatusReason", ""))

    def _until_over(self, refresh_id: str) -> dict[str, Any]:
        """Poll to the end. Raises RolloutError at the time limit; the refresh itself goes on."""
        seen: dict[str, Any] = {}

        def look() -> Look:
            found = self._read.refreshes(refresh_id)
            if not found:
                # A read that is behind the write: it appears with one of the next polls.
                return False, "", "waiting for the refresh to appear"
            seen.clear()
            seen.update(found[0])
            return found[0]["Status"] not in _RUNNING + _ENDING, view.step(found[0]), view.progress(found[0])

        if not self._poll(look):
            raise RolloutError(
                f"instance refresh {refresh_id} of {self._target.group_name} is still "
                f"{seen.get('Status', 'unknown')} after {self._timeout_seconds:g} s; it goes on: "
                "run up again to wait for it, or cancel it"
            )
        return seen

    def _adopt(self, running: Mapping[str, Any]) -> str:
        refresh_id = str(running["InstanceRefreshId"])
        if not view.is_towards(running, self._target):
            raise RolloutError(
                f"instance refresh {refresh_id} of {self._target.group_name} is {running['Status']} to "
                f"{view.destination(running)}, not to version {self._target.version}: "
                "wait for its end, cancel it, or roll it back; then run up again"
            )
        self._voice.say(f"going on with refresh {refresh_id}, which is already {running['Status']}")
        return refresh_id

    def _start(self) -> str | None:
        """Start a refresh; None when one may have been started already, which the caller then looks at.

        A start without an answer is not sent again blindly: the refresh may have begun, and even be over.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        self._ask_alarms("the refresh was not started")
        group = self._patiently(self._read.group)
        rolls_back = bool(self._preferences.get("AutoRollback"))
        self._patiently(lambda: refuse_what_aws_cannot_do(group, self._target, rolls_back, self._read))
        desired = {"MixedInstancesPolicy": view.desired_policy(group, self._target)}
        try:
            answer = self._autoscaling.start_instance_refresh(
                AutoScalingGroupName=self._target.group_name,
                Strategy=self._target.strategy,  # type: ignore[arg-type]
                DesiredConfiguration=desired,  # type: ignore[arg-type]
                Preferences=dict(self._preferences),  # type: ignore[arg-type]
            )
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and _code(error) == "InstanceRefreshInProgress":
                return None
            if is_transient(error) and time.monotonic() < self._deadline:
                self._voice.say(f"no answer to the start ({type(error).__name__}); looking what came of it")
                return None
            raise
        refresh_id = answer["InstanceRefreshId"]
        self._voice.say(
            f"refresh {refresh_id} to version {self._target.version} ({self._target.image_id}) started"
        )
        return refresh_id

    def _is_reached(self) -> bool:
        """Every live server and the group itself have the target's template version, or one of equal
        content.
        """
        versions = view.versions_in_use(self._read.group(), self._target)
        if versions is None:
            return False
        others = versions - {self._target.version}
        return not others or self._content_is_equal(others | {self._target.version})

    def _content_is_equal(self, versions: set[str]) -> bool:
        """A config that went back to what it was makes a new version of the same content: no work."""
        contents = [view.content(data) for data in self._read.templates(versions).values()]
        return len(contents) == len(versions) and all(one == contents[0] for one in contents)

    def _ask_alarms(self, so_far: str) -> None:
        """Wait until every alarm is OK; RolloutError with `so_far` after `ALARM_SECONDS`.

        A group that wants no server is not asked about: nothing measures a fleet that sleeps.
        """
        if not self._alarms:
            return
        begun = time.monotonic()
        bad: list[alarms.Alarm] = []

        def look() -> Look:
            if not self._read.group()["DesiredCapacity"]:
                return True, "asleep", "no server is wanted, so alarms are not asked"
            bad[:] = alarms.not_ok(self._read.alarms(self._alarms))
            missing = any(not alarm.state for alarm in bad)
            if missing and time.monotonic() - begun >= alarms.MISSING_SECONDS:
                raise RolloutError(self._alarming(so_far, bad, alarms.MISSING_SECONDS))
            states = ",".join(f"{alarm.name}={alarm.state}" for alarm in bad)
            text = f"waiting for {alarms.told(bad)}" if bad else f"OK: {', '.join(self._alarms)}"
            return not bad, states, text

        if not self._poll(look, begun + alarms.ALARM_SECONDS):
            raise RolloutError(self._alarming(so_far, bad, time.monotonic() - begun))

    def _alarming(self, so_far: str, bad: Sequence[alarms.Alarm], seconds: float) -> str:
        return (
            f"{self._target.group_name}: {so_far}, but {alarms.told(bad)} after {seconds:.0f} s; look at "
            "what it measures, or set watchAlarms to false where this rollout is the remedy; then run up "
            "again"
        )

    def _nothing_to_do(self) -> Outcome:
        if not self._is_healthy:
            self.wait_until_healthy()
        ended = [
            one
            for one in self._patiently(self._read.refreshes)
            if one["Status"] == "Successful" and view.is_towards(one, self._target)
        ]
        reason = f"every server already runs {self._target.image_id}"
        self._voice.say(reason)
        if ended:
            # An up before this one did not see its end, or saw an alarm: running again makes no good of it.
            return self._succeeded(ended[0])
        return Outcome("", "Successful", reason)

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """The answer, asked for again after throttling and the like until the time limit."""
        answers: list[Answer] = []

        def look() -> Look:
            answers.append(ask())
            return True, "", ""

        self._poll(look)
        return answers[0]

    def _poll(self, look: Callable[[], Look], deadline: float = math.inf) -> bool:
        """Look until it is done, more seldom while nothing changes; False at the time limit.

        Throttling, time-outs and broken connections count as a look that saw nothing.
        """
        return Polling(min(deadline, self._deadline), self._voice.say, self._sleep).until(look)


def _code(error: Any) -> str:
    return str(error.response["Error"]["Code"])
