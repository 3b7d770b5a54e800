"""The workloads of an environment as the cluster runs them: Deployment, pods, and how its rollout stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.releases import pods
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import NotDeployedError, RefusedError
from scripts.releases.kubernetes_api import Api, Document, moment
from scripts.releases.options import fleet
from scripts.releases.pods import Pod
from scripts.releases.project import Project
from scripts.releases.state import EnvironmentState, WorkloadState

SUCCESSFUL, IN_PROGRESS, FAILED, PAUSED, ABSENT = "Successful", "InProgress", "Failed", "Paused", "Absent"
"""How a rollout stands. The first two are the words of an instance refresh."""
_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Cluster:
    """An environment's cluster as a command reaches it."""

    config: ConfigFile
    state: EnvironmentState
    api: Api

    @property
    def environment(self) -> str:
        """The stack's name."""
        return self.config.environment

    def of(self, workload: str | None) -> dict[str, WorkloadState]:
        """What the outputs say of one workload, or with None of all.

        Raises:
            RefusedError: there is no such workload.
        """
        if workload is None:
            return self.state.workloads
        if workload not in self.state.workloads:
            known = ", ".join(self.state.workloads) or "none"
            raise RefusedError(f"{self.environment} runs no workload {workload!r}; its workloads: {known}")
        return {workload: self.state.workloads[workload]}


@dataclass(frozen=True)
class Live:
    """One workload. `deployment` is the object as the cluster has it, None where it has none.

    Attributes:
        status: one of the above, by what the Deployment's controller says.
        reason: what goes on, or what went wrong, in the cluster's words.
        since: when the rollout came to this; None while it goes on.
    """

    name: str
    namespace: str
    deployment: Document | None
    pods: Sequence[Pod]
    status: str
    reason: str
    since: datetime | None

    @property
    def deployment_name(self) -> str | None:
        return ((self.deployment or {}).get("metadata") or {}).get("name")

    @property
    def image(self) -> str | None:
        """The image that its new pods get."""
        return pods.image_of(self.template, self.name)

    @property
    def template(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._spec.get("template") or {}
        return found

    @property
    def desired(self) -> int:
        return int(self._spec.get("replicas", 1)) if self.deployment else 0

    @property
    def revision(self) -> str:
        """The Deployment's, as the outputs count it."""
        annotations = ((self.deployment or {}).get("metadata") or {}).get("annotations") or {}
        return str(annotations.get(_REVISION, ""))

    @property
    def serving(self) -> int:
        return sum(pod.serves for pod in self.pods)

    @property
    def updated(self) -> int:
        return int(self._status.get("updatedReplicas") or 0)

    @property
    def available(self) -> int:
        return int(self._status.get("availableReplicas") or 0)

    @property
    def percentage(self) -> int:
        """How many of its pods are new ones that serve."""
        old = int(self._status.get("replicas") or 0) - self.updated
        new = max(0, min(self.updated, self.available - old))
        return 100 if not self.desired else 100 * new // self.desired

    @property
    def running(self) -> bool:
        """Whether time alone may change how it stands."""
        return self.status == IN_PROGRESS

    @property
    def step(self) -> str:
        """Such as `InProgress: 2 of 3 pods are new, 1 of 3 serve`."""
        said = self.status
        if self.running:
            said += (
                f": {self.updated} of {self.desired} pods are new, {self.available} of {self.desired} serve"
            )
        return said + (f": {self.reason}" if self.reason else "")

    @property
    def _spec(self) -> Mapping[str, Any]:
        return (self.deployment or {}).get("spec") or {}

    @property
    def _status(self) -> Mapping[str, Any]:
        return (self.deployment or {}).get("status") or {}


def reach(where: Project, environment: str) -> Cluster:
    """The environment's cluster. Nothing is asked of it yet.

    Raises:
        RefusedError: there is no such environment, it is not up, or it runs no workloads.
        ReleaseError: its state cannot be read.
    """
    config = where.config(environment)
    state = fleet(where, environment)
    if state.cluster is None or not state.workloads:
        raise NotDeployedError(
            f"{environment} runs no workloads by the outputs of its stack; run `pulumi up -s {environment}` "
            f"first"
        )
    return Cluster(config, state, Api(state.cluster, environment))


def look(cluster: Cluster, workload: str | None = None) -> list[Live]:
    """What the cluster says now, by workload. Raises ClusterError when it does not answer."""
    return [one(cluster.api, name, state) for name, state in cluster.of(workload).items()]


def one(api: Api, name: str, state: WorkloadState) -> Live:
    """One workload as the cluster runs it. Raises ClusterError when it does not answer."""
    namespace, deployment = state.namespace or "default", state.deployment or name
    found = api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}")
    if found is None:
        return Live(name, namespace, None, (), ABSENT, f"the cluster has no Deployment {deployment}", None)
    selector = (found["spec"].get("selector") or {}).get("matchLabels") or {}
    there = pods.of(api, namespace, selector, name)
    status, reason, since = _stands(found, there)
    return Live(name, namespace, found, there, status, reason, since)


def _stands(deployment: Document, there: Iterable[Pod]) -> tuple[str, str, datetime | None]:
    """As `kubectl rollout status` judges, with the pods' own reasons."""
    spec, status = deployment["spec"], deployment.get("status") or {}
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    progressing = conditions.get("Progressing") or {}
    at = moment(progressing.get("lastUpdateTime"))
    if spec.get("paused"):
        return PAUSED, "someone paused it: kubectl rollout resume", None
    if int(status.get("observedGeneration") or 0) < int(deployment["metadata"].get("generation") or 0):
        return IN_PROGRESS, "", None
    why = _why(conditions, there)
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return FAILED, why or str(progressing.get("message") or ""), at
    desired = int(spec.get("replicas", 1))
    numbers = [int(status.get(name) or 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    if numbers[0] < desired or numbers[1] > numbers[0] or numbers[2] < numbers[0]:
        return IN_PROGRESS, why, None
    return SUCCESSFUL, "", at


def _why(conditions: Mapping[str, Any], there: Iterable[Pod]) -> str:
    """The first pod's reason; that of the controller where it could not make any."""
    refused = conditions.get("ReplicaFailure") or {}
    if refused.get("status") == "True":
        return str(refused.get("message") or refused.get("reason") or "")
    return next((f"{name}: {trouble}" for name, trouble in pods.troubles(there)), "")
