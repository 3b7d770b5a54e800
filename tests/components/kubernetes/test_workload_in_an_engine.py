"""A workload's releases by an engine, in an emulated cluster: one that is good, one that is bad, and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.cloud.kubernetes.testing import TestCluster, cluster
from rehearsal.cloud.local import CREDENTIALS, running
from rehearsal.cloud_client import CloudClient

ROOT = Path(__file__).parents[3]
GOOD, BAD = (f"registry.example.com/shop@sha256:{character * 64}" for character in "a2")

PROGRAM = """
import pulumi
import pulumi_kubernetes
from components.kubernetes.workload import Workload
from components.kubernetes.workload_args import WorkloadArgs
from components.kubernetes.workload_namespace import WorkloadNamespace, WorkloadNamespaceArgs

config = pulumi.Config("shop")
kubeconfig, image = config.require("kubeconfig"), config.require("image")
opts = pulumi.ResourceOptions(provider=pulumi_kubernetes.Provider("cluster", kubeconfig=kubeconfig))
args = WorkloadNamespaceArgs(kubeconfig=kubeconfig, version="1.36")
namespace = WorkloadNamespace("workloads", args, opts)
shop = Workload("shop", WorkloadArgs(
    kubeconfig=kubeconfig, namespace=namespace.name, keeper=namespace.keeper, image=image, port=8080,
    environment={"IMAGE": image}, migrate=("migrate",),
), opts)
pulumi.export("image", shop.rollout.image)
"""


class Stack:
    """`up` with an image; what is told of it afterwards."""

    def __init__(self, folder: Path, made: TestCluster, url: str) -> None:
        self.folder, self.cluster = folder, made
        state = f"file://{folder.parent}"
        own = {
            "AWS_ENDPOINT_URL": url,
            "PULUMI_BACKEND_URL": state,
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
        }
        self.environment = {**os.environ, **CREDENTIALS, **own, "PYTHONPATH": str(ROOT)}
        (folder / "Pulumi.yaml").write_text("name: shop\nruntime: {name: python}\n")
        (folder / "__main__.py").write_text(PROGRAM)

    def run(self, operation: str, image: str) -> tuple[int, str]:
        config = {"shop:kubeconfig": json.dumps(self.cluster.kubeconfig), "shop:image": image}
        (self.folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}))
        command = [sys.executable, "-m", "rehearsal.engine", operation, "--stack", "dev"]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def listed(self, path: str) -> list[Any]:
        answer = self.cluster.api.call_api(path, "GET", auth_settings=["BearerToken"], response_type="object")
        return list(answer[0]["items"])

    def serving(self) -> dict[str, str]:
        """Image by pod, of the pods that are ready."""
        pods = self.listed("/api/v1/namespaces/workloads/pods")
        return {
            pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
            for pod in pods
            if pod["metadata"]["labels"]["app.kubernetes.io/component"] == "server"
            and pod["status"]["containerStatuses"][0]["ready"]
        }


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    folder = tmp_path / "project"
    folder.mkdir()
    with running(speed=1000) as cloud:
        made = cluster(cloud, "demo")
        CloudClient(cloud.url).register_container_image(BAD, "never-ready")
        yield Stack(folder, made, cloud.url)


def test_a_bad_release_leaves_the_pods_as_they_were_and_a_config_that_is_put_back_is_no_rollout(
    stack: Stack,
) -> None:
    code, said = stack.run("up", GOOD)
    assert code == 0, said
    before = stack.serving()
    assert list(before.values()) == [GOOD, GOOD]

    code, said = stack.run("up", BAD)
    assert code == 1
    assert "deployment shop in workloads: Unhealthy: " in said
    assert "is back and serves; mend it, then run up again" in said
    assert "Traceback" not in said
    assert stack.serving() == before

    # The ConfigMap of the digest before is there still, and its Job is not in the way.
    code, said = stack.run("up", GOOD)
    assert code == 0, said
    assert "DeploymentRollout" not in said
    assert stack.serving() == before

    code, said = stack.run("destroy", GOOD)
    assert code == 0, said
    left = {each["metadata"]["name"] for each in stack.listed("/api/v1/configmaps")}
    assert left == {"kube-root-ca.crt"}
