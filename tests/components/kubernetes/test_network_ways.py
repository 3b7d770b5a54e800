"""Which ways are open to a workload: those that were declared, at one port each, and no others."""

from __future__ import annotations

from typing import Any

from components.kubernetes.network_ways import ways
from components.kubernetes.workload_args import Ingress, callee
from tests.components.kubernetes.rendered import DATABASE, arguments

POD = {"matchLabels": {"app.kubernetes.io/name": "shop"}}
SERVER = {"matchLabels": {"app.kubernetes.io/name": "shop", "app.kubernetes.io/component": "server"}}
TCP = "TCP"


def of(**given: Any) -> dict[str, dict[str, Any]]:
    return ways("shop", arguments(**given))


def tcp(port: int) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port}]


def test_a_workload_that_declares_nothing_is_closed_but_for_names_and_aws() -> None:
    (found,) = of().values()
    assert found["podSelector"] == POD, "of migrations too"
    assert found["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in found
    dns, aws, identity = found["egress"]
    assert dns["to"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ]
    assert dns["ports"] == [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    anywhere = {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}
    assert aws == {"to": [{"ipBlock": anywhere}], "ports": tcp(443)}
    assert identity == {"to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}], "ports": tcp(80)}


def test_aws_may_be_as_near_as_the_endpoints_of_a_network() -> None:
    found = of(api_cidrs=("10.0.0.0/16", "10.1.0.0/16"))["shop"]["egress"][1]
    assert found["to"] == [{"ipBlock": {"cidr": "10.0.0.0/16"}}, {"ipBlock": {"cidr": "10.1.0.0/16"}}]


def test_a_call_opens_the_way_on_both_sides_and_for_nobody_else() -> None:
    found = of(calls={"billing": callee("billing", "workloads", 8081)})
    assert set(found) == {"shop", "shop.to.billing", "billing.from.shop"}
    billing = {"matchLabels": {**SERVER["matchLabels"], "app.kubernetes.io/name": "billing"}}
    assert found["shop.to.billing"] == {
        "podSelector": POD,
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": billing}], "ports": tcp(8081)}],
    }
    assert found["billing.from.shop"] == {
        "podSelector": billing,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": POD}], "ports": tcp(8081)}],
    }


def test_the_database_is_reached_where_it_is_and_at_its_port() -> None:
    found = of(database=DATABASE, database_cidrs=("10.0.8.0/22", "10.0.12.0/22"))["shop.database"]
    assert found == {
        "podSelector": POD,
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [{"ipBlock": {"cidr": "10.0.8.0/22"}}, {"ipBlock": {"cidr": "10.0.12.0/22"}}],
                "ports": tcp(5432),
            }
        ],
    }


def test_nodes_hand_requests_on_to_the_port_that_is_asked_and_to_no_other() -> None:
    found = of(exposed=True, entry_cidrs=("10.0.0.0/20",), ports={"metrics": 9090})["shop.nodes"]
    assert found == {
        "podSelector": SERVER,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/20"}}], "ports": tcp(8080)}],
    }


def test_an_ingress_controller_is_let_in_by_its_namespace() -> None:
    found = of(ingress=Ingress(class_name="n", hosts=("a.b",), controller_namespace="ingress"))[
        "shop.ingress"
    ]
    namespace = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
    assert found["ingress"] == [{"from": [namespace], "ports": tcp(8080)}]


def test_no_two_workloads_have_a_policy_of_one_name() -> None:
    """However they are called: a dot is in no name of theirs."""
    names = ("shop", "shop-to-billing", "database", "nodes", "billing")
    found: list[str] = []
    for name in names:
        calls = {other: callee(other, "workloads", 8080) for other in names if other != name}
        args = arguments(
            calls=calls, database=DATABASE, database_cidrs=("10.0.0.0/8",), exposed=True,
            entry_cidrs=("10.0.0.0/8",),
        )  # fmt: skip
        found += ways(name, args)
    assert len(found) == len(set(found))
