"""What deliveries ask of AWS, as plain data: the actions by family, each named. Which documents they stand in
is for `delivery_policies.py`.

The lists hold what a provider calls to make, change and delete what the components are made of, and what the
release commands call. They are longer than what one `up` needs: a right that is missing shows in the middle
of an update. The names are those of AWS's Service Authorization Reference.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["environment", "factory"]
"""What a stack is: servers and what they need, or the factory of images."""

READ = (
    "acm:DescribeCertificate", "acm:ListCertificates", "acm:ListTagsForCertificate",
    "autoscaling:Describe*",
    "budgets:ListTagsForResource", "budgets:ViewBudget",
    "cloudwatch:Describe*", "cloudwatch:GetDashboard", "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics", "cloudwatch:List*",
    "ec2:Describe*",
    "ecr:DescribeImageScanFindings", "ecr:DescribeImages", "ecr:DescribeRepositories",
    "eks:Describe*", "eks:List*",
    "elasticloadbalancing:Describe*",
    "events:DescribeRule", "events:List*",
    "firehose:DescribeDeliveryStream", "firehose:ListTagsForDeliveryStream",
    "iam:GetInstanceProfile", "iam:GetOpenIDConnectProvider", "iam:GetPolicy", "iam:GetPolicyVersion",
    "iam:GetRole", "iam:GetRolePolicy", "iam:List*",
    "imagebuilder:Get*", "imagebuilder:List*",
    "inspector2:ListCoverage", "inspector2:ListFindings",
    "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:List*",
    "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy", "lambda:GetRuntimeManagementConfig", "lambda:List*",
    "logs:Describe*", "logs:ListTagsForResource", "logs:ListTagsLogGroup",
    "rds:Describe*", "rds:ListTagsForResource",
    "route53:Get*", "route53:List*",
    "s3:GetAccelerateConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
    "s3:ListBucketVersions", "s3:ListTagsForResource",
    "scheduler:GetSchedule", "scheduler:GetScheduleGroup", "scheduler:ListScheduleGroups",
    "scheduler:ListSchedules", "scheduler:ListTagsForResource",
    "secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:ListSecrets",
    "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:List*",
    # Who logged in to a server is drift.
    "ssm:DescribeSessions",
    "sts:GetCallerIdentity",
    "tag:GetResources",
    "wafv2:GetWebACL", "wafv2:GetWebACLForResource",
)  # fmt: skip
"""Reading how things are, and nothing of what they hold: no object of a bucket, no line of a log, no value of
a secret or parameter, no data of a database."""

NETWORK = (
    "ec2:AllocateAddress", "ec2:AssociateAddress", "ec2:AssociateRouteTable", "ec2:AttachInternetGateway",
    "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateFlowLogs",
    "ec2:CreateInternetGateway", "ec2:CreateNatGateway", "ec2:CreateNetworkAcl",
    "ec2:CreateNetworkAclEntry", "ec2:CreateRoute", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup",
    "ec2:CreateSubnet", "ec2:CreateTags", "ec2:CreateVpc", "ec2:CreateVpcEndpoint", "ec2:DeleteFlowLogs",
    "ec2:DeleteInternetGateway", "ec2:DeleteNatGateway", "ec2:DeleteNetworkAcl",
    "ec2:DeleteNetworkAclEntry", "ec2:DeleteRoute", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup",
    "ec2:DeleteSubnet", "ec2:DeleteTags", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints",
    "ec2:DetachInternetGateway", "ec2:DisassociateAddress", "ec2:DisassociateRouteTable",
    "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute",
    "ec2:ModifyVpcEndpoint", "ec2:ReleaseAddress", "ec2:ReplaceNetworkAclAssociation",
    "ec2:ReplaceNetworkAclEntry", "ec2:ReplaceRoute", "ec2:ReplaceRouteTableAssociation",
    "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress", "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    # Flow logs to a bucket are a delivery of CloudWatch Logs.
    "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:GetLogDelivery", "logs:ListLogDeliveries",
    "logs:UpdateLogDelivery",
)  # fmt: skip

SERVERS = (
    "acm:AddTagsToCertificate", "acm:DeleteCertificate", "acm:RemoveTagsFromCertificate",
    "acm:RequestCertificate", "acm:UpdateCertificateOptions",
    "autoscaling:AttachLoadBalancerTargetGroups", "autoscaling:AttachTrafficSources",
    "autoscaling:CancelInstanceRefresh", "autoscaling:CreateAutoScalingGroup",
    "autoscaling:CreateOrUpdateTags", "autoscaling:DeleteAutoScalingGroup",
    "autoscaling:DeleteLifecycleHook", "autoscaling:DeleteNotificationConfiguration",
    "autoscaling:DeletePolicy", "autoscaling:DeleteScheduledAction", "autoscaling:DeleteTags",
    "autoscaling:DetachInstances", "autoscaling:DetachLoadBalancerTargetGroups",
    "autoscaling:DetachTrafficSources", "autoscaling:DisableMetricsCollection",
    "autoscaling:EnableMetricsCollection", "autoscaling:PutLifecycleHook",
    "autoscaling:PutNotificationConfiguration", "autoscaling:PutScalingPolicy",
    "autoscaling:PutScheduledUpdateGroupAction", "autoscaling:ResumeProcesses",
    "autoscaling:RollbackInstanceRefresh", "autoscaling:SetDesiredCapacity",
    "autoscaling:SetInstanceHealth", "autoscaling:SetInstanceProtection",
    "autoscaling:StartInstanceRefresh", "autoscaling:SuspendProcesses",
    "autoscaling:TerminateInstanceInAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup",
    "ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion", "ec2:CreateSnapshot",
    "ec2:CreateSnapshots", "ec2:DeleteLaunchTemplate", "ec2:DeleteLaunchTemplateVersions",
    "ec2:ModifyInstanceAttribute", "ec2:ModifyLaunchTemplate", "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:RunInstances", "ec2:TerminateInstances",
    "elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:AddTags",
    "elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateRule", "elasticloadbalancing:CreateTargetGroup",
    "elasticloadbalancing:DeleteListener", "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:DeleteRule", "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:ModifyRule",
    "elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:RemoveListenerCertificates", "elasticloadbalancing:RemoveTags",
    "elasticloadbalancing:SetIpAddressType", "elasticloadbalancing:SetRulePriorities",
    "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
    "elasticloadbalancing:SetWebAcl",
    "wafv2:AssociateWebACL", "wafv2:DisassociateWebACL",
)  # fmt: skip

DATA = (
    "lambda:AddPermission", "lambda:CreateFunction", "lambda:DeleteFunction",
    "lambda:DeleteFunctionConcurrency", "lambda:InvokeFunction", "lambda:PutFunctionConcurrency",
    "lambda:RemovePermission", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "rds:AddSourceIdentifierToSubscription", "rds:AddTagsToResource", "rds:CreateBlueGreenDeployment",
    "rds:CreateDBInstance", "rds:CreateDBInstanceReadReplica", "rds:CreateDBParameterGroup",
    "rds:CreateDBProxy", "rds:CreateDBSnapshot", "rds:CreateDBSubnetGroup", "rds:CreateEventSubscription",
    "rds:DeleteBlueGreenDeployment", "rds:DeleteDBInstance", "rds:DeleteDBInstanceAutomatedBackup",
    "rds:DeleteDBParameterGroup", "rds:DeleteDBProxy", "rds:DeleteDBSnapshot", "rds:DeleteDBSubnetGroup",
    "rds:DeleteEventSubscription", "rds:DeregisterDBProxyTargets", "rds:ModifyDBInstance",
    "rds:ModifyDBParameterGroup", "rds:ModifyDBProxy", "rds:ModifyDBProxyTargetGroup",
    "rds:ModifyDBSubnetGroup", "rds:ModifyEventSubscription", "rds:PromoteReadReplica",
    "rds:RebootDBInstance", "rds:RegisterDBProxyTargets", "rds:RemoveSourceIdentifierFromSubscription",
    "rds:RemoveTagsFromResource", "rds:ResetDBParameterGroup", "rds:RestoreDBInstanceFromDBSnapshot",
    "rds:RestoreDBInstanceToPointInTime", "rds:StartDBInstance",
    "rds:StartDBInstanceAutomatedBackupsReplication", "rds:StopDBInstance",
    "rds:StopDBInstanceAutomatedBackupsReplication", "rds:SwitchoverBlueGreenDeployment",
    "scheduler:CreateSchedule", "scheduler:CreateScheduleGroup", "scheduler:DeleteSchedule",
    "scheduler:DeleteScheduleGroup", "scheduler:TagResource", "scheduler:UntagResource",
    "scheduler:UpdateSchedule",
    "secretsmanager:CancelRotateSecret", "secretsmanager:CreateSecret",
    "secretsmanager:DeleteResourcePolicy", "secretsmanager:DeleteSecret",
    "secretsmanager:PutResourcePolicy", "secretsmanager:RotateSecret", "secretsmanager:TagResource",
    "secretsmanager:UntagResource", "secretsmanager:UpdateSecret",
    "secretsmanager:ValidateResourcePolicy",
)  # fmt: skip
"""Databases and secrets: making and changing them. None of these reads a row or a secret's value."""

