"""Nodes of the emulated EKS as targets of a load balancer: all of them, and healthy while a pod answers."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.clusters import NAME, NODES, Clusters
from tests.rehearsal.cloud.kubernetes.api import DEPLOYMENTS, Api, deployment

SERVICES = "/api/v1/namespaces/shop/services"


@pytest.fixture
def clusters(cloud: Local) -> Clusters:
    made = Clusters(cloud)
    made.with_nodes()
    return made


@pytest.fixture
def api(clusters: Clusters) -> Api:
    return clusters.kubernetes()


def _service(api: Api, **spec: Any) -> int:
    """The port that the cluster gave it on every node."""
    given = {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    made = api.post(SERVICES, {"metadata": {"name": "web"}, "spec": given | spec})
    return int(made["spec"]["ports"][0]["nodePort"])


def _targets(clusters: Clusters, port: int) -> str:
    elbv2 = clusters.cloud.client("elbv2")
    made = elbv2.create_target_group(
        Name="shop", Protocol="HTTP", Port=port, VpcId=clusters.vpc_id, HealthCheckIntervalSeconds=5
    )
    arn = str(made["TargetGroups"][0]["TargetGroupArn"])
    clusters.autoscaling.attach_load_balancer_target_groups(
        AutoScalingGroupName=clusters.group()["AutoScalingGroupName"], TargetGroupARNs=[arn]
    )
    return arn


def _health(clusters: Clusters, arn: str) -> dict[str, str]:
    found = clusters.cloud.client("elbv2").describe_target_health(TargetGroupArn=arn)
    return {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in found["TargetHealthDescriptions"]}


def test_a_node_is_healthy_where_a_pod_answers_anywhere(clusters: Clusters, api: Api) -> None:
    port = _service(api)
    arn = _targets(clusters, port)
    clusters.cloud.step(60)
    assert set(_health(clusters, arn).values()) == {"unhealthy"}
    api.post(DEPLOYMENTS, deployment(replicas=1))
    clusters.cloud.step(60)
    assert set(_health(clusters, arn).values()) == {"healthy"}
    api.ask("DELETE", f"{DEPLOYMENTS}/web")
    clusters.cloud.step(60)
    assert set(_health(clusters, arn).values()) == {"unhealthy"}


def test_where_traffic_stays_on_its_node_only_that_of_the_pod_is_healthy(
    clusters: Clusters, api: Api
) -> None:
    arn = _targets(clusters, _service(api, externalTrafficPolicy="Local"))
    api.post(DEPLOYMENTS, deployment(replicas=1))
    clusters.cloud.step(60)
    assert sorted(_health(clusters, arn).values()) == ["healthy", "unhealthy"]


def test_a_port_of_no_service_is_unhealthy(clusters: Clusters, api: Api) -> None:
    arn = _targets(clusters, 31_999)
    clusters.cloud.step(60)
    assert set(_health(clusters, arn).values()) == {"unhealthy"}


def test_nodes_that_come_later_are_targets_too(clusters: Clusters, api: Api) -> None:
    arn = _targets(clusters, _service(api))
    api.post(DEPLOYMENTS, deployment(replicas=1))
    sizes = {"minSize": 1, "maxSize": 4, "desiredSize": 3}
    clusters.eks.update_nodegroup_config(clusterName=NAME, nodegroupName=NODES, scalingConfig=sizes)
    clusters.cloud.step(400)
    assert _health(clusters, arn) == {node.instance_id: "healthy" for node in clusters.nodes()}
    assert len(clusters.nodes()) == 3
