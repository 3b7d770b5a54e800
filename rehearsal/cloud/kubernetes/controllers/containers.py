"""How a container comes up, is found ready, crashes and is started again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes import container_images
from rehearsal.cloud.kubernetes.controllers import probes, runs
from rehearsal.cloud.kubernetes.controllers.events import NORMAL, WARNING
from rehearsal.cloud.kubernetes.controllers.runs import Container, Run
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster
    from rehearsal.cloud.kubernetes.controllers.kubelet import Kubelet

PULL_SECONDS, REFUSED_PULL_SECONDS = 2.0, 1.0
_FAILING = (container_images.CRASH_LOOP, container_images.MIGRATION_FAILS)
_KILLED = 137


class Containers:
    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        self._cluster, self._kubelet = cluster, kubelet
        self._pulled: set[tuple[str, str]] = set()

    def begin(self, run: Run, container: Container) -> None:
        """Pull its image, then start it."""
        container.turn += 1
        missing = self._unconfigured(run, container)
        if missing:
            container.state = runs.waiting("CreateContainerConfigError", missing)
            self._kubelet.write(run)
            self._kubelet.tell(run, WARNING, "Failed", f"Error: {missing}", container.name)
            self._after(10.0, run, container, lambda: self.begin(run, container))
            return
        node = self._node(run)
        behaviour = container_images.behaviour(self._cluster.world, container.image)
        if behaviour != container_images.MISSING and (node, container.image) in self._pulled:
            text = f'Container image "{container.image}" already present on machine'
            self._kubelet.tell(run, NORMAL, "Pulled", text, container.name)
            self._start(run, container)
            return
        self._kubelet.tell(run, NORMAL, "Pulling", f'Pulling image "{container.image}"', container.name)
        if behaviour == container_images.MISSING:
            self._after(REFUSED_PULL_SECONDS, run, container, lambda: self._not_pulled(run, container))
        else:
            self._after(PULL_SECONDS, run, container, lambda: self._arrived(run, container, node))

    def _node(self, run: Run) -> str:
        pod = self._cluster.store.get(run.key)
        return str(pod["spec"]["nodeName"]) if pod else ""

    def _after(self, seconds: float, run: Run, container: Container, what: Callable[[], None]) -> None:
        """Later, unless the container has begun anew by then or is being stopped."""
        turn = container.turn

        def due() -> None:
            if container.turn == turn and not run.ending:
                what()

        self._kubelet.after(seconds, run, due)

    def _unconfigured(self, run: Run, container: Container) -> str:
        """A ConfigMap or Secret that its environment names and that is not there."""
        space = run.key.namespace
        for source in container.spec.get("envFrom") or ():
            for kind, plural in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
                found = self._absent(source.get(kind), plural, space)
                if found:
                    return found
        for each in container.spec.get("env") or ():
            source = each.get("valueFrom") or {}
            for kind, plural in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
                found = self._absent(source.get(kind), plural, space)
                if found:
                    return found
        return ""

    def _absent(self, reference: dict[str, str] | None, plural: str, namespace: str) -> str:
        if reference is None or reference.get("optional"):
            return ""
        name = reference.get("name", "")
        value = self._cluster.store.get(Key("", plural, namespace, name))
        if value is None:
            return f'{plural[:-1]} "{name}" not found'
        key = reference.get("key")
        if key is not None and key not in (value.get("data") or {}):
            what = {"configmaps": "ConfigMap", "secrets": "Secret"}[plural]
            return f"couldn't find key {key} in {what} {namespace}/{name}"
        return ""

    def _arrived(self, run: Run, container: Container, node: str) -> None:
        self._pulled.add((node, container.image))
        container.pull_failures = 0
        seconds = f"{PULL_SECONDS:g}s"
        text = f'Successfully pulled image "{container.image}" in {seconds} ({seconds} including waiting).'
        self._kubelet.tell(run, NORMAL, "Pulled", text, container.name)
        self._start(run, container)

    def _not_pulled(self, run: Run, container: Container) -> None:
        image = container.image
        cause = (
            f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": failed to resolve'
            f' reference "{image}": {image}: not found'
        )
        container.state = runs.waiting("ErrImagePull", cause)
        self._kubelet.write(run)
        self._kubelet.tell(run, WARNING, "Failed", f'Failed to pull image "{image}": {cause}', container.name)
        self._kubelet.tell(run, WARNING, "Failed", "Error: ErrImagePull", container.name)
        pause = min(runs.FIRST_BACK_OFF_SECONDS * 2**container.pull_failures, runs.LONGEST_BACK_OFF_SECONDS)
        container.pull_failures = min(container.pull_failures + 1, 10)
        self._after(pause / 5, run, container, lambda: self._backing_off(run, container, cause))
        self._after(pause, run, container, lambda: self.begin(run, container))

    def _backing_off(self, run: Run, container: Container, cause: str) -> None:
        text = f'Back-off pulling image "{container.image}"'
        container.state = runs.waiting("ImagePullBackOff", f"{text}: ErrImagePull: {cause}")
        self._kubelet.write(run)
        self._kubelet.tell(run, NORMAL, "BackOff", text, container.name)
        self._kubelet.tell(run, WARNING, "Failed", "Error: ImagePullBackOff", container.name)

    def _start(self, run: Run, container: Container) -> None:
        self._kubelet.tell(run, NORMAL, "Created", f"Created container: {container.name}", container.name)
        self._kubelet.tell(run, NORMAL, "Started", f"Started container {container.name}", container.name)
        container.state = {"running": {"startedAt": self._cluster.now()}}
        container.since = self._cluster.seconds
        container.started, container.ready = container.init, False
        container.previous_log, container.log = container.log or container.previous_log, ["starting"]
        behaviour = container_images.behaviour(self._cluster.world, container.image)
        self._kubelet.write(run)
        slow = behaviour == container_images.SLOW
        boot = runs.SLOW_BOOT_SECONDS if slow else runs.BOOT_SECONDS
        if container.init or run.job:
            self._to_the_end(run, container, behaviour, boot if slow else 0.0)
        elif behaviour == container_images.CRASH_LOOP:
            self._after(runs.FAILING_SECONDS, run, container, lambda: self._crashed(run, container))
        else:
            self._watch(run, container, boot, never_ready=behaviour == container_images.NEVER_READY)

    def _to_the_end(self, run: Run, container: Container, behaviour: str, more: float) -> None:
        fails = behaviour == container_images.CRASH_LOOP or (run.job and behaviour in _FAILING)
        if fails:
            self._after(runs.FAILING_SECONDS, run, container, lambda: self._crashed(run, container))
            return
        seconds = runs.INIT_SECONDS if container.init else runs.JOB_SECONDS
        self._after(seconds + more, run, container, lambda: self._exited(run, container, 0))

    def _crashed(self, run: Run, container: Container) -> None:
        what = "the migration failed" if run.job else "the program failed"
        container.log += ["Traceback (most recent call last):", f"RuntimeError: {what}"]
        self._exited(run, container, 1)

    def _watch(self, run: Run, container: Container, boot: float, *, never_ready: bool) -> None:
        plan = probes.plan(container.spec, boot, never_ready=never_ready, address=run.address)
        for failing in plan.failing:
            self._after(failing.first, run, container, partial(self._failing, run, container, failing, 1))
        if plan.started is not None:
            self._after(plan.started, run, container, lambda: self._found(run, container, ready=False))
        if plan.ready is not None and (plan.killed is None or plan.ready < plan.killed):
            self._after(plan.ready, run, container, lambda: self._found(run, container, ready=True))
        if plan.killed is not None:
            self._after(plan.killed, run, container, lambda: self._killed(run, container, plan.killed_by))

    def _found(self, run: Run, container: Container, *, ready: bool) -> None:
        container.started = True
        if ready:
            container.ready = True
            container.log.append("listening")
        self._kubelet.write(run)

    def _failing(self, run: Run, container: Container, failing: probes.Failing, times: int) -> None:
        """Tell of the failure that is the first, the third, the ninth …: each of them is the same event."""
        text = f"{failing.word} probe failed: {failing.text}"
        self._kubelet.tell(run, WARNING, "Unhealthy", text, container.name)
        following = failing.first + (times * 3 - 1) * failing.period
        if following < failing.until:
            since = failing.first + (times - 1) * failing.period
            self._after(
                following - since, run, container, lambda: self._failing(run, container, failing, times * 3)
            )

    def _killed(self, run: Run, container: Container, probe: str) -> None:
        text = f"Container {container.name} failed {probe} probe, will be restarted"
        self._kubelet.tell(run, NORMAL, "Killing", text, container.name)
        self._exited(run, container, _KILLED)

    def _exited(self, run: Run, container: Container, code: int) -> None:
        container.turn += 1
        started = container.state.get("running", {}).get("startedAt", self._cluster.now())
        reason, identity = "Error" if code else "Completed", container.identity(run.uid)
        container.state = runs.terminated(code, reason, started, self._cluster.now(), identity)
        container.ready = container.started = False
        again = run.restart_policy == "Always" and not container.init
        if code:
            again = run.restart_policy != "Never"
            forgiven = self._cluster.seconds - container.since >= runs.FORGIVEN_SECONDS
            container.crashes = 1 if forgiven else container.crashes + 1
        if not again:
            container.done, container.ready = True, container.init and not code
            self._kubelet.write(run)
            if container.init and not code:
                self._kubelet.go_on(run)
            return
        self._kubelet.write(run)
        self._restart(run, container)

    def _restart(self, run: Run, container: Container) -> None:
        pause = container.back_off()
        who = f"{run.key.name}_{run.key.namespace}({run.uid})"
        if pause:
            container.last, container.log, container.previous_log = container.state, [], container.log
            text = f"back-off {_duration(pause)} restarting failed container={container.name} pod={who}"
            container.state = runs.waiting("CrashLoopBackOff", text)
            self._kubelet.write(run)
            told = f"Back-off restarting failed container {container.name} in pod {who}"
            self._kubelet.tell(run, WARNING, "BackOff", told, container.name)

        def again() -> None:
            if "terminated" in container.state:
                container.last = container.state
            container.restarts += 1
            self.begin(run, container)

        self._after(max(pause, 1.0), run, container, again)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
