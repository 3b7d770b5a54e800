"""What a cluster's nodes may reach for their pods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.args import DatabaseAccess
from components.kubernetes.node_access import NodeAccess, NodeAccessArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]
MAIN = DatabaseAccess(
    host="main.example", port=5433, name="app", security_group_id="sg-main", secret_arn="arn:secret"
)


def access(build: Build) -> Built:
    def program() -> Mapping[str, Any]:
        args = NodeAccessArgs(
            node_security_group_id="sg-nodes", databases={"main": MAIN}, tags={"owner": "platform"}
        )
        return {"rules": len(NodeAccess("cluster", args).rules)}

    return build(program)


def test_the_way_to_a_database_is_open_on_both_sides_and_to_its_port(build: Build) -> None:
    built = access(build)
    common = {
        "ipProtocol": "tcp",
        "fromPort": 5433,
        "toPort": 5433,
        "tags": {"owner": "platform", "Name": "cluster-to-main"},
    }
    assert built.inputs() == {
        "SecurityGroupEgressRule cluster-to-main": {
            "securityGroupId": "sg-nodes",
            "referencedSecurityGroupId": "sg-main",
            "description": "Calls of pods to main",
            **common,
        },
        "SecurityGroupIngressRule cluster-to-main": {
            "securityGroupId": "sg-main",
            "referencedSecurityGroupId": "sg-nodes",
            "description": "Calls of pods",
            **common,
        },
    }
    assert built.outputs["rules"] == 2


def test_another_database_is_another_way_and_the_old_one_stays_meanwhile(build: Build) -> None:
    options = access(build).options()
    moved = {"replace_on_changes": ["referencedSecurityGroupId", "fromPort", "toPort"]}
    assert options["SecurityGroupEgressRule cluster-to-main"] == moved
    assert options["SecurityGroupIngressRule cluster-to-main"] == moved
