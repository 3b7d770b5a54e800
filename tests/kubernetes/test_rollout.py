"""Workloads on a real control plane: what they render to is taken, and their rollouts end as they should."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components.kubernetes import rollout_reasons
from components.kubernetes.connection import Connection
from components.kubernetes.labels import FIELD_MANAGER
from components.kubernetes.rollout_provider import RolloutProvider
from components.kubernetes.workload_namespace import WorkloadNamespaceArgs, namespace_metadata
from components.refresh_errors import RolloutError
from tests.components.kubernetes.rendered import WHOLE, manifests, rollout
from tests.components.recorder import ensure_loop
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.images import BETTER, CRASHING, GOOD, MISSING

Object = dict[str, Any]
Meanwhile = Callable[[Callable[[str], bool], Callable[[], object]], None]

numbers = itertools.count(1)


class Stack:
    """A workload in a namespace of its own: `up` as Pulumi's provider and the rollout do it between them."""

    def __init__(self, plane: ControlPlane) -> None:
        self.kubeconfig = json.dumps(plane.kubeconfig())
        self.api = Connection(self.kubeconfig)
        self.namespace = f"workloads-{next(numbers)}"
        args = WorkloadNamespaceArgs(kubeconfig="", namespace=self.namespace, version="1.36")
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": namespace_metadata(args)}
        self.api.apply(f"/api/v1/namespaces/{self.namespace}", namespace, FIELD_MANAGER)
        self.state: Object | None = None

    def objects(self, **given: Any) -> list[Object]:
        return manifests(**self.given(given))

    def given(self, given: Object) -> Object:
        usual = {"min_size": 1, "max_size": 5, "min_ready_seconds": 0, "startup_seconds": 10}
        own = {"namespace": self.namespace, "kubeconfig": self.kubeconfig, "progress_deadline_seconds": 30}
        return {**usual, **own, **given}

    def apply(self, **given: Any) -> str:
        """Every object, as Pulumi's provider leaves it; returns the Deployment's uid."""
        uids: dict[str, str] = {}
        for each in self.objects(**given):
            for owner in each["metadata"].get("ownerReferences", ()):
                owner["uid"] = uids[owner["kind"]]
            answer = self.api.apply(self.path(each), each, FIELD_MANAGER)
            uids[each["kind"]] = answer["metadata"]["uid"]
        return uids["Deployment"]

    def up(self, **given: Any) -> Object:
        news = {"deployment_uid": self.apply(**given)}
        news = {**rollout(**self.given(given)), **news}
        provider = RolloutProvider()
        done = provider.create(news) if self.state is None else provider.update("id", self.state, news)
        self.state = done.outs or {}
        return self.state

    def failing(self, **given: Any) -> str:
        with pytest.raises(RolloutError) as failed:
            self.up(**given)
        assert "\n" not in str(failed.value)
        return str(failed.value)

    def path(self, manifest: Object) -> str:
        version, kind = manifest["apiVersion"], manifest["kind"].lower()
        plural = f"{kind}s"
        if kind.endswith(("y", "s")):
            plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}es"
        group = "/api/v1" if version == "v1" else f"/apis/{version}"
        return f"{group}/namespaces/{self.namespace}/{plural}/{manifest['metadata']['name']}"

    def read(self, kind: str) -> list[Object]:
        group = "/apis/apps/v1" if kind in ("deployments", "replicasets") else "/api/v1"
        return list(self.api.get(f"{group}/namespaces/{self.namespace}/{kind}")["items"])

    @property
    def deployment(self) -> Object:
        (found,) = self.read("deployments")
        return found

    def images(self) -> set[str]:
        """Of the pods that are not about to go."""
        pods = [pod for pod in self.read("pods") if not pod["metadata"].get("deletionTimestamp")]
        return {pod["spec"]["containers"][0]["image"] for pod in pods}

    def patch(self, patch: Object, who: str = "kubectl-patch") -> None:
        """As somebody does it by hand."""
        path = f"/apis/apps/v1/namespaces/{self.namespace}/deployments/shop"
        self.api._call("PATCH", path, {"fieldManager": who}, patch, "application/strategic-merge-patch+json")


