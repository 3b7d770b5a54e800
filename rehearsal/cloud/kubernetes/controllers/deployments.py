"""Deployments: a ReplicaSet for each template that was, the newest one at full strength.

Source: pkg/controller/deployment of Kubernetes 1.36.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes.apply import UPDATE, Writer
from rehearsal.cloud.kubernetes.controllers import parts, rolling
from rehearsal.cloud.kubernetes.controllers.deployment_status import DeploymentStatus
from rehearsal.cloud.kubernetes.controllers.events import NORMAL
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.objects import Write
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

REVISION = "deployment.kubernetes.io/revision"
_DESIRED, _MOST = "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"
_HASH = "pod-template-hash"
_COMPONENT = "deployment-controller"
#: Notes of who applied the deployment are not the ReplicaSet's.
_NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", REVISION, _DESIRED, _MOST)


class Deployments:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._status = DeploymentStatus(cluster)

    def reconcile(self, key: Key) -> None:
        deployment = self._cluster.store.get(key)
        if deployment is None or deployment["metadata"].get("deletionTimestamp"):
            return
        sets = self._sets(deployment)
        current = next((each for each in sets if _same(each, deployment)), None)
        before = [each for each in sets if each is not current]
        if deployment["spec"].get("paused"):
            if current is not None:
                self._resize(deployment, current, deployment["spec"]["replicas"])
            self._status.tell(key, current, before)
            return
        found = current is not None
        current = self._current(key, deployment, current, before)
        if current is None:
            self._status.tell(key, None, before)
            return
        strategy = deployment["spec"]["strategy"]["type"]
        (self._recreate if strategy == "Recreate" else self._roll)(deployment, current, before)
        sets = self._sets(deployment)
        current = next(
            (each for each in sets if each["metadata"]["uid"] == current["metadata"]["uid"]), current
        )
        before = [each for each in sets if each is not current]
        self._status.tell(key, current, before, created=not found)
        self._clean_up(deployment, current, before)

    def _sets(self, deployment: Object) -> list[Object]:
        found = self._cluster.store.owned(deployment["metadata"]["uid"])
        return [
            value
            for key, value in found
            if key.plural == "replicasets" and not value["metadata"].get("deletionTimestamp")
        ]

    def _current(
        self, key: Key, deployment: Object, current: Object | None, before: list[Object]
    ) -> Object | None:
        """The ReplicaSet of the template, with the highest revision; made when there is none."""
        highest = max((revision(each) for each in before), default=0) + 1
        if current is None:
            current = self._create(deployment, highest, before)
        elif revision(current) < highest:
            current = self._annotate(current, deployment, highest)
        told = str(revision(current)) if current else ""

        def annotate(after: Object) -> None:
            after["metadata"]["annotations"] = (after["metadata"].get("annotations") or {}) | {REVISION: told}

        if current is not None:
            self._cluster.objects.change(key, annotate)
        return current

    def _annotate(self, current: Object, deployment: Object, number: int) -> Object:
        copied = {
            name: text
            for name, text in (deployment["metadata"].get("annotations") or {}).items()
            if name not in _NOT_COPIED
        }

        def annotate(after: Object) -> None:
            known = after["metadata"].get("annotations") or {}
            after["metadata"]["annotations"] = known | copied | {REVISION: str(number)}

        return self._cluster.objects.change(_key(current), annotate) or current

    def _create(self, deployment: Object, number: int, before: list[Object]) -> Object | None:
        template, metadata = deployment["spec"]["template"], deployment["metadata"]
        mark = parts.template_hash(template)
        labels = (template.get("metadata", {}).get("labels") or {}) | {_HASH: mark}
        wanted = rolling.new_set_size(deployment, before, None)
        most = deployment["spec"]["replicas"] + rolling.surge(deployment)
        notes = {k: v for k, v in (metadata.get("annotations") or {}).items() if k not in _NOT_COPIED}
        notes |= {REVISION: str(number), _DESIRED: str(deployment["spec"]["replicas"]), _MOST: str(most)}
        selector = deployment["spec"]["selector"]
        value: Object = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{metadata['name']}-{mark}",
                "namespace": metadata["namespace"],
                "labels": labels,
                "annotations": notes,
                "ownerReferences": [parts.owner_reference(deployment)],
            },
            "spec": {
                "replicas": wanted,
                "selector": selector | {"matchLabels": (selector.get("matchLabels") or {}) | {_HASH: mark}},
                "template": template | {"metadata": (template.get("metadata") or {}) | {"labels": labels}},
            },
        }
        if deployment["spec"].get("minReadySeconds"):
            value["spec"]["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
        resource = self._cluster.resources.at("apps", "v1", "replicasets")
        if resource is None:
            return None
        write = Write(Writer("kube-controller-manager", UPDATE, "apps/v1", self._cluster.now()))
        made = self._cluster.objects.create(resource, metadata["namespace"], value, write)
        if wanted:
            self._scaled(deployment, made, 0, wanted)
        return made

    def _roll(self, deployment: Object, current: Object, before: list[Object]) -> None:
        self._follow_scale(deployment, current, before)
        current = self._now(current)
        before = [self._now(each) for each in before]
        wanted = rolling.new_set_size(deployment, before, current)
        if wanted != current["spec"]["replicas"]:
            self._resize(deployment, current, wanted)
            return
        for name, size in rolling.old_set_sizes(deployment, before, current).items():
            old = next(each for each in before if each["metadata"]["name"] == name)
            self._resize(deployment, old, size)

    def _follow_scale(self, deployment: Object, current: Object, before: list[Object]) -> None:
        """Another number of replicas: it is for whichever set serves alone; a rollout under way goes on with
        it.
        """
        replicas = deployment["spec"]["replicas"]
        most = str(replicas + rolling.surge(deployment))
        serving = [each for each in (current, *before) if each["spec"]["replicas"]]
        for each in serving:
            told = (each["metadata"].get("annotations") or {}).get(_DESIRED)
            if told is None or told == str(replicas):
                continue
            size = each["spec"]["replicas"]
            if len(serving) == 1:
                size = replicas
            elif each is not current:
                size = min(size, -(-size * replicas // max(int(told), 1)))
            self._resize(deployment, each, size)
        for each in serving:
            notes = {_DESIRED: str(replicas), _MOST: most}
            self._cluster.objects.change(_key(each), lambda value, notes=notes: _note(value, notes))  # type: ignore[misc]

    def _recreate(self, deployment: Object, current: Object, before: list[Object]) -> None:
        for each in before:
            self._resize(deployment, each, 0)
        pods = self._cluster.controllers.pod_control
        left = any(pods.owned(each) for each in before)
        if not left:
            self._resize(deployment, current, deployment["spec"]["replicas"])

    def _now(self, value: Object) -> Object:
        return self._cluster.store.get(_key(value)) or value

    def _resize(self, deployment: Object, value: Object, size: int) -> None:
        before = value["spec"]["replicas"]
        if before == size:
            return
        self._cluster.objects.change(_key(value), lambda after: after["spec"].update(replicas=size))
        self._scaled(deployment, value, before, size)

    def _scaled(self, deployment: Object, value: Object, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        text = f"Scaled {way} replica set {value['metadata']['name']} from {before} to {after}"
        self._cluster.controllers.events.record(deployment, NORMAL, "ScalingReplicaSet", text, _COMPONENT)

    def _clean_up(self, deployment: Object, current: Object, before: list[Object]) -> None:
        """Forget the oldest revisions once the rollout is complete."""
        if not rolling.complete(deployment, current, before):
            return
        old = sorted(
            (each for each in before if not each["spec"]["replicas"] and not each["status"]["replicas"]),
            key=revision,
        )
        for each in old[: max(len(old) - deployment["spec"].get("revisionHistoryLimit", 10), 0)]:
            self._cluster.deletion.collect(_key(each))


def revision(value: Object) -> int:
    return int((value["metadata"].get("annotations") or {}).get(REVISION, 0))


def _note(value: Object, notes: dict[str, str]) -> None:
    value["metadata"]["annotations"] = (value["metadata"].get("annotations") or {}) | notes


def _key(value: Object) -> Key:
    return Key("apps", "replicasets", value["metadata"]["namespace"], value["metadata"]["name"])


def _same(replica_set: Object, deployment: Object) -> bool:
    """Whether a set is of the deployment's template."""
    one, other = replica_set["spec"]["template"], deployment["spec"]["template"]
    labels = {k: v for k, v in (one["metadata"].get("labels") or {}).items() if k != _HASH}
    mine = one["metadata"] | {"labels": labels}
    theirs = (other.get("metadata") or {}) | {"labels": (other.get("metadata") or {}).get("labels") or {}}
    return bool(one["spec"] == other["spec"] and mine == theirs)
