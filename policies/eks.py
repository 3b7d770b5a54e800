"""Amazon EKS: a private, supported, logged control plane, and nodes that are never changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.rules import Resource, Rule, Severity, at, is_false, rule

CLUSTER = "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
ADD_ON = "aws:eks/addon:Addon"
OLDEST = (1, 33)
"""Versions below get no corrections without a surcharge (EKS User Guide, Kubernetes versions)."""


@rule(
    id="eks-1",
    types=(CLUSTER,),
    severity=Severity.HIGH,
    control="EKS.1",
    reason="An API that the internet reaches is one credential away from everybody.",
    fix="set endpointPublicAccess to false, and run deployments where the network is reached",
)
def eks_1(cluster: Resource) -> Iterator[str]:
    if not is_false(at(cluster, "vpcConfig.endpointPublicAccess", True)):
        cidrs = at(cluster, "vpcConfig.publicAccessCidrs", ("0.0.0.0/0",))
        yield f"its endpoint is public, for {', '.join(cidrs)}"


@rule(
    id="eks-2",
    types=(CLUSTER,),
    severity=Severity.HIGH,
    control="EKS.2",
    reason="A version that is not pinned is whatever is newest; one out of support gets no corrections.",
    fix="pin a version that is in standard support, and follow one minor version at a time",
)
def eks_2(cluster: Resource) -> Iterator[str]:
    version = at(cluster, "version")
    if version is None:
        yield "version is not given"
    elif tuple(int(part) for part in version.split(".")) < OLDEST:
        yield f"version is {version}"


@rule(
    id="eks-3",
    types=(CLUSTER,),
    severity=Severity.MEDIUM,
    control="EKS.3",
    reason="Secrets that are encrypted with a key of one's own are read by nobody without that key.",
    fix="give encryptionConfig a key, for secrets",
)
def eks_3(cluster: Resource) -> Iterator[str]:
    config = at(cluster, "encryptionConfig", {})
    if "secrets" not in at(config, "resources", ()) or at(config, "provider.keyArn") is None:
        yield "secrets have no key of their own"


@rule(
    id="eks-8",
    types=(CLUSTER,),
    severity=Severity.MEDIUM,
    control="EKS.8",
    reason="Without audit logs nobody can tell afterwards who did what in the cluster.",
    fix="put audit into enabledClusterLogTypes",
)
def eks_8(cluster: Resource) -> Iterator[str]:
    kinds = at(cluster, "enabledClusterLogTypes", ())
    if "audit" not in kinds:
        yield f"it logs {', '.join(kinds) or 'nothing'}"


@rule(
    id="immutable-cluster-access",
    types=(CLUSTER,),
    severity=Severity.HIGH,
    reason="Who may do what is said inside of the cluster, or by who made it, and seen in no diff.",
    fix="set authenticationMode to API, bootstrapClusterCreatorAdminPermissions to false, and make entries",
)
def cluster_access(cluster: Resource) -> Iterator[str]:
    mode = at(cluster, "accessConfig.authenticationMode", "CONFIG_MAP")
    if mode != "API":
        yield f"authenticationMode is {mode}"
    if not is_false(at(cluster, "accessConfig.bootstrapClusterCreatorAdminPermissions", True)):
        yield "who makes it is its admin for ever"


@rule(
    id="immutable-node-template",
    types=(NODE_GROUP,),
    severity=Severity.HIGH,
    reason="Nodes without a pinned version of a launch template are of an image that changes by itself.",
    fix="give it a launchTemplate with a version's number, and no remoteAccess",
)
def node_template(group: Resource) -> Iterator[str]:
    version = at(group, "launchTemplate.version")
    if version is None or not re.fullmatch(r"[1-9]\d*", str(version)):
        yield f"the version of its launch template is {version}"
    if at(group, "remoteAccess") is not None:
        yield "remoteAccess lets people log in to nodes"


@rule(
    id="immutable-add-on-version",
    types=(ADD_ON,),
    severity=Severity.HIGH,
    reason="An add-on without a version is the newest on the day that it is made, and another one elsewhere.",
    fix="set addonVersion, as `aws eks describe-addon-versions` lists them",
)
def add_on_version(add_on: Resource) -> Iterator[str]:
    if at(add_on, "addonVersion") is None:
        yield "addonVersion is not given"


@rule(
    id="eks-node-subnets",
    types=(NODE_GROUP,),
    severity=Severity.MEDIUM,
    reason="Nodes in one zone are lost with that zone, and with them every pod.",
    fix="give it subnets in two zones or more",
)
def node_subnets(group: Resource) -> Iterator[str]:
    given = at(group, "subnetIds", ())
    if len(given) < 2:
        yield f"it has {len(given)} subnets"


RULES: tuple[Rule, ...] = (
    eks_1,
    eks_2,
    eks_3,
    eks_8,
    cluster_access,
    node_template,
    add_on_version,
    node_subnets,
)