@pytest.fixture
def stack(control_plane: ControlPlane) -> Iterator[Stack]:
    ensure_loop()
    made = Stack(control_plane)
    yield made
    made.api.delete(f"/api/v1/namespaces/{made.namespace}")


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Act once, when a line of the rollout is said."""

    def act_when(line: Callable[[str], bool], act: Callable[[], object]) -> None:
        done: list[bool] = []

        def said(text: str) -> None:
            if not done and line(text):
                done.append(True)
                act()

        monkeypatch.setattr("components.kubernetes.rollout_provider.say", said)

    return act_when


def test_kubernetes_takes_every_object_of_a_workload_with_everything(stack: Stack) -> None:
    # The driver of secrets is an add-on, and its kind comes with it.
    for each in stack.objects(**{**WHOLE, "secrets": {}, "database": None, "database_cidrs": ()}):
        each["metadata"].pop("ownerReferences", None)
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", "dryRun": "All"}
        stack.api._call("PATCH", stack.path(each), query, each, "application/apply-patch+yaml")


def test_a_version_follows_another_under_the_restricted_standard(stack: Stack) -> None:
    first = stack.up(image=GOOD)
    second = stack.up(image=BETTER)
    assert (second["image"], second["previous_image"], second["revision"]) == (BETTER, GOOD, "2")
    assert second["replica_set"] != first["replica_set"]
    assert stack.images() == {BETTER}
    assert second["finished_at"] >= first["finished_at"]


def test_applying_the_same_again_is_no_work(stack: Stack) -> None:
    stack.up(image=GOOD)
    before = stack.deployment["metadata"]["generation"]
    stack.state = None
    stack.up(image=GOOD)
    assert stack.deployment["metadata"]["generation"] == before


def test_a_bad_version_leaves_the_pods_of_before_serving_and_nothing_behind(stack: Stack) -> None:
    """Neither the failed version nor the one that was put back keeps a field of the next one."""
    stack.up(image=GOOD, environment={"A": "1"})
    text = stack.failing(image=CRASHING, log_group_name="of-the-bad-one", command=("bad",))
    assert "CrashLoopBackOff: exit code 3 after 5 restarts" in text
    assert "(shop@aaaaaaaaaaaa) is back and serves; mend it, then run up again" in text
    assert stack.images() == {GOOD}
    restored = stack.deployment["spec"]["template"]
    assert "annotations" not in restored["metadata"]
    stack.up(image=BETTER)
    (one,) = stack.deployment["spec"]["template"]["spec"]["containers"]
    assert not {"command", "envFrom"} & one.keys()
    assert "annotations" not in stack.deployment["spec"]["template"]["metadata"]


def test_a_second_try_applies_the_template_itself_and_a_config_that_is_put_back_is_no_work(
    stack: Stack,
) -> None:
    stack.up(image=GOOD)
    stack.failing(image=CRASHING)
    good = stack.state
    # Pulumi's state has the bad template by now, so that its provider does nothing.
    news = {**rollout(**stack.given({"image": CRASHING})), "deployment_uid": (good or {})["deployment_uid"]}
    with pytest.raises(RolloutError, match="CrashLoopBackOff"):
        RolloutProvider().update("id", good or {}, news)
    generation = stack.deployment["metadata"]["generation"]
    stack.apply(image=GOOD)
    assert stack.deployment["metadata"]["generation"] == generation
    news = {**rollout(**stack.given({"image": GOOD})), "deployment_uid": (good or {})["deployment_uid"]}
    assert not RolloutProvider().diff("id", good or {}, news).changes


def test_an_image_that_cannot_be_had_is_given_up_before_the_deadline(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout_reasons, "IMAGE_SECONDS", 1.0)
    stack.up(image=GOOD)
    text = stack.failing(image=MISSING, progress_deadline_seconds=600)
    assert "ImagePullBackOff: Back-off pulling image" in text
    assert "is back and serves" in text


def test_a_first_version_that_fails_is_tried_again_with_new_pods(stack: Stack) -> None:
    assert "there is no version before it to go back to" in stack.failing(image=CRASHING)
    before = {pod["metadata"]["name"] for pod in stack.read("pods")}
    stack.failing(image=CRASHING)
    assert before.isdisjoint(
        pod["metadata"]["name"] for pod in stack.read("pods") if not pod["metadata"].get("deletionTimestamp")
    )


def test_pods_that_admission_refuses_are_told_in_its_words(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout_reasons, "REFUSED_SECONDS", 1.0)
    stack.up(image=GOOD)
    quota: Object = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"}}
    quota["spec"] = {"hard": {"pods": "1"}}
    stack.api.apply(f"/api/v1/namespaces/{stack.namespace}/resourcequotas/full", quota, FIELD_MANAGER)
    text = stack.failing(image=BETTER)
    assert "is forbidden: exceeded quota: full" in text
    assert stack.images() == {GOOD}


def test_a_version_of_someone_else_is_told_and_left_alone(stack: Stack, meanwhile: Meanwhile) -> None:
    stack.up(image=GOOD)
    other = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": MISSING}]}}}}
    meanwhile(lambda line: "rolling out" in line, lambda: stack.patch(other, "kubectl-set"))
    text = stack.failing(image=BETTER)
    assert "kubectl-set at 20" in text
    assert "gave it another template meanwhile, with shop@000000000000; it is left so" in text


def test_pods_that_are_added_meanwhile_are_waited_for(stack: Stack, meanwhile: Meanwhile) -> None:
    stack.up(image=GOOD)
    meanwhile(lambda line: "rolling out" in line, lambda: stack.patch({"spec": {"replicas": 4}}))
    assert stack.up(image=BETTER)["reason"] == "4 pods serve"
    stack.up(image=GOOD)
    assert stack.deployment["spec"]["replicas"] == 4, "no release resets how many there are"


def test_a_pause_is_told_and_waited_out(stack: Stack, meanwhile: Meanwhile) -> None:
    stack.up(image=GOOD)
    stack.patch({"spec": {"paused": True}}, "kubectl-rollout")
    meanwhile(
        lambda line: "paused by kubectl-rollout at 20" in line,
        lambda: stack.patch({"spec": {"paused": None}}, "kubectl-rollout"),
    )
    assert stack.up(image=BETTER)["status"] == "Successful"
    assert stack.images() == {BETTER}


def test_configuration_stays_as_long_as_a_version_refers_to_it_and_goes_with_the_workload(
    stack: Stack,
) -> None:
    def names() -> set[str]:
        return {each["metadata"]["name"] for each in stack.read("configmaps")} - {"kube-root-ca.crt"}

    stack.up(image=GOOD, environment={"A": "1"})
    first = names()
    stack.up(image=GOOD, environment={"A": "2"})
    assert first < names()
    for number in range(3, 5):
        unused = {
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": f"shop-unused-{number}", "labels": {"immutable/kept-for": "shop"}},
        }  # fmt: skip
        path = f"/api/v1/namespaces/{stack.namespace}/configmaps/shop-unused-{number}"
        stack.api.apply(path, unused, FIELD_MANAGER)
    stack.up(image=BETTER, environment={"A": "2"})
    assert len(names()) == 2
    stack.api.delete(f"/api/v1/namespaces/{stack.namespace}/serviceaccounts/shop")
    for _ in range(300):
        if not names():
            return
        time.sleep(0.1)
    pytest.fail(f"{names()} stayed")
