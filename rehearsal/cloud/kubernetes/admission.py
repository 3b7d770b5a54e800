"""Who may still be turned away, or changed, before it is stored: namespaces that end, Pod Security, service
accounts, addresses of services.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rehearsal.cloud.kubernetes import pod_security
from rehearsal.cloud.kubernetes.errors import Object, Refused, invalid, not_allowed, not_found, wrong
from rehearsal.cloud.kubernetes.resources import Resource
from rehearsal.cloud.kubernetes.store import Key

if TYPE_CHECKING:
    from rehearsal.cloud.kubernetes.store import Store

FIRST_NODE_PORT, LAST_NODE_PORT = 30000, 32767
#: EKS's range for a VPC that is not in 10.0.0.0/8; the addresses of services are not the VPC's.
SERVICE_NETWORK = "172.20"
_TEMPLATES = {
    "Deployment",
    "ReplicaSet",
    "DaemonSet",
    "StatefulSet",
    "Job",
    "ReplicationController",
    "PodTemplate",
}


def namespace_open(store: Store, resource: Resource, namespace: str, name: str) -> None:
    """Raises Refused when the namespace of a new object is not there or ends."""
    found = store.get(Key("", "namespaces", "", namespace))
    if found is None:
        raise not_found("namespaces", "", namespace)
    if found["metadata"].get("deletionTimestamp"):
        text = f"unable to create new content in namespace {namespace} because it is being terminated"
        refused = not_allowed(resource.plural, resource.group, name, text)
        cause = {"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated"}
        refused.details = (refused.details or {}) | {"causes": [cause | {"field": "metadata.namespace"}]}
        raise refused


def pod_secure(store: Store, kind: str, value: Object) -> list[str]:
    """Warnings; raises Refused for a pod that the labels of its namespace forbid."""
    namespace = store.get(Key("", "namespaces", "", value["metadata"].get("namespace", "")))
    labels = (namespace or {"metadata": {}})["metadata"].get("labels") or {}
    if kind == "Pod":
        text = pod_security.told(value["spec"], labels, "enforce")
        if text:
            raise not_allowed("pods", "", value["metadata"].get("name", ""), text)
        warned = pod_security.told(value["spec"], labels, "warn")
    elif kind in _TEMPLATES:
        warned = pod_security.told(value["spec"]["template"].get("spec") or {}, labels, "warn")
    else:
        return []
    return [warned] if warned else []


def complete_pod(store: Store, pod: Object) -> None:
    """The service account and its token, tolerations, priority, in place. Raises Refused without an
    account.
    """
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    account_name = spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", account_name)
    account = store.get(Key("", "serviceaccounts", namespace, account_name))
    if account is None:
        absent = f'serviceaccount "{account_name}" not found'
        text = f"error looking up service account {namespace}/{account_name}: {absent}"
        raise not_allowed("pods", "", pod["metadata"].get("name", ""), text)
    automatic = spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
    if automatic and not any(
        each["name"].startswith("kube-api-access-") for each in spec.get("volumes") or ()
    ):
        _mount_token(spec, pod["metadata"]["uid"][:5])
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    tolerations = spec.setdefault("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(each.get("key") in (key, None) for each in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            )


def _mount_token(spec: Object, suffix: str) -> None:
    name = f"kube-api-access-{suffix}"
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
    ]
    volume = {"name": name, "projected": {"sources": sources, "defaultMode": 0o644}}
    spec["volumes"] = [*(spec.get("volumes") or ()), volume]
    mount = {"name": name, "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]


def pod_warnings(kind: str, value: Object) -> Iterator[str]:
    """What a client is told of a pod or its template that is taken as it is."""
    if kind != "Pod" and kind not in _TEMPLATES:
        return
    field, spec = (
        ("spec", value["spec"])
        if kind == "Pod"
        else ("spec.template.spec", value["spec"]["template"]["spec"])
    )
    for number, each in enumerate(spec.get("topologySpreadConstraints") or ()):
        if each.get("labelSelector") is None:
            where = f"{field}.topologySpreadConstraints[{number}].labelSelector"
            yield f"{where}: a null labelSelector results in matching no pod"
    for number, container in enumerate(spec.get("containers") or ()):
        names = [each.get("name") for each in container.get("env") or ()]
        for place, name in enumerate(names):
            if name in names[:place]:
                where = f"{field}.containers[{number}].env[{place}]"
                yield f'{where}: hides previous definition of "{name}", which may be dropped when using apply'


class Addresses:
    """The cluster's addresses and node ports of services: given once, back when the service is gone."""

    def __init__(self) -> None:
        self._ports: dict[int, Key] = {}
        self._addresses: dict[str, Key] = {}
        self._next_port, self._next_address = FIRST_NODE_PORT, 10

    def allocate(self, key: Key, service: Object, *, dry_run: bool) -> None:
        """Fill in what the service lacks. Raises Refused (422) for a port that is out of range or taken."""
        spec = service["spec"]
        before = (self._next_port, self._next_address)
        if spec["type"] != "ExternalName" and not spec.get("clusterIP"):
            spec["clusterIP"] = self._address()
        if spec.get("clusterIP"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        taken: list[int] = []
        if spec["type"] in ("NodePort", "LoadBalancer"):
            taken = list(self._node_ports(key, service))
        if dry_run:
            self._next_port, self._next_address = before
            return
        self.release(key)
        self._ports |= dict.fromkeys(taken, key)
        self._addresses[spec.get("clusterIP", "")] = key

    def release(self, key: Key) -> None:
        self._ports = {port: other for port, other in self._ports.items() if other != key}
        self._addresses = {text: other for text, other in self._addresses.items() if other != key}

    def _node_ports(self, key: Key, service: Object) -> Iterator[int]:
        for number, port in enumerate(service["spec"].get("ports") or ()):
            asked = port.get("nodePort")
            if asked and self._ports.get(asked, key) != key:
                raise self._wrong(service, number, asked, "provided port is already allocated")
            if asked and not FIRST_NODE_PORT <= asked <= LAST_NODE_PORT:
                text = f"The range of valid ports is {FIRST_NODE_PORT}-{LAST_NODE_PORT}"
                raise self._wrong(service, number, asked, f"provided port is not in the valid range. {text}")
            if not asked:
                port["nodePort"] = self._free_port(each.get("nodePort") for each in service["spec"]["ports"])
            yield port["nodePort"]

    @staticmethod
    def _wrong(service: Object, number: int, port: int, text: str) -> Refused:
        problem = wrong(f"spec.ports[{number}].nodePort", port, text)
        return invalid("Service", "", service["metadata"]["name"], [problem])

    def _free_port(self, asked: Iterable[int | None]) -> int:
        others = set(asked)
        for _ in range(LAST_NODE_PORT - FIRST_NODE_PORT + 1):
            port = self._next_port
            self._next_port = port + 1 if port < LAST_NODE_PORT else FIRST_NODE_PORT
            if port not in self._ports and port not in others:
                return port
        raise Refused(
            500, "InternalError", "Internal error occurred: failed to allocate a nodePort: range is full"
        )

    def _address(self) -> str:
        while True:
            high, low = divmod(self._next_address, 256)
            self._next_address = (self._next_address + 1) % 65536
            text = f"{SERVICE_NETWORK}.{high}.{low}"
            if low and text not in self._addresses:
                return text
