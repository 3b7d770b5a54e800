"""The pods of a workload: what each runs, whether it serves, and in its own words why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.releases.errors import one_line
from scripts.releases.kubernetes_api import Api, ClusterError, Document, moment

#: The label by which a Deployment's controller tells the pods of one template from those of another.
HASH = "pod-template-hash"
#: Reasons of events that say why a pod does not run or serve.
_TELLING = ("Unhealthy", "Failed", "BackOff", "FailedScheduling", "FailedMount", "FailedCreatePodSandBox")
#: What a pod goes through that starts as it should.
_ON_THE_WAY = ("Pending", "PodInitializing", "ContainerCreating", "Running")


@dataclass(frozen=True)
class Pod:
    """One pod.

    Attributes:
        template: the hash of the template that it was made from, "" of one that no Deployment made.
        state: such as `Running`, `ImagePullBackOff`, `CrashLoopBackOff`, `Terminating`.
        why: more of that, "" where there is no more.
        crashed_at: when a container of it ended last other than by being told to, None for never.
        debugged: the debug containers that somebody put into it.
    """

    name: str
    image: str | None
    template: str
    ready: bool
    leaves: bool
    state: str
    why: str
    restarts: int
    node: str
    started_at: datetime | None
    ready_at: datetime | None
    crashed_at: datetime | None
    debugged: tuple[str, ...] = ()

    @property
    def serves(self) -> bool:
        """Whether requests reach it."""
        return self.ready and not self.leaves

    @property
    def trouble(self) -> str:
        """Why it does not serve, "" while it does and while it just starts."""
        if self.serves or self.leaves:
            return ""
        if self.state in _ON_THE_WAY:
            return self.why
        return self.state + (f": {self.why}" if self.why else "")


def image_of(template: Mapping[str, Any], workload: str) -> str | None:
    """The image in a pod template, or in a pod: of the container that has the workload's name, else of the
    first one.
    """
    containers = (template.get("spec") or {}).get("containers") or []
    named = [each for each in containers if each.get("name") == workload]
    return next((each.get("image") for each in [*named, *containers]), None)


def of(api: Api, namespace: str, selector: Mapping[str, str], workload: str) -> list[Pod]:
    """The pods with these labels, the oldest first; of those that do not serve the cluster's last event is
    read too. Raises ClusterError.
    """
    wanted = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    found = api.every(f"/api/v1/namespaces/{namespace}/pods", labelSelector=wanted)
    pods = [_pod(each, workload) for each in found]
    told = [_told(api, namespace, pod) if _silent(pod) else pod for pod in pods]
    return sorted(told, key=lambda pod: (pod.started_at.isoformat() if pod.started_at else "~", pod.name))


def _pod(document: Document, workload: str) -> Pod:
    metadata, status = document["metadata"], document.get("status") or {}
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    ready = conditions.get("Ready") or {}
    statuses = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    leaves = bool(metadata.get("deletionTimestamp"))
    state, why = _state(status, statuses, conditions)
    serves = ready.get("status") == "True"
    debugged = (document.get("spec") or {}).get("ephemeralContainers") or ()
    return Pod(
        name=metadata["name"],
        image=image_of(document, workload),
        template=(metadata.get("labels") or {}).get(HASH, ""),
        ready=serves,
        leaves=leaves,
        state="Terminating" if leaves else state,
        why=one_line(why),
        restarts=sum(int(each.get("restartCount") or 0) for each in statuses),
        node=(document.get("spec") or {}).get("nodeName") or "",
        started_at=moment(metadata.get("creationTimestamp")),
        ready_at=moment(ready.get("lastTransitionTime")) if serves else None,
        crashed_at=max(filter(None, map(_crashed, statuses)), default=None),
        debugged=tuple(each.get("name", "") for each in debugged),
    )


def _state(
    status: Mapping[str, Any], statuses: Iterable[Mapping[str, Any]], conditions: Mapping[str, Any]
) -> tuple[str, str]:
    """As `kubectl get pods` has it: what a container waits for or ended with goes before the phase."""
    for each in statuses:
        state = each.get("state") or {}
        waiting, ended = state.get("waiting"), state.get("terminated")
        if waiting:
            return str(waiting.get("reason") or "Waiting"), _with_exit(each, waiting.get("message") or "")
        if ended and ended.get("exitCode"):
            return str(ended.get("reason") or "Error"), f"exit code {ended['exitCode']}"
    scheduled = conditions.get("PodScheduled") or {}
    if scheduled.get("status") == "False":
        return str(scheduled.get("reason") or "Pending"), str(scheduled.get("message") or "")
    return str(status.get("reason") or status.get("phase") or "Unknown"), str(status.get("message") or "")


def _with_exit(status: Mapping[str, Any], message: str) -> str:
    """Why a container waits, with how it ended the last time."""
    ended = (status.get("lastState") or {}).get("terminated") or {}
    if not ended:
        return message
    said = f"exit code {ended.get('exitCode')}"
    if ended.get("reason") not in (None, "Error", "Completed"):
        said += f" ({ended['reason']})"
    # The end of its log, where its template asks for that.
    last = [line for line in str(ended.get("message") or "").splitlines() if line.strip()][-1:]
    return f"{said}: {last[0]}" if last else said


def _crashed(status: Mapping[str, Any]) -> datetime | None:
    """When a container ended last by itself, badly."""
    times = []
    for state in (status.get("state") or {}, status.get("lastState") or {}):
        ended = state.get("terminated") or {}
        if ended.get("exitCode"):
            times.append(moment(ended.get("finishedAt")))
    return max(filter(None, times), default=None)


def _silent(pod: Pod) -> bool:
    """Whether the pod does not say itself why it does not serve: a probe's answer is in events alone."""
    return not pod.serves and not pod.leaves and not pod.why


def _told(api: Api, namespace: str, pod: Pod) -> Pod:
    """The same with its last telling event. Who may not read events sees the pod without."""
    try:
        events = api.every(
            f"/api/v1/namespaces/{namespace}/events", fieldSelector=f"involvedObject.name={pod.name}"
        )
    except ClusterError as error:
        if error.code != "403":
            raise
        return pod
    said = [each for each in events if _is_of(each, pod) and each.get("reason") in _TELLING]
    if not said:
        return pod
    last = max(said, key=_when)
    return Pod(**{**pod.__dict__, "why": one_line(last.get("message") or last.get("reason"))})


def _is_of(event: Mapping[str, Any], pod: Pod) -> bool:
    return (event.get("involvedObject") or {}).get("name") == pod.name


def _when(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp") or "")


def counted(pods: Iterable[Pod]) -> dict[str, int]:
    """How many pods that stay run each image."""
    found: dict[str, int] = {}
    for pod in pods:
        if not pod.leaves:
            found[pod.image or "no image"] = found.get(pod.image or "no image", 0) + 1
    return found


def troubles(pods: Iterable[Pod]) -> Iterator[tuple[str, str]]:
    """Each pod that does not serve for a reason, and the reason."""
    for pod in pods:
        if pod.trouble:
            yield pod.name, pod.trouble
