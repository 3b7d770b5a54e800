"""Access entries: which IAM principals may come to a cluster's Kubernetes API, and what they may do there.

Source: "Grant IAM users access to Kubernetes with EKS access entries", "Create access entries", "Associate
access policies with access entries", "Review access policy permissions".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rehearsal.cloud.eks import exceptions, roles
from rehearsal.cloud.eks.updates import now

if TYPE_CHECKING:
    from rehearsal.cloud.eks.cluster import Cluster

POLICY_PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
CLUSTER_ADMIN = "AmazonEKSClusterAdminPolicy"
#: What is emulated of them: whether they may write, or only read.
WRITERS = (CLUSTER_ADMIN, "AmazonEKSAdminPolicy", "AmazonEKSEditPolicy")
READERS = ("AmazonEKSViewPolicy", "AmazonEKSAdminViewPolicy")
STANDARD, LINUX_NODES = "STANDARD", "EC2_LINUX"
_NODE_TYPES = (LINUX_NODES, "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX")
_NODE_USER = "system:node:{{EC2PrivateDNSName}}"
_PRINCIPAL = re.compile(r"arn:aws:iam::(\d{12}):(role|user)/(.+)")
_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.+")

Given = dict[str, Any]


@dataclass
class Policy:
    """Associated with an entry; `namespaces` is empty for the whole cluster."""

    arn: str
    namespaces: list[str]
    associated_at: datetime = field(default_factory=now)
    modified_at: datetime = field(default_factory=now)

    @property
    def name(self) -> str:
        return self.arn.removeprefix(POLICY_PREFIX)

    def describe(self) -> dict[str, Any]:
        scope = {"type": "namespace" if self.namespaces else "cluster", "namespaces": self.namespaces}
        return {
            "policyArn": self.arn,
            "accessScope": scope,
            "associatedAt": self.associated_at,
            "modifiedAt": self.modified_at,
        }


class Entry:
    def __init__(self, cluster: Cluster, principal: str, kind: str, username: str, groups: list[str]) -> None:
        self.principal, self.kind, self.username, self.groups = principal, kind, username, groups
        self.cluster_name = cluster.name
        found = _PRINCIPAL.fullmatch(principal)
        account, what, name = found.groups() if found else (cluster.account, "user", "unknown")
        self.arn = (
            f"arn:aws:eks:{cluster.region}:{cluster.account}:access-entry/{cluster.name}/{what}/{account}/"
            f"{name.rpartition('/')[2]}/{uuid4()}"
        )
        self.created_at = self.modified_at = now()
        self.tags: dict[str, str] = {}
        self.policies: dict[str, Policy] = {}

    def describe(self) -> dict[str, Any]:
        return {
            "clusterName": self.cluster_name,
            "principalArn": self.principal,
            "kubernetesGroups": self.groups,
            "accessEntryArn": self.arn,
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "tags": self.tags,
            "username": self.username,
            "type": self.kind,
        }


def create(cluster: Cluster, given: Given) -> Entry:
    """Raises InvalidRequest, InvalidParameter, InUse."""
    _check_mode(cluster)
    principal, kind = given["principalArn"], given.get("type") or STANDARD
    if principal in cluster.entries:
        raise exceptions.InUse("The specified access entry resource is already in use on this cluster.")
    _check_principal(principal)
    if kind != STANDARD and kind not in _NODE_TYPES:
        raise exceptions.InvalidParameter(f"The type {kind} is not a valid access entry type")
    groups, username = given.get("kubernetesGroups") or [], given.get("username")
    _check_names(kind, groups, username)
    made = Entry(cluster, principal, kind, username or _username(principal, kind), groups)
    made.tags = dict(given.get("tags") or {})
    cluster.entries[principal] = made
    return made


def update(cluster: Cluster, given: Given) -> Entry:
    found = entry(cluster, given["principalArn"])
    groups, username = given.get("kubernetesGroups"), given.get("username")
    _check_names(found.kind, groups or [], username)
    found.groups = found.groups if groups is None else groups
    found.username = found.username if username is None else username
    found.modified_at = now()
    return found


def delete(cluster: Cluster, principal: str) -> None:
    del cluster.entries[entry(cluster, principal).principal]


def entry(cluster: Cluster, principal: str) -> Entry:
    """Raises NotFound."""
    _check_mode(cluster)
    if principal not in cluster.entries:
        raise exceptions.NotFound(
            f"The specified principalArn could not be found. You can view your available access entries with "
            f"'list-access-entries': {principal}"
        )
    return cluster.entries[principal]


def associate(cluster: Cluster, given: Given) -> Policy:
    """Once more for the same policy is another scope. Raises NotFound, InvalidParameter."""
    found, arn, scope = entry(cluster, given["principalArn"]), given["policyArn"], given["accessScope"]
    if found.kind != STANDARD:
        raise exceptions.InvalidRequest(
            "Access policies can be associated with entries of type STANDARD only"
        )
    if arn.removeprefix(POLICY_PREFIX) not in WRITERS + READERS or not arn.startswith(POLICY_PREFIX):
        raise exceptions.InvalidParameter("The policyArn parameter format is not valid")
    namespaces = scope.get("namespaces") or []
    if (scope.get("type") == "namespace") != bool(namespaces):
        raise exceptions.InvalidParameter(
            "An access scope of type namespace names its namespaces, no other does"
        )
    made = Policy(arn, list(namespaces))
    before = found.policies.get(arn)
    if before is not None:
        made.associated_at = before.associated_at
    found.policies[arn] = made
    return made


def disassociate(cluster: Cluster, principal: str, arn: str) -> None:
    found = entry(cluster, principal)
    if found.policies.pop(arn, None) is None:
        raise exceptions.NotFound(f"The specified policyArn {arn} is not associated with {principal}")


def admit_creator(cluster: Cluster, caller: str) -> None:
    """Whoever made the cluster may do all in it, unless the request said otherwise."""
    principal = principal_of(caller)
    made = Entry(cluster, principal, STANDARD, _username(principal, STANDARD), [])
    made.policies[POLICY_PREFIX + CLUSTER_ADMIN] = Policy(POLICY_PREFIX + CLUSTER_ADMIN, [])
    cluster.entries[principal] = made


def admit_nodes(cluster: Cluster, role_arn: str) -> None:
    """EKS makes the entry of a managed node group's role, and leaves it there."""
    if cluster.authentication_mode != "CONFIG_MAP" and role_arn not in cluster.entries:
        user = _username(role_arn, LINUX_NODES)
        cluster.entries[role_arn] = Entry(cluster, role_arn, LINUX_NODES, user, ["system:nodes"])


