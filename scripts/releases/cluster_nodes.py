"""The nodes of an environment's cluster: servers that EKS keeps, in an Auto Scaling group of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.releases import groups, members
from scripts.releases.aws import Account, errors
from scripts.releases.findings import Finding
from scripts.releases.state import ClusterState

NODE = "node"
"""What stands for the service of a node, where a server's is told."""


def of(account: Account, cluster: ClusterState | None) -> dict[str, Mapping[str, Any]]:
    """What EC2 says of each node, by its instance ID; none where the cluster is not the environment's own.

    They are told by EKS and Auto Scaling: tags can be anybody's.

    Raises:
        AwsError: AWS refused.
    """
    if cluster is None or cluster.name is None or cluster.node_group is None:
        return {}
    with errors():
        answer = account.client("eks").describe_nodegroup(
            clusterName=cluster.name, nodegroupName=cluster.node_group
        )
    resources = answer["nodegroup"].get("resources") or {}
    names = [each["name"] for each in resources.get("autoScalingGroups") or ()]
    found = groups.described(account, names).values()
    ids = [each["InstanceId"] for group in found for each in group["Instances"]]
    there = members.instances_of(account, ids)
    return {node: there.get(node, {}) for node in ids}


def drift(cluster: ClusterState | None, nodes: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Nodes of another image than the stack says."""
    declared = cluster.node_image if cluster else None
    for node, there in nodes.items():
        actual = there.get("ImageId", "")
        if declared and actual and actual != declared:
            text = f"node {node} runs {actual}, and the stack says {declared}; `pulumi up` renews it"
            yield Finding("image", None, node, text, declared, actual)
