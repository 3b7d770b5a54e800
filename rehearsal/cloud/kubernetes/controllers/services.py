"""Services: which pods serve, told in endpoint slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.cloud.kubernetes.controllers import parts
from rehearsal.cloud.kubernetes.controllers.labels import PodLabels
from rehearsal.cloud.kubernetes.errors import Object
from rehearsal.cloud.kubernetes.objects import random_suffix
from rehearsal.cloud.kubernetes.store import Key, new_uid

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.clusters import Cluster

_GROUP, _PLURAL = "discovery.k8s.io", "endpointslices"


class Services:
    def __init__(self, cluster: Cluster, pods: PodLabels) -> None:
        self._cluster, self._pods = cluster, pods

    def reconcile(self, key: Key) -> None:
        service = self._cluster.store.get(key)
        if (
            service is None
            or not service["spec"].get("selector")
            or service["metadata"].get("deletionTimestamp")
        ):
            return
        selector = {"matchLabels": service["spec"]["selector"]}
        pods = [each for each in self._pods.selected(key.namespace, selector) if each["status"].get("podIP")]
        pods = [each for each in pods if each["status"]["phase"] not in ("Succeeded", "Failed")]
        endpoints = [self._endpoint(pod) for pod in pods] or None
        ports = self._ports(service, pods) if pods else None
        owned = self._cluster.store.owned(service["metadata"]["uid"])
        found = next((other for other, _ in owned if other.plural == _PLURAL), None)
        if found is None:
            self._create(service, endpoints, ports)
        else:
            self._cluster.objects.change(found, lambda after: after.update(endpoints=endpoints, ports=ports))
        self._tell_endpoints(key, service, endpoints or [], ports or [])

    def _endpoint(self, pod: Object) -> Object:
        ending = bool(pod["metadata"].get("deletionTimestamp"))
        serving, node = parts.ready(pod), pod["spec"]["nodeName"]
        found = self._cluster.store.get(Key("", "nodes", "", node))
        metadata = pod["metadata"]
        target = {
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        }
        endpoint: Object = {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": serving and not ending, "serving": serving, "terminating": ending},
            "targetRef": target,
            "nodeName": node,
        }
        zone = ((found or {"metadata": {}})["metadata"].get("labels") or {}).get(
            "topology.kubernetes.io/zone"
        )
        return endpoint | ({"zone": zone} if zone else {})

    def _tell_endpoints(
        self, key: Key, service: Object, endpoints: list[Object], ports: list[Object]
    ) -> None:
        """The same in the older form that clients still read: `Endpoints`, named as the service."""
        told: dict[bool, list[Object]] = {True: [], False: []}
        for each in endpoints:
            if not each["conditions"]["terminating"]:
                address = {"ip": each["addresses"][0], "nodeName": each["nodeName"]}
                told[each["conditions"]["ready"]].append(address | {"targetRef": each["targetRef"]})
        subset: Object = {"addresses": told[True]} if told[True] else {}
        subset |= {"notReadyAddresses": told[False]} if told[False] else {}
        shown = [{name: each for name, each in port.items() if each != ""} for port in ports]
        subsets = [subset | {"ports": shown}] if subset else []
        mine = Key("", "endpoints", key.namespace, key.name)
        if self._cluster.store.get(mine) is None:
            if not _open(self._cluster, key.namespace):
                return
            head: Object = {"name": key.name, "namespace": key.namespace, "uid": new_uid()}
            head |= {
                "creationTimestamp": self._cluster.now(),
                "labels": service["metadata"].get("labels") or {},
            }
            head["ownerReferences"] = [parts.owner_reference(service)]
            self._cluster.store.put(mine, {"apiVersion": "v1", "kind": "Endpoints", "metadata": head})

        def tell(after: Object) -> None:
            after.pop("subsets", None)
            after.update({"subsets": subsets} if subsets else {})

        self._cluster.objects.change(mine, tell)

    @staticmethod
    def _ports(service: Object, pods: list[Object]) -> list[Object]:
        return [
            {
                "name": port.get("name", ""),
                "port": _number(port["targetPort"], pods[0]),
                "protocol": port["protocol"],
            }
            for port in service["spec"].get("ports") or ()
        ]

    def _create(self, service: Object, endpoints: list[Object] | None, ports: list[Object] | None) -> None:
        metadata = service["metadata"]
        if not _open(self._cluster, metadata["namespace"]):
            return
        name = f"{metadata['name']}-{random_suffix()}"
        labels = {
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            "kubernetes.io/service-name": metadata["name"],
        }
        head = {
            "name": name, "generateName": f"{metadata['name']}-", "namespace": metadata["namespace"],
            "uid": new_uid(), "generation": 1, "creationTimestamp": self._cluster.now(),
            "labels": (metadata.get("labels") or {}) | labels,
            "ownerReferences": [parts.owner_reference(service)],
        }  # fmt: skip
        value = {
            "apiVersion": f"{_GROUP}/v1", "kind": "EndpointSlice", "metadata": head, "addressType": "IPv4",
            "endpoints": endpoints, "ports": ports,
        }  # fmt: skip
        self._cluster.store.put(Key(_GROUP, _PLURAL, metadata["namespace"], name), value)


def _open(cluster: Cluster, namespace: str) -> bool:
    """Whether anything new may come into a namespace."""
    found = cluster.store.get(Key("", "namespaces", "", namespace))
    return found is not None and not found["metadata"].get("deletionTimestamp")


def _number(target: Any, pod: Object) -> int | None:
    """The port that a service leads to, found by its name in the pod where it is named."""
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            if port.get("name") == target:
                return int(port["containerPort"])
    return None