LOGS = (
    "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutCompositeAlarm",
    "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource",
    "cloudwatch:UntagResource",
    "events:DeleteRule", "events:DisableRule", "events:EnableRule", "events:PutRule", "events:PutTargets",
    "events:RemoveTargets", "events:TagResource", "events:UntagResource",
    "firehose:CreateDeliveryStream", "firehose:DeleteDeliveryStream",
    "firehose:StartDeliveryStreamEncryption", "firehose:StopDeliveryStreamEncryption",
    "firehose:TagDeliveryStream", "firehose:UntagDeliveryStream", "firehose:UpdateDestination",
    "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:CreateKey", "kms:DeleteAlias",
    "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation",
    "kms:PutKeyPolicy", "kms:RetireGrant", "kms:RevokeGrant", "kms:ScheduleKeyDeletion",
    "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
    "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DeleteLogGroup",
    "logs:DeleteLogStream", "logs:DeleteMetricFilter", "logs:DeleteQueryDefinition",
    "logs:DeleteResourcePolicy", "logs:DeleteRetentionPolicy", "logs:DeleteSubscriptionFilter",
    "logs:DisassociateKmsKey", "logs:PutMetricFilter", "logs:PutQueryDefinition",
    "logs:PutResourcePolicy", "logs:PutRetentionPolicy", "logs:PutSubscriptionFilter", "logs:TagLogGroup",
    "logs:TagResource", "logs:UntagLogGroup", "logs:UntagResource",
    "sns:CreateTopic", "sns:DeleteTopic", "sns:SetSubscriptionAttributes", "sns:SetTopicAttributes",
    "sns:Subscribe", "sns:TagResource", "sns:Unsubscribe", "sns:UntagResource",
)  # fmt: skip

