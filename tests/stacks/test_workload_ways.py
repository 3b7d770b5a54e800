"""Who reaches a workload and whom it reaches: by a route, from pod to pod, and to databases."""

from __future__ import annotations

import pytest

from tests.stacks.containers import MORE, POSTGRES, SECRET, containers, of_kubernetes, top
from tests.stacks.declared import Environment

EXTERNAL = {
    "external": {
        "host": "db.example.com",
        "port": 5432,
        "name": "app",
        "securityGroupId": "sg-0123456789abcdef0",
        "secretArn": SECRET,
    }
}


@pytest.fixture(scope="module")
def built() -> Environment:
    return containers(MORE)


def test_only_who_calls_it_may_ask_a_workload(built: Environment) -> None:
    policies = of_kubernetes(built, "NetworkPolicy")
    assert {name for name in policies if name.startswith("billing.")} == {"billing.from.shop"}
    assert {name for name in policies if name.startswith("mailer.")} == set()


def test_requests_of_a_route_come_from_nodes_and_from_nowhere_else(built: Environment) -> None:
    """A node hands them on in its own name; nodes are in the private subnets, one a zone."""
    (rule,) = of_kubernetes(built, "NetworkPolicy")["shop.nodes"].inputs["spec"]["ingress"]
    assert [each["ipBlock"]["cidr"] for each in rule["from"]] == [
        "10.20.0.0/20",
        "10.20.16.0/20",
        "10.20.32.0/20",
    ]
    private = {
        each.inputs["cidrBlock"]
        for each in built.resources
        if each.type.endswith(":Subnet") and "private" in each.name
    }
    assert private == {each["ipBlock"]["cidr"] for each in rule["from"]}


def test_a_database_is_reached_where_it_is(built: Environment) -> None:
    (rule,) = of_kubernetes(built, "NetworkPolicy")["shop.database"].inputs["spec"]["egress"]
    isolated = {
        each.inputs["cidrBlock"]
        for each in built.resources
        if each.type.endswith(":Subnet") and "isolated" in each.name
    }
    assert {each["ipBlock"]["cidr"] for each in rule["to"]} == isolated
    way = built.one("SecurityGroupIngressRule", "cluster-to-main").inputs
    assert (way["referencedSecurityGroupId"], way["fromPort"]) == ("cluster-nodes-id", 5433)


def test_a_database_of_others_may_be_anywhere() -> None:
    built = containers(MORE | {"immutable:databases": {"main": EXTERNAL}})
    (rule,) = of_kubernetes(built, "NetworkPolicy")["shop.database"].inputs["spec"]["egress"]
    assert [each["ipBlock"]["cidr"] for each in rule["to"]] == ["0.0.0.0/0"]
    assert built.one("SecurityGroupIngressRule", "cluster-to-main").inputs["fromPort"] == 5432


def test_databases_that_no_workload_uses_stay_closed_to_nodes() -> None:
    built = containers({"immutable:databases": {"main": POSTGRES}})
    assert not [each.name for each in built.resources if each.name.startswith("cluster-to-main")]
    assert "NodeAccess cluster" not in top(built)


def test_the_load_balancer_reaches_the_nodes_at_the_port_of_the_service(built: Environment) -> None:
    node_port = 30000
    assert built.one("TargetGroup", "shop").inputs["port"] == node_port
    assert built.one("Attachment", "shop").inputs == {
        "autoscalingGroupName": "eks-cluster-nodes-group",
        "lbTargetGroupArn": "arn:tg/shop",
    }
    way = built.one("SecurityGroupIngressRule", "shop-from-load-balancer").inputs
    assert (way["securityGroupId"], way["referencedSecurityGroupId"], way["fromPort"]) == (
        "cluster-nodes-id",
        "entry-id",
        node_port,
    )
    assert (
        built.one("ListenerRule", "shop").inputs["listenerArn"]
        == built.one("ListenerRule", "web").inputs["listenerArn"]
    )


def test_nobody_outside_reaches_a_workload_without_a_route(built: Environment) -> None:
    kinds = {name: each.inputs["spec"]["type"] for name, each in of_kubernetes(built, "Service").items()}
    assert kinds == {"shop": "NodePort", "billing": "ClusterIP"}
    assert [each.name for each in built.resources if each.type.endswith(":Attachment")] == ["shop"]


def test_nodes_without_internet_have_the_endpoints_that_they_need() -> None:
    built = containers({"immutable:network.egress": "endpoints"})
    services = {each.inputs["serviceName"] for each in built.resources if each.type.endswith(":VpcEndpoint")}
    needed = {
        f"com.amazonaws.eu-central-1.{each}" for each in ("ecr.api", "ecr.dkr", "eks-auth", "sts", "ec2")
    }
    assert needed <= services
    with_internet = containers({})
    services = {
        each.inputs["serviceName"] for each in with_internet.resources if each.type.endswith(":VpcEndpoint")
    }
    assert not needed & services
