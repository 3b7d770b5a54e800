"""Requests that a control plane refuses, and objects that it completes."""

from __future__ import annotations

import copy
from typing import Any

from tests.kubernetes.images import GOOD
from tests.kubernetes.sides import APPLY, MERGE, STRATEGIC, Request

SPACE = "strict"
CORE = f"/api/v1/namespaces/{SPACE}"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
JOBS = f"/apis/batch/v1/namespaces/{SPACE}/jobs"
BUDGETS = f"/apis/policy/v1/namespaces/{SPACE}/poddisruptionbudgets"
AUTOSCALERS = f"/apis/autoscaling/v2/namespaces/{SPACE}/horizontalpodautoscalers"
POLICIES = f"/apis/networking.k8s.io/v1/namespaces/{SPACE}/networkpolicies"

NAMESPACE = {
    "metadata": {
        "name": SPACE,
        "labels": {
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "latest",
        },
    }
}
STRICT = {"fieldValidation": "Strict"}


def pod_spec(**container: Any) -> dict[str, Any]:
    """One that the restricted level lets pass."""
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {"containers": [{"name": "main", "image": GOOD, "securityContext": security, **container}]}


def pod(name: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec or pod_spec()}


def deployment(name: str, image: str = GOOD, replicas: int = 2) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": dict(labels)},
            "template": {"metadata": {"labels": dict(labels)}, "spec": pod_spec(image=image)},
        },
    }


def job(name: str, image: str = GOOD) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "backoffLimit": 0,
            "template": {"spec": {**pod_spec(image=image), "restartPolicy": "Never"}},
        },
    }


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": data,
        "immutable": True,
    }


def service(name: str, **spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    whole = {"selector": {"app.kubernetes.io/name": name}, "ports": ports, **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": whole}


def autoscaler(name: str, least: int, most: int) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most},
    }


def budget(name: str, **spec: Any) -> dict[str, Any]:
    whole = {"selector": {"matchLabels": {"app.kubernetes.io/name": name}}, **spec}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": whole,
    }


def network_policy(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {}, **spec},
    }


def changed(body: dict[str, Any], *path: Any, to: Any) -> dict[str, Any]:
    """A copy with one value changed."""
    found = copy.deepcopy(body)
    at: Any = found
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = to
    return found


CONTAINER = ("spec", "template", "spec", "containers", 0)
ASKING = {"httpGet": {"path": "/healthz", "port": "http"}}


def _odd(**container: Any) -> dict[str, Any]:
    return changed(deployment("odd"), "spec", "template", "spec", to=pod_spec(**container))


def _bare(name: str, **spec: Any) -> dict[str, Any]:
    return pod(name, {"containers": [{"name": "main", "image": GOOD}], **spec})


STANDING = (
    (DEPLOYMENTS, deployment("stands")),
    (f"{CORE}/configmaps", config_map("fixed", KEY="one")),
    (JOBS, job("ran")),
)
"""What the requests below find there."""

