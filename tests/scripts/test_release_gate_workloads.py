"""`gate` for workloads: prod takes a digest that staging's pods have run long enough, as the cluster says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from scripts.releases import alarms, commands_gate, gate_workloads, waiting
from scripts.releases.alarms import Alarm
from tests.scripts.cluster_project import SHOP, ClusterProject, cluster, project, tell
from tests.scripts.told_cluster import Document, ToldCluster, deployment, pod
from tests.scripts.told_cluster import waiting as waits
from tests.scripts.workload_project import ONE, OTHER_REGISTRY, THREE, TWO, shop, workload

__all__ = ["cluster", "project"]

OLD, NEW = shop(ONE), shop(TWO)


def gate(project: ClusterProject, *options: str) -> str:
    """The gate's one line, and whether it is open."""
    done = project.ask("gate", "staging", "prod", *options)
    if done.code == 0:
        return done.out.rstrip("\n")
    assert done.code == 2, done.error
    return done.error.removeprefix("release: ").rstrip("\n")


@pytest.fixture(autouse=True)
def released(project: ClusterProject, cluster: ToldCluster) -> None:
    """Staging runs NEW for half an hour, by the cluster; prod is to take it, and runs OLD."""
    project.shop("staging", NEW)
    project.up("staging", workload(NEW))
    project.shop("prod", NEW)
    tell(cluster, deployment(NEW), pod("a", NEW), pod("b", NEW))


def test_a_digest_that_ran_long_enough_passes(project: ClusterProject) -> None:
    assert gate(project, "--soak-minutes", "30") == (
        "prod may go on: shop of staging runs shop@sha256:222222222222 for 30 minutes without a crash"
    )
    assert gate(project, "--soak-minutes", "31") == (
        "prod may not go on: not yet: shop of staging runs shop@sha256:222222222222 for 30 of 31 minutes"
    )


def test_the_same_digest_of_another_registry_passes(project: ClusterProject) -> None:
    project.shop("prod", shop(TWO, OTHER_REGISTRY))
    assert gate(project, "--soak-minutes", "30").startswith("prod may go on: shop of staging runs")


def test_a_digest_that_prod_runs_already_asks_nobody(project: ClusterProject, cluster: ToldCluster) -> None:
    project.shop("prod", shop(ONE, OTHER_REGISTRY))
    assert gate(project) == "prod may go on: shop of prod runs shop@sha256:111111111111 already"
    assert cluster.asked == []


def test_a_rollout_that_failed_in_prod_does_not_count_as_running(project: ClusterProject) -> None:
    project.shop("prod", OLD)
    project.up("prod", workload(OLD, status="Failed"))
    assert "runs shop@sha256:222222222222, not shop@sha256:111111111111" in gate(project)


def test_a_digest_that_prod_ran_before_is_the_way_back(project: ClusterProject) -> None:
    project.shop("prod", shop(THREE))
    project.up("prod", workload(OLD, previous=shop(THREE, OTHER_REGISTRY)))
    assert gate(project) == "prod may go on: shop of prod ran shop@sha256:333333333333 before"


def test_another_digest_is_refused(project: ClusterProject, cluster: ToldCluster) -> None:
    """Whatever the outputs of staging say: someone put the one before back."""
    tell(cluster, deployment(OLD), pod("a", OLD), pod("b", OLD))
    assert gate(project, "--wait") == (
        "prod may not go on: shop of staging runs shop@sha256:111111111111, not shop@sha256:222222222222"
    )


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (deployment(NEW, updated=1, total=3), "its rollout is InProgress: 1 of 2 pods are new"),
        (deployment(NEW, reason="ProgressDeadlineExceeded", available=1), "its rollout is Failed: "),
        (deployment(NEW, paused=True), "its rollout is Paused: someone paused it"),
        (deployment(NEW, replicas=0, updated=0, available=0), "runs no pod now"),
        (None, "the cluster has no Deployment shop"),
    ],
)
def test_a_rollout_that_is_not_over_does_not_pass(
    project: ClusterProject, cluster: ToldCluster, document: Document | None, why: str
) -> None:
    if document is None:
        del cluster.objects[SHOP]
    else:
        cluster.objects[SHOP] = document
    refusal = gate(project, "--soak-minutes", "0")
    assert refusal.startswith("prod may not go on: shop of staging")
    assert why in refusal
    told = json.loads(project.ask("gate", "staging", "prod", "--soak-minutes", "0", "--json").out)
    # Time alone opens the gate only while a rollout goes on.
    assert told["workloads"]["shop"]["state"] == ("waits" if "InProgress" in why else "closed")


def test_pods_that_do_not_serve_do_not_pass(project: ClusterProject, cluster: ToldCluster) -> None:
    tell(cluster, deployment(NEW), pod("a", NEW), pod("b", NEW, ready=False))
    assert "shop of staging: 1 of 2 pods serve" in gate(project, "--soak-minutes", "0")


def test_a_pod_of_another_digest_does_not_pass(project: ClusterProject, cluster: ToldCluster) -> None:
    """A hand may give a single pod another image."""
    tell(cluster, deployment(NEW), pod("a", NEW), pod("b", OLD))
    assert "its rollout is Successful" in gate(project, "--soak-minutes", "0")


