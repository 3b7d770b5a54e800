"""What the nodes do with the pods that they are given: mount, start, watch, stop, and tell of it.

All nodes at once: a pod's time passes on the cloud's timeline, from one change to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.controllers import parts, runs, secret_files
from rehearsal.cloud.kubernetes.controllers.containers import Containers
from rehearsal.cloud.kubernetes.controllers.events import NORMAL, WARNING
from rehearsal.cloud.kubernetes.controllers.runs import Container, Run
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

_MOUNT_AGAIN_SECONDS = 10.0


class Kubelet:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._runs: dict[Key, Run] = {}
        self._containers = Containers(cluster, self)
        self._next_address = 0

    def reconcile(self, key: Key) -> None:
        pod = self._cluster.store.get(key)
        run = self._runs.get(key)
        if run is not None and (pod is None or pod["metadata"]["uid"] != run.uid):
            del self._runs[key]
            run = None
        if pod is None:
            return
        if not pod["spec"].get("nodeName"):
            if not pod["metadata"].get("deletionTimestamp"):
                self._cluster.controllers.scheduler.schedule(key, pod)
        elif run is None and pod["status"].get("phase") == "Pending":
            self._start(key, pod)
        elif pod["metadata"].get("deletionTimestamp") and (run is None or not run.ending):
            self._stop(key, pod, run)

    def log(self, pod: Object, name: str, *, previous: bool) -> list[str]:
        """The lines that a container wrote."""
        metadata = pod["metadata"]
        run = self._runs.get(Key("", "pods", metadata["namespace"], metadata["name"]))
        container = run.of(name) if run else None
        if container is None:
            return []
        return list(container.previous_log if previous else container.log or container.previous_log)

    def current(self, run: Run) -> Object | None:
        """The pod, if it is still the one that the run is of."""
        pod = self._cluster.store.get(run.key)
        return pod if pod is not None and self._runs.get(run.key) is run else None

    def after(self, seconds: float, run: Run, what: Callable[[], None]) -> None:
        """Later, unless the pod is gone by then."""
        self._cluster.world.timeline.after(seconds, lambda: what() if self.current(run) is not None else None)

    def _start(self, key: Key, pod: Object) -> None:
        spec, owner = pod["spec"], parts.controller_of(pod)
        containers = [
            Container(each, init)
            for name, init in (("initContainers", True), ("containers", False))
            for each in spec.get(name) or ()
        ]
        for container in containers:
            if spec.get("initContainers"):
                container.state = runs.waiting("PodInitializing")
        run = Run(
            key, pod["metadata"]["uid"], containers, self._address(), self._cluster.now(),
            owner is not None and owner["kind"] == "Job", spec["restartPolicy"],
        )  # fmt: skip
        self._runs[key] = run
        self._mount(run)

    def _address(self) -> str:
        """Of the pods' own range, one for each."""
        self._next_address += 1
        high, low = divmod(self._next_address, 250)
        return f"10.{128 + high // 250}.{high % 250}.{low + 1}"

    def _mount(self, run: Run) -> None:
        pod = self.current(run)
        if pod is None or pod["metadata"].get("deletionTimestamp"):
            return
        problems = list(self._unmountable(pod))
        if problems:
            for text in problems:
                self.tell(run, WARNING, "FailedMount", text)
            self.write(run)
            self.after(_MOUNT_AGAIN_SECONDS, run, lambda: self._mount(run))
            return
        run.mounted = True
        self.write(run)
        self.go_on(run)

    def _unmountable(self, pod: Object) -> Iterator[str]:
        space, store = pod["metadata"]["namespace"], self._cluster.store
        for volume in pod["spec"].get("volumes") or ():
            for kind, name_field, plural in (
                ("configMap", "name", "configmaps"), ("secret", "secretName", "secrets"),
            ):  # fmt: skip
                source = volume.get(kind)
                if source is None or source.get("optional"):
                    continue
                name = source[name_field]
                if store.get(Key("", plural, space, name)) is None:
                    text = f'{plural[:-1]} "{name}" not found'
                    yield f'MountVolume.SetUp failed for volume "{volume["name"]}" : {text}'
            csi = volume.get("csi") or {}
            if csi.get("driver") == secret_files.DRIVER:
                name = (csi.get("volumeAttributes") or {}).get("secretProviderClass", "")
                text = secret_files.problem(self._cluster, pod, name)
                if text:
                    yield f'MountVolume.SetUp failed for volume "{volume["name"]}" : {text}'

    def go_on(self, run: Run) -> None:
        """Begin with the next init container, or with all others when none is left."""
        if not run.initialized:
            following = next(each for each in run.inits if not each.done)
            if "running" not in following.state:
                self._containers.begin(run, following)
            return
        for container in run.apps:
            if not container.done and container.turn == 0:
                container.state = runs.waiting("ContainerCreating")
                self._containers.begin(run, container)
        self.write(run)

    def _stop(self, key: Key, pod: Object, run: Run | None) -> None:
        """Let it end: the preStop hooks, then the signal, at most the grace period."""
        if run is None:
            self._cluster.store.remove(key)
            return
        run.ending = True
        grace = float(pod["metadata"].get("deletionGracePeriodSeconds", 30))
        longest = 0.0
        for container in run.apps:
            if "running" in container.state:
                self.tell(run, NORMAL, "Killing", f"Stopping container {container.name}", container.name)
                hook = ((container.spec.get("lifecycle") or {}).get("preStop") or {}).get("sleep") or {}
                longest = max(longest, float(hook.get("seconds", 0)) + 1.0)
        self.after(min(longest, grace), run, lambda: self._gone(run))

    def _gone(self, run: Run) -> None:
        self._runs.pop(run.key, None)
        self._cluster.store.remove(run.key)

    def tell(self, run: Run, kind: str, reason: str, text: str, container: str = "") -> None:
        pod = self._cluster.store.get(run.key)
        if pod is not None:
            self._cluster.controllers.events.record(pod, kind, reason, text, "kubelet", container=container)

    def write(self, run: Run) -> None:
        """Put the pod's status down as it is now."""
        now = self._cluster.now()
        self._cluster.objects.change(run.key, lambda pod: _write(pod, run, now))


