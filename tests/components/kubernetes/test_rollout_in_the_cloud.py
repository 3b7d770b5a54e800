"""The rollout in an emulated EKS cluster whose clock runs fast, reached by a token of AWS as in a release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components import refresh_polling
from components.kubernetes import kubeconfig
from components.kubernetes.connection import Connection
from components.kubernetes.labels import FIELD_MANAGER
from components.kubernetes.rollout_provider import RolloutProvider
from components.refresh_errors import RolloutError
from rehearsal.cloud.kubernetes.testing import cluster
from rehearsal.cloud.local import CREDENTIALS, running
from rehearsal.cloud_client import CloudClient
from tests.components.kubernetes.rendered import arguments, manifests, rollout

GOOD, BETTER, MISSING, CRASHING, MUTE = (f"registry.example.com/shop@sha256:{c * 64}" for c in "ab012")
BEHAVIOURS = {MISSING: "missing", CRASHING: "crash-loop", MUTE: "never-ready"}
DEPLOYMENT = "/apis/apps/v1/namespaces/workloads/deployments/shop"
SCALER = "/apis/autoscaling/v2/namespaces/workloads/horizontalpodautoscalers/shop"


class Emulated:
    def __init__(self, endpoint: str) -> None:
        known = kubeconfig.document("demo", endpoint, "", "eu-central-1")
        self.kubeconfig = json.dumps(known)
        self.api = Connection(self.kubeconfig)
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "workloads"}}
        self.api.apply("/api/v1/namespaces/workloads", namespace, FIELD_MANAGER)
        account = self.given_objects("ServiceAccount")[0]
        self.api.apply("/api/v1/namespaces/workloads/serviceaccounts/shop", account, FIELD_MANAGER)

    def given_objects(self, kind: str, **given: Any) -> list[dict[str, Any]]:
        return [each for each in manifests(**given) if each["kind"] == kind]

    def applied(self, **given: Any) -> dict[str, Any]:
        """What the provider is given once Pulumi's has applied the Deployment."""
        (deployment,) = self.given_objects("Deployment", **given)
        (scaler,) = self.given_objects("HorizontalPodAutoscaler", **given)
        made = self.api.apply(DEPLOYMENT, deployment, FIELD_MANAGER)
        self.api.apply(SCALER, scaler, FIELD_MANAGER)
        inputs = rollout(**given, kubeconfig=self.kubeconfig)
        return {**inputs, "deployment_uid": made["metadata"]["uid"]}

    def images(self) -> set[str]:
        """Of the pods that stay: those that leave serve to their end."""
        pods = self.api.get("/api/v1/namespaces/workloads/pods")["items"]
        staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return {pod["spec"]["containers"][0]["image"] for pod in staying}


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulated]:
    with running() as cloud:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": cloud.url}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(refresh_polling, "FIRST_SECONDS", 0.01)
        made = cluster(cloud, "demo")
        for image, behaviour in BEHAVIOURS.items():
            CloudClient(cloud.url).register_container_image(image, behaviour)
        cloud.world.clock.speed = 300
        yield Emulated(made.endpoint)


def test_versions_follow_each_other_and_each_time_is_the_clusters(demo: Emulated) -> None:
    provider = RolloutProvider()
    first = provider.create(demo.applied(image=GOOD)).outs or {}
    second = provider.update("id", first, demo.applied(image=BETTER)).outs or {}
    assert (second["image"], second["previous_image"], second["revision"]) == (BETTER, GOOD, "2")
    assert demo.images() == {BETTER}
    assert second["finished_at"] > first["finished_at"]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (MISSING, "(ErrImagePull|ImagePullBackOff): .*not found"),
        (CRASHING, "(CrashLoopBackOff|Error): exit code 1"),
        (MUTE, "Unhealthy: .* probe failed: HTTP probe failed with statuscode: 503"),
    ],
)
def test_a_bad_version_fails_with_its_reason_and_the_one_before_is_back(
    demo: Emulated, image: str, reason: str
) -> None:
    provider = RolloutProvider()
    first = provider.create(demo.applied(image=GOOD)).outs or {}
    with pytest.raises(RolloutError, match=f"{reason}.*is back and serves; mend it, then run up again"):
        provider.update("id", first, demo.applied(image=image))
    assert demo.images() == {GOOD}


def test_the_autoscaler_brings_a_first_version_to_its_size(demo: Emulated) -> None:
    assert arguments().min_size == 2
    assert (RolloutProvider().create(demo.applied(image=GOOD)).outs or {})["reason"] == "2 pods serve"
