"""The objects of a workload as Kubernetes gets them, and a cluster that takes them."""

from __future__ import annotations

from typing import Any

from components.args import DatabaseAccess, SecretReference
from components.kubernetes.rollout_provider import whole
from components.kubernetes.workload import Workload
from components.kubernetes.workload_args import Ingress, WorkloadArgs, callee
from tests.components.recorder import Built, run

IMAGE = f"registry.example.com/shop@sha256:{'a' * 64}"

OTHER = f"registry.example.com/shop@sha256:{'b' * 64}"
SECRET = SecretReference(arn="arn:aws:secretsmanager:eu-central-1:123456789012:secret:pay-a1b2c3")
DATABASE = DatabaseAccess(
    host="db.example",
    port=5432,
    name="orders",
    security_group_id="sg-1",
    secret_arn="arn:of:owner",
    user="shop",
)
WHOLE: dict[str, Any] = {
    "ports": {"metrics": 9090},
    "environment": {"LOG_LEVEL": "info"},
    "secrets": {"PAYMENT_KEY": SECRET},
    "database": DATABASE,
    "database_cidrs": ("10.0.8.0/22",),
    "calls": {"billing": callee("billing", "workloads", 8081)},
    "migrate": ("migrate", "up"),
    "exposed": True,
    "entry_cidrs": ("10.0.0.0/20",),
    "log_group_name": "shop-log",
    "ingress": Ingress(class_name="nginx", hosts=("shop.example.com",), controller_namespace="ingress"),
}
"""A workload with everything that one may have."""


def arguments(**given: Any) -> WorkloadArgs:
    """Of a workload that is asked; what is given comes first."""
    usual: dict[str, Any] = {"kubeconfig": "{}", "namespace": "workloads", "image": IMAGE, "port": 8080}
    return WorkloadArgs(**{**usual, **given})


def built(name: str = "shop", **given: Any) -> Built:
    """What a program registers that makes this workload; `rollout` is its outputs."""

    def program() -> dict[str, Any]:
        made = Workload(name, arguments(**given))
        return {"image": made.rollout.image, "node_port": made.node_port}

    return run(program)


def manifests(**given: Any) -> list[dict[str, Any]]:
    """Its objects, in the order in which they are made."""
    return [
        whole(resource.inputs)
        for resource in built(**given).resources.values()
        if resource.type.startswith("kubernetes:")
    ]


def rollout(name: str = "shop", **given: Any) -> dict[str, Any]:
    """What the rollout's provider is given."""
    inputs = built(name, **given).resources[f"DeploymentRollout {name}"].inputs
    return {key: value for key, value in inputs.items() if key != "__provider"}


def named(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    """The only one of its kind, or of its name."""
    (found,) = (
        each
        for each in objects
        if each["kind"] == kind and (not name or each["metadata"]["name"].startswith(name))
    )
    return found


def spec(kind: str, name: str = "", **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = named(manifests(**given), kind, name)["spec"]
    return found


def pod(**given: Any) -> dict[str, Any]:
    found: dict[str, Any] = spec("Deployment", **given)["template"]
    return found


def container(**given: Any) -> dict[str, Any]:
    (found,) = pod(**given)["spec"]["containers"]
    return dict(found)
