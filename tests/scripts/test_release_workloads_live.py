"""`status ENV --live`: every pod of a workload, and why it does not serve."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from scripts.releases import live, pods, workloads, workloads_show
from scripts.releases.alarms import Alarm
from scripts.releases.kubernetes_api import Api
from scripts.releases.state import ClusterState, WorkloadState
from scripts.releases.workloads import ABSENT, FAILED, IN_PROGRESS, PAUSED, SUCCESSFUL, Live
from tests.scripts.cluster_project import EVENTS, PODS, SHOP, ClusterProject, cluster, project, tell
from tests.scripts.told_cluster import Document, ToldCluster, deployment, pod, waiting
from tests.scripts.workload_project import ONE, TWO, shop, workload

__all__ = ["cluster", "project"]

OLD, NEW = shop(ONE), shop(TWO)


def look(cluster: ToldCluster) -> Live:
    api = Api(ClusterState(name="c", kubeconfig=json.dumps(cluster.kubeconfig)), "staging")
    return workloads.one(api, "shop", WorkloadState(namespace="workloads", deployment="shop"))


def test_every_pod_is_shown_with_its_image_state_and_age(
    project: ClusterProject, cluster: ToldCluster
) -> None:
    ended = {"exitCode": 3, "reason": "Error", "message": "a\nno key\n\n"}
    crashed = waiting("CrashLoopBackOff", "back-off 20s", ended)
    tell(
        cluster,
        deployment(NEW, updated=1, total=3),
        pod("a", OLD),
        pod("b", OLD, deletionTimestamp="x"),
        pod("c", NEW, ready=False, status=crashed),
    )
    done = project.ask("status", "staging", "--live")
    assert (done.code, done.error) == (0, "")
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    assert rows[:4] == [
        "workload pod image state restarts node age",
        "shop a shop@sha256:111111111111 serves 0 node-1 60 min",
        "shop b shop@sha256:111111111111 Terminating 0 node-1 60 min",
        "shop c shop@sha256:222222222222 CrashLoopBackOff 3 node-1 60 min",
    ]
    trouble = "c: CrashLoopBackOff: exit code 3: no key"
    assert rows[4:] == [
        "shop: 1 of 2 pods serve; runs 1 on shop@sha256:111111111111, 1 on shop@sha256:222222222222",
        "shop: 1 of 2 are not on the configured shop@sha256:111111111111",
        f"shop: its rollout is InProgress: 1 of 2 pods are new, 2 of 2 serve: {trouble}",
    ]


def test_a_second_reason_is_told_too(project: ClusterProject, cluster: ToldCluster) -> None:
    bad = [pod(name, OLD, ready=False, status=waiting("ErrImagePull", "not found")) for name in ("a", "b")]
    tell(cluster, deployment(OLD, available=0), *bad)
    out = project.ask("status", "staging", "--live").out
    assert "shop: its rollout is InProgress: 2 of 2 pods are new, 0 of 2 serve: a: ErrImagePull: not" in out
    assert out.count("a: ErrImagePull") == 1
    assert "shop: pod b: ErrImagePull: not found\n" in out


def test_many_pods_share_a_row(project: ClusterProject, cluster: ToldCluster) -> None:
    many = [pod(f"p{number}", OLD) for number in range(workloads_show.LISTED + 1)]
    tell(cluster, deployment(OLD, replicas=21, updated=21, available=21), *many)
    out = project.ask("status", "staging", "--live").out
    assert "21 pods" in out
    assert "1 nodes" in out
    assert "p1" not in out


def test_for_programs_every_pod_stands_by_itself(project: ClusterProject, cluster: ToldCluster) -> None:
    tell(cluster, deployment(OLD), pod("a", OLD), pod("b", OLD))
    document = json.loads(project.ask("status", "staging", "--live", "--json").out)
    assert (document["ok"], document["environment"], document["groups"]) == (True, "staging", [])
    (shown,) = document["workloads"]
    assert [each["name"] for each in shown.pop("pods")] == ["a", "b"]
    rollout_of = {
        "status": "Successful",
        "reason": None,
        "revision": "4",
        "since": "2026-11-20T11:30:00+00:00",
    }
    assert shown == {
        "workload": "shop",
        "namespace": "workloads",
        "configured": OLD,
        "image": OLD,
        "desired": 2,
        "updated": 2,
        "available": 2,
        "alarms": [],
        "rollout": rollout_of,
    }


def test_alarms_of_a_workload_are_shown_as_those_of_a_service(
    project: ClusterProject, cluster: ToldCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(cluster, deployment(OLD), pod("a", OLD))
    project.up("staging", workload(OLD, alarms={"errors": "shop-errors", "logs": "shop-logs"}))
    rings = Alarm("shop-errors", "ALARM", "1 of 1", datetime(2026, 11, 20, 11, 55, tzinfo=UTC), True)
    monkeypatch.setattr(live, "states", lambda _, names: {**dict.fromkeys(names), "shop-errors": rings})
    lines = project.ask("status", "staging", "--live").out.splitlines()
    assert lines[-2:] == [
        "shop: alarm shop-errors is ALARM for 5 min: 1 of 1",
        "shop: alarm shop-logs does not exist",
    ]
    (shown,) = json.loads(project.ask("status", "staging", "--live", "--json").out)["workloads"]
    assert [(each["name"], each["state"]) for each in shown["alarms"]] == [
        ("shop-errors", "ALARM"),
        ("shop-logs", None),
    ]


def test_a_cluster_that_does_not_answer_is_a_failure_where_there_is_nothing_else(
    project: ClusterProject, cluster: ToldCluster
) -> None:
    cluster.refusals[SHOP] = (403, "deployments is forbidden")
    done = project.ask("status", "staging", "--live")
    assert done.code == 1
    assert done.error == "release: the cluster immutable-staging refused: 403 deployments is forbidden\n"


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (deployment(OLD), SUCCESSFUL),
        (deployment(OLD, seen=0), IN_PROGRESS),
        (deployment(OLD, updated=1, total=2), IN_PROGRESS),
        (deployment(OLD, total=3), IN_PROGRESS),
        (deployment(OLD, available=1), IN_PROGRESS),
        (deployment(OLD, available=1, reason="ProgressDeadlineExceeded"), FAILED),
        (deployment(OLD, paused=True), PAUSED),
    ],
)
def test_a_rollout_stands_as_its_controller_says(
    cluster: ToldCluster, document: Document, status: str
) -> None:
    tell(cluster, document, pod("a", OLD), pod("b", OLD))
    found = look(cluster)
    assert found.status == status
    assert (found.since is None) is (status in (IN_PROGRESS, PAUSED))


def test_a_deployment_that_is_gone_is_told(cluster: ToldCluster) -> None:
    found = look(cluster)
    assert (found.status, found.reason) == (ABSENT, "the cluster has no Deployment shop")
    assert (found.image, found.desired, found.pods) == (None, 0, ())


def test_what_a_controller_may_not_make_has_its_reason(cluster: ToldCluster) -> None:
    document = deployment(NEW, updated=0, total=2)
    document["status"]["conditions"].append(
        {"type": "ReplicaFailure", "status": "True", "message": 'pods "x" is forbidden: exceeded quota'}
    )
    tell(cluster, document, pod("a", OLD))
    assert look(cluster).reason == 'pods "x" is forbidden: exceeded quota'


def test_the_pods_of_the_selector_are_asked_for(cluster: ToldCluster) -> None:
    tell(cluster, deployment(OLD), pod("a", OLD))
    look(cluster)
    (query,) = [query for path, query, _ in cluster.asked if path == PODS]
    assert query["labelSelector"] == "app.kubernetes.io/name=shop"


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (waiting("ImagePullBackOff", "Back-off pulling"), "ImagePullBackOff: Back-off pulling"),
        (
            waiting("CrashLoopBackOff", "x", {"exitCode": 137, "reason": "OOMKilled"}),
            "CrashLoopBackOff: exit code 137 (OOMKilled)",
        ),
        (waiting("ContainerCreating"), ""),
        (waiting("PodInitializing"), ""),
        ({"state": {"terminated": {"exitCode": 2, "reason": "Error"}}}, "Error: exit code 2"),
    ],
)
def test_a_container_says_why_it_does_not_serve(cluster: ToldCluster, status: Document, trouble: str) -> None:
    tell(cluster, deployment(OLD), pod("a", OLD, ready=False, status=status))
    (found,) = look(cluster).pods
    assert found.trouble.startswith(trouble)
    assert bool(found.trouble) is bool(trouble)


def test_a_pod_that_finds_no_node_says_why(cluster: ToldCluster) -> None:
    document = pod("a", OLD, ready=False)
    said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    document["status"] = {"phase": "Pending", "conditions": [said]}
    tell(cluster, deployment(OLD), document)
    assert look(cluster).pods[0].trouble == "Unschedulable: 0/3 nodes"


def test_a_probe_that_fails_is_read_from_the_last_event(cluster: ToldCluster) -> None:
    def event(name: str, reason: str, message: str, at: str) -> Document:
        return {"involvedObject": {"name": name}, "reason": reason, "message": message, "lastTimestamp": at}

    cluster.objects[EVENTS] = [
        event("a", "Unhealthy", "Readiness probe failed: 503", "2026-11-20T11:59:00Z"),
        event("a", "Unhealthy", "Readiness probe failed: refused", "2026-11-20T11:00:00Z"),
        event("a", "Pulled", "Successfully pulled image", "2026-11-20T11:59:59Z"),
        event("b", "Unhealthy", "of another one", "2026-11-20T11:59:59Z"),
    ]
    tell(cluster, deployment(OLD), pod("a", OLD, ready=False), pod("b", OLD))
    first, second = look(cluster).pods
    assert (first.trouble, second.trouble) == ("Readiness probe failed: 503", "")
    (query,) = [query for path, query, _ in cluster.asked if path == EVENTS]
    assert query["fieldSelector"] == "involvedObject.name=a"


def test_who_may_not_read_events_sees_the_pod_without(cluster: ToldCluster) -> None:
    tell(cluster, deployment(OLD), pod("a", OLD, ready=False))
    cluster.refusals[EVENTS] = (403, "events is forbidden")
    assert look(cluster).pods[0].trouble == ""


def test_a_pod_that_leaves_is_in_no_trouble(cluster: ToldCluster) -> None:
    leaving = pod("a", OLD, ready=False, status=waiting("Error", "x"), deletionTimestamp="x")
    tell(cluster, deployment(OLD), leaving)
    (found,) = look(cluster).pods
    assert (found.state, found.trouble, found.serves) == ("Terminating", "", False)
    assert pods.counted([found]) == {}


def test_the_image_of_a_pod_is_that_of_the_workloads_own_container() -> None:
    containers = [{"name": "helper", "image": "x"}, {"name": "shop", "image": OLD}]
    assert pods.image_of({"spec": {"containers": containers}}, "shop") == OLD
    assert pods.image_of({"spec": {"containers": containers}}, "other") == "x"
    assert pods.image_of({}, "shop") is None
