"""Who may do what in a cluster: access entries of EKS, and no list in the cluster that may lock all out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import eks
from pydantic import StringConstraints

from .. import policies
from ..names import named

Principal = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+$")
]
"""The ARN of a role or user of IAM; EKS takes no session of a role, no group and no wildcard."""

ADMIN = "AmazonEKSClusterAdminPolicy"
VIEWER = "AmazonEKSViewPolicy"
"""Reads what is in the cluster, but no secret."""


class AccessEntriesArgs(Protocol):
    """What this module takes from the cluster's arguments."""

    @property
    def admin_arns(self) -> tuple[str, ...]: ...
    @property
    def viewer_arns(self) -> tuple[str, ...]: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def refuse_twice(args: AccessEntriesArgs) -> None:
    """Raises ValueError for a principal that is named more than once: EKS has one entry for each."""
    every = (*args.admin_arns, *args.viewer_arns)
    for arn in every:
        if every.count(arn) > 1:
            raise ValueError(f"{arn} is named twice among admins and viewers: name it once")


def access_entries(
    name: str, cluster: eks.Cluster, args: AccessEntriesArgs, opts: ResourceOptions
) -> list[eks.AccessPolicyAssociation]:
    """An entry for each principal, with what it may do. Without that one nobody is let in to do anything."""
    admins = [_entry(name, arn, ADMIN, cluster, args, opts) for arn in args.admin_arns]
    return [*admins, *(_entry(name, arn, VIEWER, cluster, args, opts) for arn in args.viewer_arns)]


def _entry(
    name: str,
    principal_arn: str,
    policy: str,
    cluster: eks.Cluster,
    args: AccessEntriesArgs,
    opts: ResourceOptions,
) -> eks.AccessPolicyAssociation:
    child_name = f"{name}-{_short(principal_arn)}"
    entry = eks.AccessEntry(
        child_name,
        cluster_name=cluster.name,
        principal_arn=principal_arn,
        type="STANDARD",
        tags=named(args.tags, child_name),
        opts=opts,
    )
    partition: Output[str] = cluster.arn.apply(lambda arn: policies.owner_of(arn).partition)
    return eks.AccessPolicyAssociation(
        child_name,
        cluster_name=cluster.name,
        principal_arn=entry.principal_arn,
        policy_arn=Output.concat("arn:", partition, ":eks::aws:cluster-access-policy/", policy),
        access_scope=eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
        opts=opts,
    )


def _short(arn: str) -> str:
    """`123456789012-deploy` of `arn:aws:iam::123456789012:role/ci/deploy`: what tells one from another."""
    account, what = arn.split(":")[4:6]
    return f"{account}-{'-'.join(what.split('/')[1:])}"
