"""`status`: workloads beside services, and where their images ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.workload_project import ONE, OTHER_REGISTRY, TWO, WorkloadProject, shop, workload


@pytest.fixture
def project(tmp_path: Path) -> WorkloadProject:
    return WorkloadProject(tmp_path)


def test_status_shows_workloads_below_services_and_where_their_images_ran(project: WorkloadProject) -> None:
    project.workloads("staging", shop(TWO))
    project.runs_workloads("staging", {"shop": workload(shop(TWO))})
    project.workloads("prod", shop(ONE, OTHER_REGISTRY))
    project.runs_workloads("prod", {"shop": workload(shop(TWO, OTHER_REGISTRY), previous=shop(ONE))})
    out = project.run("status", "prod").out
    assert "environment  service" in out
    rows = [" ".join(each.split()) for each in out.splitlines()]
    assert "environment workload configured runs revision last rollout agrees" in rows
    assert "prod shop shop@sha256:111111111111 shop@sha256:222222222222 3 Successful no" in rows
    assert "prod worker tools@sha256:111111111111 - - - no" in rows
    assert "prod: shop@sha256:111111111111 is not known to have run in another environment" in rows
    (staging,) = project.json("status", "staging")["environments"]
    assert staging["workloads"]["shop"] == {
        "configured": shop(TWO),
        "running": shop(TWO),
        "previousImage": None,
        "imageKey": "shop",
        "rollout": {
            "status": "Successful",
            "reason": "",
            "revision": 3,
            "finishedAt": "2026-11-20T10:00:00+00:00",
        },
        "ranIn": {"prod": "now"},
        "agrees": True,
    }
    assert (staging["agrees"], staging["workloads"]["worker"]["agrees"]) == (False, False)


def test_a_workload_agrees_only_after_a_rollout_that_ended_well(project: WorkloadProject) -> None:
    failed = workload(shop(ONE), status="Failed", reason="shop-1: CrashLoopBackOff")
    project.runs_workloads("prod", {"shop": failed, "gone": workload(shop(TWO))})
    (prod,) = project.json("status", "prod")["environments"]
    assert prod["workloads"]["shop"]["agrees"] is False
    assert prod["workloads"]["gone"]["configured"] is None
    assert "Failed (shop-1: CrashLoopBackOff)" in project.run("status", "prod").out
    (staging,) = project.json("status", "staging")["environments"]
    assert staging["workloads"]["shop"]["ranIn"] == {}
    project.runs_workloads("prod", {"shop": workload(None, previous=shop(ONE, OTHER_REGISTRY))})
    (staging,) = project.json("status", "staging")["environments"]
    assert staging["workloads"]["shop"]["ranIn"] == {"prod": "before"}