BUCKETS = (
    "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteObject", "s3:DeleteObjectVersion",
    "s3:PutBucketAcl", "s3:PutBucketLogging", "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration", "s3:TagResource", "s3:UntagResource",
)  # fmt: skip
"""Objects are deleted with a bucket that may go with its stack; none is read or written."""

CLUSTERS = (
    "eks:AssociateAccessPolicy", "eks:CreateAccessEntry", "eks:CreateAddon", "eks:CreateCluster",
    "eks:CreateNodegroup", "eks:CreatePodIdentityAssociation", "eks:DeleteAccessEntry", "eks:DeleteAddon",
    "eks:DeleteCluster", "eks:DeleteNodegroup", "eks:DeletePodIdentityAssociation",
    "eks:DisassociateAccessPolicy", "eks:TagResource", "eks:UntagResource", "eks:UpdateAccessEntry",
    "eks:UpdateAddon", "eks:UpdateClusterConfig", "eks:UpdateClusterVersion", "eks:UpdateNodegroupConfig",
    "eks:UpdateNodegroupVersion", "eks:UpdatePodIdentityAssociation",
)  # fmt: skip
"""Clusters, and who may do what in them. What a role does inside of one, the cluster's access entries say."""

GLOBAL = (
    "budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource",
    "route53:AssociateVPCWithHostedZone", "route53:ChangeResourceRecordSets",
    "route53:ChangeTagsForResource", "route53:CreateHostedZone", "route53:DeleteHostedZone",
    "route53:DisassociateVPCFromHostedZone", "route53:UpdateHostedZoneComment",
)  # fmt: skip
"""What is in no region: AWS takes these calls in one of its own."""