def test_a_crash_begins_the_time_anew(project: ClusterProject, cluster: ToldCluster) -> None:
    ended = {"exitCode": 137, "finishedAt": "2026-11-20T11:50:00Z"}
    crashed = {"restartCount": 1, "lastState": {"terminated": ended}}
    tell(cluster, deployment(NEW), pod("a", NEW), pod("b", NEW, status=crashed))
    assert gate(project, "--soak-minutes", "30").endswith(
        "runs shop@sha256:222222222222 for 10 of 30 minutes, since a container of it crashed"
    )
    assert gate(project, "--soak-minutes", "10").endswith("crash, since a container of it crashed")


@pytest.fixture
def alarm(project: ClusterProject, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An alarm of staging's workload: its `state`, None for one that is gone, and until when it `rang`."""
    project.up("staging", workload(NEW, alarms={"errors": "shop-errors"}))
    said: dict[str, Any] = {"state": "OK", "rang": None}

    def states(_account: Any, names: Any) -> dict[str, Alarm | None]:
        made = Alarm("shop-errors", said["state"], "", None, True) if said["state"] else None
        return dict.fromkeys(names, made)

    monkeypatch.setattr(gate_workloads, "alarms_now", states)
    monkeypatch.setattr(alarms, "rang", lambda *_: said["rang"])
    return said


def test_an_alarm_counts_as_for_servers(project: ClusterProject, alarm: dict[str, Any]) -> None:
    assert gate(project, "--soak-minutes", "30").endswith("for 30 minutes without a crash or an alarm")
    alarm["rang"] = datetime(2026, 11, 20, 11, 50, tzinfo=UTC)
    assert gate(project, "--soak-minutes", "30").endswith(
        "10 of 30 minutes, since its alarm shop-errors rang"
    )
    alarm["state"] = "ALARM"
    assert gate(project).endswith("shop of staging: its alarm shop-errors rings")
    alarm["state"] = None
    assert gate(project, "--wait").endswith("its alarm shop-errors does not exist, so nothing watches it")


def test_a_container_that_ended_well_crashed_not(project: ClusterProject, cluster: ToldCluster) -> None:
    ended = {"exitCode": 0, "finishedAt": "2026-11-20T11:50:00Z"}
    tell(cluster, deployment(NEW), pod("a", NEW), pod("b", NEW, status={"lastState": {"terminated": ended}}))
    assert gate(project, "--soak-minutes", "30").endswith("for 30 minutes without a crash")


def test_a_workload_that_staging_lacks_is_judged_by_those_with_its_image(project: ClusterProject) -> None:
    text = project.file("prod").read_text() + "    second: {image: shop}\n"
    project.file("prod").write_text(text)
    assert gate(project, "--soak-minutes", "30").startswith("prod may go on: shop of staging runs")
    text = text.replace("{image: shop}", "{image: other}").replace(
        "    shop: 1", f"    other: {OLD}\n    shop: 1", 1
    )
    project.file("prod").write_text(text)
    assert gate(project, "--soak-minutes", "30") == (
        "prod may not go on: staging has no workload second, nor one with its image"
    )


def test_a_cluster_that_does_not_answer_opens_nothing(project: ClusterProject, cluster: ToldCluster) -> None:
    cluster.refusals[SHOP] = (403, "no")
    done = project.ask("gate", "staging", "prod")
    assert (done.code, done.error) == (1, "release: the cluster immutable-staging refused: 403 no\n")


def test_waiting_ends_when_the_gate_opens(
    project: ClusterProject, cluster: ToldCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(cluster, deployment(NEW, updated=1, total=3), pod("a", NEW), pod("b", OLD))
    paused: list[float] = []

    def sleep(seconds: float) -> None:
        paused.append(seconds)
        tell(cluster, deployment(NEW), pod("a", NEW), pod("b", NEW))

    monkeypatch.setattr(waiting, "sleep", sleep)
    done = project.ask("gate", "staging", "prod", "--soak-minutes", "30", "--wait")
    assert done.code == 0
    assert paused == [commands_gate.PAUSE_SECONDS]
    assert done.error.startswith("waiting: shop of staging: its rollout is InProgress")


def test_for_programs_each_workload_has_its_state(project: ClusterProject, tmp_path: Any) -> None:
    done = project.ask("gate", "staging", "prod", "--soak-minutes", "31", "--json")
    document = json.loads(done.out)
    why = "not yet: shop of staging runs shop@sha256:222222222222 for 30 of 31 minutes"
    assert document["workloads"] == {"shop": {"image": NEW, "state": "waits", "why": why}}
    assert (document["ok"], document["services"], document["image"]) == (False, {}, None)
    assert document["at"].startswith("2026-11-20T12:00:0")


def test_bad_input_is_refused(project: ClusterProject) -> None:
    project.shop("prod", "example.com/shop:1.2")
    assert gate(project).startswith(
        "Pulumi.prod.yaml, immutable:images / shop: 'example.com/shop:1.2' names the tag '1.2'"
    )
    project.shop("prod", NEW)
    (project.stacks / "staging.json").unlink()
    assert gate(project).startswith("staging has no stack in")


def test_the_reason_of_a_container_that_waits_is_told(project: ClusterProject, cluster: ToldCluster) -> None:
    bad = pod("b", NEW, ready=False, status=waits("ImagePullBackOff", "not found"))
    tell(cluster, deployment(NEW, updated=1, total=3), pod("a", NEW), bad)
    assert gate(project).endswith("1 of 2 pods are new, 2 of 2 serve: b: ImagePullBackOff: not found")
