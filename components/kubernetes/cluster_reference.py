"""A cluster that this program does not own, with what workloads need of it."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes
from pulumi import Output, ResourceOptions

from ..args import ComponentArgs, Late


class ClusterReferenceArgs(ComponentArgs):
    """What a `ClusterReference` is made of."""

    cluster_name: Late
    """Its name at EKS, for identities of pods."""
    cluster_arn: Late
    endpoint: Late
    kubeconfig: Late
    """The whole text; `kubeconfig.kubeconfig` makes that of a cluster of EKS. Any other is taken too."""
    version: str
    """The cluster's minor version, such as 1.36: what manifests are checked against."""
    node_security_group_id: Late | None = None
    """What pods have for a security group, so that they are let in to databases; None: no way is opened."""
    autoscaling_name: Late | None = None
    """The Auto Scaling group of nodes that take requests from a load balancer; None: there are no routes."""


class ClusterReference(pulumi.ComponentResource):
    """Stands where a `Cluster` would: has the same attributes, and makes nothing but the provider."""

    name: Output[str]
    arn: Output[str]
    endpoint: Output[str]
    version: Output[str]
    kubeconfig: Output[str]
    provider: pulumi_kubernetes.Provider
    node_security_group_id: Output[str] | None
    node_group_autoscaling_name: Output[str] | None

    def __init__(self, name: str, args: ClusterReferenceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:clusterreference:ClusterReference", name, None, opts)
        self.name = Output.from_input(args.cluster_name)
        self.arn = Output.from_input(args.cluster_arn)
        self.endpoint = Output.from_input(args.endpoint)
        self.version = Output.from_input(args.version)
        self.kubeconfig = Output.from_input(args.kubeconfig)
        self.provider = pulumi_kubernetes.Provider(
            name, kubeconfig=self.kubeconfig, opts=ResourceOptions(parent=self)
        )
        self.node_security_group_id = _late(args.node_security_group_id)
        self.node_group_autoscaling_name = _late(args.autoscaling_name)
        self.register_outputs({"name": self.name})


def _late(value: Late | None) -> Output[str] | None:
    return None if value is None else Output.from_input(value)
