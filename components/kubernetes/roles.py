"""Roles of a cluster's parts: whom AWS lets take them, and what they may do by policies of AWS's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pulumi import Output, ResourceOptions
from pulumi_aws import iam

from .. import policies
from ..names import ROLE_PREFIX, name_prefix, named

POD_IDENTITY = "pods.eks.amazonaws.com"


def pod_trust(cluster_arn: str, namespace: str, service_account: str) -> policies.Document:
    """Lets the pods of one service account of one cluster, and no others, have the role.

    EKS says whose pods they are in tags of the session (EKS User Guide, "Create IAM role with trust policy
    required by EKS Pod Identity").
    """
    tags = {
        "eks-cluster-arn": cluster_arn,
        "kubernetes-namespace": namespace,
        "kubernetes-service-account": service_account,
    }
    return policies.document(
        {
            "Effect": "Allow",
            "Principal": {"Service": POD_IDENTITY},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in tags.items()}},
        }
    )


def role(
    name: str,
    description: str,
    trust: policies.Document | Output[policies.Document],
    tags: Mapping[str, str],
    opts: ResourceOptions,
) -> iam.Role:
    return iam.Role(
        name,
        name_prefix=name_prefix(name, ROLE_PREFIX),
        description=description,
        assume_role_policy=Output.json_dumps(trust),
        tags=named(tags, name),
        opts=opts,
    )


def attached(
    name: str, made: iam.Role, names: Sequence[str], owner: Output[policies.Owner], opts: ResourceOptions
) -> list[iam.RolePolicyAttachment]:
    """AWS's own policies of these names, given to the role. They change as the service does."""
    prefix = owner.apply(lambda known: f"arn:{known.partition}:iam::aws:policy/")
    return [
        iam.RolePolicyAttachment(
            f"{name}-{policy}", role=made.name, policy_arn=Output.concat(prefix, policy), opts=opts
        )
        for policy in names
    ]
