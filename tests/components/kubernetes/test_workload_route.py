"""How requests reach a workload: from the load balancer to every node, at the port that its Service has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pulumi import Output

from components.args import EntryPoint
from components.kubernetes.workload_route import WorkloadRoute, WorkloadRouteArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]
TAGS = {"owner": "platform"}


def route(build: Build) -> Built:
    def program() -> Mapping[str, Any]:
        made = WorkloadRoute(
            "shop",
            WorkloadRouteArgs(
                vpc_id="vpc-1",
                entry_point=EntryPoint(
                    listener_arn="arn:listener", security_group_id="sg-entry", arn_suffix="app/entry"
                ),
                node_port=Output.from_input(31234),
                autoscaling_name="eks-nodes",
                node_security_group_id="sg-nodes",
                health_path="/shop/healthz",
                priority=150,
                paths=("/shop/*",),
                deregistration_delay_seconds=30,
                tags=TAGS,
            ),
        )
        return {"targets": made.target_group.arn}

    return build(program)


def test_its_targets_are_nodes_at_the_port_of_the_service(build: Build) -> None:
    inputs = route(build).inputs("TargetGroup")["TargetGroup shop"]
    assert (inputs["port"], inputs["targetType"], inputs["vpcId"]) == (31234, "instance", "vpc-1")
    assert inputs["healthCheck"]["path"] == "/shop/healthz"
    assert inputs["healthCheck"]["port"] == "traffic-port"
    assert (inputs["deregistrationDelay"], inputs["slowStart"]) == (30, 0)
    assert inputs["tags"] == {**TAGS, "Name": "shop"}


def test_a_rule_of_the_entry_points_listener_leads_to_them(build: Build) -> None:
    assert route(build).inputs("ListenerRule") == {
        "ListenerRule shop": {
            "listenerArn": "arn:listener",
            "priority": 150,
            "actions": [{"type": "forward", "targetGroupArn": "arn:tg/shop"}],
            "conditions": [{"pathPattern": {"values": ["/shop/*"]}}],
            "tags": {**TAGS, "Name": "shop"},
        }
    }


def test_the_nodes_group_puts_every_node_in(build: Build) -> None:
    assert route(build).inputs("Attachment") == {
        "Attachment shop": {"autoscalingGroupName": "eks-nodes", "lbTargetGroupArn": "arn:tg/shop"}
    }


def test_the_way_is_open_to_that_port_and_before_anybody_is_asked(build: Build) -> None:
    built = route(build)
    ports = {"ipProtocol": "tcp", "fromPort": 31234, "toPort": 31234}
    assert built.inputs("SecurityGroupIngressRule") == {
        "SecurityGroupIngressRule shop-from-load-balancer": {
            "securityGroupId": "sg-nodes",
            "referencedSecurityGroupId": "sg-entry",
            "description": "Requests from the load balancer to shop",
            "tags": {**TAGS, "Name": "shop-from-load-balancer"},
            **ports,
        }
    }
    assert built.inputs("SecurityGroupEgressRule") == {
        "SecurityGroupEgressRule shop-to-nodes": {
            "securityGroupId": "sg-entry",
            "referencedSecurityGroupId": "sg-nodes",
            "description": "Requests to shop on the nodes",
            "tags": {**TAGS, "Name": "shop-to-nodes"},
            **ports,
        }
    }
    ways = ["SecurityGroupEgressRule shop-to-nodes", "SecurityGroupIngressRule shop-from-load-balancer"]
    assert sorted(built.after()["the TargetGroup shop"]) == ways


def test_all_of_it_is_the_routes(build: Build) -> None:
    parents = route(build).parents()
    assert parents["the TargetGroup shop"] == parents["Attachment shop"] == "the WorkloadRoute shop"