IMAGES = (
    "ec2:CreateImageUsageReport", "ec2:DeleteImageUsageReport", "ec2:DeleteSnapshot",
    "ec2:DeregisterImage", "ec2:DisableImage", "ec2:DisableImageDeprecation",
    "ec2:DisableImageDeregistrationProtection", "ec2:EnableImage", "ec2:EnableImageDeprecation",
    "ec2:EnableImageDeregistrationProtection", "ec2:ModifyImageAttribute",
    "ec2:DeleteLaunchTemplateVersions",
    "imagebuilder:CancelImageCreation", "imagebuilder:CreateComponent",
    "imagebuilder:CreateDistributionConfiguration", "imagebuilder:CreateImagePipeline",
    "imagebuilder:CreateImageRecipe", "imagebuilder:CreateInfrastructureConfiguration",
    "imagebuilder:DeleteComponent", "imagebuilder:DeleteDistributionConfiguration",
    "imagebuilder:DeleteImage", "imagebuilder:DeleteImagePipeline", "imagebuilder:DeleteImageRecipe",
    "imagebuilder:DeleteInfrastructureConfiguration", "imagebuilder:StartImagePipelineExecution",
    "imagebuilder:TagResource", "imagebuilder:UntagResource",
    "imagebuilder:UpdateDistributionConfiguration", "imagebuilder:UpdateImagePipeline",
    "imagebuilder:UpdateInfrastructureConfiguration",
)  # fmt: skip
"""Making images (EC2 Image Builder), and what `retire` does to those that nobody uses."""

FAMILIES = {
    "network": NETWORK,
    "servers": SERVERS,
    "clusters": CLUSTERS,
    "data": DATA,
    "logs": LOGS,
    "images": IMAGES,
}
"""What deploy roles write in their regions, a policy each: IAM takes 6,144 characters in one."""

WRITTEN: dict[Kind, tuple[str, ...]] = {
    "environment": ("network", "servers", "clusters", "data", "logs"),
    "factory": ("network", "logs", "images"),
}
"""The families that a stack of each kind needs."""

PASSED_TO = (
    "delivery.logs.amazonaws.com",
    "ec2.amazonaws.com",
    "eks.amazonaws.com",
    "firehose.amazonaws.com",
    "imagebuilder.amazonaws.com",
    "lambda.amazonaws.com",
    "logs.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "pods.eks.amazonaws.com",
    "rds.amazonaws.com",
    "scheduler.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)  # fmt: skip
"""The services that are given a role which a stack made."""

SERVICE_LINKED = (
    "autoscaling.amazonaws.com",
    "eks-nodegroup.amazonaws.com",
    "eks.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "imagebuilder.amazonaws.com",
    "inspector2.amazonaws.com",
    "rds.amazonaws.com",
)  # fmt: skip
"""The services that make a role of their own in an account when they are first used."""
