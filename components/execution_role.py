"""What Image Builder itself may do for one pipeline.

Its service-linked role would do, but for the parameters: only a role of the pipeline's own may write these
(EC2 Image Builder, Prerequisites for SSM output parameters). A pipeline with such a role uses no other, so
this one has AWS's managed policy for it, which AWS keeps in step with the service, and on top what that
leaves to the account: its parameters, its keys, its build role, its log groups, its other accounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from pulumi import Output, ResourceOptions
from pulumi_aws import iam

from . import policies
from .names import ROLE_PREFIX, name_prefix, named

MANAGED_POLICY = "EC2ImageBuilderExecutionPolicy"
DISTRIBUTION_ROLE = "EC2ImageBuilderDistributionCrossAccountRole"
"""The role that another account must have before it can be given images; Image Builder asks for this name."""


class ExecutionRoleArgs(Protocol):
    """What this module takes from the pipeline's arguments."""

    @property
    def regions(self) -> tuple[str, ...]: ...
    @property
    def accounts(self) -> tuple[str, ...]: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


class Own(NamedTuple):
    """What of the account's the pipeline works with, by ARN."""

    build_role: str
    keys: Sequence[str]
    log_groups: Sequence[str]


def execution_role(
    name: str,
    args: ExecutionRoleArgs,
    parameter: str,
    owner: Output[policies.Owner],
    own: Output[Own],
    opts: ResourceOptions,
) -> tuple[iam.Role, list[iam.RolePolicy | iam.RolePolicyAttachment]]:
    """The role, and what must be there before it is of use."""
    child_name = f"{name}-execution"
    role = iam.Role(
        child_name,
        name_prefix=name_prefix(child_name, ROLE_PREFIX),
        description=f"Runs the image pipeline {name}",
        assume_role_policy=Output.json_dumps(owner.apply(execution_trust)),
        tags=named(args.tags, child_name),
        opts=opts,
    )
    managed = iam.RolePolicyAttachment(
        child_name,
        role=role.name,
        policy_arn=owner.apply(lambda known: f"arn:{known.partition}:iam::aws:policy/{MANAGED_POLICY}"),
        opts=opts,
    )
    policy = iam.RolePolicy(
        child_name,
        role=role.name,
        policy=Output.json_dumps(
            # An Output of several values makes plain tuples of named ones.
            Output.all(owner, own).apply(
                lambda known: execution_policy(
                    policies.Owner(*known[0]), args.regions, args.accounts, parameter, Own(*known[1])
                )
            )
        ),
        opts=opts,
    )
    return role, [managed, policy]


def execution_trust(owner: policies.Owner) -> policies.Document:
    """Image Builder may take the role for this account's pipelines and no other's (confused deputy)."""
    condition = {"StringEquals": {"aws:SourceAccount": owner.account}}
    return policies.trust("imagebuilder.amazonaws.com", condition)


def execution_policy(
    owner: policies.Owner, regions: Sequence[str], accounts: Sequence[str], parameter: str, own: Own
) -> policies.Document:
    """What the managed policy leaves to the account."""
    partition, _, account = owner
    parameters = [f"arn:{partition}:ssm:{region}:{account}:parameter{parameter}" for region in regions]
    statements: list[policies.Statement] = [
        {
            "Sid": "PublishImageIds",
            "Effect": "Allow",
            "Action": "ssm:PutParameter",
            "Resource": parameters,
        },
        {
            # Parameter Store looks whether a value of the type aws:ec2:image is one; it takes no resource.
            "Sid": "CheckImageIds",
            "Effect": "Allow",
            "Action": "ec2:DescribeImages",
            "Resource": "*",
        },
        {
            "Sid": "EncryptImages",
            "Effect": "Allow",
            "Action": policies.USE_KEY,
            "Resource": list(own.keys),
            "Condition": {"StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}},
        },
        {
            "Sid": "EncryptVolumes",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": list(own.keys),
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
        {
            "Sid": "StartBuildMachines",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": own.build_role,
            "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        },
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [arn for group in own.log_groups for arn in (group, f"{group}:*")],
        },
    ]
    if accounts:
        statements.append(
            {
                "Sid": "DistributeToAccounts",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": [f"arn:{partition}:iam::{other}:role/{DISTRIBUTION_ROLE}" for other in accounts],
            }
        )
    return policies.document(*statements)
