"""EKS's add-ons of a cluster, each at a pinned version: nothing in a cluster changes by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Protocol

from pulumi import CustomTimeouts, Output, Resource, ResourceOptions
from pulumi_aws import eks

from .. import policies
from ..names import named
from . import roles

NETWORK = "vpc-cni"
POD_IDENTITY_AGENT = "eks-pod-identity-agent"
BEFORE_NODES = (NETWORK, POD_IDENTITY_AGENT, "kube-proxy")
"""What a node needs to be ready, and pods to have an identity; the others need a node to run on."""
REQUIRED = ("aws-secrets-store-csi-driver-provider", "coredns", "metrics-server", *BEFORE_NODES)
"""What workloads rely on: names, addresses and rules of the network, identities, secrets, and the measures
that they are scaled by."""

NETWORK_POLICY = "AmazonEKS_CNI_Policy"
NETWORK_ACCOUNT = ("kube-system", "aws-node")
SETTINGS: Mapping[str, Mapping[str, object]] = {
    # Without it, network policies are accepted and do nothing. The schema of the add-on takes it as text.
    NETWORK: {"enableNetworkPolicy": "true"},
}
TIMEOUTS = CustomTimeouts(create="20m", update="20m", delete="40m")


class AddOnsArgs(Protocol):
    """What this module takes from the cluster's arguments."""

    @property
    def add_ons(self) -> Mapping[str, str]: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def refuse_missing(versions: Mapping[str, str]) -> None:
    """Raises ValueError for an add-on that is used and has no version."""
    for name in sorted(REQUIRED):
        if name not in versions:
            raise ValueError(
                f"the add-on {name} has no version: pin one, as `aws eks describe-addon-versions` lists"
            )


def network_role(
    name: str, cluster_arn: Output[str], args: AddOnsArgs, opts: ResourceOptions
) -> tuple[Output[str], Sequence[Resource]]:
    """The role of what gives pods their addresses: nodes themselves have no leave to change the network."""
    child_name = f"{name}-{NETWORK}"
    trust = cluster_arn.apply(lambda arn: roles.pod_trust(arn, *NETWORK_ACCOUNT))
    role = roles.role(child_name, f"Addresses of pods in {name}", trust, args.tags, opts)
    owner = cluster_arn.apply(policies.owner_of)
    return role.arn, roles.attached(child_name, role, [NETWORK_POLICY], owner, opts)


def add_ons(
    name: str,
    names: Sequence[str],
    cluster_name: Output[str],
    network_role_arn: Output[str],
    args: AddOnsArgs,
    opts: ResourceOptions,
) -> list[eks.Addon]:
    """The named ones. What a hand changed in one is set right at its next update."""
    return [
        eks.Addon(
            f"{name}-{each}",
            cluster_name=cluster_name,
            addon_name=each,
            addon_version=args.add_ons[each],
            configuration_values=_settings(each),
            pod_identity_associations=_identity(each, network_role_arn),
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            preserve=False,
            tags=named(args.tags, f"{name}-{each}"),
            opts=ResourceOptions(parent=opts.parent, depends_on=opts.depends_on, custom_timeouts=TIMEOUTS),
        )
        for each in names
    ]


def _settings(name: str) -> str | None:
    return json.dumps(SETTINGS[name], sort_keys=True) if name in SETTINGS else None


def _identity(name: str, network_role_arn: Output[str]) -> list[eks.AddonPodIdentityAssociationArgs] | None:
    if name != NETWORK:
        return None
    account = NETWORK_ACCOUNT[1]
    return [eks.AddonPodIdentityAssociationArgs(role_arn=network_role_arn, service_account=account)]
