"""`drift` for workloads: objects, pods and numbers that are not as the stack declares them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.releases import alarms
from tests.scripts.cluster_project import PODS, SHOP, ClusterProject, cluster, project, tell
from tests.scripts.told_cluster import Document, ToldCluster, deployment, pod
from tests.scripts.workload_project import ONE, TWO, shop, workload

__all__ = ["cluster", "project"]

OLD, NEW = shop(ONE), shop(TWO)
POLICIES = "/apis/networking.k8s.io/v1/namespaces/workloads/networkpolicies"
BUDGET = "/apis/policy/v1/namespaces/workloads/poddisruptionbudgets/shop"
KINDS = {
    "/api/v1": {"Service": "services", "Pod": "pods"},
    "/apis/apps/v1": {"Deployment": "deployments", "DaemonSet": "daemonsets"},
    "/apis/batch/v1": {"Job": "jobs", "CronJob": "cronjobs"},
    "/apis/networking.k8s.io/v1": {"NetworkPolicy": "networkpolicies"},
    "/apis/policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
}


def metadata(name: str) -> Document:
    return {"name": name, "namespace": "workloads", "labels": {"app.kubernetes.io/name": "shop"}}


def declared(kind: str, name: str, spec: Document, **outputs: Any) -> Document:
    """An object in the state, as Pulumi keeps it."""
    inputs = {"metadata": metadata(name), "spec": spec}
    return {"custom": True, "type": f"kubernetes:{kind}", "id": f"workloads/{name}", "inputs": inputs} | {
        "outputs": {**inputs, **outputs}
    }


def template(image: str) -> Document:
    return {"spec": {"containers": [{"name": "main", "image": image}]}}


ROLLOUT = {
    "custom": True,
    "type": "pulumi-python:dynamic/kubernetes:DeploymentRollout",
    "inputs": {"namespace": "workloads", "deployment": "shop", "spec": {"template": template(OLD)}},
}
DEPLOYMENT = declared("apps/v1:Deployment", "shop", {"template": template(OLD)})
WAY = declared("networking.k8s.io/v1:NetworkPolicy", "shop", {"policyTypes": ["Ingress", "Egress"]})
BUDGETED = declared("policy/v1:PodDisruptionBudget", "shop", {"maxUnavailable": 1.0})


@pytest.fixture(autouse=True)
def running(project: ClusterProject, cluster: ToldCluster) -> None:
    """Staging is as it was declared."""
    for root, kinds in KINDS.items():
        resources = [{"kind": kind, "name": name, "namespaced": True} for kind, name in kinds.items()]
        parts = [{"kind": kind, "name": f"{name}/status", "namespaced": True} for kind, name in kinds.items()]
        cluster.objects[root] = {"resources": [*resources, *parts]}
    project.up("staging", workload(OLD), DEPLOYMENT, ROLLOUT, WAY, BUDGETED)
    document = deployment(OLD)
    tell(cluster, document, pod("a", OLD), pod("b", OLD))
    way = {"metadata": metadata("shop"), "spec": {"policyTypes": ["Ingress", "Egress"]}}
    cluster.objects |= {
        SHOP.rpartition("/")[0]: [document],
        f"{POLICIES}/shop": way,
        POLICIES: [way],
        BUDGET: {"metadata": metadata("shop"), "spec": {"maxUnavailable": 1}},
    }


def found(project: ClusterProject) -> list[str]:
    """Kind and text of each finding."""
    done = project.ask("drift", "staging", "--json")
    document = json.loads(done.out)
    assert done.code == (1 if document["findings"] else 0), done.error
    return [f"{each['kind']}: {each['text']}" for each in document["findings"]]


def test_what_is_as_declared_is_no_drift(project: ClusterProject, cluster: ToldCluster) -> None:
    leaving = pod("going", NEW, deletionTimestamp="x")
    tell(cluster, deployment(OLD), pod("a", OLD), leaving)
    done = project.ask("drift", "staging")
    assert (done.code, done.out) == (0, "staging: no drift among 0 servers and 2 pods\n")


def test_a_policy_or_a_budget_that_is_gone_is_found(project: ClusterProject, cluster: ToldCluster) -> None:
    for path, text in (
        (f"{POLICIES}/shop", "NetworkPolicy shop is not there; `pulumi refresh` and `pulumi up` bring it"),
        (BUDGET, "PodDisruptionBudget shop is not there"),
    ):
        kept = cluster.objects.pop(path)
        (finding,) = found(project)
        assert finding.startswith(f"missing-object: {text}")
        cluster.objects[path] = kept


def test_a_kind_that_the_cluster_no_longer_knows_is_missing(
    project: ClusterProject, cluster: ToldCluster
) -> None:
    del cluster.objects["/apis/policy/v1"]
    assert found(project)[0].startswith("missing-object: PodDisruptionBudget shop")


def test_a_value_that_is_another_is_found_with_both(project: ClusterProject, cluster: ToldCluster) -> None:
    cluster.objects[BUDGET] = {"metadata": metadata("shop"), "spec": {"maxUnavailable": 5}}
    assert found(project) == ["object: PodDisruptionBudget shop: spec.maxUnavailable is 5, declared 1"]
    (finding,) = json.loads(project.ask("drift", "staging", "--json").out)["findings"]
    assert (finding["service"], finding["subject"]) == ("shop", "PodDisruptionBudget shop")
    assert (finding["declared"], finding["actual"]) == ("1", "5")


def test_a_hand_on_an_object_is_named(project: ClusterProject, cluster: ToldCluster) -> None:
    fields: Document = {"f:spec": {"f:maxUnavailable": {}}}
    entry = {"manager": "kubectl-edit", "fieldsV1": fields, "time": "2026-11-20T10:00:00Z"}
    there = {"metadata": {**metadata("shop"), "managedFields": [entry]}, "spec": {"maxUnavailable": 1}}
    cluster.objects[BUDGET] = there
    (finding,) = found(project)
    assert finding.startswith(
        "hand: PodDisruptionBudget shop: kubectl-edit set spec.maxUnavailable at 2026-11-20T10:00:00+00:00; "
    )
    # Who applied it by the state is no hand.
    mine = declared(
        "policy/v1:PodDisruptionBudget", "shop", {"maxUnavailable": 1}, __fieldManager="kubectl-edit"
    )
    project.up("staging", workload(OLD), DEPLOYMENT, ROLLOUT, WAY, mine)
    assert found(project) == []


def test_a_deployment_is_held_against_its_last_good_rollout(
    project: ClusterProject, cluster: ToldCluster
) -> None:
    """After one that failed, Pulumi's own resource has the new version, and the cluster the one before."""
    newer = declared("apps/v1:Deployment", "shop", {"template": template(NEW)})
    project.up("staging", workload(OLD), newer, ROLLOUT, WAY, BUDGETED)
    assert found(project) == []
    project.up("staging", workload(OLD), newer, WAY, BUDGETED)
    assert found(project)[0].startswith(
        "object: Deployment shop: spec.template.spec.containers[main].image is"
    )


