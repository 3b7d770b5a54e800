"""`plan` for workloads: rounds, minutes, how few pods serve, and how a failure would end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.releases import surge
from scripts.releases.surge import Course
from tests.scripts.cluster_project import SHOP, ClusterProject, cluster, project, tell
from tests.scripts.told_cluster import ToldCluster, deployment, pod
from tests.scripts.workload_project import ONE, TWO, shop, tools, workload

__all__ = ["cluster", "project"]

#: Not in ECR, which is asked about images there.
OLD, NEW = tools(ONE), tools(TWO)
JOBS = "/apis/batch/v1/namespaces/workloads/jobs"
PROBE = {"initialDelaySeconds": 5, "periodSeconds": 5, "failureThreshold": 12}


@pytest.fixture(autouse=True)
def running(project: ClusterProject, cluster: ToldCluster) -> None:
    """Staging runs OLD in four pods, each of which took 30 seconds to be ready; its config names NEW."""
    project.shop("staging", NEW)
    project.up("staging", workload(OLD))
    settings: dict[str, Any] = {
        "strategy": {"rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 0}},
        "minReadySeconds": 10,
        "progressDeadlineSeconds": 300,
    }
    document = deployment(OLD, replicas=4, updated=4, available=4, **settings)
    document["spec"]["template"]["spec"] |= {"terminationGracePeriodSeconds": 60}
    tell(cluster, document, *(pod(name, OLD) for name in "abcd"))


def planned(project: ClusterProject, *options: str) -> Any:
    done = project.ask("plan", "staging", "--json", *options)
    assert done.code == 0, done.error
    return json.loads(done.out)["workloads"]


def test_a_plan_tells_rounds_minutes_and_the_fewest_that_serve(project: ClusterProject) -> None:
    done = project.ask("plan", "staging")
    assert (done.code, done.error) == (0, "")
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    assert rows == [
        "workload image pods replaced at once rounds minutes fewest most",
        "shop tools@sha256:222222222222 4 of 4 4 2 2 1.3 4 6",
        "shop: rounds of 2 (maxSurge 50%, maxUnavailable 0); a round takes 0.7 min (pods took 30 s lately to "
        "be ready; 10 s to settle)",
        "shop: a pod that goes takes 60 s at most to drain, beside the new one",
        "shop: if it fails, at the latest after 5 min without progress, `up` puts tools@sha256:111111111111 "
        "back: at once when the first round fails, in 1.3 min when the last one does; 4 pods serve all the "
        "while",
        f"pre-flight passed: {NEW}: not in ECR, so that only the cluster's pull will tell whether it is "
        "there",
    ]


def test_a_plan_for_programs(project: ClusterProject) -> None:
    assert planned(project) == {
        "shop": {
            "deployment": "shop",
            "image": NEW,
            "runs": OLD,
            "replicas": 4,
            "serving": 4,
            "replaced": 4,
            "atOnce": 2,
            "rounds": 2,
            "seconds": 80.0,
            "readySeconds": 30.0,
            "startSeconds": None,
            "leaveSeconds": 60.0,
            "migrates": False,
            "migrateSeconds": None,
            "lowest": 4,
            "highest": 6,
            "rolling": False,
            "failure": {"image": OLD, "deadlineSeconds": 300.0, "lastRoundSeconds": 80.0, "lowest": 4},
        }
    }


def test_what_the_config_changes_of_a_rollout_counts(project: ClusterProject) -> None:
    more = ", rollout: {maxSurge: '1', minReadySeconds: 20, progressDeadlineSeconds: 60}"
    project.shop("staging", NEW, more)
    plan = planned(project)["shop"]
    assert (plan["atOnce"], plan["rounds"], plan["seconds"]) == (1, 4, 200.0)
    assert plan["failure"]["deadlineSeconds"] == 60.0


def test_the_number_of_pods_is_moved_into_the_configs_limits(project: ClusterProject) -> None:
    text = project.file("staging").read_text()
    for limits, replicas in (("min: 5, max: 6", 5), ("min: 1, max: 3", 3), ("min: 2, max: 6", 4)):
        project.file("staging").write_text(text.replace("min: 2, max: 6", limits))
        assert planned(project)["shop"]["replicas"] == replicas


def test_an_image_that_runs_needs_no_rollout(project: ClusterProject) -> None:
    plan = planned(project, "--workload", "shop", "--image", OLD)["shop"]
    assert (plan["replaced"], plan["rounds"], plan["seconds"], plan["highest"]) == (0, 0, 0.0, 4)
    out = project.ask("plan", "staging", "--workload", "shop", "--image", OLD).out
    assert "shop: every pod runs tools@sha256:111111111111; this image needs no rollout" in out


def test_another_image_is_planned_for_every_workload_that_would_get_it(
    project: ClusterProject, cluster: ToldCluster
) -> None:
    text = project.file("staging").read_text()
    project.file("staging").write_text(text + "    second: {image: shop}\n    third: {image: other}\n")
    document = project.ask("plan", "staging", "--workload", "shop", "--image", NEW, "--json").out
    assert json.loads(document)["remarks"] == [f"second: is not up yet; its pods start on {NEW}"]


def test_a_migration_comes_first_and_the_last_one_tells_how_long(
    project: ClusterProject, cluster: ToldCluster
) -> None:
    project.shop("staging", NEW, ", migrate: [alembic, upgrade, head]")
    assert planned(project)["shop"]["migrateSeconds"] is None
    assert "its migration runs first, once, with the new image (its time is not known)" in (
        project.ask("plan", "staging").out
    )

    def job(start: str, end: str | None) -> dict[str, Any]:
        return {"metadata": {}, "status": {"startTime": start, "completionTime": end}}

    cluster.objects[JOBS] = [
        job("2026-11-20T10:00:00Z", "2026-11-20T10:05:00Z"),
        job("2026-11-20T11:00:00Z", "2026-11-20T11:02:00Z"),
        job("2026-11-20T11:30:00Z", None),
    ]
    plan = planned(project)["shop"]
    assert (plan["migrates"], plan["migrateSeconds"], plan["seconds"]) == (True, 120.0, 200.0)
    assert "(the last one took 2 min); when it fails no pod is replaced" in project.ask("plan", "staging").out
    (query,) = [query for path, query, _ in cluster.asked if path == JOBS][-1:]
    assert query["labelSelector"] == "app.kubernetes.io/name=shop,app.kubernetes.io/component=migration"


def test_without_a_start_to_measure_the_probe_stands_for_it(
    project: ClusterProject, cluster: ToldCluster
) -> None:
    document = deployment(OLD)
    document["spec"]["template"]["spec"]["containers"][0]["startupProbe"] = PROBE
    restarted = {"restartCount": 2}
    tell(cluster, document, pod("a", OLD, status=restarted), pod("b", OLD, ready=False))
    plan = planned(project)["shop"]
    assert (plan["readySeconds"], plan["startSeconds"], plan["seconds"]) == (None, 65.0, 130.0)
    assert "so the startup probe's longest wait stands for it" in project.ask("plan", "staging").out
    del document["spec"]["template"]["spec"]["containers"][0]["startupProbe"]
    assert "and no probe says how long one may take" in project.ask("plan", "staging").out


def test_what_runs_already_or_no_longer_is_a_remark(project: ClusterProject, cluster: ToldCluster) -> None:
    tell(cluster, deployment(NEW, updated=1, total=3), pod("a", NEW), pod("b", OLD))
    assert (
        "shop: a rollout is under way (InProgress: 1 of 2 pods are new" in project.ask("plan", "staging").out
    )
    project.file("staging").write_text(
        project.file("staging").read_text().replace("    shop: {port", "    blog: {image: shop, port")
    )
    out = project.ask("plan", "staging").out
    assert "shop: is up, but no longer in Pulumi.staging.yaml; `pulumi up` takes it down" in out
    assert f"blog: is not up yet; its pods start on {NEW}" in out


def test_bad_input_is_refused(project: ClusterProject, cluster: ToldCluster) -> None:
    plan = ("plan", "staging", "--workload")
    assert project.refused(*plan, "blog") == "Pulumi.staging.yaml has no workload 'blog'; known: shop"
    assert project.refused(*plan, "shop", "--service", "web").startswith("plan --service web or --workload")
    assert project.refused(*plan, "shop", "--image", "shop:1").startswith(
        "--image: 'shop:1' names the tag '1'"
    )
    assert project.refused("plan", "staging", "--image", shop(ONE)).startswith("--image: ")
    project.shop("staging", NEW, ", rollout: {maxSurge: lots}")
    assert project.refused("plan", "staging").startswith(
        "Pulumi.staging.yaml: workloads / shop / rollout / maxSurge: 'lots': "
    )
    project.shop("staging", "example.com/shop:1.2")
    assert project.refused("plan", "staging").startswith("Pulumi.staging.yaml, immutable:images / shop: ")
    cluster.refusals[SHOP] = (403, "no")
    project.shop("staging", NEW)
    done = project.ask("plan", "staging")
    assert (done.code, done.error) == (1, "release: the cluster immutable-staging refused: 403 no\n")


@pytest.mark.parametrize(
    ("replicas", "more", "away", "expected"),
    [
        (4, "25%", 0, Course(4, 1, 4, 4, 5)),
        (4, "25%", "25%", Course(4, 2, 2, 3, 5)),
        (3, "25%", 0, Course(3, 1, 3, 3, 4)),
        (10, "25%", 0, Course(10, 3, 4, 10, 13)),
        (2, "100%", 0, Course(2, 2, 1, 2, 4)),
        (2, 5, 0, Course(2, 2, 1, 2, 4)),
        (1, 0, 0, Course(1, 1, 1, 0, 1)),
        (3, "0%", "25%", Course(3, 1, 3, 2, 3)),
        (0, "25%", 0, Course(0, 0, 0, 0, 0)),
    ],
)
def test_rounds_follow_kubernetes_rules(replicas: int, more: object, away: object, expected: Course) -> None:
    assert surge.course(replicas, more, away) == expected


@given(st.integers(1, 200), st.integers(0, 100), st.integers(0, 100))
def test_every_pod_is_replaced_within_the_bounds(replicas: int, more: int, away: int) -> None:
    """Step by step, as a Deployment's controller does it, all new pods of a round ready at once."""
    course = surge.course(replicas, f"{more}%", f"{away}%")
    surge_pods = -(-replicas * more // 100)
    unavailable = replicas * away // 100 or (0 if surge_pods else 1)
    old, new, rounds = replicas, 0, 0
    while new < replicas or old:
        old -= min(old, max(0, old + new - (replicas - unavailable)))
        made = min(replicas - new, max(0, replicas + surge_pods - old - new))
        assert old + new >= course.lowest
        assert old + new + made <= course.highest
        rounds += made > 0
        new += made
    assert rounds <= course.rounds