def may(cluster: Cluster, principal_arn: str) -> str | None:
    """What a principal, or a session of a role, may do: "admin", "view", or nothing (None).

    A policy for some namespaces alone counts for none: the emulated API tells no namespaces apart.
    """
    found = cluster.entries.get(principal_of(principal_arn))
    if found is None:
        return None
    names = {each.name for each in found.policies.values() if not each.namespaces}
    if names & set(WRITERS):
        return "admin"
    return "view" if names & set(READERS) else None


def principal_of(arn: str) -> str:
    """The IAM principal that a session belongs to: access entries know no sessions, and no role's path is in
    the ARN of one.
    """
    session = _SESSION.fullmatch(arn)
    if session is None:
        return arn.replace(":sts:", ":iam:", 1)
    account, name = session.groups()
    from moto.iam.models import iam_backends

    known = iam_backends[account]["aws"].roles.values()
    return next((str(each.arn) for each in known if each.name == name), f"arn:aws:iam::{account}:role/{name}")


def _username(principal: str, kind: str) -> str:
    if kind != STANDARD:
        return _NODE_USER
    account, what, name = (_PRINCIPAL.fullmatch(principal) or re.match("()()(.*)", principal)).groups()  # type: ignore[union-attr]
    if what == "role":
        return f"arn:aws:sts::{account}:assumed-role/{name.rpartition('/')[2]}/{{{{SessionName}}}}"
    return principal


def _check_mode(cluster: Cluster) -> None:
    if cluster.authentication_mode == "CONFIG_MAP":
        raise exceptions.InvalidRequest(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform "
            "this operation."
        )


def _check_principal(principal: str) -> None:
    found = _PRINCIPAL.fullmatch(principal)
    if found is None:
        raise exceptions.InvalidParameter("The principalArn parameter format is not valid")
    if found[2] == "role" and roles.find(principal) is None:
        raise exceptions.InvalidParameter(
            f"The specified principalArn is invalid: invalid principal {principal}"
        )


def _check_names(kind: str, groups: list[str], username: str | None) -> None:
    if kind != STANDARD and (groups or username):
        raise exceptions.InvalidParameter(f"An entry of type {kind} takes no groups and no username")
    for group in groups:
        if group.startswith(("system:", "eks:", "aws:", "amazon:", "iam:")):
            raise exceptions.InvalidParameter(f"The kubernetes group name {group} is invalid, it is reserved")
