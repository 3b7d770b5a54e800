"""A short way to ask the emulated Kubernetes API, and the objects that tests make there."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from rehearsal.cloud.kubernetes.testing import TestCluster
from rehearsal.cloud.local import Local

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
REPLICA_SETS = "/apis/apps/v1/namespaces/shop/replicasets"
PODS = "/api/v1/namespaces/shop/pods"
CONFIG_MAPS = "/api/v1/namespaces/shop/configmaps"
JOBS = "/apis/batch/v1/namespaces/shop/jobs"
GOOD, BETTER = "registry.example/web@sha256:" + "1" * 64, "registry.example/web@sha256:" + "2" * 64


class Refusal(Exception):  # noqa: N818 - what the tests look at
    """An answer of 400 or above."""

    def __init__(self, code: int, body: dict[str, Any]) -> None:
        super().__init__(f"{code}: {body.get('message')}")
        self.code, self.body = code, body

    @property
    def message(self) -> str:
        return str(self.body["message"])


class Api:
    """Asks with a token; `warnings` are those of the last answer."""

    def __init__(self, cloud: Local, cluster: TestCluster) -> None:
        self.cloud, self.cluster = cloud, cluster
        self.token = cluster.token
        self.warnings = ""

    def ask(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """The answer's object, or its text where it is none. Raises Refusal."""
        request = urllib.request.Request(  # noqa: S310 - the cloud of this process
            self.cluster.endpoint + path,
            method=method,
            data=body if isinstance(body, bytes) or body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": content},
        )
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - the cloud of this process
                self.warnings = answer.headers.get("warning", "")
                return _read(answer.read())
        except urllib.error.HTTPError as refused:
            found = _read(refused.read())
            raise Refusal(refused.code, found if isinstance(found, dict) else {"message": found}) from None

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def items(self, path: str) -> list[Any]:
        found: list[Any] = self.get(path)["items"]
        return found

    def names(self, path: str) -> list[str]:
        return [each["metadata"]["name"] for each in self.items(path)]

    def post(self, path: str, body: Any) -> Any:
        return self.ask("POST", path, body)

    def apply(self, path: str, body: Any, manager: str = "tests", *, force: bool = False) -> Any:
        query = f"fieldManager={manager}&force={str(force).lower()}"
        return self.ask("PATCH", f"{path}/{body['metadata']['name']}?{query}", body, APPLY)

    def namespace(self, name: str = "shop", **labels: str) -> None:
        given = {f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()}
        self.post("/api/v1/namespaces", {"metadata": {"name": name, "labels": given}})

    def behaves(self, image: str, behaviour: str) -> None:
        self.cloud.world.container_images[image] = behaviour

    def events(self, namespace: str = "shop") -> list[tuple[str, str]]:
        found = self.items(f"/api/v1/namespaces/{namespace}/events")
        return [(each["reason"], each["message"]) for each in found]


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode()


def container(image: str = GOOD, **more: Any) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5}
    given = {"name": "app", "image": image, "ports": [{"containerPort": 8080}], "readinessProbe": probe}
    return given | more


def deployment(image: str = GOOD, replicas: int = 3, **spec: Any) -> dict[str, Any]:
    labels = {"app": "web"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": 120,
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container(image)]}},
        }
        | spec,
    }


def config_map(name: str = "settings", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def job(image: str = GOOD, **spec: Any) -> dict[str, Any]:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": image}]}}
    return {"metadata": {"name": "migrate"}, "spec": {"template": template} | spec}


def condition(value: Mapping[str, Any], kind: str) -> tuple[str, str] | None:
    """Status and reason."""
    found = [each for each in value["status"].get("conditions", ()) if each["type"] == kind]
    return (found[0]["status"], found[0].get("reason", "")) if found else None
