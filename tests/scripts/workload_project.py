"""Environments that run workloads beside services: their configs and what their stacks export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.scripts.release_project import OLD, ReleaseProject, service

REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
OTHER_REGISTRY = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
ONE, TWO, THREE = (f"sha256:{digit * 64}" for digit in "123")
PUBLIC = f"public.ecr.aws/aws-observability/aws-for-fluent-bit@{ONE}"

CONFIG = """\
# What {name} is.
config:
  aws:region: eu-central-1
  immutable:imageId: {ami}
  immutable:services: {{web: {{port: 8080}}}}
  immutable:cluster: {{version: "1.36"}}
  immutable:images:
    shop: {shop}   # one line changes
    "log-agent": {agent}
    tools: 'example.com:5000/tools@{tools}'
  immutable:workloads:
    shop: {{port: 8080, min: 2, max: 6}}
    worker: {{image: tools, min: 1, max: 1}}
    clock:
      image: tools
      min: 1
      max: 1
"""


def shop(digest: str, registry: str = REGISTRY) -> str:
    return f"{registry}/shop@{digest}"


def tools(digest: str) -> str:
    return f"example.com:5000/tools@{digest}"


def workload(
    image: str | None, *, previous: str = "", status: str = "Successful", reason: str = "", **more: Any
) -> dict[str, Any]:
    """What a stack exports of one workload."""
    return {
        "image": image,
        "imageKey": "shop",
        "previousImage": previous,
        "namespace": "workloads",
        "deployment": "shop",
        "minSize": 2,
        "maxSize": 6,
        "port": 8080,
        "logGroup": "/immutable/shop",
        "rollout": {
            "status": status,
            "reason": reason,
            "revision": 3,
            "finishedAt": "2026-11-20T10:00:00+00:00",
        },
        **more,
    }


class WorkloadProject(ReleaseProject):
    """A project whose staging and prod have the workloads `shop`, and `worker` and `clock` with one image."""

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        for name in ("staging", "prod"):
            self.workloads(name, shop(ONE))

    def workloads(self, environment: str, image: str, digest: str = ONE) -> None:
        text = CONFIG.format(name=environment, ami=OLD, shop=image, agent=PUBLIC, tools=digest)
        self.file(environment).write_text(text)

    def runs_workloads(
        self, environment: str, found: dict[str, dict[str, Any]], kubeconfig: dict[str, Any] | None = None
    ) -> None:
        """The state of an environment whose services run, and whose workloads are these."""
        outputs = {
            "url": "https://entry.example.com",
            "image": OLD,
            "services": {"web": service(OLD)},
            "cluster": {
                "name": f"immutable-{environment}",
                "endpoint": "https://cluster.example.com",
                "version": "1.36",
                "kubeconfig": json.dumps(kubeconfig or {}),
                "namespace": "workloads",
            },
            "workloads": found,
        }
        self.outputs(environment, outputs)
