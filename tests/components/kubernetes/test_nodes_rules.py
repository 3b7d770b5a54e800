"""Who may call nodes, and whom they may call."""

from __future__ import annotations

from typing import Any

import pytest

from components.args import Placement
from tests.components.kubernetes.clusters import PLACEMENT, Build, cluster, tags

NODES, PLANE = "main-nodes-id", "sg-cluster"


def rules(build: Build, **changed: Any) -> dict[str, dict[str, Any]]:
    """By kind and name, without their tags, which are checked here."""
    inputs = cluster(build, **changed).inputs()
    found = {key.removeprefix("SecurityGroup"): made for key, made in inputs.items() if "Rule main" in key}
    for key, made in found.items():
        assert made.pop("tags") == tags(key.split()[1])
    return found


def test_nodes_have_a_group_of_their_own(build: Build) -> None:
    assert cluster(build).inputs("SecurityGroup") == {
        "SecurityGroup main-nodes": {
            "namePrefix": "main-nodes-",
            "description": "Nodes of main-nodes",
            "vpcId": "vpc-1",
            "tags": tags("main-nodes"),
        }
    }


def test_pods_call_pods_of_other_nodes_on_any_port(build: Build) -> None:
    way = {
        "securityGroupId": NODES,
        "referencedSecurityGroupId": NODES,
        "ipProtocol": "-1",
        "description": "Pods of other nodes",
    }
    found = rules(build)
    assert found["IngressRule main-nodes-to-nodes"] == way
    assert found["EgressRule main-nodes-to-nodes"] == way


def test_nodes_call_the_kubernetes_api_and_nothing_else_of_the_control_plane(build: Build) -> None:
    found = rules(build)
    assert found["EgressRule main-nodes-to-control-plane"] == {
        "securityGroupId": NODES,
        "referencedSecurityGroupId": PLANE,
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "description": "The Kubernetes API",
    }
    assert found["IngressRule main-nodes-to-control-plane"] == {
        "securityGroupId": PLANE,
        "referencedSecurityGroupId": NODES,
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "description": "Nodes of main-nodes",
    }


@pytest.mark.parametrize("port", [10250, 10251])
def test_the_control_plane_calls_the_kubelet_and_the_metrics_server(build: Build, port: int) -> None:
    assert rules(build)[f"IngressRule main-nodes-from-control-plane-{port}"] == {
        "securityGroupId": NODES,
        "referencedSecurityGroupId": PLANE,
        "ipProtocol": "tcp",
        "fromPort": port,
        "toPort": port,
        "description": "Calls from the control plane",
    }


def test_these_are_all_the_ways_that_there_are(build: Build) -> None:
    ingress = {"main-nodes-to-nodes", "main-nodes-to-control-plane"}
    ingress |= {f"main-nodes-from-control-plane-{port}" for port in (10250, 10251)}
    egress = {"to-nodes", "to-control-plane", "to-endpoints", "to-s3", "to-internet"}
    expected = {f"IngressRule {name}" for name in ingress} | {f"EgressRule main-nodes-{to}" for to in egress}
    assert set(rules(build)) == expected


def test_a_node_goes_out_where_its_placement_lets_it(build: Build) -> None:
    placement = Placement(**{**dict(PLACEMENT), "internet_egress": False})
    assert "EgressRule main-nodes-to-internet" not in rules(build, placement=placement)
