"""The objects of a workload as Kubernetes gets them, and a cluster that takes them."""

from __future__ import annotations

from typing import Any

from components.kubernetes.rollout_provider import whole
from components.kubernetes.workload import Workload
from components.kubernetes.workload_args import WorkloadArgs
from tests.components.recorder import Built, run

IMAGE = f"registry.example.com/shop@sha256:{'a' * 64}"


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


def manifests(name: str = "shop", **given: Any) -> list[dict[str, Any]]:
    """Its objects, in the order in which they are made."""
    return [
        whole(resource.inputs)
        for resource in built(name, **given).resources.values()
        if resource.type.startswith("kubernetes:")
    ]


def rollout(name: str = "shop", **given: Any) -> dict[str, Any]:
    """What the rollout's provider is given."""
    inputs = built(name, **given).resources[f"DeploymentRollout {name}"].inputs
    return {key: value for key, value in inputs.items() if key != "__provider"}
