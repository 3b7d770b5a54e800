from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rehearsal.cloud.kubernetes.testing import nodes_of
from tests.rehearsal.cloud.kubernetes.api import (
    DEPLOYMENTS,
    GOOD,
    PODS,
    Api,
    Refusal,
    condition,
    container,
    deployment,
)

DAEMONS = "/apis/apps/v1/namespaces/shop/daemonsets"
BUDGETS = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"


def daemon_set(image: str = GOOD) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": [container(image)]}}
    selector = {"matchLabels": {"app": "agent"}}
    return {"metadata": {"name": "agent"}, "spec": {"selector": selector, "template": template}}


def places(api: Api, label: str = "web") -> list[str]:
    found = api.items(f"{PODS}?labelSelector=app%3D{label}")
    return sorted(each["spec"].get("nodeName", "") for each in found)


def test_nodes_are_those_of_the_machines(api: Api) -> None:
    nodes = api.items("/api/v1/nodes")
    assert [each["metadata"]["labels"]["topology.kubernetes.io/zone"] for each in nodes] == [
        "eu-central-1a", "eu-central-1b", "eu-central-1c",
    ]  # fmt: skip
    assert nodes[0]["spec"]["providerID"] == "aws:///eu-central-1a/i-00000000000000000"
    assert condition(nodes[0], "Ready") == ("True", "KubeletReady")
    api.cluster.nodes = api.cluster.nodes[:1]
    assert len(api.names("/api/v1/nodes")) == 1


def test_pods_of_a_node_that_goes_come_up_elsewhere(api: Api) -> None:
    api.post(DEPLOYMENTS, deployment())
    api.cloud.step(60)
    gone, *left = api.cluster.nodes
    api.cluster.nodes = left
    api.cloud.step(60)
    assert len(places(api)) == 3
    assert gone.name not in places(api)
    assert api.get(f"{DEPLOYMENTS}/web")["status"]["readyReplicas"] == 3


def test_a_node_that_is_drained_loses_its_pods_one_by_one_as_the_budget_lets(api: Api) -> None:
    api.cluster.nodes = nodes_of(2)
    api.post(
        BUDGETS,
        {
            "metadata": {"name": "web"},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}},
        },
    )
    api.post(DEPLOYMENTS, deployment(replicas=4))
    api.cloud.step(60)
    leaving, staying = api.cluster.nodes
    api.cluster.nodes = [replace(leaving, draining=True), staying]
    lowest = 4
    for _ in range(90):
        api.cloud.step(1)
        lowest = min(lowest, api.get(f"{DEPLOYMENTS}/web")["status"].get("readyReplicas", 0))
    assert lowest == 3
    assert set(places(api)) == {staying.name}
    node = api.get(f"/api/v1/nodes/{leaving.name}")
    assert node["spec"]["unschedulable"]


def test_an_eviction_that_the_budget_forbids_is_refused(api: Api) -> None:
    selector = {"matchLabels": {"app": "web"}}
    api.post(BUDGETS, {"metadata": {"name": "web"}, "spec": {"minAvailable": 3, "selector": selector}})
    api.post(DEPLOYMENTS, deployment())
    api.cloud.step(60)
    status = api.get(f"{BUDGETS}/web")["status"]
    assert (status["currentHealthy"], status["desiredHealthy"], status["disruptionsAllowed"]) == (3, 3, 0)
    name = api.names(PODS)[0]
    with pytest.raises(Refusal, match="would violate the pod's disruption budget") as refused:
        api.post(f"{PODS}/{name}/eviction", {"metadata": {"name": name}})
    assert refused.value.code == 429


def test_a_pod_that_no_node_has_room_for_waits_and_says_so(api: Api) -> None:
    large = container(resources={"requests": {"cpu": "8"}})
    spec = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [large]}}
    api.cluster.nodes = [replace(each, instance_type="m7g.large") for each in nodes_of(3)]
    api.post(DEPLOYMENTS, deployment(replicas=1, template=spec))
    assert condition(api.items(PODS)[0], "PodScheduled") == ("False", "Unschedulable")
    told = [text for reason, text in api.events() if reason == "FailedScheduling"]
    assert told[0].startswith("0/3 nodes are available: 3 Insufficient cpu. preemption:")
    api.cluster.nodes = [*api.cluster.nodes, replace(nodes_of(4)[3], instance_type="m7g.4xlarge")]
    api.cloud.step(60)
    assert places(api) == [nodes_of(4)[3].name]


def test_a_node_with_a_taint_takes_only_who_tolerates_it(api: Api) -> None:
    taint = {"key": "dedicated", "value": "batch", "effect": "NoSchedule"}
    first, *others = api.cluster.nodes
    api.cluster.nodes = [replace(first, taints=(taint,)), *others]
    api.post(DEPLOYMENTS, deployment(replicas=4))
    assert first.name not in places(api)


def test_a_daemon_has_a_pod_on_every_node_that_there_is(api: Api) -> None:
    api.post(DAEMONS, daemon_set())
    api.cloud.step(30)
    assert len(set(places(api, "agent"))) == 3
    api.cluster.nodes = nodes_of(4)
    api.cloud.step(30)
    status = api.get(f"{DAEMONS}/agent")["status"]
    assert (status["desiredNumberScheduled"], status["numberReady"]) == (4, 4)
    api.cluster.nodes = nodes_of(3)
    assert api.get(f"{DAEMONS}/agent")["status"]["desiredNumberScheduled"] == 3
    assert len(places(api, "agent")) == 3


def test_a_daemon_is_replaced_one_at_a_time(api: Api) -> None:
    api.post(DAEMONS, daemon_set())
    api.cloud.step(30)
    api.ask("PUT", f"{DAEMONS}/agent", daemon_set("agent:2"))
    lowest = 3
    for _ in range(60):
        api.cloud.step(1)
        lowest = min(lowest, api.get(f"{DAEMONS}/agent")["status"]["numberReady"])
    status = api.get(f"{DAEMONS}/agent")["status"]
    assert (lowest, status["updatedNumberScheduled"], status["numberReady"]) == (2, 3, 3)