def test_another_image_is_found(project: ClusterProject, cluster: ToldCluster) -> None:
    tell(cluster, deployment(NEW), pod("a", NEW), pod("b", OLD))
    kinds = found(project)
    assert (
        "image: shop: its pods get shop@sha256:222222222222, and the stack says shop@sha256:111111111111"
        in kinds
    )
    assert any(
        each.startswith("image: shop: b runs shop@sha256:111111111111, its Deployment says") for each in kinds
    )


def test_pods_of_two_images_are_a_note_while_they_are_replaced(
    project: ClusterProject, cluster: ToldCluster
) -> None:
    tell(cluster, deployment(OLD, updated=1, total=3), pod("a", OLD), pod("b", NEW))
    done = project.ask("drift", "staging")
    assert done.code == 0
    assert "note: shop: its rollout is InProgress" in done.out


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (
            deployment(OLD, replicas=9, updated=9, available=9),
            "replicas: shop: 9 pods are wanted, declared are 2",
        ),
        (
            deployment(OLD, replicas=1, updated=1, available=1),
            "replicas: shop: 1 pods are wanted, declared are 2",
        ),
        (deployment(OLD, paused=True), "rollout: shop: its rollout is Paused: someone paused it"),
        (
            deployment(OLD, updated=1, reason="ProgressDeadlineExceeded"),
            "rollout: shop: its rollout is Failed: ReplicaSet",
        ),
    ],
)
def test_a_deployment_that_a_hand_changed_is_found(
    project: ClusterProject, cluster: ToldCluster, document: Document, text: str
) -> None:
    tell(cluster, document, pod("a", OLD))
    (finding,) = found(project)
    assert finding.startswith(text)


