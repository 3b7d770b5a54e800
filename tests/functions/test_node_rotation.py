"""The rotation of nodes against emulated services in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import moto
import pytest
from moto.autoscaling.models import autoscaling_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.eks.models import eks_backends

from functions.node_rotation import Settings, handler, rotate

REGION = "eu-central-1"
MAX_AGE_DAYS = 21
START = datetime(2030, 1, 1, 12, tzinfo=UTC)
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/node"


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name=REGION)


class Nodes:
    """A node group of three, the first of them a day older than the second, that one than the third."""

    def __init__(self) -> None:
        ec2, groups, eks = client("ec2"), client("autoscaling"), client("eks")
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        eks.create_cluster(name="main", roleArn=ROLE, resourcesVpcConfig={"subnetIds": [subnet]})
        eks.create_nodegroup(clusterName="main", nodegroupName="nodes", nodeRole=ROLE, subnets=[subnet])
        image = ec2.register_image(Name="node", RootDeviceName="/dev/xvda")["ImageId"]
        template = ec2.create_launch_template(
            LaunchTemplateName="nodes", LaunchTemplateData={"ImageId": image, "InstanceType": "m7g.large"}
        )["LaunchTemplate"]["LaunchTemplateId"]
        groups.create_auto_scaling_group(
            AutoScalingGroupName="eks-nodes",
            LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
            MinSize=1,
            MaxSize=6,
            DesiredCapacity=3,
            VPCZoneIdentifier=subnet,
        )
        self.settings = Settings("main", "nodes", "eks-nodes", MAX_AGE_DAYS)
        for age, node in enumerate(self.ids):
            self.launched(node, START + timedelta(days=age))

    @property
    def ids(self) -> list[str]:
        (group,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return [each["InstanceId"] for each in group["Instances"]]

    def launched(self, node: str, when: datetime) -> None:
        backend = ec2_backends[DEFAULT_ACCOUNT_ID][REGION]
        backend.get_instance(node).launch_time = when.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def state(self, node: str, *, lifecycle: str = "InService", health: str = "Healthy") -> None:
        group = autoscaling_backends[DEFAULT_ACCOUNT_ID][REGION].autoscaling_groups["eks-nodes"]
        (found,) = (each for each in group.instance_states if each.instance.id == node)
        found.lifecycle_state, found.health_status = lifecycle, health

    def rotate(self, days: float) -> dict[str, str]:
        """As of so many days after the oldest node's launch."""
        return rotate(self.settings, START + timedelta(days=days), client)


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        yield Nodes()


def test_the_oldest_node_goes_when_it_is_too_old_and_another_takes_its_place(nodes: Nodes) -> None:
    oldest, *others = nodes.ids
    done = nodes.rotate(MAX_AGE_DAYS)
    assert done == {"done": "replaced", "node": oldest, "launched": START.isoformat()}
    assert oldest not in nodes.ids
    assert set(others) < set(nodes.ids)
    assert len(nodes.ids) == 3


def test_a_node_stays_until_it_is_too_old(nodes: Nodes) -> None:
    before = nodes.ids
    assert nodes.rotate(MAX_AGE_DAYS - 0.01) == {
        "done": "nothing",
        "reason": f"the oldest node, {before[0]}, is of 2030-01-01",
    }
    assert nodes.ids == before


def test_one_node_goes_at_a_time_however_many_are_too_old(nodes: Nodes) -> None:
    before = nodes.ids
    nodes.rotate(100)
    assert len(set(before) & set(nodes.ids)) == 2


def test_calls_replace_all_nodes_in_the_end_the_oldest_first(nodes: Nodes) -> None:
    before, gone = nodes.ids, []
    for _ in range(3):
        gone.append(nodes.rotate(100)["node"])
        (new,) = set(nodes.ids) - set(before) - {each for each in nodes.ids if each in gone}
        nodes.launched(new, START + timedelta(days=100))
        before = [*before, new]
    assert gone == before[:3]
    assert nodes.rotate(100)["done"] == "nothing"


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({"lifecycle": "Pending"}, "Pending and Healthy"),
        ({"lifecycle": "Terminating:Wait"}, "Terminating:Wait and Healthy"),
        ({"lifecycle": "Standby"}, "Standby and Healthy"),
        ({"health": "Unhealthy"}, "InService and Unhealthy"),
    ],
)
def test_while_a_node_is_not_well_no_other_one_is_taken(
    nodes: Nodes, state: dict[str, str], says: str
) -> None:
    before = nodes.ids
    nodes.state(before[2], **state)
    assert nodes.rotate(100) == {"done": "nothing", "reason": f"the node {before[2]} is {says}"}
    assert nodes.ids == before


def test_while_a_node_is_missing_no_other_one_is_taken(nodes: Nodes) -> None:
    group = autoscaling_backends[DEFAULT_ACCOUNT_ID][REGION].autoscaling_groups["eks-nodes"]
    group.instance_states.pop()
    assert nodes.rotate(100) == {"done": "nothing", "reason": "there are 2 nodes of 3"}
    assert len(nodes.ids) == 2


def test_without_nodes_there_is_nothing_to_do(nodes: Nodes) -> None:
    group = autoscaling_backends[DEFAULT_ACCOUNT_ID][REGION].autoscaling_groups["eks-nodes"]
    group.instance_states.clear()
    group.desired_capacity = 0
    assert nodes.rotate(100) == {"done": "nothing", "reason": "there is no node"}


@pytest.mark.parametrize("status", ["UPDATING", "DEGRADED", "DELETING"])
def test_while_the_node_group_is_at_work_it_is_left_alone(nodes: Nodes, status: str) -> None:
    before = nodes.ids
    eks_backends[DEFAULT_ACCOUNT_ID][REGION].clusters["main"].nodegroups["nodes"].status = status
    assert nodes.rotate(100) == {"done": "nothing", "reason": f"the node group is {status}"}
    assert nodes.ids == before


def test_a_group_that_is_gone_is_told(nodes: Nodes) -> None:
    nodes.settings = nodes.settings._replace(auto_scaling_group="gone")
    with pytest.raises(LookupError, match="there is no Auto Scaling group gone"):
        nodes.rotate(100)


def test_what_aws_refuses_is_told(nodes: Nodes) -> None:
    nodes.settings = nodes.settings._replace(cluster="gone")
    with pytest.raises(client("eks").exceptions.ResourceNotFoundException):
        nodes.rotate(100)


def test_it_is_told_its_group_by_its_environment_and_the_time_by_the_call(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "CLUSTER": "main",
        "NODE_GROUP": "nodes",
        "AUTO_SCALING_GROUP": "eks-nodes",
        "MAX_AGE_DAYS": "21",
    }.items():
        monkeypatch.setenv(name, value)
    oldest = nodes.ids[0]
    assert handler({"time": "2030-01-22T11:59:59Z"}, None)["done"] == "nothing"
    assert json.loads(capsys.readouterr().out)["done"] == "nothing"
    done = handler({"time": "2030-01-22T12:00:00Z"}, None)
    assert done["node"] == oldest
    assert json.loads(capsys.readouterr().out) == done, "nobody else hears of it"
