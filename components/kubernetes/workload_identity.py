"""Who the pods of a workload are to AWS: a role that may do what is named here, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import eks, iam
from pydantic import Field, model_validator

from .. import policies, server_access
from ..args import ComponentArgs, DatabaseAccess, Late, SecretReference
from . import roles
from .workload_namespace import NamespaceName

READ = "secretsmanager:GetSecretValue"


class WorkloadIdentityArgs(ComponentArgs):
    """What a `WorkloadIdentity` is made of.

    Raises ValueError for a policy statement that allows everything, or everything of a service.
    """

    cluster_name: Late
    cluster_arn: Late
    namespace: NamespaceName
    service_account: NamespaceName
    """The workload's own. It need not be there yet."""
    secrets: Mapping[str, SecretReference] = Field(default_factory=dict)
    """What its pods read, by variable. A rotated one changes nothing here."""
    database: DatabaseAccess | None = None
    """Whose secret its pods read, and as whom they connect where there is IAM authentication."""
    policy_statements: tuple[Mapping[str, Any], ...] = ()
    """IAM statements for what the workload itself may do."""

    @model_validator(mode="after")
    def _narrow(self) -> WorkloadIdentityArgs:
        policies.refuse_wildcards(self.policy_statements)
        return self


class WorkloadIdentity(pulumi.ComponentResource):
    """A role, and that it is this service account's (EKS Pod Identity). No credentials lie anywhere."""

    role_arn: Output[str]
    """Known once the pods of the service account have it: those that start before it never do."""
    role_name: Output[str]

    def __init__(self, name: str, args: WorkloadIdentityArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:workloadidentity:WorkloadIdentity", name, None, opts)
        child = ResourceOptions(parent=self)
        trust = Output.from_input(args.cluster_arn).apply(
            lambda arn: roles.pod_trust(arn, args.namespace, args.service_account)
        )
        role = roles.role(name, f"Pods of {args.namespace}/{args.service_account}", trust, args.tags, child)
        allowed = _access(name, role, args, self)
        association = eks.PodIdentityAssociation(
            name,
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            tags=args.tags,
            opts=ResourceOptions(parent=self, depends_on=allowed),
        )
        self.role_arn = Output.all(role.arn, association.id).apply(lambda known: str(known[0]))
        self.role_name = role.name
        self.register_outputs({"roleArn": self.role_arn})


def mounting(statement: policies.Statement) -> policies.Statement:
    """A statement for servers as pods need it: what mounts their secrets also asks which version is current
    (Secrets Manager User Guide, "Use AWS Secrets Manager secrets in Amazon EKS")."""
    if statement["Action"] != READ:
        return statement
    return {**statement, "Action": ["secretsmanager:DescribeSecret", READ]}


def _access(
    name: str, role: iam.Role, args: WorkloadIdentityArgs, parent: pulumi.Resource
) -> list[iam.RolePolicy]:
    """Another one is made for another access, and the one before goes at the end of an update that succeeded:
    pods of before, and those that a failed rollout brings back, read what they are told.
    """
    if args.database is None and not args.secrets and not args.policy_statements:
        return []

    def document(each: Sequence[Any]) -> policies.Document:
        return policies.document(*map(mounting, each[0]), *each[1])

    known = Output.all(server_access.statements(args), list(args.policy_statements))
    return [
        iam.RolePolicy(
            name,
            role=role.name,
            policy=Output.json_dumps(known.apply(document)),
            opts=ResourceOptions(parent=parent, replace_on_changes=["policy"]),
        )
    ]
