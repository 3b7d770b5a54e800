"""Which versions of Kubernetes and of add-ons there are, and which way leads from one to the next.

Source: "Understand the Kubernetes version lifecycle on EKS", "Update existing cluster to new Kubernetes
version", the pages of the add-ons, and the Kubernetes version skew policy.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rehearsal.cloud.eks import exceptions

#: In standard or in extended support, the oldest first; a cluster that names none gets the last.
KUBERNETES = ("1.31", "1.32", "1.33", "1.34", "1.35", "1.36")
#: A node may be this many minor versions behind its control plane.
MOST_SKEW = 3

_ADD_ON_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)-eksbuild\.\d+")


class AddOn(NamedTuple):
    """`version`: the default one. `oldest`: the first that runs with KUBERNETES. `needs_nodes`: it is a
    Deployment, and without a node to run on it is degraded.
    """

    version: str
    oldest: tuple[int, int, int]
    namespace: str = "kube-system"
    needs_nodes: bool = False


ADD_ONS = {
    "aws-ebs-csi-driver": AddOn("v1.54.0-eksbuild.1", (1, 30, 0), needs_nodes=True),
    "aws-secrets-store-csi-driver-provider": AddOn("v3.1.3-eksbuild.1", (2, 0, 0), "aws-secrets-manager"),
    "coredns": AddOn("v1.13.2-eksbuild.1", (1, 11, 3), needs_nodes=True),
    "eks-node-monitoring-agent": AddOn("v1.4.0-eksbuild.2", (1, 0, 0)),
    "eks-pod-identity-agent": AddOn("v1.3.10-eksbuild.3", (1, 3, 0)),
    "kube-proxy": AddOn("", (1, 28, 0)),
    "metrics-server": AddOn("v0.8.0-eksbuild.6", (0, 7, 2), needs_nodes=True),
    "vpc-cni": AddOn("v1.21.1-eksbuild.3", (1, 18, 3)),
}


def kubernetes(version: str | None) -> str:
    """Raises InvalidParameter for one that EKS does not have."""
    if version is None:
        return KUBERNETES[-1]
    if version not in KUBERNETES:
        raise exceptions.InvalidParameter("unsupported Kubernetes version")
    return version


def minor(version: str) -> int:
    """36 of `1.36`, and of `v1.36.1-eksbuild.2`."""
    return int(version.removeprefix("v").split(".")[1])


def check_upgrade(now: str, wanted: str) -> None:
    """One minor version up at a time. Raises InvalidParameter."""
    kubernetes(wanted)
    if wanted == now:
        raise exceptions.InvalidParameter(
            f"Cluster is already at the desired configuration with version: {now}"
        )
    if minor(wanted) != minor(now) + 1:
        raise exceptions.InvalidParameter(
            f"Unsupported Kubernetes minor version update from {now} to {wanted}"
        )


def add_on(name: str, version: str | None, cluster_version: str) -> str:
    """The version of an add-on, the default one where none is named.

    Any build from the oldest on counts as there: AWS publishes new ones every few weeks. Raises NotFound for
    an add-on, and InvalidParameter for a version, that does not run with the cluster's.
    """
    known = ADD_ONS.get(name)
    if known is None:
        raise exceptions.NotFound(f"No addon with name {name} found in supported versions")
    if version is None:
        return known.version or f"v{cluster_version}.0-eksbuild.2"
    found = _ADD_ON_VERSION.fullmatch(version)
    if found is None or tuple(int(each) for each in found.groups()) < known.oldest:
        raise exceptions.InvalidParameter("Addon version specified is not supported")
    behind = minor(cluster_version) - minor(version)
    if name == "kube-proxy" and not 0 <= behind <= MOST_SKEW:
        raise exceptions.InvalidParameter("Addon version specified is not supported")
    return version
