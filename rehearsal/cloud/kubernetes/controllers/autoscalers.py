"""HorizontalPodAutoscalers: the target is kept between the least and the most.

Nothing loads the pods of the emulated cloud: between the two a target stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes import apply
from rehearsal.cloud.kubernetes.apply import UPDATE, Writer
from rehearsal.cloud.kubernetes.controllers import parts
from rehearsal.cloud.kubernetes.controllers.events import NORMAL
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.store import Change, Key, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud.kubernetes.clusters import Cluster

_COMPONENT = "horizontal-pod-autoscaler"
_GROUP, _PLURAL = "autoscaling", "horizontalpodautoscalers"


class Autoscalers:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._targets: dict[tuple[str, str, str], dict[Key, None]] = {}

    def noticed(self, change: Change, enqueue: Callable[[Key], None]) -> None:
        """What is scaled wakes its autoscaler."""
        key = change.key
        if (key.group, key.plural) == (_GROUP, _PLURAL):
            for value, there in ((change.before, False), (change.after, True)):
                if value is not None:
                    target = value["spec"]["scaleTargetRef"]
                    keys = self._targets.setdefault((key.namespace, target["kind"], target["name"]), {})
                    keys.pop(key, None)
                    keys |= {key: None} if there else {}
        elif change.after is not None and key.group == "apps":
            for other in self._targets.get((key.namespace, change.after["kind"], key.name), ()):
                enqueue(other)

    def reconcile(self, key: Key) -> None:
        scaler = self._cluster.store.get(key)
        if scaler is None or scaler["metadata"].get("deletionTimestamp"):
            return
        reference = scaler["spec"]["scaleTargetRef"]
        resource = self._cluster.resources.of_kind(reference.get("apiVersion", "apps/v1"), reference["kind"])
        target_key = (
            Key(resource.group, resource.plural, key.namespace, reference["name"]) if resource else None
        )
        target = self._cluster.store.get(target_key) if target_key else None
        if target is None or resource is None:
            text = (
                "the HPA controller was unable to get the target's current scale:"
                f' {reference["kind"].lower()}s.apps "{reference["name"]}" not found'
            )
            self._tell(key, 0, 0, ("False", "FailedGetScale", text))
            return
        replicas = int(target["spec"].get("replicas", 1))
        wanted = max(scaler["spec"].get("minReplicas", 1), min(replicas, scaler["spec"]["maxReplicas"]))
        if replicas == 0:
            wanted = 0  # Scaled to nothing by hand: the autoscaler is off.
        if wanted != replicas:
            self._scale(target_key or key, target, wanted)
            below = "below Spec.MinReplicas" if wanted > replicas else "above Spec.MaxReplicas"
            text = f"New size: {wanted}; reason: Current number of replicas {below}"
            self._cluster.controllers.events.record(scaler, NORMAL, "SuccessfulRescale", text, _COMPONENT)
        now = ("True", "ReadyForNewScale", "recommended size matches current size")
        if wanted != replicas:
            now = (
                "True",
                "SucceededRescale",
                f"the HPA controller was able to update the target scale to {wanted}",
            )
        self._tell(key, (target.get("status") or {}).get("replicas", 0), wanted, now)

    def _scale(self, key: Key, target: Object, replicas: int) -> None:
        """Through the subresource, so that the field is the autoscaler's from then on."""
        after = target | {"spec": target["spec"] | {"replicas": replicas}}
        metadata = dict(after["metadata"])
        metadata["generation"] = metadata.get("generation", 0) + 1
        after["metadata"] = metadata
        writer = Writer("kube-controller-manager", UPDATE, target["apiVersion"], self._cluster.now(), "scale")
        resource = self._cluster.resource_of(key)
        if resource is not None:
            schema = self._cluster.schema(resource)
            after = apply.updated(target, after, writer, schema, self._cluster.schemas)
            self._cluster.store.put(key_of(resource, after), after)

    def _tell(self, key: Key, current: int, wanted: int, able: tuple[str, str, str]) -> None:
        now = self._cluster.now()

        def tell(after: Object) -> None:
            old = after.get("status") or {}
            conditions = [dict(each) for each in old.get("conditions") or ()]
            status = after["status"] = {
                "currentReplicas": current,
                "desiredReplicas": wanted,
                "currentMetrics": None,
            }
            status["conditions"] = conditions
            state, reason, message = able
            parts.set_condition(status, now, "AbleToScale", state, reason=reason, message=message)

        self._cluster.objects.change(key, tell)