REFUSED = (
    Request("a name in capitals", "POST", DEPLOYMENTS, deployment("Shop")),
    Request("a name that is too long", "POST", f"{CORE}/services", service("s" * 64)),
    Request("a name that is taken", "POST", DEPLOYMENTS, deployment("stands")),
    Request("nothing of that name", "GET", f"{DEPLOYMENTS}/nobody"),
    Request("nothing to delete", "DELETE", f"{DEPLOYMENTS}/nobody"),
    Request("no such namespace", "POST", DEPLOYMENTS.replace(SPACE, "nowhere"), deployment("shop")),
    Request(
        "a field that there is not",
        "POST",
        DEPLOYMENTS,
        changed(deployment("odd"), *CONTAINER, "imagePolicy", to="Always"),
        query=STRICT,
    ),
    Request(
        "a selector that is not the template's",
        "POST",
        DEPLOYMENTS,
        changed(deployment("odd"), "spec", "selector", "matchLabels", to={"app": "other"}),
    ),
    Request(
        "another selector",
        "PATCH",
        f"{DEPLOYMENTS}/stands",
        {"spec": {"selector": {"matchLabels": {"further": "one"}}}},
        MERGE,
    ),
    Request(
        "limits below requests",
        "POST",
        DEPLOYMENTS,
        _odd(resources={"requests": {"cpu": "500m"}, "limits": {"cpu": "250m"}}),
    ),
    Request("a quantity that is none", "POST", DEPLOYMENTS, _odd(resources={"limits": {"memory": "much"}})),
    Request("no image", "POST", DEPLOYMENTS, _odd(image="")),
    Request("a port over the last", "POST", DEPLOYMENTS, _odd(ports=[{"containerPort": 70000}])),
    Request("a pull policy that is none", "POST", DEPLOYMENTS, _odd(imagePullPolicy="Sometimes")),
    Request(
        "no surge and nothing unavailable",
        "PATCH",
        f"{DEPLOYMENTS}/stands",
        {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}},
        MERGE,
    ),
    Request("fewer than none", "PATCH", f"{DEPLOYMENTS}/stands", {"spec": {"replicas": -1}}, MERGE),
    Request(
        "a label that is too long",
        "POST",
        f"{CORE}/configmaps",
        changed(config_map("odd"), "metadata", "labels", to={"app": "x" * 64}),
    ),
    Request("an immutable value", "PATCH", f"{CORE}/configmaps/fixed", {"data": {"KEY": "two"}}, MERGE),
    Request("mutable again", "PATCH", f"{CORE}/configmaps/fixed", {"immutable": False}, MERGE),
    Request(
        "another template of a job",
        "PATCH",
        f"{JOBS}/ran",
        {"spec": {"template": {"spec": {"activeDeadlineSeconds": 5}}}},
        STRATEGIC,
    ),
    Request(
        "a job that always starts again",
        "POST",
        JOBS,
        changed(job("odd"), "spec", "template", "spec", "restartPolicy", to="Always"),
    ),
    Request("a budget of both kinds", "POST", BUDGETS, budget("odd", minAvailable=1, maxUnavailable=1)),
    Request("an autoscaler upside down", "POST", AUTOSCALERS, autoscaler("odd", 5, 2)),
    Request("a service without ports", "POST", f"{CORE}/services", service("odd", ports=[])),
    Request(
        "two ports of one name",
        "POST",
        f"{CORE}/services",
        service("odd", ports=[{"name": "a", "port": 1}, {"name": "a", "port": 2}]),
    ),
    Request(
        "a node port out of range",
        "POST",
        f"{CORE}/services",
        service("odd", type="NodePort", ports=[{"port": 80, "nodePort": 80}]),
    ),
    Request(
        "addresses that are none",
        "POST",
        POLICIES,
        network_policy("odd", ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/40"}}]}]),
    ),
    Request("an apply without a manager", "PATCH", f"{DEPLOYMENTS}/stands", deployment("stands"), APPLY),
    Request(
        "an apply over another's field",
        "PATCH",
        f"{DEPLOYMENTS}/stands",
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 7}},
        APPLY,
        {"fieldManager": "somebody"},
    ),
    Request("a pod that may all", "POST", f"{CORE}/pods", _bare("loose")),
    Request(
        "a pod with the node's network and a folder of it",
        "POST",
        f"{CORE}/pods",
        _bare("loose", hostNetwork=True, volumes=[{"name": "node", "hostPath": {"path": "/var"}}]),
    ),
    Request(
        "a privileged pod",
        "POST",
        f"{CORE}/pods",
        pod("loose", pod_spec(securityContext={"privileged": True})),
    ),
    Request(
        "a level that there is not",
        "POST",
        "/api/v1/namespaces",
        {"metadata": {"name": "odd", "labels": {"pod-security.kubernetes.io/enforce": "strict"}}},
    ),
    Request("a kind that there is not", "GET", "/apis/apps/v1/namespaces/strict/lorries"),
    Request("a group that there is not", "GET", "/apis/example.com/v1/namespaces/strict/lorries"),
)

COMPLETED = (
    Request("a deployment", "POST", DEPLOYMENTS, deployment("complete")),
    Request(
        "a deployment with probes",
        "POST",
        DEPLOYMENTS,
        changed(
            deployment("asked"),
            "spec",
            "template",
            "spec",
            to=pod_spec(
                ports=[{"name": "http", "containerPort": 8080}],
                readinessProbe=ASKING,
                livenessProbe=ASKING,
                startupProbe=ASKING,
                lifecycle={"preStop": {"sleep": {"seconds": 5}}},
                env=[{"name": "KEY", "value": "one"}],
                envFrom=[{"configMapRef": {"name": "fixed"}}],
                resources={
                    "requests": {"cpu": "0.25", "memory": "256Mi"},
                    "limits": {"cpu": 1, "memory": "1Gi"},
                },
            ),
        ),
    ),
    Request("a service", "POST", f"{CORE}/services", service("complete")),
    Request("a service with a node port", "POST", f"{CORE}/services", service("entered", type="NodePort")),
    Request("a config map", "POST", f"{CORE}/configmaps", config_map("complete", KEY="one")),
    Request("a budget", "POST", BUDGETS, budget("complete", maxUnavailable=1)),
    Request("an autoscaler", "POST", AUTOSCALERS, autoscaler("complete", 2, 5)),
    Request(
        "a network policy",
        "POST",
        POLICIES,
        network_policy(
            "complete",
            policyTypes=["Ingress", "Egress"],
            egress=[{"ports": [{"port": 53, "protocol": "UDP"}]}],
        ),
    ),
    Request(
        "a service account",
        "POST",
        f"{CORE}/serviceaccounts",
        {"metadata": {"name": "complete"}, "automountServiceAccountToken": False},
    ),
    Request(
        "an applied deployment",
        "PATCH",
        f"{DEPLOYMENTS}/applied",
        deployment("applied"),
        APPLY,
        {"fieldManager": "pulumi-kubernetes", "force": "true"},
    ),
)
