"""Pods leave a node of the emulated EKS before its server goes, as their disruption budgets let them."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.clusters import Clusters
from tests.rehearsal.cloud.kubernetes.api import DEPLOYMENTS, PODS, Api, deployment

BUDGETS = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"


@pytest.fixture
def clusters(cloud: Local) -> Clusters:
    made = Clusters(cloud)
    made.with_nodes()
    return made


@pytest.fixture
def api(clusters: Clusters) -> Api:
    """With two pods of a Deployment on the nodes."""
    asked = clusters.kubernetes()
    asked.post(DEPLOYMENTS, deployment(replicas=2))
    clusters.cloud.step(60)
    assert len(_ready(asked)) == 2
    return asked


def _ready(api: Api) -> set[str]:
    """The nodes of the pods that serve."""
    found = set()
    for pod in api.items(PODS):
        conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
        if conditions.get("Ready") == "True" and not pod["metadata"].get("deletionTimestamp"):
            found.add(pod["metadata"]["name"] + "@" + pod["spec"]["nodeName"])
    return found


def _budget(api: Api, **spec: Any) -> None:
    selector = {"matchLabels": {"app": "web"}}
    api.post(BUDGETS, {"metadata": {"name": "web"}, "spec": {"selector": selector} | spec})


def _over(clusters: Clusters, update_id: str) -> bool:
    return bool(clusters.update(update_id)["status"] != "InProgress")


def test_pods_of_old_nodes_come_up_on_new_ones_and_one_always_serves(clusters: Clusters, api: Api) -> None:
    _budget(api, minAvailable=1)
    before = {node.name for node in clusters.nodes()}
    update_id, seen = clusters.roll("2"), [2]

    def look() -> bool:
        seen.append(len(_ready(api)))
        return _over(clusters, update_id)

    clusters.until(look, step=5)
    assert clusters.update(update_id)["status"] == "Successful"
    assert min(seen) >= 1
    clusters.cloud.step(60)
    after = _ready(api)
    assert len(after) == 2 and not {each.partition("@")[2] for each in after} & before


def test_pods_that_may_not_leave_end_the_update_and_stay(clusters: Clusters, api: Api) -> None:
    _budget(api, maxUnavailable=0)
    before = _ready(api)
    update_id = clusters.roll("2")
    clusters.until(lambda: _over(clusters, update_id))
    [error] = clusters.update(update_id)["errors"]
    assert error["errorCode"] == "PodEvictionFailure"
    clusters.cloud.step(200)
    assert _ready(api) == before
    assert not any(node.unschedulable or node.draining for node in clusters.nodes())


def test_a_forced_update_does_not_wait_for_pods_for_ever(clusters: Clusters, api: Api) -> None:
    _budget(api, maxUnavailable=0)
    before = _ready(api)
    update_id = clusters.roll("2", force=True)
    clusters.until(lambda: _over(clusters, update_id))
    assert clusters.update(update_id)["errors"] == []
    clusters.cloud.step(60)
    assert len(_ready(api)) == 2 and not _ready(api) & before


def test_a_server_that_is_terminated_by_hand_waits_for_its_pods(clusters: Clusters, api: Api) -> None:
    node = clusters.nodes()[0]
    clusters.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=node.instance_id, ShouldDecrementDesiredCapacity=False
    )
    clusters.cloud.step(4)
    states = {each["InstanceId"]: each["LifecycleState"] for each in clusters.group()["Instances"]}
    assert states[node.instance_id] == "Terminating:Wait"
    clusters.until(lambda: node.name not in {each.name for each in clusters.nodes()}, step=5)
    assert not any(each.endswith(node.name) for each in _ready(api))
    clusters.cloud.step(120)
    assert len(_ready(api)) == 2
