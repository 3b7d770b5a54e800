"""Workloads beside services: both are shown, planned and followed; without the cluster, servers still are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.cloud.scene import BETTER, GOOD
from tests.scripts.cluster_project import SHOP, tell
from tests.scripts.live_environment import LiveEnvironment, live_environment
from tests.scripts.pulumi_on_path import PulumiOnPath
from tests.scripts.release_project import service
from tests.scripts.told_cluster import ToldCluster, deployment, pod, told_cluster
from tests.scripts.workload_project import ONE, TWO, tools, workload

OLD, NEW = tools(ONE), tools(TWO)
MORE = """\
  immutable:images: {{shop: {image}}}
  immutable:workloads: {{shop: {{port: 8080, min: 2, max: 6}}}}
"""


class Beside:
    """Staging runs `web` in the emulated cloud, and `shop` in a cluster that a test speaks for."""

    def __init__(self, live: LiveEnvironment, cluster: ToldCluster) -> None:
        self.live, self.cluster = live, cluster
        live.settled()
        self.configured(OLD)
        tell(cluster, deployment(OLD), pod("a", OLD), pod("b", OLD))
        self.up(OLD)

    def configured(self, image: str) -> None:
        self.live.image(GOOD, MORE.format(image=image))

    def up(self, image: str, ran: str = GOOD) -> None:
        outputs = {
            "image": GOOD,
            "services": {"web": service(ran) | {"group": "web"}},
            "cluster": {"name": "staging", "kubeconfig": json.dumps(self.cluster.kubeconfig)},
            "workloads": {"shop": workload(image)},
        }
        self.live.project.outputs("staging", outputs)


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    with live_environment(tmp_path, monkeypatch) as live, told_cluster() as cluster:
        yield Beside(live, cluster)


def test_servers_and_pods_are_shown_together(beside: Beside) -> None:
    out = beside.live.run("status", "staging", "--live").out
    assert "web: 2 of 2 servers healthy" in out
    assert "shop: 2 of 2 pods serve" in out
    document = beside.live.json("status", "staging", "--live")
    assert [each["service"] for each in document["groups"]] == ["web"]
    assert [each["workload"] for each in document["workloads"]] == ["shop"]


def test_both_are_planned(beside: Beside) -> None:
    beside.configured(NEW)
    document = beside.live.json("plan", "staging")
    assert (document["services"]["web"]["batches"], document["workloads"]["shop"]["rounds"]) == (0, 2)
    assert beside.live.json("plan", "staging", "--workload", "shop")["services"] == {}
    assert beside.live.json("plan", "staging", "--service", "web")["workloads"] == {}
    # An AMI is no image of a workload.
    assert beside.live.json("plan", "staging", "--image", BETTER)["workloads"] == {}


@pytest.fixture
def away(beside: Beside) -> str:
    """The cluster cannot be asked; returns the words for that."""
    beside.cluster.refusals[SHOP] = (403, "no")
    return "the cluster staging refused: 403 no"


def test_a_cluster_out_of_reach_is_a_note_beside_servers(beside: Beside, away: str) -> None:
    done = beside.live.run("status", "staging", "--live")
    assert (done.code, done.error) == (0, "")
    assert f"note: the workloads are not shown: {away}\n" in done.out
    assert beside.live.json("status", "staging", "--live")["notes"] == [
        f"the workloads are not shown: {away}"
    ]
    document = beside.live.json("plan", "staging")
    assert document["remarks"][-1] == f"the workloads are not planned: {away}"
    assert len(document["preflight"]) == 2
    done = beside.live.run("watch", "staging")
    assert done.code == 0
    assert f"note: workloads are not followed: {away}" in done.error


def test_what_is_asked_of_the_cluster_alone_fails_without_it(beside: Beside, away: str) -> None:
    for command in (("plan", "staging", "--workload", "shop"), ("watch", "staging", "--workload", "shop")):
        done = beside.live.run(*command)
        assert (done.code, done.error) == (1, f"release: {away}\n")


def test_drift_of_either_is_drift(beside: Beside, away: str) -> None:
    done = beside.live.run("drift", "staging")
    assert (done.code, done.error) == (1, f"release: {away}\n")


def test_the_gate_asks_for_both(beside: Beside) -> None:
    prod = beside.live.project.file("prod")
    prod.write_text(beside.live.project.file("staging").read_text().replace(OLD, NEW))
    refusal = beside.live.refused("gate", "staging", "prod", "--soak-minutes", "0")
    assert refusal == (
        "prod may not go on: shop of staging runs tools@sha256:111111111111, not tools@sha256:222222222222"
    )
    prod.write_text(beside.live.project.file("staging").read_text())
    done = beside.live.run("gate", "staging", "prod", "--soak-minutes", "0")
    assert done.code == 0
    assert "web of staging runs" in done.out
    assert "; shop of staging runs tools@sha256:111111111111 for" in done.out


def test_up_fails_when_a_workload_does_not_run_what_its_config_says(
    beside: Beside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    PulumiOnPath(tmp_path / "bin", monkeypatch).answers("Updating (staging)")
    done = beside.live.run("up", "staging")
    assert (done.code, done.error) == (0, "")
    assert done.out.endswith(f"staging is up: web runs {GOOD}, shop runs tools@sha256:111111111111\n")
    beside.configured(NEW)
    done = beside.live.run("up", "staging", "--json")
    assert done.code == 1
    document: Any = json.loads(done.out)
    assert (document["ok"], document["workloads"]) == (False, {"shop": OLD})
    assert "shop of staging runs another image than its config says" in done.error
