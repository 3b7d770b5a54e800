"""The nodes of a cluster: a managed node group on a pinned image, replaced and never changed.

A new image, or anything else of a node, is another version of the launch template; EKS then brings new nodes
up before it drains the old ones, `max_unavailable` at a time, and stops when pods cannot be moved.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi import CustomTimeouts, Output, ResourceOptions
from pulumi_aws import ec2, eks, iam
from pydantic import Field, model_validator

from .. import policies
from ..args import Args, ComponentArgs, ImageId, Late, Placement, Port
from ..names import name_prefix, named
from ..server_template import server_template
from ..user_data import encoded
from . import roles
from .node_rules import CONTROL_PLANE_PORTS, node_rules
from .node_user_data import node_config

NODE_POLICIES = ("AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy")
"""AWS's own, for what a node does: pull images, find its cluster, ask for pods' identities. The addresses of
pods are the network add-on's to assign, with a role of its own."""
NODE_GROUP_PREFIX = 37
"""63 characters less the provider's unique suffix."""
MAX_AGE_DAYS = 21


class NodesArgs(Args):
    """What the nodes of a cluster are. Raises ValueError for sizes at odds."""

    image_id: ImageId | Output[str]
    """An image for nodes of the cluster's minor version, with nodeadm, as EKS's own for Amazon Linux 2023."""
    instance_types: tuple[str, ...] = Field(min_length=1, max_length=20)
    """In order of preference, of the image's architecture (CreateNodegroup takes 20)."""
    min_size: int = Field(default=2, ge=1, le=450)
    max_size: int = Field(default=6, ge=1, le=450)
    """EKS goes above it for the time of an update. Between the two a `ClusterAutoscaler` decides; without one
    the group stays as it begins, with `min_size`."""
    max_unavailable: int = Field(default=1, ge=1, le=100)
    """How many nodes an update drains at once."""
    max_age_days: int = Field(default=MAX_AGE_DAYS, ge=1, le=365)
    """After how many days a node is replaced by one of the same image."""
    volume_size_gib: int = Field(default=40, ge=1, le=16384)
    """Holds images and logs of all pods of a node. No smaller than the image's own volume."""
    root_device_name: str = "/dev/xvda"
    """The image's root device. Under another name the settings here would make a second disk."""
    kms_key_id: Late | None = None
    """A customer key for the volume. Without one, the account's default key for EBS. The service-linked
    role of Auto Scaling needs a grant on a customer key, or no node starts."""

    @model_validator(mode="after")
    def _in_order(self) -> NodesArgs:
        if self.min_size > self.max_size:
            raise ValueError(f"{self.min_size} nodes at least and {self.max_size} at most: swap the two")
        return self


class NodeGroupArgs(NodesArgs, ComponentArgs):
    """What a `NodeGroup` is made of: the nodes, and the cluster that they join."""

    cluster_name: Late
    cluster_arn: Late
    endpoint: Late
    certificate_authority: Late
    """In base64, as EKS tells it."""
    service_cidr: str
    cluster_security_group_id: Late
    """The security group that EKS made for the cluster: its control plane has it, the nodes do not."""
    placement: Placement
    control_plane_ports: tuple[Port, ...] = CONTROL_PLANE_PORTS
    """Where the control plane may call nodes. What runs a webhook of its own needs that one's port here."""


class NodeGroup(pulumi.ComponentResource):
    """A managed node group with a launch template of the same make as servers have, and no way to log in.

    Pods cannot reach the metadata, and with it the node's role: it is one hop too far.
    """

    name: Output[str]
    autoscaling_name: Output[str]
    """The Auto Scaling group that EKS made for it."""
    security_group_id: Output[str]

    def __init__(self, name: str, args: NodeGroupArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:nodegroup:NodeGroup", name, None, opts)
        child = ResourceOptions(parent=self)
        role, allowed = _role(name, args, child)
        group, rules = node_rules(name, args, child)
        template = server_template(
            name,
            args,
            description=f"Nodes of {name}",
            group=group,
            user_data=_user_data(args),
            # EKS tags nodes with keys that hold a slash, which metadata does not take. No subnet, profile,
            # type or shutdown behaviour either: these are the node group's, and EKS refuses a second word
            # (LaunchTemplateSpecification).
            metadata_tags=False,
            opts=child,
        )
        made = _node_group(name, args, role, template, self, [*allowed, *rules])
        self.name = made.node_group_name
        self.autoscaling_name = made.resources.apply(_autoscaling_name)
        self.security_group_id = group.id
        self.register_outputs({"name": self.name, "autoscalingName": self.autoscaling_name})


def _autoscaling_name(resources: Sequence[eks.outputs.NodeGroupResource]) -> str:
    return str(resources[0].autoscaling_groups[0].name)


def _user_data(args: NodeGroupArgs) -> Output[str]:
    known = Output.all(args.cluster_name, args.endpoint, args.certificate_authority)
    return known.apply(lambda told: encoded(node_config(told[0], told[1], told[2], args.service_cidr)))


def _role(
    name: str, args: NodeGroupArgs, opts: ResourceOptions
) -> tuple[iam.Role, list[iam.RolePolicy | iam.RolePolicyAttachment]]:
    """The role, and what must be there before a node is of use."""
    role = roles.role(name, f"Nodes of {name}", policies.trust("ec2.amazonaws.com"), args.tags, opts)
    owner = Output.from_input(args.cluster_arn).apply(policies.owner_of)
    managed = roles.attached(name, role, NODE_POLICIES, owner, opts)
    agent = iam.RolePolicy(
        name, role=role.name, policy=Output.json_dumps(policies.document(policies.ssm_agent())), opts=opts
    )
    return role, [*managed, agent]


def _node_group(
    name: str,
    args: NodeGroupArgs,
    role: iam.Role,
    template: ec2.LaunchTemplate,
    parent: pulumi.Resource,
    before: Sequence[pulumi.Resource],
) -> eks.NodeGroup:
    """Without image type and version: with an image in the template EKS takes neither (CreateNodegroup)."""
    return eks.NodeGroup(
        name,
        cluster_name=args.cluster_name,
        node_group_name_prefix=name_prefix(name, NODE_GROUP_PREFIX),
        node_role_arn=role.arn,
        subnet_ids=list(args.placement.subnet_ids),
        instance_types=list(args.instance_types),
        capacity_type="ON_DEMAND",
        launch_template=eks.NodeGroupLaunchTemplateArgs(
            id=template.id, version=template.latest_version.apply(str)
        ),
        scaling_config=eks.NodeGroupScalingConfigArgs(
            min_size=args.min_size, max_size=args.max_size, desired_size=args.min_size
        ),
        # DEFAULT: new nodes first, then the old ones are drained.
        update_config=eks.NodeGroupUpdateConfigArgs(
            max_unavailable=args.max_unavailable, update_strategy="DEFAULT"
        ),
        node_repair_config=eks.NodeGroupNodeRepairConfigArgs(enabled=True),
        tags=named(args.tags, name),
        opts=ResourceOptions(
            parent=parent,
            depends_on=list(before),
            ignore_changes=["scalingConfig.desiredSize"],
            custom_timeouts=CustomTimeouts(create="30m", update="3h", delete="1h"),
        ),
    )
