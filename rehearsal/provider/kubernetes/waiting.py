"""When an object is ready, and what its pods say while it is not: the rules of Pulumi's provider.

Kinds that are not named here are ready when they exist.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.kubernetes import applying
from rehearsal.provider.kubernetes.client import ApiError, Cluster
from rehearsal.provider.kubernetes.objects import (
    SKIP_AWAIT,
    TIMEOUT_SECONDS,
    annotation,
    is_annotated,
    metadata,
    name_of,
    namespace_of,
)

DEFAULT_TIMEOUT_SECONDS = 600.0
FIRST_POLL_SECONDS = 0.02
LONGEST_POLL_SECONDS = 0.5


class NotReadyError(ProviderError):
    """The object exists and is not ready; `live` is how it was last seen."""

    def __init__(self, text: str, live: Properties) -> None:
        super().__init__(text)
        self.live = live


@dataclass(frozen=True)
class Readiness:
    """`failed` is why it never will be ready."""

    ready: bool
    failed: str = ""


def timeout_of(thing: Properties, timeout_seconds: float) -> float:
    """The resource's own time-out, the annotated one, or ten minutes."""
    if timeout_seconds:
        return timeout_seconds
    annotated = annotation(thing, TIMEOUT_SECONDS)
    return float(annotated) if annotated.isdecimal() else DEFAULT_TIMEOUT_SECONDS


def until_ready(cluster: Cluster, inputs: Properties, live: Properties, timeout_seconds: float) -> Properties:
    """The object once it is ready. Raises NotReadyError when it failed or the time is up."""
    rule = _RULES.get((live.get("apiVersion", ""), live.get("kind", "")))
    if rule is None or is_annotated(inputs, SKIP_AWAIT):
        return live
    deadline = time.monotonic() + timeout_of(inputs, timeout_seconds)
    pause = FIRST_POLL_SECONDS
    heard: dict[str, None] = {}
    while True:
        found = rule(cluster, live)
        if found.ready:
            return live
        # Pods that complain may be gone before what they are pods of gives up.
        heard.update(dict.fromkeys(_of_pods(cluster, live)))
        if found.failed:
            text = f"Resource '{name_of(live)}' was created but failed to initialize"
            reasons = [found.failed, *heard, *_warnings(cluster, live)]
            raise NotReadyError(_with_reasons(text, reasons), live)
        if time.monotonic() > deadline:
            text = f"'{name_of(live)}' timed out waiting to be Ready"
            reasons = [*_conditions(live), *heard, *_warnings(cluster, live)]
            raise NotReadyError(_with_reasons(text, reasons), live)
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL_SECONDS)
        live = applying.get(cluster, live)


def until_gone(cluster: Cluster, thing: Properties, timeout_seconds: float) -> None:
    """Return once the object is not there. Raises ProviderError when the time is up."""
    deadline = time.monotonic() + timeout_of(thing, timeout_seconds)
    pause = FIRST_POLL_SECONDS
    while True:
        try:
            live = applying.get(cluster, thing)
        except ApiError as error:
            if error.status == 404:
                return
            raise
        if metadata(live).get("uid") != metadata(thing).get("uid", metadata(live).get("uid")):
            return
        if time.monotonic() > deadline:
            held = ", ".join(metadata(live).get("finalizers") or ())
            raise ProviderError(
                f"timed out waiting for '{name_of(thing)}' to be deleted"
                + (f"; finalizers might be preventing deletion ({held})" if held else "")
            )
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL_SECONDS)


def is_job_complete(job: Properties) -> bool:
    """Whether a Job ran to its good end."""
    return _job(None, job).ready


def _job(cluster: Cluster | None, job: Properties) -> Readiness:  # noqa: ARG001
    status = job.get("status") or {}
    found = {each["type"]: each for each in status.get("conditions") or () if each.get("status") == "True"}
    failed = found.get("Failed")
    if failed is not None and failed.get("reason") in ("BackoffLimitExceeded", "DeadlineExceeded"):
        return Readiness(False, f"[{failed['reason']}] {failed.get('message', '')}".strip())
    return Readiness(bool(status.get("startTime")) and "Complete" in found)


def _is_current(thing: Properties) -> bool:
    observed = (thing.get("status") or {}).get("observedGeneration", 0)
    return bool(observed >= metadata(thing).get("generation", 0))


def _deployment(cluster: Cluster, deployment: Properties) -> Readiness:  # noqa: ARG001
    status, wanted = deployment.get("status") or {}, (deployment.get("spec") or {}).get("replicas", 1)
    there = [status.get(f"{which}Replicas", 0) for which in ("updated", "ready", "available")]
    complete = status.get("replicas", 0) == wanted and all(number >= wanted for number in there)
    return Readiness(_is_current(deployment) and complete)


