"""What decides how many nodes there are: Cluster Autoscaler, between the sizes of the node group.

It starts a node for pods that fit on none, and ends one whose pods fit on the others. Without it a node group
stays as large as it is.
"""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_kubernetes import apps, networking, policy

from ..args import ComponentArgs, Late
from . import system_objects
from .cluster_autoscaler_rights import CLUSTER_RULES, LOOK, NAME, OWN_RULES, group_arn
from .container import NOT_ROOT, base_container
from .labels import NAME as NAME_LABEL
from .quantities import Quantity
from .workload_args import ContainerImage
from .workload_identity import WorkloadIdentity, WorkloadIdentityArgs

PORT = 8085
"""Where it says whether it works."""
USER_ID = 65534


class ClusterAutoscalerArgs(ComponentArgs):
    """What a `ClusterAutoscaler` is made of. Its cluster is that of the provider in the options."""

    image: ContainerImage
    """Cluster Autoscaler by digest, of the cluster's minor version (registry.k8s.io/autoscaling)."""
    version: str
    """The cluster's minor version, such as 1.36: of which the rules for pods are."""
    cluster_name: Late
    cluster_arn: Late
    region: str
    autoscaling_name: Late
    """The Auto Scaling group whose size it sets, and of no other: `Cluster.node_group_autoscaling_name`."""
    cpu: Quantity = Quantity(request="100m", limit="500m")
    memory: Quantity = Quantity(request="512Mi", limit="512Mi")
    """It keeps every pod and node in mind: more of them take more."""
    api_cidrs: tuple[Late, ...] = ("0.0.0.0/0",)
    """Where it may call on 443: Auto Scaling, EC2, EKS, and the Kubernetes API."""


class ClusterAutoscaler(pulumi.ComponentResource):
    """One pod in a namespace of its own, restricted as workloads are, with an identity of its own."""

    namespace: str
    role_arn: Output[str]

    def __init__(self, name: str, args: ClusterAutoscalerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:clusterautoscaler:ClusterAutoscaler", name, None, opts)
        child = ResourceOptions(parent=self)
        space = system_objects.namespace(name, NAME, "restricted", child, args.version)
        inside = ResourceOptions(parent=self, depends_on=[space])
        identity = WorkloadIdentity(name, _identity(args), child)
        ways = networking.v1.NetworkPolicy(
            name,
            metadata=system_objects.metadata(NAME),
            spec=system_objects.ways(args.api_cidrs),
            opts=inside,
        )
        rights = [
            *system_objects.account(name, NAME, CLUSTER_RULES, inside),
            *system_objects.own_rules(f"{name}-own", NAME, OWN_RULES, inside),
        ]
        policy.v1.PodDisruptionBudget(
            name,
            metadata=system_objects.metadata(NAME),
            spec={"maxUnavailable": 1, "selector": {"matchLabels": {NAME_LABEL: NAME}}},
            opts=inside,
        )
        apps.v1.Deployment(
            name,
            metadata=system_objects.metadata(NAME),
            spec=_deployment(args),
            # A pod that starts before it has its identity never gets it.
            opts=ResourceOptions(parent=self, depends_on=[identity, ways, *rights]),
        )
        self.namespace = NAME
        self.role_arn = identity.role_arn
        self.register_outputs({"roleArn": self.role_arn})


def _identity(args: ClusterAutoscalerArgs) -> WorkloadIdentityArgs:
    group = Output.all(args.cluster_arn, args.autoscaling_name).apply(lambda known: group_arn(*known))
    scale = {
        "Sid": "ScaleNodes",
        "Effect": "Allow",
        "Action": ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
        "Resource": group,
    }
    return WorkloadIdentityArgs(
        cluster_name=args.cluster_name,
        cluster_arn=args.cluster_arn,
        namespace=NAME,
        service_account=NAME,
        policy_statements=(scale, LOOK),
        tags=args.tags,
    )


def _deployment(args: ClusterAutoscalerArgs) -> dict[str, Any]:
    return {
        "replicas": 1,
        "selector": {"matchLabels": {NAME_LABEL: NAME}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {
            "metadata": {"labels": system_objects.labels(NAME)},
            "spec": {
                "serviceAccountName": NAME,
                # It watches pods and nodes by the Kubernetes API.
                "automountServiceAccountToken": True,
                "enableServiceLinks": False,
                "priorityClassName": "system-cluster-critical",
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": USER_ID,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [_container(args)],
            },
        },
    }


def _container(args: ClusterAutoscalerArgs) -> dict[str, Any]:
    asked = {"httpGet": {"path": "/health-check", "port": PORT, "scheme": "HTTP"}, "timeoutSeconds": 3}
    return {
        **base_container(args.image, args.cpu, args.memory, NOT_ROOT),
        "command": ["./cluster-autoscaler", *_options(args)],
        "env": [{"name": "AWS_REGION", "value": args.region}],
        "ports": [{"name": "health", "containerPort": PORT}],
        "readinessProbe": {**asked, "periodSeconds": 5},
        "livenessProbe": {**asked, "initialDelaySeconds": 60, "periodSeconds": 10, "failureThreshold": 6},
    }


def _options(args: ClusterAutoscalerArgs) -> list[Any]:
    """Sizes are read from the group, which EKS has tagged for this: another `max` needs no other pod."""
    tags = "asg:tag=k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/"
    return [
        "--cloud-provider=aws",
        f"--namespace={NAME}",
        Output.concat("--node-group-auto-discovery=", tags, args.cluster_name),
        "--expander=least-waste",
        "--balance-similar-node-groups=true",
        # Pods here keep nothing on a node that is not lost with the pod, and system pods have successors.
        "--skip-nodes-with-local-storage=false",
        "--skip-nodes-with-system-pods=false",
        "--logtostderr=true",
    ]
