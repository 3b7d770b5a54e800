"""What of an environment's workloads is not as it was declared: objects, pods, and hands on either."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from images import containers
from scripts.releases import aws, cluster_objects, drift_groups, object_differences, workloads
from scripts.releases.cluster_objects import Places, Wanted
from scripts.releases.errors import one_line
from scripts.releases.findings import Drift, Finding
from scripts.releases.kubernetes_api import Document
from scripts.releases.object_differences import Hand
from scripts.releases.workloads import ABSENT, FAILED, PAUSED, Cluster, Live

#: Kinds that nobody but the program makes in its namespace.
_KINDS = {
    "apps/v1": ("Deployment", "DaemonSet", "StatefulSet"),
    "batch/v1": ("Job", "CronJob"),
    "v1": ("Service",),
    "networking.k8s.io/v1": ("NetworkPolicy", "Ingress"),
}
#: A value is told so far.
_LONGEST = 80


@dataclass(frozen=True)
class _Scene:
    cluster: Cluster
    wanted: Sequence[Wanted]
    places: Places


def find(cluster: Cluster, resources: Iterable[Mapping[str, Any]], found: Drift) -> None:
    """Adds what it finds; it changes nothing.

    Raises:
        ReleaseError: the cluster refused; what could not be looked at is not called free of drift.
    """
    scene = _Scene(cluster, cluster_objects.of(resources), Places(cluster.api))
    live = workloads.look(cluster)
    found.pods = sum(len(each.pods) for each in live)
    for wanted in scene.wanted:
        found.findings += _object(scene, wanted)
    for each in live:
        found.findings += _workload(scene, each)
        if each.running:
            found.notes.append(f"{each.name}: its rollout is {each.step}")
    found.findings += _strangers(scene)
    for name, state in cluster.state.workloads.items():
        if names := list(state.alarms.values()):
            found.findings += drift_groups.alarms_of(aws.account(cluster.config), name, name, names)


def _object(scene: _Scene, wanted: Wanted) -> Iterator[Finding]:
    """One declared object."""
    there = scene.places.get(wanted)
    service, subject = wanted.workload, wanted.text
    if there is None:
        # A Job may clean up behind itself.
        if not (wanted.inputs.get("spec") or {}).get("ttlSecondsAfterFinished"):
            text = f"{subject} is not there; `pulumi refresh` and `pulumi up` bring it back"
            yield Finding("missing-object", service, subject, text)
        return
    for each in object_differences.differences(wanted.inputs, there):
        declared, actual = _shown(each.declared), _shown(each.actual)
        text = f"{subject}: {each.path} is {actual or 'not there'}, declared {declared or 'nothing'}"
        yield Finding("object", service, subject, text, declared, actual)
    for hand in object_differences.hands(there, wanted.managers):
        yield Finding("hand", service, subject, _edited(subject, hand), "", hand.manager)


def _edited(subject: str, hand: Hand) -> str:
    when = f" at {hand.at.isoformat()}" if hand.at else ""
    more = f" and {len(hand.paths) - 3} more" if len(hand.paths) > 3 else ""
    return (
        f"{subject}: {hand.manager} set {', '.join(hand.paths[:3])}{more}{when}; undo it by the same hand: "
        f"what the program does not declare, `pulumi up` leaves"
    )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    text = containers.short(one_line(text))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _workload(scene: _Scene, live: Live) -> Iterator[Finding]:
    """The number of pods, the image, and each pod."""
    name, state = live.name, scene.cluster.state.workloads[live.name]
    if live.status == ABSENT:
        if all(wanted.key != ("Deployment", live.namespace, state.deployment) for wanted in scene.wanted):
            yield Finding("missing-object", name, f"Deployment {state.deployment}", live.reason)
        return
    if live.status in (FAILED, PAUSED):
        yield Finding("rollout", name, name, f"{name}: its rollout is {live.step}", "", live.status)
    if state.image is not None and live.image != state.image:
        runs, says = containers.short(live.image or "none"), containers.short(state.image)
        text = f"{name}: its pods get {runs}, and the stack says {says}"
        yield Finding("image", name, name, text, state.image, live.image or "")
    least, most = state.min_size, state.max_size
    if least is not None and most is not None and not least <= live.desired <= most:
        text = f"{name}: {live.desired} pods are wanted, declared are {least} to {most}"
        yield Finding("replicas", name, name, text, f"{least} to {most}", str(live.desired))
    yield from _pods(live)


def _pods(live: Live) -> Iterator[Finding]:
    for pod in live.pods:
        for debugger in pod.debugged:
            text = f"{live.name}: someone put the container {debugger} into {pod.name}; delete the pod"
            yield Finding("login", live.name, pod.name, text, "", debugger)
        if not live.running and not pod.leaves and pod.image != live.image and live.status != FAILED:
            runs, says = containers.short(pod.image or "none"), containers.short(live.image or "none")
            text = f"{live.name}: {pod.name} runs {runs}, its Deployment says {says}"
            yield Finding("image", live.name, pod.name, text, live.image or "", pod.image or "")


def _strangers(scene: _Scene) -> Iterator[Finding]:
    """What is in the workloads' namespaces and nobody declared."""
    declared = {wanted.key for wanted in scene.wanted}
    states = scene.cluster.state.workloads
    for namespace in sorted({state.namespace or "default" for state in states.values()}):
        for api_version, kinds in _KINDS.items():
            for kind in kinds:
                for there in scene.places.every(api_version, kind, namespace):
                    name = there["metadata"]["name"]
                    if (kind, namespace, name) not in declared and not _owned(there):
                        yield _stranger(kind, name, namespace)
        for pod in scene.cluster.api.every(f"/api/v1/namespaces/{namespace}/pods"):
            if not _owned(pod):
                yield _stranger("Pod", pod["metadata"]["name"], namespace)


def _stranger(kind: str, name: str, namespace: str) -> Finding:
    text = f"{kind} {name} is in {namespace}, and nothing declares it; delete it, or take it into the program"
    return Finding("outside", None, f"{kind} {name}", text)


def _owned(there: Document) -> bool:
    """Whether something in the cluster made it, and takes it away; the API server's own Service is one."""
    if (there["metadata"].get("labels") or {}).get("provider") == "kubernetes":
        return True
    owners = there["metadata"].get("ownerReferences") or ()
    return any(owner.get("controller") for owner in owners) or bool(
        there["metadata"].get("deletionTimestamp")
    )