def _stateful_set(cluster: Cluster, found: Properties) -> Readiness:  # noqa: ARG001
    status, wanted = found.get("status") or {}, (found.get("spec") or {}).get("replicas", 1)
    there = [status.get(f"{which}Replicas", 0) for which in ("updated", "ready", "current")]
    same = status.get("currentRevision") == status.get("updateRevision")
    return Readiness(_is_current(found) and same and all(number >= wanted for number in there))


def _daemon_set(cluster: Cluster, found: Properties) -> Readiness:  # noqa: ARG001
    status = found.get("status") or {}
    if "desiredNumberScheduled" not in status:
        return Readiness(False)
    wanted = status["desiredNumberScheduled"]
    there = [status.get("currentNumberScheduled", 0), status.get("updatedNumberScheduled", 0)]
    there += [status.get("numberAvailable", 0), status.get("numberReady", 0)]
    return Readiness(_is_current(found) and all(number >= wanted for number in there))


def _service(cluster: Cluster, service: Properties) -> Readiness:
    spec = service.get("spec") or {}
    if spec.get("type") == "LoadBalancer" and not _ingress_of(service):
        return Readiness(False)
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None" or not spec.get("selector"):
        return Readiness(True)
    endpoints = {**service, "kind": "Endpoints"}
    try:
        subsets = applying.get(cluster, endpoints).get("subsets") or ()
    except ApiError as error:
        if error.status == 404:
            return Readiness(False)
        raise
    # The real provider waits ten seconds more for stragglers, and takes no endpoints at all for ready then.
    return Readiness(not any(each.get("notReadyAddresses") for each in subsets))


def _ingress(cluster: Cluster, ingress: Properties) -> Readiness:  # noqa: ARG001
    return Readiness(bool(_ingress_of(ingress)))


def _ingress_of(thing: Properties) -> list[Properties]:
    return list(((thing.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ())


def _pod(cluster: Cluster, pod: Properties) -> Readiness:  # noqa: ARG001
    status = pod.get("status") or {}
    conditions = {each["type"]: each.get("status") for each in status.get("conditions") or ()}
    return Readiness(status.get("phase") == "Succeeded" or conditions.get("Ready") == "True")


_RULES: dict[tuple[str, str], Callable[[Cluster, Properties], Readiness]] = {
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("batch/v1", "Job"): _job,
    ("v1", "Pod"): _pod,
    ("v1", "Service"): _service,
    ("networking.k8s.io/v1", "Ingress"): _ingress,
}


def _with_reasons(text: str, reasons: list[str]) -> str:
    return ": ".join([text, "; ".join(dict.fromkeys(reasons))]) if reasons else text


def _conditions(live: Properties) -> list[str]:
    """What the object's own conditions complain of."""
    if live.get("kind") == "Service":
        return [
            "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' "
            "may not match labels on any Pods"
        ]
    return [
        f"[{each.get('reason')}] {each['message']}"
        for each in (live.get("status") or {}).get("conditions") or ()
        if each.get("status") == "False" and each.get("message")
    ]


def _of_pods(cluster: Cluster, live: Properties) -> list[str]:
    """What the pods that the object's template makes complain of."""
    selector = ((live.get("spec") or {}).get("selector") or {}).get("matchLabels")
    if not selector:
        return []
    path = cluster.objects("v1", "Pod", namespace_of(live))
    query = {"labelSelector": ",".join(f"{key}={value}" for key, value in selector.items())}
    try:
        pods = cluster.request("GET", path, query).get("items") or ()
    except ProviderError:
        return []
    return [f"[Pod {namespace_of(pod)}/{name_of(pod)}]: {text}" for pod in pods for text in _of_pod(pod)]


def _warnings(cluster: Cluster, live: Properties) -> list[str]:
    """What was said of pods that may be gone by now: of mounts, of probes, of images."""
    path = cluster.objects("v1", "Event", namespace_of(live))
    try:
        events = cluster.request("GET", path, {"fieldSelector": "type=Warning"}).get("items") or ()
    except ProviderError:
        return []
    of_pods = [
        (each["involvedObject"].get("name", ""), each)
        for each in events
        if each.get("involvedObject", {}).get("kind") == "Pod"
    ]
    return [
        f"[{each.get('reason')}] {' '.join(str(each.get('message')).split())}"
        for name, each in of_pods
        if name.startswith(f"{name_of(live)}-")
    ]


def _of_pod(pod: Properties) -> list[str]:
    status = pod.get("status") or {}
    said = [
        each["message"]
        for each in status.get("conditions") or ()
        if each.get("type") == "PodScheduled" and each.get("status") == "False" and each.get("message")
    ]
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state = container.get("state") or {}
        waiting, ended = state.get("waiting"), state.get("terminated")
        if waiting and waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            said.append(f"[{waiting['reason']}] {waiting.get('message', '')}".strip())
        if ended and ended.get("exitCode"):
            said.append(f'container "{container["name"]}" completed with exit code {ended["exitCode"]}')
    return said
