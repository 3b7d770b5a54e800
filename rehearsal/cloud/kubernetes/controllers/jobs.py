"""Jobs: pods that come to an end, until enough have succeeded or too many have failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.controllers import parts
from rehearsal.cloud.kubernetes.controllers.events import NORMAL, WARNING
from rehearsal.cloud.kubernetes.controllers.pods import PodControl
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

_COMPONENT = "job-controller"
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 10.0, 360.0


class Jobs:
    """`ended`: UIDs of the pods that were counted, with whether they succeeded."""

    def __init__(self, cluster: Cluster, pods: PodControl) -> None:
        self._cluster, self._pods = cluster, pods
        self._ended: dict[str, dict[str, bool]] = {}
        self._not_before: dict[str, float] = {}

    def reconcile(self, key: Key) -> None:
        job = self._cluster.store.get(key)
        if job is None:
            return
        uid = job["metadata"]["uid"]
        if job["metadata"].get("deletionTimestamp"):
            self._ended.pop(uid, None)
            return
        found = self._pods.owned(job)
        ended = self._ended.setdefault(uid, {})
        for _, pod in found:
            self._count(uid, ended, pod)
        failed, succeeded = sum(not each for each in ended.values()), sum(ended.values())
        alive = [(other, pod) for other, pod in found if parts.active(pod)]
        spec = job["spec"]
        condition = self._finished(job, failed, succeeded, alive)
        if condition is not None:
            for other, _ in alive:
                self._pods.delete(job, other, _COMPONENT)
            alive = []
        elif not spec.get("suspend") and not _over(job):
            wanted = min(spec["parallelism"], max(spec.get("completions", 1) - succeeded, 0))
            alive += self._create(key, job, wanted - len(alive))
        self._tell(key, job, alive, failed, succeeded, condition)

    def _count(self, uid: str, ended: dict[str, bool], pod: Object) -> None:
        phase, name = pod["status"].get("phase"), pod["metadata"]["uid"]
        if phase not in ("Succeeded", "Failed") or name in ended:
            return
        ended[name] = phase == "Succeeded"
        if phase == "Failed":
            failures = sum(not each for each in ended.values())
            pause = min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 10), LONGEST_PAUSE_SECONDS)
            self._not_before[uid] = self._cluster.seconds + pause

    def _finished(
        self, job: Object, failed: int, succeeded: int, alive: list[tuple[Key, Object]]
    ) -> tuple[str, str, str] | None:
        """Complete or Failed, with the reason; None while it goes on, or when it was told already."""
        if _over(job):
            return None
        spec = job["spec"]
        restarts = sum(
            each.get("restartCount", 0)
            for _, pod in alive
            for each in pod["status"].get("containerStatuses") or ()
            if pod["spec"]["restartPolicy"] == "OnFailure"
        )
        deadline = spec.get("activeDeadlineSeconds")
        started = (job.get("status") or {}).get("startTime", "")
        if failed > spec["backoffLimit"] or (restarts and restarts > spec["backoffLimit"]):
            return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        if deadline is not None and started and self._cluster.age(started) >= deadline:
            return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
        if succeeded >= spec.get("completions", 1):
            return "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
        return None

    def _create(self, key: Key, job: Object, missing: int) -> list[tuple[Key, Object]]:
        uid = job["metadata"]["uid"]
        wait = self._not_before.get(uid, 0.0) - self._cluster.seconds
        if missing > 0 and wait > 0:
            self._cluster.controllers.later(wait, key)
            return []
        before = {other for other, _ in self._pods.owned(job)}
        for _ in range(missing):
            if self._pods.create(job, job["spec"]["template"], _COMPONENT):
                self._cluster.controllers.later(self._pods.pause(job), key)
                break
        return [(other, pod) for other, pod in self._pods.owned(job) if other not in before]

    def _tell(
        self, key: Key, job: Object, alive: list[tuple[Key, Object]], failed: int, succeeded: int,
        condition: tuple[str, str, str] | None,
    ) -> None:  # fmt: skip
        now = self._cluster.now()
        ready = sum(1 for _, pod in alive if parts.ready(pod))
        numbers = {"active": len(alive), "succeeded": succeeded, "failed": failed}

        def tell(after: Object) -> None:
            old = after.get("status") or {}
            status = after["status"] = {name: number for name, number in numbers.items() if number}
            status |= {"startTime": old.get("startTime", now), "ready": ready, "terminating": 0}
            status["uncountedTerminatedPods"] = {}
            status["conditions"] = [dict(each) for each in old.get("conditions") or ()]
            if condition is not None:
                kind, reason, message = condition
                first = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}[kind]
                for each in (first, kind):
                    more = {"reason": reason, "message": message, "lastProbeTime": now}
                    parts.set_condition(status, now, each, "True", **more)
            if "completionTime" in old or (condition or ("",))[0] == "Complete":
                status["completionTime"] = old.get("completionTime", now)
            if not status["conditions"]:
                del status["conditions"]

        after = self._cluster.objects.change(key, tell)
        if condition is not None and after is not None:
            kind, reason, message = condition
            events = self._cluster.controllers.events
            if kind == "Complete":
                events.record(after, NORMAL, "Completed", "Job completed", _COMPONENT)
            else:
                events.record(after, WARNING, reason, message, _COMPONENT)
        self._look_again(key, job)

    def _look_again(self, key: Key, job: Object) -> None:
        """When its deadline is over, and when it may be forgotten."""
        after = self._cluster.store.get(key)
        deadline = job["spec"].get("activeDeadlineSeconds")
        if after is None:
            return
        status = after["status"]
        if not _over(after) and deadline is not None:
            left = deadline - self._cluster.age(status["startTime"])
            self._cluster.controllers.later(max(left, 1.0), key)
        keep = job["spec"].get("ttlSecondsAfterFinished")
        if _over(after) and keep is not None:
            ended = next(each for each in status["conditions"] if each["type"] in ("Complete", "Failed"))
            left = keep - self._cluster.age(ended["lastTransitionTime"])
            if left <= 0:
                self._cluster.deletion.collect(key)
            else:
                self._cluster.controllers.later(left, key)


def _over(job: Object) -> bool:
    return parts.is_true(job, "Complete") or parts.is_true(job, "Failed")
