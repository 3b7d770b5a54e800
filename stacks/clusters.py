"""The cluster of an environment: its nodes, the namespace of its workloads, the agent that ships their lines.

Imported by an environment that has a cluster: another one starts without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pulumi import Output, ResourceOptions

from components.kubernetes.cluster import Cluster, ClusterArgs
from components.kubernetes.cluster_autoscaler import ClusterAutoscaler, ClusterAutoscalerArgs
from components.kubernetes.log_agent import LogAgent, LogAgentArgs
from components.kubernetes.node_access import NodeAccess, NodeAccessArgs
from components.kubernetes.node_group import NodesArgs
from components.kubernetes.workload_namespace import WorkloadNamespace, WorkloadNamespaceArgs
from stacks.cluster_sections import ClusterConfig
from stacks.config import EnvironmentConfig, blamed_on
from stacks.container_images import AUTOSCALER, LOG_AGENT
from stacks.fleets import Surroundings

NAME = "cluster"


class Made(NamedTuple):
    """A cluster, ready for workloads."""

    cluster: Cluster
    namespace: WorkloadNamespace
    node_access: list[NodeAccess]
    """The ways to databases, if there are any, which are open before a pod takes one."""


def declare(stack: str, config: EnvironmentConfig, given: ClusterConfig, around: Surroundings) -> Made:
    """Declare the cluster, its namespace and what its nodes may reach."""
    with blamed_on(stack, NAME):
        cluster = Cluster(NAME, _args(config, given, around))
        namespace = WorkloadNamespace(
            "workloads",
            WorkloadNamespaceArgs(
                kubeconfig=cluster.kubeconfig, namespace=given.namespace, version=given.version
            ),
            ResourceOptions(provider=cluster.provider),
        )
    return Made(cluster, namespace, _node_access(config, cluster, around))


def _node_access(config: EnvironmentConfig, cluster: Cluster, around: Surroundings) -> list[NodeAccess]:
    used = {workload.database for workload in config.workloads.values()}
    databases = {name: each for name, each in around.databases.items() if name in used}
    if not databases:
        return []
    args = NodeAccessArgs(
        node_security_group_id=cluster.node_security_group_id, databases=databases, tags=around.tags
    )
    return [NodeAccess(NAME, args)]


def _args(config: EnvironmentConfig, given: ClusterConfig, around: Surroundings) -> ClusterArgs:
    nodes = given.nodes
    return ClusterArgs(
        version=given.version,
        nodes=NodesArgs(
            image_id=nodes.image_id,
            instance_types=nodes.instance_types,
            min_size=nodes.min,
            max_size=nodes.max,
            max_unavailable=nodes.max_unavailable,
            max_age_days=nodes.max_age_days,
            volume_size_gib=nodes.volume_size_gib,
        ),
        add_ons=given.add_ons,
        placement=around.network.placement,
        owner_arn=around.network.vpc_arn,
        region=config.region,
        alert_topic_arn=around.alerts.arn,
        admin_arns=given.admins,
        viewer_arns=given.viewers,
        public_access_cidrs=given.public_access_cidrs,
        log_retention_days=config.logs.retention_days,
        log_kms_key_arn=around.shipped.key_arn,
        retain_logs=config.logs.retain_on_destroy,
        deletion_protection=given.deletion_protection,
        tags=around.tags,
    )


def ship_lines(
    config: EnvironmentConfig, made: Made, log_group_arns: Mapping[str, Output[str]], tags: Mapping[str, str]
) -> None:
    """Have an agent on every node that takes each workload's lines to its log group."""
    LogAgent(
        LOG_AGENT,
        LogAgentArgs(
            image=config.images[LOG_AGENT],
            cluster_name=made.cluster.name,
            cluster_arn=made.cluster.arn,
            region=config.region,
            log_group_arns=log_group_arns,
            tags=tags,
        ),
        ResourceOptions(provider=made.cluster.provider),
    )


def scale_nodes(config: EnvironmentConfig, given: ClusterConfig, made: Made, tags: Mapping[str, str]) -> None:
    """Have nodes come and go with the pods that need them, where there is an image for what does it."""
    if AUTOSCALER not in config.images:
        return
    cluster = made.cluster
    ClusterAutoscaler(
        AUTOSCALER,
        ClusterAutoscalerArgs(
            image=config.images[AUTOSCALER],
            version=given.version,
            cluster_name=cluster.name,
            cluster_arn=cluster.arn,
            region=config.region,
            autoscaling_name=cluster.node_group_autoscaling_name,
            tags=tags,
        ),
        ResourceOptions(provider=cluster.provider),
    )


def exported(given: ClusterConfig, made: Made) -> dict[str, Any]:
    """What people and scripts read of the cluster. Its kubeconfig holds no secret."""
    return {
        "name": made.cluster.name,
        "endpoint": made.cluster.endpoint,
        "version": made.cluster.version,
        "kubeconfig": made.cluster.kubeconfig,
        "nodeImage": given.nodes.image_id,
        "nodeGroup": made.cluster.node_group_name,
        "namespace": given.namespace,
    }
