"""`preview`: the release of workloads in words, from what Pulumi's engine told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import engine_events, plan_workload, preview_workloads
from scripts.releases.errors import ReleaseError
from scripts.releases.plan_workload import WorkloadPlan, WorkloadPlans
from scripts.releases.surge import Settings, course
from scripts.releases.workloads import SUCCESSFUL, Live
from tests.scripts.previews import Previews, sections
from tests.scripts.release_project import NEW, OLD
from tests.scripts.told_events import ToldEvents
from tests.scripts.workload_project import ONE, OTHER_REGISTRY, TWO, WorkloadProject, shop, workload

WORKLOAD = "immutable:workload:Workload"
DEPLOYMENT, CONFIG_MAP = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:ConfigMap"
JOB, POLICY = "kubernetes:batch/v1:Job", "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SECRETS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
ROLLOUT = "pulumi-python:dynamic/kubernetes:DeploymentRollout"


def spec(image: str, config: str = "shop-1", memory: str = "256Mi") -> dict[str, Any]:
    container = {
        "name": "main",
        "image": image,
        "envFrom": [{"configMapRef": {"name": config}}],
        "resources": {"limits": {"memory": memory}},
    }
    return {"minReadySeconds": 10, "template": {"spec": {"containers": [container]}}}


def rollout(told: ToldEvents, parent: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
    """The Deployment and its rollout, from one specification to the next."""
    op = "create" if old is None else "delete" if new is None else "update"

    def image(of: dict[str, Any]) -> str:
        return str(of["template"]["spec"]["containers"][0]["image"])

    was, then = (None if each is None else {"spec": each} for each in (old, new))
    told.step(op, DEPLOYMENT, "shop", was, then, parent=parent)
    ran, runs = (None if each is None else {"spec": each, "image": image(each)} for each in (old, new))
    told.step(op, ROLLOUT, "shop", ran, runs, parent=parent)


def read(previews: Previews) -> str:
    """The Markdown as a reader sees it: a space of no width behind an @ keeps it from calling anybody."""
    return previews.markdown().replace("\u200b", "")


@pytest.fixture
def previews(tmp_path: Path) -> Previews:
    project = WorkloadProject(tmp_path)
    project.runs_workloads("staging", {"shop": workload(shop(ONE))})
    return Previews(project, tmp_path)


@pytest.fixture
def told(previews: Previews) -> ToldEvents:
    return previews.told


@pytest.fixture
def parent(told: ToldEvents) -> str:
    return told.component(WORKLOAD, "shop")


def planned(monkeypatch: pytest.MonkeyPatch, *plans: str, error: str = "") -> list[plan_workload.Request]:
    """What a cluster would say."""
    asked: list[plan_workload.Request] = []

    def make(_where: Any, _config: Any, request: plan_workload.Request) -> WorkloadPlans:
        asked.append(request)
        if error:
            raise ReleaseError(error)
        passed = (f"{shop(TWO)}: findings not on record",)
        return WorkloadPlans(tuple(map(_plan, plans)), passed, ("worker: is not up yet",))

    monkeypatch.setattr(plan_workload, "make", make)
    return asked


def _plan(name: str) -> WorkloadPlan:
    live = Live(name, "workloads", {"spec": {"replicas": 4}}, (), SUCCESSFUL, "", None)
    settings = Settings("25%", 0, 10.0, 60.0, 60.0, 600.0)
    return WorkloadPlan(name, live, shop(TWO), settings, course(4, "25%", 0), 4, 20.0, True, None, False)


def test_a_release_is_told_from_digest_to_digest(
    previews: Previews, told: ToldEvents, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout(told, parent, spec(shop(ONE)), spec(shop(TWO)))
    told.ends()
    planned(monkeypatch, "shop", "worker")
    text = read(previews)
    assert text.startswith("### staging: shop from shop@sha256:111111111111 to shop@sha256:222222222222\n")
    assert "**shop**: image `shop@sha256:111111111111` → `shop@sha256:222222222222`" in text
    assert "- pre-flight passed: " in text
    assert "What else changes" not in text
    assert "| shop | shop@sha256:222222222222 | 0 of 4 | 4 | 1 | 4 | 2 | 4 | 5 |" in text
    assert "worker" not in text
    assert "How pods are replaced, and how a failure would end" in sections(text)
    # The rollout repeats its Deployment, and is not told twice.
    assert sections(text)[-1] == "Full diff of staging: 1 resource"
    assert text.count(f'image: "{shop(TWO)}"') == 1
    (move,) = previews.json()["workloads"]
    assert move == {
        "workload": "shop",
        "from": shop(ONE),
        "to": shop(TWO),
        "renewed": False,
        "migration": None,
        "variables": [],
        "secrets": False,
        "template": [],
    }


def test_what_goes_with_the_image_is_told_in_the_release(
    previews: Previews, told: ToldEvents, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout(told, parent, spec(shop(ONE)), spec(shop(TWO), "shop-2", "512Mi"))
    old, new = ({"metadata": {"name": f"shop-{n}"}, "data": {"LEVEL": n, "SAME": "x"}} for n in ("1", "2"))
    told.step("replace", CONFIG_MAP, "shop", old, new, parent=parent, retainOnDelete=True, keys=["data"])
    told.step("replace", JOB, "shop-migrate", {"spec": 1}, {"spec": 2}, parent=parent)
    told.step("replace", SECRETS, "shop", {"spec": 1}, {"spec": 2}, parent=parent, retainOnDelete=True)
    told.ends()
    planned(monkeypatch, error="the cluster does not answer")
    text = read(previews)
    assert "- the migration shop-migrate runs once before, with the new image" in text
    assert "- variables change: LEVEL (a new ConfigMap; pods of before keep theirs)" in text
    assert "- where its secrets lie changes" in text
    assert "- of its pods changes too: containers" in text
    assert "resources.limits.memory" in text
    assert "What else changes" not in text
    assert "- how pods would be replaced is not known: the cluster does not answer" in text
    assert "Full diff of staging: 4 resources" in sections(text)
    out = previews.run().out
    assert "shop: the migration shop-migrate runs once before, with the new image" in out
    (move,) = previews.json()["workloads"]
    assert (move["migration"], move["variables"], move["secrets"]) == ("shop-migrate", ["LEVEL"], True)


def test_another_policy_of_the_same_workload_is_no_part_of_its_release(
    previews: Previews, told: ToldEvents, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout(told, parent, spec(shop(ONE)), spec(shop(TWO)))
    told.step("update", POLICY, "shop", {"spec": 1}, {"spec": 2}, parent=parent)
    other = told.component(WORKLOAD, "worker")
    told.step("replace", CONFIG_MAP, "worker", {"data": {}}, {"data": {"A": "1"}}, parent=other)
    told.ends()
    planned(monkeypatch)
    text = read(previews)
    assert "**What else changes**" in text
    assert "| shop | NetworkPolicy `shop` | updated | `spec` |" in text
    assert "| worker | ConfigMap `worker` | replaced | `data` |" in text
    assert "and 2 other changes" in text
    assert "variables change" not in text


def test_a_deployment_that_changes_in_more_than_its_pods_is_told(
    previews: Previews, told: ToldEvents, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout(told, parent, spec(shop(ONE)), {**spec(shop(TWO)), "minReadySeconds": 20})
    told.ends()
    planned(monkeypatch)
    assert "| shop | Deployment `shop` | updated | `spec` |" in read(previews)


def test_pods_of_the_same_image_are_renewed_by_another_template(
    previews: Previews, told: ToldEvents, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout(told, parent, spec(shop(ONE)), spec(shop(ONE), memory="1Gi"))
    told.ends()
    asked = planned(monkeypatch, "shop")
    text = read(previews)
    assert text.startswith("### staging: shop renewed on shop@sha256:111111111111\n")
    assert "**shop**: every pod is replaced by one of the same image `shop@sha256:111111111111`." in text
    assert asked[0].renewed == {"shop"}
    assert previews.json()["workloads"][0]["renewed"] is True


def test_how_a_rollout_is_watched_replaces_no_pod(previews: Previews, told: ToldEvents, parent: str) -> None:
    old, new = ({"image": shop(ONE), "spec": spec(shop(ONE)), "timeout_seconds": n} for n in (1, 2))
    told.step("update", ROLLOUT, "shop", old, new, parent=parent)
    told.ends()
    assert previews.json()["workloads"] == []
    assert previews.json()["headline"] == "1 change"


def test_a_workload_that_comes_or_goes_says_so_and_asks_no_cluster(
    previews: Previews, told: ToldEvents, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout(told, parent, None, spec(shop(TWO)))
    told.step("create", CONFIG_MAP, "shop", None, {"data": {"A": "1"}}, parent=parent)
    told.ends()
    asked = planned(monkeypatch)
    text = read(previews)
    assert text.startswith("### staging: shop new on shop@sha256:222222222222, and 3 other changes\n")
    assert "**shop**: new, on image `shop@sha256:222222222222`." in text
    assert "| shop | Deployment `shop` | created |  |" in text
    assert "variables change" not in text
    assert asked == []


def test_a_workload_that_goes_leaves_its_settings_in_the_cluster(
    previews: Previews, told: ToldEvents, parent: str
) -> None:
    rollout(told, parent, spec(shop(ONE)), None)
    told.step("delete", CONFIG_MAP, "shop", {"data": {}}, None, parent=parent, retainOnDelete=True)
    told.ends()
    text = read(previews)
    assert "**shop**: the workload goes, with its pods." in text
    assert "let go of, and it stays in the cluster" in text


def test_the_same_digest_of_another_registry_is_written_out(
    previews: Previews, told: ToldEvents, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout(told, parent, spec(shop(ONE)), spec(shop(ONE, OTHER_REGISTRY)))
    told.ends()
    planned(monkeypatch)
    assert previews.json()["headline"] == f"shop from {shop(ONE)} to {shop(ONE, OTHER_REGISTRY)}"


def test_services_and_workloads_stand_side_by_side(
    previews: Previews, told: ToldEvents, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.service("web", OLD, NEW)
    rollout(told, parent, spec(shop(ONE)), spec(shop(TWO)))
    told.ends()
    planned(monkeypatch)
    expected = f"web from {OLD} to {NEW} and shop from shop@sha256:111111111111 to shop@sha256:222222222222"
    assert previews.json()["headline"] == expected


def test_a_cluster_that_does_not_answer_is_a_remark(
    previews: Previews, told: ToldEvents, parent: str
) -> None:
    """The outputs of this stack name no way to one."""
    rollout(told, parent, spec(shop(ONE)), spec(shop(TWO)))
    told.ends()
    document = json.loads(previews.run("--json").out)
    assert document["ok"] is True
    assert any("how pods would be replaced is not known" in each for each in document["remarks"])


def test_settings_are_compared_by_name() -> None:
    told = ToldEvents()
    parent = told.component(WORKLOAD, "shop")
    rollout(told, parent, spec(shop(ONE)), spec(shop(TWO)))
    told.step("delete", CONFIG_MAP, "shop-1", {"data": {"A": "1", "B": "2"}}, None, parent=parent)
    told.step("create", CONFIG_MAP, "shop-2", None, {"data": {"A": "1", "C": "3"}}, parent=parent)
    (move,) = preview_workloads.moves(engine_events.parse(told.documents))
    assert move.settings == ("B", "C")
