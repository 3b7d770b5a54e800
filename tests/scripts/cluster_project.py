"""A project whose staging and prod run one workload, `shop`, in a cluster that a test speaks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.local import CREDENTIALS
from tests.scripts.release_project import Finished
from tests.scripts.told_cluster import Document, ToldCluster, told_cluster
from tests.scripts.workload_project import ONE, WorkloadProject, shop, workload

SHOP = "/apis/apps/v1/namespaces/workloads/deployments/shop"
PODS = "/api/v1/namespaces/workloads/pods"
EVENTS = "/api/v1/namespaces/workloads/events"

CONFIG = """\
config:
  aws:region: eu-central-1
  immutable:cluster: {{version: "1.36"}}
  immutable:images:
    shop: {image}
  immutable:workloads:
    shop: {{port: 8080, min: 2, max: 6{more}}}
"""


class ClusterProject(WorkloadProject):
    """An environment of workloads alone: AWS is asked about images in ECR, and about nothing else."""

    def __init__(self, base: Path, kubeconfig: dict[str, Any]) -> None:
        super().__init__(base)
        self.kubeconfig = kubeconfig
        for name in ("staging", "prod"):
            self.shop(name, shop(ONE))
            self.up(name, workload(shop(ONE)))

    def shop(self, environment: str, image: str, more: str = "") -> None:
        """What the config gives the workload."""
        self.file(environment).write_text(CONFIG.format(image=image, more=more))

    def up(self, environment: str, state: dict[str, Any], *resources: Document) -> None:
        """What the environment's state holds beside the root: `resources`."""
        self.runs_workloads(environment, {"shop": state}, self.kubeconfig)
        path = self.stacks / f"{environment}.json"
        document = json.loads(path.read_text())
        (root,) = document["checkpoint"]["latest"]["resources"]
        del root["outputs"]["image"]
        root["outputs"]["services"] = {}
        document["checkpoint"]["latest"]["resources"] += resources
        path.write_text(json.dumps(document))

    def ask(self, *arguments: str) -> Finished:
        return self.run(*arguments, variables={**self.variables, **CREDENTIALS, "COLUMNS": "200"})


def tell(cluster: ToldCluster, deployment: Document, *pods: Document) -> None:
    """What the cluster runs."""
    cluster.objects[SHOP] = deployment
    cluster.objects[PODS] = list(pods)
    cluster.objects.setdefault(EVENTS, [])


@pytest.fixture
def cluster() -> Iterator[ToldCluster]:
    """What tests import by this name, and `project`."""
    with told_cluster() as made:
        yield made


@pytest.fixture
def project(tmp_path: Path, cluster: ToldCluster) -> ClusterProject:
    return ClusterProject(tmp_path, cluster.kubeconfig)
