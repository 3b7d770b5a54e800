"""What a cluster's nodes may reach for their pods, beside AWS: databases.

Pods have their node's security group, so this opens the way for all of them. Which of them may take it,
network policies say, and each needs the database's password or leave to connect besides.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi import ResourceOptions
from pulumi_aws import vpc

from ..args import ComponentArgs, DatabaseAccess, Late
from ..names import named


class NodeAccessArgs(ComponentArgs):
    """What `NodeAccess` is made of."""

    node_security_group_id: Late
    """Usually `cluster.node_security_group_id`."""
    databases: Mapping[str, DatabaseAccess]
    """By name."""


class NodeAccess(pulumi.ComponentResource):
    """The way from nodes to each database, opened on both sides and to one port."""

    rules: list[pulumi.Resource]
    """What a pod that connects at once comes after."""

    def __init__(self, name: str, args: NodeAccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:nodeaccess:NodeAccess", name, None, opts)
        self.rules = []
        for database, access in args.databases.items():
            self.rules += _way(f"{name}-to-{database}", database, access, args, self)
        self.register_outputs({})


def _way(
    name: str, database: str, access: DatabaseAccess, args: NodeAccessArgs, parent: pulumi.Resource
) -> list[pulumi.Resource]:
    common = {"ip_protocol": "tcp", "from_port": access.port, "to_port": access.port}
    # To another database is another way: changed in place, it would be lost to pods that are yet to go.
    moved = ResourceOptions(
        parent=parent, replace_on_changes=["referencedSecurityGroupId", "fromPort", "toPort"]
    )
    return [
        vpc.SecurityGroupEgressRule(
            name,
            security_group_id=args.node_security_group_id,
            referenced_security_group_id=access.security_group_id,
            description=f"Calls of pods to {database}",
            tags=named(args.tags, name),
            opts=moved,
            **common,
        ),
        vpc.SecurityGroupIngressRule(
            name,
            security_group_id=access.security_group_id,
            referenced_security_group_id=args.node_security_group_id,
            description="Calls of pods",
            tags=named(args.tags, name),
            opts=moved,
            **common,
        ),
    ]
