"""A small environment with a cluster and a workload in it, beside or without services."""

from __future__ import annotations

from typing import Any

from tests.stacks.declared import Environment, Resource, declared
from tests.stacks.given import complaint, complaints, with_changes

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
SHOP_IMAGE = f"{ECR}/shop@sha256:{'1' * 64}"
AGENT_IMAGE = f"{ECR}/fluent-bit@sha256:{'f' * 64}"
ADMIN = "arn:aws:iam::123456789012:role/deploy-prod"
CLUSTER: dict[str, Any] = {
    "version": "1.36",
    "nodes": {"imageId": "ami-0fedcba9876543210", "instanceTypes": ["m7g.large"]},
    "addOns": {
        "vpc-cni": "v1.20.4-eksbuild.2",
        "coredns": "v1.12.4-eksbuild.1",
        "kube-proxy": "v1.36.0-eksbuild.2",
        "eks-pod-identity-agent": "v1.3.9-eksbuild.3",
        "metrics-server": "v0.8.0-eksbuild.2",
        "aws-secrets-store-csi-driver-provider": "v2.1.1-eksbuild.1",
    },
    "admins": [ADMIN],
}
SIZE: dict[str, Any] = {
    "cpu": {"request": "250m", "limit": "500m"},
    "memory": {"request": "256Mi", "limit": "256Mi"},
}
SHOP: dict[str, Any] = {"port": 8080, "route": {"priority": 150, "paths": ["/shop/*"]}, **SIZE}
CONTAINERS: dict[str, Any] = {
    "immutable:cluster": CLUSTER,
    "immutable:images": {"shop": SHOP_IMAGE, "log-agent": AGENT_IMAGE},
    "immutable:workloads": {"shop": SHOP},
    # The route of the service that is there already takes every path.
    "immutable:services.web.route.priority": 500,
}
"""What makes an environment one with containers, as changes of another."""

ALONE = CONTAINERS | {"immutable:services": {}, "immutable:imageId": None}
"""The same without a service and without an image of servers."""
del ALONE["immutable:services.web.route.priority"]


def refusal(changes: dict[str, Any]) -> str:
    """The one line that says what is wrong with `CONTAINERS` and these changes."""
    return complaint(CONTAINERS | changes)


def refusals(changes: dict[str, Any]) -> list[str]:
    """All lines."""
    return [line.removeprefix("Pulumi.staging.yaml: ") for line in complaints(CONTAINERS | changes)]


SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf"
POSTGRES = {"engine": "postgres", "version": "16.4", "instanceClass": "db.t4g.micro"}
BILLING = {"port": 8081, "image": "shop", **SIZE}
MORE = {
    "immutable:workloads": {
        "shop": {**SHOP, "calls": ["billing"], "database": "main", "secrets": {"KEY": SECRET}},
        "billing": BILLING,
        "mailer": {**SIZE, "image": "shop"},
    },
    "immutable:databases": {"main": POSTGRES},
}
"""A workload with a route, one that it calls, and a worker."""


def containers(changes: dict[str, Any], start: dict[str, Any] = CONTAINERS) -> Environment:
    return declared("staging", with_changes(start | changes))


def of_kubernetes(built: Environment, kind: str) -> dict[str, Resource]:
    found = [each for each in built.resources if each.type.startswith("kubernetes:")]
    return {each.name: each for each in found if each.type.endswith(f":{kind}")}


def top(built: Environment) -> list[str]:
    found = [each for each in built.resources if each.parent.startswith("pulumi:pulumi:Stack")]
    return sorted(f"{each.type.rpartition(':')[2]} {each.name}" for each in found)
