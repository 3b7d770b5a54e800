"""Workloads' part of a plan: how pods are replaced, in how many minutes, and how a failure would end."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.releases import digests, preferences, registry, surge, workloads
from scripts.releases.config_file import ConfigFile, Workload
from scripts.releases.errors import ReleaseError
from scripts.releases.kubernetes_api import moment
from scripts.releases.pods import Pod
from scripts.releases.project import Project
from scripts.releases.surge import Course, Settings
from scripts.releases.workloads import Cluster, Live


@dataclass(frozen=True)
class WorkloadPlan:
    """One workload's part of a release.

    Attributes:
        runs: the image that new pods get now.
        replaced: pods that run another one.
        measured: how long pods took to be ready lately; None without any to measure.
        migrates: whether a Job comes first; `migrate_seconds`: how long the last one took, None unless known.
        rolling: whether a rollout is under way.
        renewed: whether pods of the image are replaced too, as more of their template changes.
    """

    workload: str
    live: Live
    image: str
    settings: Settings
    course: Course
    replaced: int
    measured: float | None
    migrates: bool
    migrate_seconds: float | None
    rolling: bool
    renewed: bool = False

    @property
    def runs(self) -> str | None:
        return self.live.image

    @property
    def needed(self) -> bool:
        """Whether any pod is replaced."""
        return self.renewed or self.replaced > 0 or self.image != self.runs

    @property
    def ready_seconds(self) -> float:
        """From the start of a pod until it counts."""
        boot = self.settings.start if self.measured is None else self.measured
        return (boot or 0.0) + self.settings.settle

    @property
    def seconds(self) -> float:
        """The whole, the migration included as far as its time is known."""
        if not self.needed:
            return 0.0
        return (self.migrate_seconds or 0.0) + self.course.rounds * self.ready_seconds

    @property
    def back_seconds(self) -> float:
        """How long it takes until all pods run the version before, when the last round fails."""
        return self.course.rounds * self.ready_seconds


@dataclass(frozen=True)
class WorkloadPlans:
    """All of them; `passed` and `remarks` as of a plan."""

    plans: tuple[WorkloadPlan, ...] = ()
    passed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """What is asked for: one workload instead of all, and an image other than the configured one. With
    services beside (`alone` False) a cluster that cannot be asked is a remark. Of the `renewed` ones every
    pod is replaced.
    """

    workload: str | None = None
    image: str | None = None
    alone: bool = True
    renewed: frozenset[str] = frozenset()


def make(where: Project, config: ConfigFile, request: Request) -> WorkloadPlans:
    """The plan of an environment's workloads.

    Raises:
        RefusedError: there is no such workload, or an image does not pass the pre-flight.
        ReleaseError: the cluster cannot be asked; see `Request`.
    """
    wanted = _wanted(config, request)
    passed = tuple(dict.fromkeys(_checked(config, wanted)))
    try:
        cluster = workloads.reach(where, config.environment)
        live = {each.name: each for each in workloads.look(cluster)}
        found = tuple(
            _plan(cluster, live[name], image, name in request.renewed)
            for name, image in wanted.items()
            if _up(live, name)
        )
    except ReleaseError as error:
        if request.alone:
            raise
        return WorkloadPlans((), passed, (f"the workloads are not planned: {error}",))
    new = [
        f"{name}: is not up yet; its pods start on {wanted[name]}" for name in wanted if not _up(live, name)
    ]
    gone = [
        f"{name}: is up, but no longer in {config.path.name}; `pulumi up` takes it down"
        for name in live
        if name not in config.workloads and request.workload is None
    ]
    return WorkloadPlans(found, passed, (*new, *gone))


def _up(live: Mapping[str, Live], name: str) -> bool:
    return name in live and live[name].deployment is not None


def _wanted(config: ConfigFile, request: Request) -> dict[str, str]:
    """The image that a release would bring to each: the asked one to all whose line it would change."""
    if request.workload is None:
        return {name: config.container(name) for name in config.workloads}
    key = config.image_key(request.workload)
    if request.image is None:
        return {request.workload: config.container(request.workload)}
    return dict.fromkeys(config.having(key), request.image)


def _checked(config: ConfigFile, wanted: Mapping[str, str]) -> Iterator[str]:
    """What the images are, each line of the config once."""
    lines = {config.workloads[name]: (name, image) for name, image in wanted.items()}
    for name, image in lines.values():
        yield registry.check(config, Workload(name), digests.checked(image, config.line(Workload(name))))


def _plan(cluster: Cluster, live: Live, image: str, renewed: bool) -> WorkloadPlan:
    section = preferences.section(cluster.config, "workloads", live.name)
    place = f"{cluster.config.path.name}: workloads / {live.name}"
    chosen = surge.settings((live.deployment or {})["spec"], surge.written(section, place))
    replicas = _replicas(live.desired, section)
    replaced = sum(renewed or pod.image != image for pod in live.pods if not pod.leaves)
    return WorkloadPlan(
        workload=live.name,
        live=live,
        image=image,
        settings=chosen,
        course=surge.course(replicas, chosen.max_surge, chosen.max_unavailable),
        replaced=replaced,
        measured=_measured(live.pods),
        migrates=bool(section.get("migrate")),
        migrate_seconds=_migrated(cluster, live) if section.get("migrate") else None,
        rolling=live.running,
        renewed=renewed,
    )


def _replicas(present: int, section: Mapping[str, Any]) -> int:
    """The present number, moved into the config's limits: `up` sets these first."""
    for key, choose in (("min", max), ("max", min)):
        limit = section.get(key)
        if isinstance(limit, int) and not isinstance(limit, bool):
            present = choose(present, limit)
    return present


def _measured(there: Sequence[Pod]) -> float | None:
    """The median of those that never restarted: a later change of readiness says nothing of a start."""
    took = [
        (pod.ready_at - pod.started_at).total_seconds()
        for pod in there
        if pod.ready_at and pod.started_at and not pod.restarts
    ]
    return statistics.median(took) if took else None


def _migrated(cluster: Cluster, live: Live) -> float | None:
    """How long the last migration took that ended well."""
    labels = f"app.kubernetes.io/name={live.name},app.kubernetes.io/component=migration"
    jobs = cluster.api.every(f"/apis/batch/v1/namespaces/{live.namespace}/jobs", labelSelector=labels)
    ended = [each for each in map(_times, jobs) if each]
    return max(ended)[1] if ended else None


def _times(job: Mapping[str, Any]) -> tuple[str, float] | None:
    status = job.get("status") or {}
    start, end = moment(status.get("startTime")), moment(status.get("completionTime"))
    return (end.isoformat(), (end - start).total_seconds()) if start and end else None
