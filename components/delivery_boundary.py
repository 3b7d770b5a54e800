"""The most that a role of a stack can do, whatever its policies say: a permissions boundary."""

from __future__ import annotations

from collections.abc import Sequence

from . import policies
from .delivery_actions import Kind
from .execution_role import DISTRIBUTION_ROLE
from .policies import Document, Owner, Statement

_SERVERS = (
    "autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat",
    "autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup",
    "ec2:DescribeTags",
    "firehose:PutRecord", "firehose:PutRecordBatch",
    "lambda:InvokeFunction",
    "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
    "logs:GetLogEvents", "logs:PutLogEvents", "logs:PutRetentionPolicy",
    "rds:DescribeDBInstances", "rds:ModifyDBInstance", "rds:StartDBInstance", "rds:StopDBInstance",
    "rds-db:connect",
    "s3:AbortMultipartUpload", "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket",
    "s3:ListBucketMultipartUploads", "s3:PutObject",
    "secretsmanager:DescribeSecret", "secretsmanager:GetRandomPassword", "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage",
    "sns:Publish",
    "ssm:GetParameter", "ssm:GetParameters",
)  # fmt: skip
"""What the roles of components do: servers, flow logs, log delivery, rotation, sleep, monitoring, jobs."""

_CLUSTERS = (
    "autoscaling:Describe*",
    "ec2:AssignPrivateIpAddresses", "ec2:AttachNetworkInterface", "ec2:CreateNetworkInterface",
    "ec2:CreateTags", "ec2:DeleteNetworkInterface", "ec2:Describe*", "ec2:DetachNetworkInterface",
    "ec2:GetInstanceTypesFromInstanceRequirements", "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:UnassignPrivateIpAddresses",
    "ecr:BatchGetImage", "ecr:BatchImportUpstreamImage", "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "eks:DescribeCluster", "eks:DescribeNodegroup", "eks-auth:AssumeRoleForPodIdentity",
)  # fmt: skip
"""What nodes, the network of pods and what scales and rotates nodes do on top. The control plane's own policy
lets it make load balancers, volumes and routes too, for objects that nothing here declares: not with this."""

_BUILDS = (
    "ec2:AttachImageWatermark", "ec2:CancelExportTask", "ec2:CopyImage", "ec2:CreateImage",
    "ec2:CreateLaunchTemplateVersion", "ec2:CreateTags", "ec2:DeregisterImage", "ec2:Describe*",
    "ec2:EnableFastLaunch", "ec2:ExportImage", "ec2:ModifyImageAttribute", "ec2:ModifyLaunchTemplate",
    "ec2:ModifySnapshotAttribute", "ec2:RegisterImage", "ec2:RunInstances", "ec2:StartInstances",
    "ec2:StopInstances", "ec2:TerminateInstances",
    "ecr:BatchDeleteImage", "ecr:CreateRepository", "ecr:TagResource",
    "events:DeleteRule", "events:DescribeRule", "events:PutRule", "events:PutTargets",
    "events:RemoveTargets",
    "imagebuilder:GetComponent", "imagebuilder:StartImagePipelineExecution", "imagebuilder:TagResource",
    "inspector2:ListCoverage", "inspector2:ListFindings",
    "license-manager:UpdateLicenseSpecificationsForResource",
    "ssm:AddTagsToResource", "ssm:CreateAssociation", "ssm:DeleteAssociation",
    "ssm:DescribeAssociationExecutions", "ssm:DescribeInstanceAssociationsStatus",
    "ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation", "ssm:ListCommandInvocations",
    "ssm:ListInventoryEntries", "ssm:PutParameter", "ssm:SendCommand",
)  # fmt: skip
"""What Image Builder does for a pipeline on top: AWS's EC2ImageBuilderExecutionPolicy, and the parameter."""

_KEYS = (
    "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*",
    "kms:ListGrants", "kms:ReEncrypt*",
)  # fmt: skip


def boundary_policy(owner: Owner, project: str, kind: Kind, service_actions: Sequence[str]) -> Document:
    """The most that a role of a stack can do, whatever its policies say. It gives nothing by itself.

    `service_actions` are what services do beside that with `policyStatements` of their own.
    Raises ValueError for one that is all of a service, or changes IAM.
    """
    policies.refuse_wildcards([{"Effect": "Allow", "Action": list(service_actions)}])
    for action in service_actions:
        if action.lower().startswith(("iam:", "organizations:", "account:", "sts:")):
            raise ValueError(f"the action {action!r} is a way around the boundary: leave it out")
    actions = [*policies.ssm_agent()["Action"], *_SERVERS, *(_BUILDS if kind == "factory" else _CLUSTERS)]
    account = f"arn:{owner.partition}:iam::{owner.account}"
    statements: list[Statement] = [
        {
            "Sid": "Most",
            "Effect": "Allow",
            "Action": sorted({*actions, *service_actions}),
            "Resource": "*",
        },
        {
            # Of other accounts too: an image may be encrypted with a key of the factory's.
            "Sid": "Keys",
            "Effect": "Allow",
            "Action": list(_KEYS),
            "Resource": f"arn:{owner.partition}:kms:*:*:key/*",
        },
    ]
    if kind == "factory":
        statements += [
            {
                "Sid": "GiveBuildRole",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": f"{account}:role/{project}/*",
                "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            },
            {
                "Sid": "FirstUseOfServices",
                "Effect": "Allow",
                "Action": "iam:CreateServiceLinkedRole",
                "Resource": f"{account}:role/aws-service-role/*",
            },
            {
                "Sid": "OtherAccounts",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": f"arn:{owner.partition}:iam::*:role/{DISTRIBUTION_ROLE}",
            },
        ]
    return policies.document(*statements)
