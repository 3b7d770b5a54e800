"""The control plane of a cluster: who it is, the key of its secrets, its logs, and where it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from pulumi import CustomTimeouts, Output, Resource, ResourceOptions
from pulumi_aws import cloudwatch, eks, iam, kms

from .. import policies
from ..args import Late, Placement
from ..names import named
from ..session_keys import key_policy
from . import roles

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All that there are (UpdateClusterConfig)."""
CLUSTER_POLICY = "AmazonEKSClusterPolicy"
SUFFIX_LENGTH = 8


class ControlPlaneArgs(Protocol):
    """What this module takes from the cluster's arguments."""

    @property
    def version(self) -> str: ...
    @property
    def placement(self) -> Placement: ...
    @property
    def owner_arn(self) -> Late: ...
    @property
    def service_cidr(self) -> str: ...
    @property
    def public_access_cidrs(self) -> tuple[str, ...]: ...
    @property
    def log_retention_days(self) -> int: ...
    @property
    def log_kms_key_arn(self) -> Late | None: ...
    @property
    def retain_logs(self) -> bool: ...
    @property
    def deletion_protection(self) -> bool: ...
    @property
    def key_deletion_window_days(self) -> int: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


class ControlPlane(NamedTuple):
    cluster: eks.Cluster
    role: iam.Role
    key: kms.Key
    logs: cloudwatch.LogGroup


def control_plane(name: str, args: ControlPlaneArgs, opts: ResourceOptions) -> ControlPlane:
    """The cluster, with what must be there before it: its log group, or EKS would make one that keeps all."""
    owner = Output.from_input(args.owner_arn).apply(policies.owner_of)
    key = kms.Key(
        name,
        description=f"Encrypts the secrets of the cluster {name}",
        policy=Output.json_dumps(owner.apply(key_policy)),
        enable_key_rotation=True,
        deletion_window_in_days=args.key_deletion_window_days,
        tags=named(args.tags, name),
        opts=opts,
    )
    cluster_name = physical_name(name, key)
    logs = cloudwatch.LogGroup(
        name,
        name=Output.concat("/aws/eks/", cluster_name, "/cluster"),
        retention_in_days=args.log_retention_days,
        kms_key_id=args.log_kms_key_arn,
        tags=named(args.tags, name),
        opts=ResourceOptions(parent=opts.parent, retain_on_delete=args.retain_logs),
    )
    role, allowed = _role(name, key, owner, args, opts)
    cluster = _cluster(name, cluster_name, role, key, args, opts, [logs, *allowed])
    return ControlPlane(cluster, role, key, logs)


def physical_name(name: str, key: kms.Key) -> Output[str]:
    """The cluster's name at EKS: `main-1a2b3c4d`.

    The log group's name follows from it, so it must be known before the cluster is there. The suffix is
    random, as a key's ID is, and stays as long as the key.
    """
    found: Output[str] = key.key_id.apply(lambda key_id: f"{name}-{key_id[:SUFFIX_LENGTH]}")
    return found


def encryption_policy(key_arn: str) -> policies.Document:
    """What the control plane does with the key of secrets (EKS User Guide, "Encrypt Kubernetes secrets")."""
    return policies.document(
        {
            "Sid": "EncryptSecrets",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"],
            "Resource": key_arn,
        }
    )


def _role(
    name: str,
    key: kms.Key,
    owner: Output[policies.Owner],
    args: ControlPlaneArgs,
    opts: ResourceOptions,
) -> tuple[iam.Role, list[Resource]]:
    role = roles.role(
        name, f"Control plane of the cluster {name}", policies.trust("eks.amazonaws.com"), args.tags, opts
    )
    managed = roles.attached(name, role, [CLUSTER_POLICY], owner, opts)
    encryption = iam.RolePolicy(
        name, role=role.name, policy=Output.json_dumps(key.arn.apply(encryption_policy)), opts=opts
    )
    return role, [*managed, encryption]


def _cluster(
    name: str,
    cluster_name: Output[str],
    role: iam.Role,
    key: kms.Key,
    args: ControlPlaneArgs,
    opts: ResourceOptions,
    before: list[Resource],
) -> eks.Cluster:
    return eks.Cluster(
        name,
        name=cluster_name,
        role_arn=role.arn,
        version=args.version,
        # One that is not updated in time is updated by EKS, and not kept alive at six times the price.
        upgrade_policy=eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
        access_config=eks.ClusterAccessConfigArgs(
            authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
        ),
        # Every add-on is declared, with its version: EKS installs none of its own choice.
        bootstrap_self_managed_addons=False,
        enabled_cluster_log_types=list(LOG_TYPES),
        encryption_config=eks.ClusterEncryptionConfigArgs(
            provider=eks.ClusterEncryptionConfigProviderArgs(key_arn=key.arn), resources=["secrets"]
        ),
        kubernetes_network_config=eks.ClusterKubernetesNetworkConfigArgs(
            ip_family="ipv4", service_ipv4_cidr=args.service_cidr
        ),
        vpc_config=eks.ClusterVpcConfigArgs(
            subnet_ids=list(args.placement.subnet_ids),
            endpoint_private_access=True,
            endpoint_public_access=bool(args.public_access_cidrs),
            public_access_cidrs=list(args.public_access_cidrs) or None,
        ),
        deletion_protection=args.deletion_protection,
        tags=named(args.tags, name),
        opts=ResourceOptions(
            parent=opts.parent,
            depends_on=before,
            custom_timeouts=CustomTimeouts(create="45m", update="2h", delete="45m"),
        ),
    )