def test_someone_in_a_pod_is_found(project: ClusterProject, cluster: ToldCluster) -> None:
    debugged = pod("a", OLD)
    debugged["spec"]["ephemeralContainers"] = [{"name": "debugger-x"}]
    tell(cluster, deployment(OLD), debugged, pod("b", OLD))
    assert found(project) == ["login: shop: someone put the container debugger-x into a; delete the pod"]


def test_what_nobody_declared_is_found(project: ClusterProject, cluster: ToldCluster) -> None:
    lonely, mine, leaving = pod("lonely", OLD), pod("a", OLD), pod("going", OLD, deletionTimestamp="x")
    lonely["metadata"]["ownerReferences"] = leaving["metadata"]["ownerReferences"] = []
    cluster.objects[PODS] = [lonely, mine, leaving]
    open_way = {"metadata": {**metadata("open"), "labels": {}}}
    cluster.objects[POLICIES] = [open_way]
    cluster.objects["/apis/batch/v1/namespaces/workloads/jobs"] = [
        {"metadata": {"name": "of-a-cron-job", "ownerReferences": [{"controller": True}]}},
        {"metadata": {"name": "by-hand"}},
    ]
    cluster.objects["/api/v1/namespaces/workloads/services"] = [
        {"metadata": {"name": "kubernetes", "labels": {"provider": "kubernetes"}}}
    ]
    outside = [each.partition(" is in workloads")[0] for each in found(project)]
    assert outside == ["outside: Job by-hand", "outside: NetworkPolicy open", "outside: Pod lonely"]


def test_a_deployment_that_is_gone_is_one_finding(project: ClusterProject, cluster: ToldCluster) -> None:
    del cluster.objects[SHOP]
    (finding,) = found(project)
    assert finding.startswith("missing-object: Deployment shop is not there")
    # Also where the state does not hold it any more.
    project.up("staging", workload(OLD), WAY, BUDGETED)
    assert found(project)[0] == "missing-object: the cluster has no Deployment shop"


def test_a_job_that_cleans_up_behind_itself_is_not_missed(project: ClusterProject) -> None:
    job = declared("batch/v1:Job", "shop-migrate", {"ttlSecondsAfterFinished": 60})
    project.up("staging", workload(OLD), DEPLOYMENT, ROLLOUT, WAY, BUDGETED, job)
    assert found(project) == []
    job = declared("batch/v1:Job", "shop-migrate", {})
    project.up("staging", workload(OLD), DEPLOYMENT, ROLLOUT, WAY, BUDGETED, job)
    assert found(project)[0].startswith("missing-object: Job shop-migrate")


def test_an_alarm_that_is_gone_is_found(project: ClusterProject, monkeypatch: pytest.MonkeyPatch) -> None:
    state = workload(OLD, alarms={"errors": "shop-errors"})
    project.up("staging", state, DEPLOYMENT, ROLLOUT, WAY, BUDGETED)
    monkeypatch.setattr(alarms, "read", lambda *_: {})
    assert found(project) == ["alarm: shop: alarm shop-errors of shop is gone"]


def test_what_cannot_be_looked_at_is_not_called_free_of_drift(
    project: ClusterProject, cluster: ToldCluster
) -> None:
    cluster.refusals[BUDGET] = (403, "no")
    done = project.ask("drift", "staging")
    assert (done.code, done.error) == (1, "release: the cluster immutable-staging refused: 403 no\n")
