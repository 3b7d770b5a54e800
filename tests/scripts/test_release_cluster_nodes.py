"""A cluster's nodes in `drift`: servers that EKS keeps, and no strangers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import cluster_nodes
from scripts.releases.aws import Account
from scripts.releases.state import ClusterState
from tests.rehearsal.cloud.scene import BETTER, GOOD
from tests.scripts.release_project import service
from tests.scripts.servers_environment import Staging
from tests.scripts.servers_environment import staging as opened

NODES = "eks-workers-1"


class Eks:
    """What EKS says of a node group: its Auto Scaling group."""

    def describe_nodegroup(self, clusterName: str, nodegroupName: str) -> Any:  # noqa: N803
        assert (clusterName, nodegroupName) == ("immutable-staging", "workers")
        return {"nodegroup": {"resources": {"autoScalingGroups": [{"name": NODES}]}}}


@pytest.fixture
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staging]:
    with opened(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def nodes(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two nodes with the environment's tags, in a group of EKS's own."""
    staging.settled()
    scene = staging.scene
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "environment", "Value": "staging"}]}]
    tags[0]["Tags"] += [{"Key": "project", "Value": "immutable"}]  # type: ignore[operator]
    data: Any = {"ImageId": GOOD, "InstanceType": "t4g.small", "TagSpecifications": tags}
    scene.ec2.create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData=data)
    scene.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=NODES,
        MinSize=2,
        MaxSize=2,
        LaunchTemplate={"LaunchTemplateName": "nodes", "Version": "1"},
        AvailabilityZones=["eu-central-1a"],
    )
    scene.cloud.step(300)
    plain = Account.client
    monkeypatch.setattr(Account, "client", lambda self, name: Eks() if name == "eks" else plain(self, name))
    found = scene.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[NODES])
    return [each["InstanceId"] for each in found["AutoScalingGroups"][0]["Instances"]]


def up(staging: Staging, **cluster: str) -> None:
    """What the stack says: the service, and its cluster."""
    state = service(GOOD) | {"launchTemplateVersion": "1", "group": "web"}
    staging.live.project.outputs("staging", {"services": {"web": state}, "cluster": cluster})


def findings(staging: Staging) -> list[str]:
    return [each["text"] for each in staging.live.json("drift", "staging")["findings"]]


def test_nodes_of_the_stacks_own_cluster_are_no_strangers(staging: Staging, nodes: list[str]) -> None:
    staging.live.image(GOOD, "      min: 2\n      max: 4\n")
    assert len(nodes) == 2
    up(staging)
    assert sorted(findings(staging)) == sorted(
        f"{node} is in none of the groups of staging, but has its tags or rules" for node in nodes
    )
    up(staging, name="immutable-staging", nodeGroup="workers", nodeImage=GOOD)
    assert findings(staging) == []


def test_a_node_of_another_image_is_found(staging: Staging, nodes: list[str]) -> None:
    staging.live.image(GOOD, "      min: 2\n      max: 4\n")
    up(staging, name="immutable-staging", nodeGroup="workers", nodeImage=BETTER)
    assert sorted(findings(staging)) == sorted(
        f"node {node} runs {GOOD}, and the stack says {BETTER}; `pulumi up` renews it" for node in nodes
    )


def test_of_a_cluster_that_is_not_ours_nothing_is_asked() -> None:
    account = Account("eu-central-1")
    assert cluster_nodes.of(account, None) == {}
    assert cluster_nodes.of(account, ClusterState(name="theirs")) == {}
