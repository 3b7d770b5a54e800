"""A Kubernetes cluster (EKS) whose version, nodes and add-ons are pinned: nothing changes by itself."""

from __future__ import annotations

import ipaddress
from typing import Annotated

import pulumi
import pulumi_kubernetes
from pulumi import Output, ResourceOptions
from pulumi_aws import eks
from pydantic import Field, StringConstraints, model_validator

from ..args import ComponentArgs, Late, Placement, RetentionDays
from . import access_entries, add_ons
from .access_entries import Principal
from .control_plane import ControlPlane, control_plane
from .kubeconfig import kubeconfig
from .node_group import NodeGroup, NodeGroupArgs, NodesArgs
from .node_rotation import NodeRotation, NodeRotationArgs

ENDPOINTS = ("ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "logs", "secretsmanager", "ssm", "sts")
"""What nodes and pods call, for `NetworkArgs.interface_endpoints` of a network without internet. Such a
network has images from ECR alone."""

MinorVersion = Annotated[str, StringConstraints(pattern=r"^1\.[1-9]\d$")]
AddOnVersion = Annotated[str, StringConstraints(pattern=r"^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$")]

_SERVICE_RANGES = tuple(
    ipaddress.IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)


class ClusterArgs(ComponentArgs):
    """What a `Cluster` is made of.

    Raises ValueError for an add-on without a version, a principal named twice, an address range that EKS
    would refuse, and an endpoint that the whole internet may call.
    """

    version: MinorVersion
    """Of Kubernetes. EKS goes up one minor version at a time, and never down; nodes follow by their image."""
    nodes: NodesArgs
    add_ons: dict[str, AddOnVersion]
    """Versions by name, as `aws eks describe-addon-versions` lists them; `add_ons.REQUIRED` must be there."""
    placement: Placement
    """Private subnets: for nodes, pods and the control plane's ends in the network."""
    owner_arn: Late
    """The ARN of any resource of the same account and region, such as `Network.vpc_arn`."""
    region: str
    alert_topic_arn: Late
    """Where it is told that nodes could not be replaced."""
    admin_arns: tuple[Principal, ...] = Field(min_length=1)
    """Who may do everything in the cluster. Who runs this program must be among them: who makes a cluster
    gets no rights in it by that."""
    viewer_arns: tuple[Principal, ...] = ()
    """Who may look at everything but secrets."""
    public_access_cidrs: tuple[str, ...] = ()
    """From where, outside of the network, the Kubernetes API is reached. Empty: from nowhere."""
    service_cidr: str = "172.20.0.0/16"
    """Addresses of Services, /12 to /24, in no network that pods call. Another one is another cluster."""
    log_retention_days: RetentionDays = 365
    log_kms_key_arn: Late | None = None
    """A customer key for the logs. Without one, CloudWatch Logs encrypts with a key of its own."""
    retain_logs: bool = True
    """Whether the control plane's logs outlive the cluster."""
    deletion_protection: bool = True
    """Whether EKS refuses to delete the cluster."""
    key_deletion_window_days: int = Field(default=30, ge=7, le=30)
    """How long the key of the secrets can be had back after it was deleted (KMS, ScheduleKeyDeletion)."""

    @model_validator(mode="after")
    def _acceptable(self) -> ClusterArgs:
        add_ons.refuse_missing(self.add_ons)
        access_entries.refuse_twice(self)
        _refuse_service_range(self.service_cidr)
        for cidr in self.public_access_cidrs:
            if ipaddress.IPv4Network(cidr).prefixlen == 0:
                raise ValueError(f"{cidr} lets everybody call the Kubernetes API: name your own ranges")
        return self


def _refuse_service_range(cidr: str) -> None:
    network = ipaddress.IPv4Network(cidr)
    inside = any(network.subnet_of(each) for each in _SERVICE_RANGES)
    if not inside or not 12 <= network.prefixlen <= 24:
        raise ValueError(
            f"EKS takes no {cidr} for Services: give a /12 to /24 of a private range, such as 172.20.0.0/16"
        )


class Cluster(pulumi.ComponentResource):
    """A private cluster: its API is reached from the network, its secrets have a key of their own, all of its
    control plane's logs are kept, and who may do what is said by access entries.
    """

    name: Output[str]
    """At EKS: the component's with a suffix."""
    arn: Output[str]
    endpoint: Output[str]
    version: Output[str]
    oidc_issuer: Output[str]
    """Who signs the tokens of service accounts, for trust outside of AWS; in it, pods have pod identities."""
    kubeconfig: Output[str]
    """Known once its admins may do something with it. It holds no secret."""
    provider: pulumi_kubernetes.Provider
    """Makes objects in the cluster once there are nodes and add-ons for them."""
    security_group_id: Output[str]
    """The one that EKS made, of the control plane."""
    node_security_group_id: Output[str]
    """That of nodes, and so of pods."""
    node_group_name: Output[str]
    node_group_autoscaling_name: Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:cluster:Cluster", name, None, opts)
        child = ResourceOptions(parent=self)
        plane = control_plane(name, args, child)
        cluster = plane.cluster
        entries = access_entries.access_entries(name, cluster, args, child)
        network_role_arn, allowed = add_ons.network_role(name, cluster.arn, args, child)
        ready = ResourceOptions(parent=self, depends_on=list(allowed))
        early = [each for each in args.add_ons if each in add_ons.BEFORE_NODES]
        late = [each for each in args.add_ons if each not in add_ons.BEFORE_NODES]
        first = add_ons.add_ons(name, early, cluster.name, network_role_arn, args, ready)
        nodes = NodeGroup(
            f"{name}-nodes",
            _node_group(args, plane),
            ResourceOptions(parent=self, depends_on=first),
        )
        then = ResourceOptions(parent=self, depends_on=[nodes])
        rest = add_ons.add_ons(name, late, cluster.name, network_role_arn, args, then)
        NodeRotation(f"{name}-nodes", _rotation(args, cluster, nodes), child)

        self.name = cluster.name
        self.arn = cluster.arn
        self.endpoint = cluster.endpoint
        self.version = cluster.version
        self.oidc_issuer = cluster.identities.apply(lambda found: str(found[0].oidcs[0].issuer))
        authority = cluster.certificate_authority.apply(lambda found: str(found.data))
        written = kubeconfig(self.name, self.endpoint, authority, args.region)
        self.kubeconfig = Output.all(written, *(each.id for each in entries)).apply(lambda all_: str(all_[0]))
        self.provider = pulumi_kubernetes.Provider(
            name,
            kubeconfig=self.kubeconfig,
            opts=ResourceOptions(parent=self, depends_on=[*entries, nodes, *first, *rest]),
        )
        self.security_group_id = cluster.vpc_config.cluster_security_group_id
        self.node_security_group_id = nodes.security_group_id
        self.node_group_name = nodes.name
        self.node_group_autoscaling_name = nodes.autoscaling_name
        self.register_outputs({"name": self.name, "endpoint": self.endpoint})


def _node_group(args: ClusterArgs, plane: ControlPlane) -> NodeGroupArgs:
    cluster = plane.cluster
    return NodeGroupArgs(
        **dict(args.nodes),
        cluster_name=cluster.name,
        cluster_arn=cluster.arn,
        endpoint=cluster.endpoint,
        certificate_authority=cluster.certificate_authority.apply(lambda found: str(found.data)),
        service_cidr=args.service_cidr,
        cluster_security_group_id=cluster.vpc_config.cluster_security_group_id,
        placement=args.placement,
        tags=args.tags,
    )


def _rotation(args: ClusterArgs, cluster: eks.Cluster, nodes: NodeGroup) -> NodeRotationArgs:
    return NodeRotationArgs(
        cluster_arn=cluster.arn,
        cluster_name=cluster.name,
        node_group_name=nodes.name,
        autoscaling_name=nodes.autoscaling_name,
        max_age_days=args.nodes.max_age_days,
        alert_topic_arn=args.alert_topic_arn,
        log_retention_days=args.log_retention_days,
        tags=args.tags,
    )
