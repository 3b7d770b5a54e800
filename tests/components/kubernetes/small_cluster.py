"""A cluster with one Deployment and its controller, small enough to be followed: a step is a second.

It knows what a rollout asks for and nothing else. That the real one does the same is for tests/kubernetes/.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes.client import ApiException

from components.kubernetes.rollout_view import HASH, REVISION, revision, template, without_hash

Object = dict[str, Any]

GOOD, BETTER, CRASHING, MISSING, MUTE, KILLED = (
    f"registry.example.com/shop@sha256:{character * 64}" for character in "ab1024"
)
SURGE = 1
READY_SECONDS = 3
RESTARTS = (2, 14, 36, 78, 160, 322)
"""When a container that crashes has ended, in seconds after its start: each pause is twice the one before."""
PATH = "/apis/apps/v1/namespaces/workloads/deployments/shop"


class SmallCluster:
    """Answers a rollout as a connection does; `step` lets time pass."""

    def __init__(self, replicas: int = 3) -> None:
        self.now = datetime(2026, 11, 21, tzinfo=UTC)
        self.replicas = replicas
        self.deployment: Object | None = None
        self.sets: list[Object] = []
        self.pods: list[Object] = []
        self.events: list[Object] = []
        self.config: dict[str, Object] = {}
        self.refused = ""
        """What admission says to every new pod; empty when it lets them in."""
        self.forbidden: set[str] = set()
        """Kinds that whoever asks may not list."""
        self.faults: list[Exception] = []
        """Raised one after the other, instead of an answer."""
        self.calls: list[tuple[str, str]] = []
        self._numbers = itertools.count(1)
        self._progress: Any = None

    # What a connection does

    def get(self, path: str, **query: str) -> Object:
        self._called("GET", path)
        if path == PATH:
            return copy.deepcopy(self._known())
        kind = path.rpartition("/")[2]
        if kind in self.forbidden:
            raise ApiException(status=403, reason="Forbidden")
        things = {
            "replicasets": self.sets, "pods": self.pods, "events": self.events,
            "configmaps": list(self.config.values()),
        }.get(kind)  # fmt: skip
        if things is None:
            raise ApiException(status=404, reason="Not Found")
        return {"items": copy.deepcopy([each for each in things if _matches(each, query)])}

    def text(self, path: str, **query: str) -> str:
        self._called("GET", path)
        return "starting\nno such table: orders\n"

    def apply(self, path: str, manifest: Object, manager: str) -> Object:
        self._called("PATCH", path)
        assert (path, manager) == (PATH, "pulumi-kubernetes-immutable")
        version = manifest["metadata"].get("resourceVersion")
        if self.deployment and version not in (None, self.deployment["metadata"]["resourceVersion"]):
            raise ApiException(status=409, reason="Conflict")
        self.give(manifest["spec"]["template"], manager, manifest["spec"])
        return copy.deepcopy(self._known())

    def delete(self, path: str) -> None:
        self._called("DELETE", path)
        name = path.rpartition("/")[2]
        self.config.pop(name, None)
        self.pods = [pod for pod in self.pods if pod["metadata"]["name"] != name]

    # What others do

    def give(self, wanted: Object, who: str, spec: Object | None = None) -> None:
        """Give the Deployment a template, as whoever may."""
        if self.deployment is None:
            metadata = {"name": "shop", "uid": "uid-shop", "generation": 0, "annotations": {}}
            self.deployment = {
                "metadata": metadata,
                "spec": {**(spec or {}), "replicas": self.replicas},
                "status": {},
            }
        if spec is not None:
            self.deployment["spec"] = {**spec, "replicas": self.deployment["spec"]["replicas"]} | {
                key: value for key, value in self.deployment["spec"].items() if key == "paused"
            }
        if self.deployment["metadata"].get("template") != wanted:
            self.deployment["metadata"]["generation"] += 1
            self._write(who, "template")
        self.deployment["spec"]["template"] = self.deployment["metadata"]["template"] = copy.deepcopy(wanted)

    def scale(self, replicas: int) -> None:
        self._known()["spec"]["replicas"] = replicas
        self._known()["metadata"]["generation"] += 1

    def pause(self, paused: bool = True) -> None:
        self._known()["spec"]["paused"] = paused
        self._known()["metadata"]["generation"] += 1
        self._write("kubectl-rollout", "paused")

    def available(self) -> int:
        return sum(_is_ready(pod) for pod in self.pods)

    def images(self) -> set[str]:
        return {pod["spec"]["containers"][0]["image"] for pod in self.pods}

    def step(self, seconds: float = 1) -> None:
        for _ in range(max(1, round(seconds))):
            self.now += timedelta(seconds=1)
            for pod in self.pods:
                self._age(pod)
            if self.deployment is not None:
                self._control(self.deployment)

    # What the controller does

    def _control(self, deployment: Object) -> None:
        new = self._new(deployment)
        count = deployment["spec"]["replicas"]
        own = [pod for pod in self.pods if _owner(pod) == new["metadata"]["uid"]]
        old = [pod for pod in self.pods if pod not in own]
        refused = ""
        if not deployment["spec"].get("paused"):
            if len(own) < count and len(self.pods) < count + SURGE:
                refused = self.refused
                if not refused:
                    self.pods.append(self._pod(new))
            # What does not serve goes first, and of what serves only what is too much.
            spare = [pod for pod in old if not _is_ready(pod)] or (old if self.available() > count else [])
            leaving = spare[:1] or (own[count:] if len(own) > count else [])[:1]
            self.pods = [pod for pod in self.pods if pod not in leaving]
        self._tell(deployment, new, refused)

    def _tell(self, deployment: Object, new: Object, refused: str) -> None:
        own = [pod for pod in self.pods if _owner(pod) == new["metadata"]["uid"]]
        for each in self.sets:
            pods = [pod for pod in self.pods if _owner(pod) == each["metadata"]["uid"]]
            each["status"] = {"availableReplicas": sum(map(_is_ready, pods))}
        counts = (len(own), len(self.pods), self.available())
        now = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        count = deployment["spec"]["replicas"]
        complete = counts == (count, count, count)
        moved = (new["metadata"]["uid"], counts)
        if self._progress is None or self._progress[0] != moved:
            self._progress = (moved, self.now)
        late = (self.now - self._progress[1]).total_seconds() >= deployment["spec"]["progressDeadlineSeconds"]
        reason = "ProgressDeadlineExceeded" if late else "ReplicaSetUpdated"
        if complete:
            reason = "NewReplicaSetAvailable"
        if deployment["spec"].get("paused"):
            reason, self._progress = "DeploymentPaused", (moved, self.now)
        at = self._progress[1].strftime("%Y-%m-%dT%H:%M:%SZ")
        conditions = [{"type": "Progressing", "reason": reason, "lastUpdateTime": at}]
        if refused:
            before = {each["type"]: each for each in deployment["status"].get("conditions", ())}
            since = before.get("ReplicaFailure", {}).get("lastTransitionTime", now)
            conditions.append(
                {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refused,
                 "lastTransitionTime": since}
            )  # fmt: skip
        status = {
            "observedGeneration": deployment["metadata"]["generation"], "updatedReplicas": counts[0],
            "replicas": counts[1], "availableReplicas": counts[2], "conditions": conditions,
        }  # fmt: skip
        if status != deployment["status"]:
            deployment["metadata"]["resourceVersion"] = str(next(self._numbers))
        deployment["status"] = status

    def _new(self, deployment: Object) -> Object:
        """The ReplicaSet of the present template, which has the highest revision then."""
        present = without_hash(deployment["spec"]["template"])
        found = next((each for each in self.sets if template(each) == present), None)
        if found is None:
            found = self._replica_set(deployment)
            self.sets.append(found)
        others = [revision(each) for each in self.sets if each is not found]
        if revision(found) <= max(others, default=0):
            found["metadata"]["annotations"][REVISION] = str(max(others, default=0) + 1)
        deployment["metadata"]["annotations"][REVISION] = found["metadata"]["annotations"][REVISION]
        return found

    def _replica_set(self, deployment: Object) -> Object:
        name = f"shop-{next(self._numbers)}"
        made = copy.deepcopy(deployment["spec"]["template"])
        labels = {**made["metadata"]["labels"], HASH: name}
        made["metadata"] = {**made["metadata"], "labels": labels}
        return {
            "metadata": {
                "name": name, "uid": f"uid-{name}", "labels": labels, "annotations": {REVISION: "0"},
                "ownerReferences": [{"uid": "uid-shop"}], "creationTimestamp": self.now.isoformat(),
            },
            "spec": {"template": made, "selector": {"matchLabels": labels}},
            "status": {},
        }  # fmt: skip

    def _pod(self, owner: Object) -> Object:
        name = f"{owner['metadata']['name']}-{next(self._numbers)}"
        return {
            "metadata": {
                "name": name, "uid": f"uid-{name}", "labels": owner["metadata"]["labels"],
                "ownerReferences": [{"uid": owner["metadata"]["uid"]}],
                "creationTimestamp": self.now.isoformat(),
            },
            "spec": copy.deepcopy(owner["spec"]["template"]["spec"]),
            "status": {"phase": "Pending", "startTime": self.now.isoformat()},
        }  # fmt: skip

    def _age(self, pod: Object) -> None:
        age = (self.now - datetime.fromisoformat(pod["status"]["startTime"])).total_seconds()
        image = pod["spec"]["containers"][0]["image"]
        ready, restarts = False, 0
        state: Object = {"running": {}}
        last: Object = {}
        if image == MISSING:
            state = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
            self._event(pod, "Failed", "Failed to pull image: manifest unknown")
        elif image in (CRASHING, KILLED):
            restarts = sum(at <= age for at in RESTARTS)
            if restarts:
                state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
                last = {"terminated": {"exitCode": 137 if image == KILLED else 3, "reason": "Error"}}
            if image == KILLED:
                self._event(pod, "Unhealthy", "Startup probe failed: connection refused")
        elif image == MUTE:
            self._event(pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
        else:
            ready = age >= READY_SECONDS
        pod["status"]["containerStatuses"] = [
            {"name": "main", "ready": ready, "restartCount": restarts, "state": state, "lastState": last}
        ]
        pod["status"]["conditions"] = [{"type": "Ready", "status": str(ready)}]

    def _event(self, pod: Object, reason: str, message: str) -> None:
        uid = pod["metadata"]["uid"]
        if not any(each["involvedObject"]["uid"] == uid for each in self.events):
            about = {"metadata": {}, "involvedObject": {"uid": uid}, "type": "Warning"}
            self.events.append({**about, "reason": reason, "message": message})

    def _write(self, who: str, field: str) -> None:
        metadata = self._known()["metadata"]
        metadata["resourceVersion"] = str(next(self._numbers))
        metadata.setdefault("managedFields", []).append(
            {"manager": who, "time": self.now.isoformat(), "fieldsV1": {"f:spec": {f"f:{field}": {}}}}
        )

    def _known(self) -> Object:
        if self.deployment is None:
            raise ApiException(status=404, reason="Not Found")
        return self.deployment

    def _called(self, method: str, path: str) -> None:
        self.calls.append((method, path))
        if self.faults:
            raise self.faults.pop(0)


def _is_ready(pod: Object) -> bool:
    return any(each["ready"] for each in pod["status"].get("containerStatuses", ()))


def _owner(pod: Object) -> str:
    return str(pod["metadata"]["ownerReferences"][0]["uid"])


def _matches(thing: Object, query: dict[str, str]) -> bool:
    labels = thing["metadata"].get("labels", {})
    return all(labels.get(key) == value for key, value in _pairs(query.get("labelSelector", "")))


def _pairs(selector: str) -> Iterator[tuple[str, str]]:
    for each in filter(None, selector.split(",")):
        key, _, value = each.partition("=")
        yield key, value
