"""Plans, watching and drift of workloads, held to the emulated cluster, on its clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from rehearsal.cloud.kubernetes.testing import TestCluster, cluster
from rehearsal.cloud.local import Local, running
from scripts.releases import rollout
from tests.scripts.cluster_project import ClusterProject
from tests.scripts.told_cluster import Document
from tests.scripts.workload_project import ONE, TWO, tools, workload

OLD, NEW = tools(ONE), tools(TWO)
SHOP = "/apis/apps/v1/namespaces/workloads/deployments/shop"
LABELS = {"app.kubernetes.io/name": "shop"}
SECONDS_A_LOOK = 1.0


def deployment(image: str, replicas: int, **spec: Any) -> Document:
    """As the program declares one: a probe that says when it serves, a drain, and no pod less meanwhile."""
    ask = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5}
    container = {"name": "main", "image": image, "readinessProbe": ask}
    container["lifecycle"] = {"preStop": {"sleep": {"seconds": 15}}}
    settings = {
        "strategy": {"rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 0}},
        "minReadySeconds": 10,
    }
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": "workloads", "labels": LABELS},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": LABELS},
            "template": template,
            **settings,
            **spec,
        },
    }


class Emulated:
    """A cluster with the namespace of workloads, and a project whose staging runs there."""

    def __init__(self, cloud: Local, base: Path) -> None:
        self.cloud = cloud
        self.made: TestCluster = cluster(cloud, nodes=4)
        self.project = ClusterProject(base, self.made.kubeconfig)
        self.declared: list[Document] = []
        client.CoreV1Api(self.made.api).create_namespace({"metadata": {"name": "workloads"}})

    def apply(self, path: str, document: Document, manager: str = "immutable") -> None:
        self.made.api.call_api(
            path,
            "PATCH",
            query_params=[("fieldManager", manager), ("force", "true")],
            header_params={"Content-Type": "application/apply-patch+yaml", "Accept": "application/json"},
            body=document,
            response_type="object",
            auth_settings=["BearerToken"],
        )

    def deploy(self, image: str, replicas: int, **spec: Any) -> None:
        """What `up` does: the Deployment in the cluster and in the state, which says what ran last."""
        document = deployment(image, replicas, **spec)
        self.apply(SHOP, document)
        self.declared = [
            {"custom": True, "type": "kubernetes:apps/v1:Deployment", "inputs": document, "outputs": document}
        ]

    def says(self, image: str) -> None:
        """The stack's outputs and state, and the config."""
        self.project.shop("staging", image)
        self.project.up("staging", workload(image, minSize=1, maxSize=9), *self.declared)

    def ask(self, *arguments: str) -> Any:
        return self.project.ask(*arguments)


@pytest.fixture
def emulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulated]:
    """Serves OLD in four pods, as declared."""
    with running() as cloud:
        made = Emulated(cloud, tmp_path)
        monkeypatch.setattr(rollout, "sleep", lambda _: cloud.step(SECONDS_A_LOOK))
        made.deploy(OLD, 4)
        made.says(OLD)
        assert made.ask("watch", "staging").code == 0
        yield made


def test_a_plan_is_as_long_as_the_rollout(emulated: Emulated) -> None:
    emulated.project.shop("staging", NEW)
    plan = json.loads(emulated.ask("plan", "staging", "--json").out)["workloads"]["shop"]
    assert (plan["replaced"], plan["rounds"], plan["lowest"], plan["highest"]) == (4, 2, 4, 6)
    began = emulated.cloud.world.clock.now()
    emulated.deploy(NEW, 4)
    done = emulated.ask("watch", "staging", "--json")
    assert done.code == 0
    assert json.loads(done.out)["rollouts"][0]["runs"] == {NEW: 4}
    took = emulated.cloud.world.clock.now() - began
    # Nodes that have the image already start its pods sooner.
    assert took == pytest.approx(plan["seconds"], abs=2 * plan["rounds"] + SECONDS_A_LOOK)


def test_what_was_applied_is_no_drift_and_a_hand_on_it_is(emulated: Emulated) -> None:
    done = emulated.ask("drift", "staging")
    assert (done.code, done.out) == (0, "staging: no drift among 0 servers and 4 pods\n")
    change = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}}
    emulated.apply(SHOP, {**change, "spec": {"minReadySeconds": 0}}, "kubectl-edit")
    found = json.loads(emulated.ask("drift", "staging", "--json").out)["findings"]
    assert [each["kind"] for each in found] == ["object", "hand"]
    assert found[0]["text"] == "Deployment shop: spec.minReadySeconds is 0, declared 10"
    assert "kubectl-edit set spec.minReadySeconds at " in found[1]["text"]


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("missing", "ImagePull"),
        ("crash-loop", "exit code 1"),
        ("never-ready", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
    ],
)
def test_a_bad_image_is_told_in_the_pods_own_words(emulated: Emulated, behaviour: str, why: str) -> None:
    emulated.cloud.world.container_images[NEW] = behaviour
    emulated.deploy(NEW, 4, progressDeadlineSeconds=60)
    done = emulated.ask("watch", "staging")
    assert done.code == 1
    assert done.error.startswith("release: shop: Failed: shop-")
    assert why in done.error
    live = emulated.ask("status", "staging", "--live").out
    assert "shop: 4 of 4 pods serve" in live
    assert why in live
