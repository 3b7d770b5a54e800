"""How many nodes a cluster has: as many as pods need, where there is an image for what counts them."""

from __future__ import annotations

from tests.stacks.containers import CONTAINERS, ECR, containers, of_kubernetes, top
from tests.stacks.given import complaints

IMAGE = f"{ECR}/cluster-autoscaler@sha256:{'a' * 64}"
KEY = "immutable:images.cluster-autoscaler"


def test_nodes_come_and_go_where_there_is_an_image_for_it() -> None:
    built = containers({KEY: IMAGE})
    assert set(top(built)) - set(top(containers({}))) == {"ClusterAutoscaler cluster-autoscaler"}
    found = of_kubernetes(built, "Deployment")["cluster-autoscaler"]
    (container,) = found.inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"] == IMAGE
    assert found.provider == "cluster"
    (policy,) = [
        each.inputs["policy"]
        for each in built.resources
        if each.type.endswith(":RolePolicy") and "WorkloadIdentity cluster-autoscaler" in each.parent
    ]
    assert "autoScalingGroupName/eks-cluster-nodes" in policy


def test_without_a_cluster_there_is_nothing_to_scale() -> None:
    assert complaints({"immutable:images": {"cluster-autoscaler": IMAGE}}) == [
        f"Pulumi.staging.yaml: {KEY}: needs a cluster; remove it, or name it in the image of one"
    ]


def test_its_namespace_is_not_the_workloads() -> None:
    wrong = complaints(CONTAINERS | {"immutable:cluster.namespace": "cluster-autoscaler"})
    assert len(wrong) == 1
    assert "is kept for others than workloads" in wrong[0]
