"""`watch`: the rollout of a workload, followed to its end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.releases import rollout
from tests.scripts.cluster_project import SHOP, ClusterProject, cluster, project, tell
from tests.scripts.told_cluster import ToldCluster, deployment, pod, waiting
from tests.scripts.workload_project import ONE, TWO, shop, workload

__all__ = ["cluster", "project"]

OLD, NEW = shop(ONE), shop(TWO)


def watched(cluster: ToldCluster, monkeypatch: pytest.MonkeyPatch, *steps: Any) -> None:
    """What the cluster says at each look after the first, or another action."""
    left = list(steps)

    def sleep(_: float) -> None:
        step = left.pop(0)
        if callable(step):
            step()
        else:
            cluster.objects[SHOP] = step

    monkeypatch.setattr(rollout, "sleep", sleep)


def test_a_rollout_is_followed_to_its_end(
    project: ClusterProject, cluster: ToldCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(cluster, deployment(NEW, updated=1, total=3), pod("a", NEW))
    watched(cluster, monkeypatch, deployment(NEW, updated=1, total=3), deployment(NEW))
    done = project.ask("watch", "staging")
    assert (done.code, done.error) == (0, "")
    assert done.out.splitlines() == [
        "shop: InProgress: 1 of 2 pods are new, 2 of 2 serve (to shop@sha256:222222222222)",
        "shop: Successful (to shop@sha256:222222222222)",
        "shop: Successful",
        "shop runs 1 on shop@sha256:222222222222",
    ]


def test_a_rollout_that_fails_ends_with_its_reason(
    project: ClusterProject, cluster: ToldCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(
        cluster,
        deployment(NEW, updated=1, total=3),
        pod("a", NEW, ready=False, status=waiting("ErrImagePull", "no")),
    )
    watched(cluster, monkeypatch, deployment(NEW, updated=1, reason="ProgressDeadlineExceeded"))
    done = project.ask("watch", "staging", "--workload", "shop", "--json")
    assert (done.code, done.error) == (1, "release: shop: Failed: a: ErrImagePull: no\n")
    (outcome,) = json.loads(done.out)["rollouts"]
    assert (outcome["workload"], outcome["image"], outcome["succeeded"]) == ("shop", NEW, False)
    assert outcome["rollout"]["status"] == "Failed"
    assert outcome["runs"] == {NEW: 1}


def test_a_rollout_that_went_back_has_failed(
    project: ClusterProject, cluster: ToldCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(cluster, deployment(NEW, updated=1, total=3), pod("a", OLD))
    watched(cluster, monkeypatch, deployment(OLD))
    done = project.ask("watch", "staging")
    assert done.code == 1
    assert done.error == (
        "release: shop: went back to shop@sha256:111111111111 from shop@sha256:222222222222\n"
    )


def test_a_cluster_that_is_away_for_a_moment_is_asked_again(
    project: ClusterProject, cluster: ToldCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(cluster, deployment(NEW, updated=1, total=3), pod("a", NEW))

    def away() -> None:
        cluster.refusals[SHOP] = (503, "busy")

    def back() -> None:
        cluster.refusals.clear()
        cluster.objects[SHOP] = deployment(NEW)

    watched(cluster, monkeypatch, away, lambda: None, back)
    assert project.ask("watch", "staging").code == 0


def test_a_cluster_that_stays_away_ends_the_watching(
    project: ClusterProject, cluster: ToldCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(cluster, deployment(NEW, updated=1, total=3), pod("a", NEW))

    def away() -> None:
        cluster.refusals[SHOP] = (503, "busy")

    watched(cluster, monkeypatch, *[away] * rollout.MISSED_LOOKS)
    assert (
        project.ask("watch", "staging").error == "release: the cluster immutable-staging refused: 503 busy\n"
    )


def test_nothing_to_watch_is_said(project: ClusterProject, cluster: ToldCluster) -> None:
    tell(cluster, deployment(OLD), pod("a", OLD))
    done = project.ask("watch", "staging")
    assert (done.code, done.out) == (0, "no rollout is running in staging\n")
    assert json.loads(project.ask("watch", "staging", "--json").out) == {
        "ok": True,
        "environment": "staging",
        "refreshes": [],
        "rollouts": [],
    }


def test_bad_input_is_refused(project: ClusterProject, cluster: ToldCluster) -> None:
    tell(cluster, deployment(OLD), pod("a", OLD))
    assert project.refused("watch", "staging", "--workload", "blog") == (
        "Pulumi.staging.yaml has no workload 'blog'; known: shop"
    )
    assert project.refused("watch", "staging", "--workload", "shop", "--service", "web") == (
        "watch --service web or --workload shop, not both at once"
    )
    project.outputs("prod", {"services": {}, "workloads": {"shop": workload(OLD)}})
    assert project.refused("watch", "prod") == (
        "prod runs no workloads by the outputs of its stack; run `pulumi up -s prod` first"
    )