def _write(pod: Object, run: Run, now: str) -> None:
    status, phase = pod["status"], run.phase()
    status["phase"] = phase
    status["startTime"] = run.started_at
    if run.mounted and not pod["spec"].get("hostNetwork"):
        status["podIP"], status["podIPs"] = run.address, [{"ip": run.address}]
    status["containerStatuses"] = [each.status(run.uid) for each in run.apps]
    if run.inits:
        status["initContainerStatuses"] = [each.status(run.uid) for each in run.inits]
    _conditions(status, run, phase, now)


def _conditions(status: Object, run: Run, phase: str, now: str) -> None:
    parts.set_condition(status, now, "PodReadyToStartContainers", "True" if run.mounted else "False")
    unready = [each.name for each in run.apps if not each.ready]
    left = [each.name for each in run.inits if not each.done]
    if left:
        text = f"containers with incomplete status: [{' '.join(left)}]"
        parts.set_condition(
            status, now, "Initialized", "False", reason="ContainersNotInitialized", message=text
        )
    else:
        parts.set_condition(status, now, "Initialized", "True")
    for kind in ("Ready", "ContainersReady"):
        if phase in ("Succeeded", "Failed"):
            reason = "PodCompleted" if phase == "Succeeded" else "PodFailed"
            parts.set_condition(status, now, kind, "False", reason=reason)
        elif unready:
            text = f"containers with unready status: [{' '.join(unready)}]"
            parts.set_condition(status, now, kind, "False", reason="ContainersNotReady", message=text)
        else:
            parts.set_condition(status, now, kind, "True")
