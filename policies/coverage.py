"""The resource types of which no rule says anything, each with the reason.

A type that a stack declares is either looked at by a rule or named here: one that a component begins to make
has to be thought about once (tests/policies/test_coverage.py).
"""

from __future__ import annotations

from collections.abc import Mapping

NO_RULE: Mapping[str, str] = {
    "aws:acm/certificateValidation:CertificateValidation": "waits for a certificate, and is nothing itself",
    "aws:autoscaling/lifecycleHook:LifecycleHook": "no control applies; without it servers still serve",
    "aws:autoscaling/notification:Notification": "no control applies; where it goes is a topic, with rules",
    "aws:autoscaling/policy:Policy": "no control applies; it changes numbers of servers alone",
    "aws:autoscaling/schedule:Schedule": "no control applies; it changes numbers of servers alone",
    "aws:budgets/budget:Budget": "no control applies; it reads costs and tells of them",
    "aws:cloudwatch/dashboard:Dashboard": "no control applies; who sees it needs the right to its metrics",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "no control applies; it counts lines",
    "aws:cloudwatch/logStream:LogStream": "a part of its log group, which has a rule",
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": "goes where its role may, which has rules",
    "aws:cloudwatch/queryDefinition:QueryDefinition": "no control applies; a saved question",
    "aws:ec2/natGateway:NatGateway": "no control applies; it lets nothing in",
    "aws:ec2/routeTable:RouteTable": "what is in it are its routes, which a rule looks at",
    "aws:iam/instanceProfile:InstanceProfile": "hands a role to servers; the role has rules",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "gives nothing by itself; roles' trust has a rule",
    "aws:imagebuilder/component:Component": "steps of a build; what they may is the build's role, with rules",
    "aws:kms/grant:Grant": "no control applies; it names who, and for what, by its type",
    "aws:lambda/invocation:Invocation": "a call, made once; the function has rules",
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": "how many connections a proxy keeps",
    "aws:rds/proxyTarget:ProxyTarget": "which database a proxy is for; both have rules",
    "aws:route53/record:Record": "no control applies; what it points at has rules",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": "more than the controls ask for",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "S3 encrypts every object by itself; AWS has retired the control, S3.4"
    ),
    "aws:scheduler/schedule:Schedule": "does what its role may, which has rules",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "a folder of schedules",
    "aws:sns/topicSubscription:TopicSubscription": "who hears is in the stack's file; the topic has rules",
    "aws:autoscaling/attachment:Attachment": "joins a group to a target group; the latter has rules",
    "aws:eks/accessEntry:AccessEntry": "the stack's file names who; what they may is below",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "a policy of AWS's, for whom the file names",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "hands a role to pods; the role has rules",
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": "changes numbers of pods alone",
    "kubernetes:core/v1:ServiceAccount": "gives nothing by itself; what it may are roles, with rules",
    "kubernetes:networking.k8s.io/v1:Ingress": "where TLS ends is for its controller to say",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": "gives a role, which has rules",
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": "gives a role, which has rules",
    "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass": "names secrets; a role may read them",
}
"""By type token. Component resources are not here: all that they are is their children."""
