"""Objects and writes by chance, the same for the same seed: who applies and patches what, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.kubernetes.sides import APPLY, MERGE, STRATEGIC, Request

_DIGEST = "b@sha256:" + "0" * 64


def writes(seed: int, namespace: str) -> Iterator[Request]:
    """Two to six, all of one object."""
    chance = Random(seed)  # noqa: S311 - a test that can be repeated
    make, group = chance.choice(_KINDS)
    path = f"{group}/namespaces/{namespace}/{make.__name__.removeprefix('_')}"
    for _ in range(chance.randint(2, 6)):
        body, manager = make(chance), chance.choice(["one", "one", "two"])
        kind = chance.choice([APPLY, APPLY, APPLY, "forced", MERGE, STRATEGIC])
        query = {"fieldManager": manager}
        if kind == "forced":
            kind, query = APPLY, query | {"force": "true"}
        yield Request(kind, "PATCH", f"{path}/{body['metadata']['name']}", body, kind, query)


def _some(chance: Random, given: dict[str, Callable[[], Any]], share: float = 0.4) -> dict[str, Any]:
    return {name: value() for name, value in given.items() if chance.random() < share}


def _container(chance: Random, name: str) -> dict[str, Any]:
    def variables() -> list[dict[str, str]]:
        return [
            {"name": each, "value": chance.choice("12")}
            for each in chance.sample("XYZ", chance.randint(0, 3))
        ]

    def ports() -> list[dict[str, int]]:
        return [{"containerPort": each} for each in chance.sample([80, 81, 82], chance.randint(0, 2))]

    def probe() -> dict[str, Any]:
        more = _some(chance, {"periodSeconds": lambda: chance.choice([5, 7])})
        return {"httpGet": {"port": 80, **_some(chance, {"path": lambda: "/x"})}, **more}

    def resources() -> dict[str, Any]:
        requests = {"cpu": chance.choice(["100m", "1000m", "0.5", "1"])}
        limits = _some(chance, {"limits": lambda: {"memory": chance.choice(["1Gi", "1024Mi"])}})
        return {"requests": requests, **limits}

    more = {
        "env": variables, "ports": ports, "readinessProbe": probe, "resources": resources,
        "command": lambda: chance.choice([["a"], ["a", "b"]]),
        "volumeMounts": lambda: [{"name": "files", "mountPath": chance.choice(["/t", "/u"])}],
        "securityContext": lambda: {"capabilities": {"drop": ["ALL"]}, "runAsUser": chance.choice([1, 2])},
    }  # fmt: skip
    return {"name": name, "image": chance.choice(["a", _DIGEST]), **_some(chance, more)}


def _deployments(chance: Random) -> dict[str, Any]:
    """Paused, so that no controller writes as well."""
    names = chance.sample(["p", "q", "r"], chance.randint(1, 3))
    settings = [{"name": "settings", "configMap": {"name": chance.choice("mn")}}]
    pod = {
        "containers": [_container(chance, name) for name in names],
        "volumes": [{"name": "files", "emptyDir": {}}, *chance.choice([[], settings])],
    }
    tolerations = [{"key": chance.choice("kl"), "operator": "Exists"}]
    pod |= _some(chance, {"tolerations": lambda: tolerations})
    labels = {"app": "d", **_some(chance, {"x": lambda: chance.choice("12")})}
    strategies: list[dict[str, Any]] = [{"type": "Recreate"}, {"rollingUpdate": {"maxSurge": 1}}]
    spec = _some(
        chance, {"replicas": lambda: chance.randint(0, 3), "strategy": lambda: chance.choice(strategies)}
    )
    spec |= {"paused": True, "selector": {"matchLabels": {"app": "d"}}}
    spec["template"] = {"metadata": {"labels": labels}, "spec": pod}
    noted = {
        "annotations": lambda: {each: chance.choice("12") for each in chance.sample("uvw", 2)},
        "labels": lambda: {each: chance.choice("12") for each in chance.sample("uvw", 1)},
    }
    metadata = {"name": "d", **_some(chance, noted)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def _services(chance: Random) -> dict[str, Any]:
    ports = [
        {"port": port, "name": f"p{port}", **_some(chance, {"targetPort": lambda: chance.choice([1, "x"])})}
        for port in chance.sample([80, 81, 82], chance.randint(1, 3))
    ]
    selector = {each: chance.choice("12") for each in chance.sample("mn", chance.randint(1, 2))}
    spec = {
        "selector": selector,
        "ports": ports,
        **_some(chance, {"sessionAffinity": lambda: "ClientIP"}, 0.2),
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "d"}, "spec": spec}


def _networkpolicies(chance: Random) -> dict[str, Any]:
    rule = {"ports": [{"port": chance.choice([80, 443])}], "to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}
    spec = {"podSelector": {"matchLabels": {"a": chance.choice("bc")}}}
    spec |= _some(chance, {"policyTypes": lambda: ["Egress"], "egress": lambda: [rule]})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "d"},
        "spec": spec,
    }


_KINDS: list[tuple[Callable[[Random], dict[str, Any]], str]] = [
    (_deployments, "/apis/apps/v1"), (_services, "/api/v1"), (_networkpolicies, "/apis/networking.k8s.io/v1"),
]  # fmt: skip
