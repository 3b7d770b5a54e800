"""Nodes that grow old are replaced, one at a time: a function looks each hour, and Auto Scaling does it.

The Auto Scaling group of a managed node group is EKS's own, which sets no maximum lifetime and takes away
what others set. So the function ends the oldest node that is too old, and only while all are well: EKS drains
it by its hook, and the group starts another of the same launch template.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, iam, lambda_, scheduler
from pydantic import Field

from .. import policies
from ..args import ComponentArgs, Late, RetentionDays
from ..function_code import function_code
from ..names import ROLE_PREFIX, name_prefix, named
from . import roles

FUNCTION = "node_rotation"
TIMEOUT_SECONDS = 60


class NodeRotationArgs(ComponentArgs):
    """What a `NodeRotation` is made of."""

    cluster_arn: Late
    cluster_name: Late
    node_group_name: Late
    autoscaling_name: Late
    """The node group's Auto Scaling group."""
    max_age_days: int = Field(ge=1, le=365)
    """From when on a node is replaced."""
    alert_topic_arn: Late
    """Where it is told that nodes could not be replaced."""
    log_retention_days: RetentionDays = 365


class NodeRotation(pulumi.ComponentResource):
    """The function, its schedule, and an alarm for when it fails."""

    function_name: Output[str]

    def __init__(self, name: str, args: NodeRotationArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("immutable:noderotation:NodeRotation", name, None, opts)
        child_name, child = f"{name}-rotation", ResourceOptions(parent=self)
        function = _function(child_name, args, child)
        _schedule(child_name, args, function, child)
        cloudwatch.MetricAlarm(
            child_name,
            alarm_description=f"Old nodes of {name} could not be replaced; they stay in service",
            namespace="AWS/Lambda",
            metric_name="Errors",
            dimensions={"FunctionName": function.name},
            statistic="Sum",
            period=3600,
            evaluation_periods=3,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[args.alert_topic_arn],
            ok_actions=[args.alert_topic_arn],
            tags=named(args.tags, child_name),
            opts=child,
        )
        self.function_name = function.name
        self.register_outputs({"functionName": self.function_name})


def rotation_policy(
    cluster_arn: str, cluster_name: str, node_group_name: str, autoscaling_name: str, log_group_arn: str
) -> policies.Document:
    """Ending instances of exactly this group, looking whether it may, and saying how it went."""
    owner = policies.owner_of(cluster_arn)
    at_home = f"{owner.region}:{owner.account}"
    group = f"arn:{owner.partition}:autoscaling:{at_home}:autoScalingGroup:*"
    return policies.document(
        {
            "Sid": "ReplaceNodes",
            "Effect": "Allow",
            "Action": "autoscaling:TerminateInstanceInAutoScalingGroup",
            "Resource": f"{group}:autoScalingGroupName/{autoscaling_name}",
        },
        {
            "Sid": "LookAtNodeGroup",
            "Effect": "Allow",
            "Action": "eks:DescribeNodegroup",
            "Resource": f"arn:{owner.partition}:eks:{at_home}:nodegroup/{cluster_name}/{node_group_name}/*",
        },
        {
            # Neither takes a resource.
            "Sid": "LookAtNodes",
            "Effect": "Allow",
            "Action": ["autoscaling:DescribeAutoScalingGroups", "ec2:DescribeInstances"],
            "Resource": "*",
        },
        policies.log_writer(log_group_arn),
    )


def invocation_policy(function_arn: str) -> policies.Document:
    return policies.document(
        {
            "Sid": "CallFunction",
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": function_arn,
        }
    )


def _function(name: str, args: NodeRotationArgs, opts: ResourceOptions) -> lambda_.Function:
    logs = cloudwatch.LogGroup(
        name, retention_in_days=args.log_retention_days, tags=named(args.tags, name), opts=opts
    )
    role = roles.role(
        name, "Replaces nodes that grew old", policies.trust("lambda.amazonaws.com"), args.tags, opts
    )

    def policy(known: Sequence[str]) -> policies.Document:
        return rotation_policy(*known)

    known = Output.all(
        args.cluster_arn, args.cluster_name, args.node_group_name, args.autoscaling_name, logs.arn
    )
    allowed = iam.RolePolicy(name, role=role.name, policy=Output.json_dumps(known.apply(policy)), opts=opts)
    return lambda_.Function(
        name,
        description="Replaces nodes that grew old, one at a time",
        runtime="python3.13",
        architectures=["arm64"],
        handler=f"{FUNCTION}.handler",
        code=function_code(FUNCTION),
        role=role.arn,
        timeout=TIMEOUT_SECONDS,
        memory_size=128,
        environment=lambda_.FunctionEnvironmentArgs(
            variables={
                "AUTO_SCALING_GROUP": args.autoscaling_name,
                "CLUSTER": args.cluster_name,
                "MAX_AGE_DAYS": str(args.max_age_days),
                "NODE_GROUP": args.node_group_name,
            }
        ),
        logging_config=lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=logs.name),
        tags=named(args.tags, name),
        opts=ResourceOptions(parent=opts.parent, depends_on=[allowed]),
    )


def _schedule(name: str, args: NodeRotationArgs, function: lambda_.Function, opts: ResourceOptions) -> None:
    group = scheduler.ScheduleGroup(
        name, name_prefix=name_prefix(name, ROLE_PREFIX), tags=named(args.tags, name), opts=opts
    )
    caller = f"{name}-schedule"
    role = roles.role(
        caller, "Calls what replaces old nodes", group.arn.apply(policies.schedule_trust), args.tags, opts
    )
    allowed = iam.RolePolicy(
        caller, role=role.name, policy=Output.json_dumps(function.arn.apply(invocation_policy)), opts=opts
    )
    scheduler.Schedule(
        name,
        group_name=group.name,
        description="Look for nodes that grew old",
        schedule_expression="rate(1 hour)",
        flexible_time_window=scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
        target=scheduler.ScheduleTargetArgs(
            arn=function.arn,
            role_arn=role.arn,
            # The time comes with the call: the next one is soon enough where this one failed.
            input=Output.json_dumps({"time": "<aws.scheduler.scheduled-time>"}),
            retry_policy=scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=600, maximum_retry_attempts=2
            ),
        ),
        opts=ResourceOptions(parent=opts.parent, depends_on=[allowed]),
    )
