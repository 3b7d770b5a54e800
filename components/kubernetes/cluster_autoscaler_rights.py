"""What Cluster Autoscaler may do, in the cluster and to AWS: what its authors say that it needs (Kubernetes
autoscaler, the example for AWS and its README), less what objects need that nothing here declares.
"""

from __future__ import annotations

from typing import Any

from .. import policies

NAME = "cluster-autoscaler"
"""Its namespace, its service account and itself."""

_LOOK = ["get", "list", "watch"]

CLUSTER_RULES: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["update"]},
    {"apiGroups": [""], "resources": ["nodes"], "verbs": [*_LOOK, "update"]},
    {
        "apiGroups": [""],
        "resources": [
            "namespaces", "persistentvolumeclaims", "persistentvolumes", "pods", "replicationcontrollers",
            "services",
        ],
        "verbs": _LOOK,
    },
    {"apiGroups": ["apps"], "resources": ["daemonsets", "replicasets", "statefulsets"], "verbs": _LOOK},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": _LOOK},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": _LOOK},
    {
        "apiGroups": ["resource.k8s.io"],
        "resources": ["deviceclasses", "resourceclaims", "resourceslices"],
        "verbs": _LOOK,
    },
    {
        "apiGroups": ["storage.k8s.io"],
        "resources": [
            "csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments",
        ],
        "verbs": _LOOK,
    },
]  # fmt: skip
"""In all of the cluster: it looks at what a pod needs to be placed, empties nodes, and marks those to go."""

OWN_RULES: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "list", "watch"]},
    {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["cluster-autoscaler-status"],
        "verbs": ["delete", "get", "update"],
    },
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resourceNames": [NAME],
        "verbs": ["get", "update"],
    },
]
"""In its own namespace: how it is doing, and that it is the only one."""

LOOK: policies.Statement = {
    # None but the last takes a resource.
    "Sid": "LookAtNodes",
    "Effect": "Allow",
    "Action": [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeTags",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
        "eks:DescribeNodegroup",
    ],
    "Resource": "*",
}


def group_arn(cluster_arn: str, autoscaling_name: str) -> str:
    """Of the named group, which is in the account and region of the cluster."""
    owner = policies.owner_of(cluster_arn)
    groups = f"arn:{owner.partition}:autoscaling:{owner.region}:{owner.account}:autoScalingGroup:*"
    return f"{groups}:autoScalingGroupName/{autoscaling_name}"
