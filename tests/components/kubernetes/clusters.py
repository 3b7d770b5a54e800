"""A cluster as the tests of its parts build it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.args import Placement
from components.kubernetes.cluster import Cluster, ClusterArgs
from tests.components.recorder import ACCOUNT, REGION, Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

IMAGE = "ami-0123456789abcdef0"
OWNER = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1"
ARN = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/main-1a2b3c4d"
DEPLOY = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
VIEW = f"arn:aws:iam::{ACCOUNT}:role/support"
ADD_ONS = {
    "aws-secrets-store-csi-driver-provider": "v3.1.1-eksbuild.1",
    "coredns": "v1.13.2-eksbuild.3",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.2",
    "kube-proxy": "v1.36.0-eksbuild.2",
    "metrics-server": "v0.8.1-eksbuild.1",
    "vpc-cni": "v1.20.4-eksbuild.2",
}
PLACEMENT = Placement(
    vpc_id="vpc-1",
    subnet_ids=("subnet-a", "subnet-b"),
    endpoint_security_group_id="sg-endpoints",
    s3_prefix_list_id="pl-s3",
    internet_egress=True,
)
NODES: dict[str, Any] = {"image_id": IMAGE, "instance_types": ("m7g.large", "m6g.large")}
GIVEN: dict[str, Any] = {
    "version": "1.36",
    "nodes": NODES,
    "add_ons": ADD_ONS,
    "placement": PLACEMENT,
    "owner_arn": OWNER,
    "region": REGION,
    "alert_topic_arn": "arn:topic",
    "admin_arns": (DEPLOY,),
    "viewer_arns": (VIEW,),
    "tags": {"owner": "platform"},
}


def cluster(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = Cluster("main", ClusterArgs(**{**GIVEN, **changed}))
        return {
            "name": made.name,
            "arn": made.arn,
            "endpoint": made.endpoint,
            "version": made.version,
            "issuer": made.oidc_issuer,
            "kubeconfig": made.kubeconfig,
            "group": made.security_group_id,
            "nodes": made.node_security_group_id,
            "node group": made.node_group_name,
            "autoscaling": made.node_group_autoscaling_name,
        }

    return build(program)


def tags(name: str) -> dict[str, str]:
    return {"owner": "platform", "Name": name}
