"""Carries out the rollout of one Deployment: apply, watch, and put back what was there before if it fails.

Nothing of Pulumi is in here, so that it runs in a test, in a script and in the dynamic provider alike. What
Kubernetes does by itself is left to it: this asks, says, and undoes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..refresh_errors import RolloutError
from ..refresh_polling import Look, Polling, Voice
from . import rollout_view as view
from .connection import explained, is_an_answer, is_transient, status_of
from .labels import FIELD_MANAGER
from .rollout_reading import Api, Object, Reader, Seen
from .rollout_target import Outcome as Outcome
from .rollout_target import Target as Target

Answer = TypeVar("Answer")

AUTOSCALER_SECONDS = 120.0
"""How long the autoscaler may take to see to its least number of pods; it looks every 15 seconds."""
RESTORE_SECONDS = 600.0
"""How long the version before may take to serve again, once it is put back. It mostly still does."""


class _Failed(Exception):  # noqa: N818
    """The rollout does not come to its end; the text says why."""


class _Superseded(Exception):  # noqa: N818
    """Someone else has given the Deployment another template; the text says who."""


@dataclass
class _Begun:
    """What the rollout began with."""

    template: view.Object
    generation: int
    seen: Seen
    exceeded: view.Object = field(default_factory=dict)
    """A deadline that was exceeded before: by a try that this one follows."""


class Rollout:
    """Brings one Deployment to one target, once. `run` raises RolloutError with one line, or what the
    connection raises."""

    def __init__(
        self,
        api: Api,
        target: Target,
        timeout_seconds: float,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._read = Reader(api, target.namespace, target.name)
        self._target = target
        self._where = f"deployment {target.name} in {target.namespace}"
        self._timeout_seconds = timeout_seconds
        self._deadline = time.monotonic() + timeout_seconds
        self._voice = Voice(lambda text: say(f"{target.name}: {text}"), "the cluster")
        self._sleep = sleep

    def run(self) -> Outcome:
        """Apply the template, as it may have been put back after a try before, and watch it to the end."""
        with self._voice.never_silent():
            begun = self._begin()
            try:
                seen = self._until_complete(begun)
            except _Failed as failed:
                after = self._restore(begun)
                raise RolloutError(
                    f"{self._where}: {_sentence(failed)}; {after}; mend it, then run up again"
                ) from failed
            except _Superseded as other:
                raise RolloutError(f"{self._where}: {other}; it is left so: run up again") from other
            self._clean_up(seen)
            return self._succeeded(seen)

    def _begin(self) -> _Begun:
        before = self._patiently(self._read.deployment)
        applied = self._patiently(lambda: self._read.apply(self._target.manifest, FIELD_MANAGER))
        seen = self._patiently(self._read.look)
        if applied["metadata"]["generation"] != before["metadata"]["generation"]:
            self._voice.say("applied the template again, in place of another one")
        begun = _Begun(applied["spec"]["template"], applied["metadata"]["generation"], seen)
        begun.exceeded = view.deadline_exceeded(seen.deployment)
        self._start_anew(seen)
        self._voice.say(f"rolling out {view.images(begun.template)}")
        return begun

    def _start_anew(self, seen: Seen) -> None:
        """Pods of a try before that have given up: what they failed at may be mended by now, and they would
        look again in minutes."""
        if any(trouble.final for trouble in seen.troubles()) and not _serves(seen.new):
            for pod in seen.pods:
                self._voice.say(f"{view.name(pod)} has failed before: starting another one")
                self._patiently(lambda name=pod: self._read.delete_pod(name))  # type: ignore[misc]

    def _until_complete(self, begun: _Begun) -> Seen:
        """Raises _Failed, _Superseded, and RolloutError at the time limit, at which the rollout goes on."""
        last: list[Seen] = [begun.seen]
        complete_since = 0.0

        def look() -> Look:
            nonlocal complete_since
            seen = last[0] = self._read.look()
            self._refuse_another(seen, begun.template)
            if seen.deployment["metadata"]["generation"] < begun.generation:
                return False, "unseen", "waiting for the cluster to see it"
            if view.is_complete(seen.deployment):
                complete_since = complete_since or time.monotonic()
                return self._is_scaled(seen, complete_since)
            complete_since = 0.0
            self._judge(seen, begun)
            return False, *self._line(seen)

        if self._poll(look):
            return last[0]
        told = self._line(last[0])[1]
        raise RolloutError(
            f"{self._where} is not rolled out after {self._timeout_seconds:g} s: {told}; it goes on: "
            "run up again to wait for it"
        )

    def _is_scaled(self, seen: Seen, since: float) -> Look:
        """The autoscaler has the last word on how many pods there are."""
        count, least = view.wanted(seen.deployment), self._target.min_size
        if count == 0 or count >= least:
            return True, "done", f"{count} pods of {view.images(seen.deployment['spec']['template'])} serve"
        text = f"{count} new pods serve; waiting for the autoscaler to want {least}"
        if time.monotonic() - since >= AUTOSCALER_SECONDS:
            raise RolloutError(
                f"{self._where}: {count} new pods serve, and the autoscaler has not asked for {least} in "
                f"{AUTOSCALER_SECONDS:g} s: look at the HorizontalPodAutoscaler, then run up again"
            )
        return False, text, text

    def _judge(self, seen: Seen, begun: _Begun) -> None:
        """Raises _Failed when the deadline is over, or no new pod serves and none ever will."""
        exceeded = view.deadline_exceeded(seen.deployment)
        if exceeded and (exceeded != begun.exceeded or self._is_over(seen, begun)):
            raise _Failed(self._why(seen) or exceeded.get("message") or "the progress deadline is over")
        if not _serves(seen.new) and any(trouble.final for trouble in seen.troubles()):
            raise _Failed(self._why(seen))

    def _is_over(self, seen: Seen, begun: _Begun) -> bool:
        """Whether this try had the whole time too, by the cluster's clock."""
        seconds = (seen.now - begun.seen.now).total_seconds()
        return seconds >= float(self._target.spec.get("progressDeadlineSeconds", 600))

    def _why(self, seen: Seen) -> str:
        try:
            return self._read.why(seen)
        except Exception as error:
            # The rollout has failed whatever hinders from asking why.
            if not is_an_answer(error):
                raise
            return f"no reason was to be had ({explained(error)})"

    def _line(self, seen: Seen) -> tuple[str, str]:
        """What counts as a change, and what is said."""
        counts = view.progress(seen.deployment)
        if seen.deployment["spec"].get("paused"):
            who = view.last_writer(seen.deployment, "spec", "paused")
            counts += f"; paused{f' by {who}' if who else ''}: kubectl rollout resume lets it go on"
        reasons = ", ".join(sorted({trouble.reason for trouble in seen.troubles()}))
        text = f"{counts}; {reasons}" if reasons else counts
        return text, text

    def _refuse_another(self, seen: Seen, template: view.Object) -> None:
        present = seen.deployment["spec"]["template"]
        if view.without_hash(present) != view.without_hash(template):
            who = view.last_writer(seen.deployment, "spec", "template") or "someone"
            raise _Superseded(f"{who} gave it another template meanwhile, with {view.images(present)}")

    def _restore(self, begun: _Begun) -> str:
        """Puts back the version that served before and waits until it serves; how that went, as a clause."""
        self._deadline = time.monotonic() + RESTORE_SECONDS
        try:
            return self._put_back(begun)
        except (_Failed, _Superseded, RolloutError) as other:
            return f"the version before is not back: {_sentence(other)}"
        except Exception as error:
            if not is_an_answer(error):
                raise
            return f"the version before is not back: {explained(error)}"

    def _put_back(self, begun: _Begun) -> str:
        chosen: list[view.Object] = []
        applied: list[Object] = []

        def apply() -> Look:
            """Only over the template that failed: another one is another's, and then stays."""
            seen = self._read.look()
            self._refuse_another(seen, begun.template)
            good = view.good_before(seen.replica_sets, seen.new, self._target.good)
            if good is None:
                return True, "", ""
            version = seen.deployment["metadata"]["resourceVersion"]
            try:
                answer = self._read.apply(self._target.restoring(good, version), FIELD_MANAGER)
            except Exception as error:
                if status_of(error) != 409:
                    raise
                return False, "", ""
            applied.append(answer)
            chosen.append(good)
            return True, "", ""

        self._poll(apply)
        if not chosen:
            return "there is no version before it to go back to"
        name, images = view.name(chosen[0]), view.images(chosen[0]["spec"]["template"])
        self._voice.say(f"putting back {name} ({images})")
        restored = self._serving_again(applied[0])
        told = f"{name} ({images})"
        return f"{told} is back and serves" if restored else f"{told} is back, and does not serve yet"

    def _serving_again(self, applied: Object) -> bool:
        template, generation = applied["spec"]["template"], applied["metadata"]["generation"]

        def look() -> Look:
            seen = self._read.look()
            self._refuse_another(seen, template)
            late = seen.deployment["metadata"]["generation"] < generation
            text = view.progress(seen.deployment)
            return not late and view.is_complete(seen.deployment), text, f"going back: {text}"

        return self._poll(look)

    def _clean_up(self, seen: Seen) -> None:
        """What no version refers to any more. That it stays is no failure of a rollout that is done."""
        try:
            gone = self._read.delete_what_nothing_refers_to(seen)
        except Exception as error:
            if not is_an_answer(error):
                raise
            self._voice.say(f"configuration of former versions stays for now: {explained(error)}")
            return
        if gone:
            self._voice.say(f"deleted what no version refers to any more: {', '.join(gone)}")

    def _succeeded(self, seen: Seen) -> Outcome:
        count = view.wanted(seen.deployment)
        return Outcome(
            status="Successful",
            reason=f"{count} pods serve" if count else "no pod is wanted, so that none was tried",
            revision=str(view.revision(seen.deployment)),
            replica_set="" if seen.new is None else view.name(seen.new),
            finished_at=view.finished_at(seen.deployment, seen.now),
        )

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """The answer, asked for again while the cluster gives none, until the time limit."""
        answers: list[Answer] = []

        def look() -> Look:
            answers.append(ask())
            return True, "", ""

        self._poll(look)
        return answers[0]

    def _poll(self, look: Callable[[], Look]) -> bool:
        """Look until it is done, more seldom while nothing changes; False at the time limit."""
        return Polling(self._deadline, self._voice.say, self._sleep, is_transient).until(look)


def _serves(replica_set: view.Object | None) -> bool:
    return replica_set is not None and replica_set.get("status", {}).get("availableReplicas", 0) > 0


def _sentence(error: Any) -> str:
    return str(error).rstrip(".")
