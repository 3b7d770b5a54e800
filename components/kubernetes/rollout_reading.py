"""What a rollout asks the cluster: its Deployment, ReplicaSets, pods, their events and their last lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ..refresh_errors import RolloutError
from . import rollout_reasons as reasons
from . import rollout_view as view
from .connection import is_transient, status_of
from .labels import KEPT

Object = dict[str, Any]

_PODS_LOOKED_INTO = 3
"""Of how many pods events and logs are read: those of one version fail alike."""


class Api(Protocol):
    """What this asks of `connection.Connection`."""

    now: datetime

    def get(self, path: str, **query: str) -> Object: ...
    def text(self, path: str, **query: str) -> str: ...
    def apply(self, path: str, manifest: Object, manager: str) -> Object: ...
    def delete(self, path: str) -> None: ...


@dataclass(frozen=True)
class Seen:
    """The Deployment and what is its own, at one look."""

    deployment: Object
    replica_sets: list[view.Object]
    new: view.Object | None
    """The ReplicaSet of the present template."""
    pods: list[view.Object]
    """Those of `new`."""
    now: datetime
    """By the cluster's clock."""

    def troubles(self) -> list[reasons.Trouble]:
        found = [reasons.of_pod(pod, self.now) for pod in self.pods]
        creation = reasons.of_creation(self.deployment, self.pods, self.now)
        return [trouble for trouble in (creation, *found) if trouble is not None]


class Reader:
    """Reads about one Deployment. Raises what the connection raises, and RolloutError when it is gone."""

    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self._api = api
        self._core = f"/api/v1/namespaces/{namespace}"
        self._apps = f"/apis/apps/v1/namespaces/{namespace}"
        self._kept = (
            f"{self._core}/configmaps",
            f"/apis/secrets-store.csi.x-k8s.io/v1/namespaces/{namespace}/secretproviderclasses",
        )
        self.path = f"{self._apps}/deployments/{name}"
        self._name = name
        self._where = f"deployment {name} in {namespace}"

    @property
    def now(self) -> datetime:
        return self._api.now

    def deployment(self) -> Object:
        try:
            return self._api.get(self.path)
        except Exception as error:
            if status_of(error) != 404:
                raise
            raise RolloutError(
                f"{self._where} does not exist: refresh the stack, then run up again"
            ) from error

    def look(self) -> Seen:
        deployment = self.deployment()
        wanted = _selector(deployment["spec"]["selector"]["matchLabels"])
        found = self._api.get(f"{self._apps}/replicasets", labelSelector=wanted)["items"]
        replica_sets = view.of(deployment, found)
        new = view.new_replica_set(deployment, replica_sets)
        pods: list[view.Object] = []
        if new is not None:
            own = _selector(new["spec"]["selector"]["matchLabels"])
            pods = view.of(new, self._api.get(f"{self._core}/pods", labelSelector=own)["items"])
        # Those that leave are no matter any more.
        pods = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
        now = max([self._api.now, *reasons.newest_time((deployment, *pods))])
        return Seen(deployment, replica_sets, new, pods, now)

    def why(self, seen: Seen) -> str:
        """Why its pods do not serve, as far as anything says so."""
        creation = reasons.of_creation(seen.deployment, seen.pods, seen.now)
        troubles = [] if creation is None else [creation]
        for number, pod in enumerate(seen.pods):
            found = reasons.of_pod(pod, seen.now)
            if number < _PODS_LOOKED_INTO and view.condition(pod, "Ready").get("status") != "True":
                found = self._in_depth(pod, found)
            if found is not None:
                troubles.append(found)
        return reasons.told(troubles)

    def _in_depth(self, pod: view.Object, found: reasons.Trouble | None) -> reasons.Trouble | None:
        """What the status leaves out: which probe fails, what cannot be mounted, why there is no image."""
        if found is None:
            return self._of_events(pod)
        if found.killed:
            probe = self._of_events(pod)
            if probe is None or probe.reason != "Unhealthy":
                return found
            return reasons.Trouble(probe.reason, f"{probe.detail} ({found.detail})", found.final)
        if found.reason == "CrashLoopBackOff" and ": " not in found.detail:
            return reasons.Trouble(found.reason, f"{found.detail}{self._last_lines(pod)}", found.final)
        if found.reason == "ImagePullBackOff" and "ErrImagePull" not in found.detail:
            told = self._of_events(pod)
            return found if told is None else reasons.Trouble(found.reason, told.detail, found.final)
        return found

    def _of_events(self, pod: view.Object) -> reasons.Trouble | None:
        uid = pod["metadata"]["uid"]
        listed = self._api.get(f"{self._core}/events", fieldSelector=f"involvedObject.uid={uid}")["items"]
        return reasons.of_events(each for each in listed if each.get("involvedObject", {}).get("uid") == uid)

    def _last_lines(self, pod: view.Object) -> str:
        """Of the container that ended; nothing where whoever asks may not read logs."""
        path = f"{self._core}/pods/{view.name(pod)}/log"
        try:
            said = self._api.text(path, previous="true", tailLines="3")
        except Exception as error:
            if is_transient(error) or status_of(error):
                return ""
            raise
        return f": {' '.join(said.split())[-200:]}" if said.strip() else ""

    def delete_pod(self, pod: view.Object) -> None:
        self._api.delete(f"{self._core}/pods/{view.name(pod)}")

    def apply(self, manifest: Object, manager: str) -> Object:
        return self._api.apply(self.path, manifest, manager)

    def delete_what_nothing_refers_to(self, seen: Seen) -> list[str]:
        """Of what is kept for this workload: names of what was deleted. A version that may come back, by hand
        or by a rollback, is a ReplicaSet still, and finds what is its own.
        """
        referred = set().union(*(_texts(each["spec"]["template"]) for each in _versions(seen)))
        gone = []
        for path in self._kept:
            for each in self._listed(path, f"{KEPT}={self._name}"):
                if view.name(each) not in referred:
                    self._api.delete(f"{path}/{view.name(each)}")
                    gone.append(view.name(each))
        return gone

    def _listed(self, path: str, selector: str) -> list[Object]:
        try:
            return list(self._api.get(path, labelSelector=selector)["items"])
        except Exception as error:
            # A cluster without the driver has no such kind.
            if status_of(error) != 404:
                raise
            return []


def _versions(seen: Seen) -> list[view.Object]:
    return [seen.deployment, *seen.replica_sets]


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _texts(value: Any) -> set[str]:
    """Every text in a template: what it refers to is named by one of them, in whatever field."""
    if isinstance(value, Mapping):
        return set().union(*map(_texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(_texts, value))
    return {value} if isinstance(value, str) else set()
