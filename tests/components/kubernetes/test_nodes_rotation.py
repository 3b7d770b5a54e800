"""The rotation of nodes as resources; what the function among them does is in `tests/functions`."""

from __future__ import annotations

from pathlib import Path

import pulumi

from components import policies
from functions import node_rotation
from tests.components.kubernetes.clusters import ARN, NODES, Build, cluster, tags
from tests.components.recorder import ACCOUNT, REGION

ROOT = Path(__file__).parents[3]
NAME = "main-nodes-rotation"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{NAME}-log"


def test_the_function_is_one_file_and_knows_its_group_and_the_age(build: Build) -> None:
    built = cluster(build, nodes={**NODES, "max_age_days": 14})
    function = built.inputs()[f"Function {NAME}"]
    code = function.pop("code")
    assert isinstance(code, pulumi.AssetArchive)
    (module,) = code.assets
    asset = code.assets[module]
    assert isinstance(asset, pulumi.FileAsset)
    assert (module, asset.path) == ("node_rotation.py", "functions/node_rotation.py")
    assert (ROOT / asset.path).read_text() == Path(node_rotation.__file__).read_text()
    assert function == {
        "description": "Replaces nodes that grew old, one at a time",
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": "node_rotation.handler",
        "role": f"arn:role/{NAME}",
        "timeout": 60,
        "memorySize": 128,
        "environment": {
            "variables": {
                "AUTO_SCALING_GROUP": "eks-main-nodes-group",
                "CLUSTER": "main-1a2b3c4d",
                "MAX_AGE_DAYS": "14",
                "NODE_GROUP": "main-nodes-group",
            }
        },
        "loggingConfig": {"logFormat": "JSON", "logGroup": f"{NAME}-log"},
        "tags": tags(NAME),
    }
    assert built.after()[f"Function {NAME}"] == [f"RolePolicy {NAME}"]


def test_it_may_end_nodes_of_its_own_group_and_look(build: Build) -> None:
    inputs = cluster(build).inputs()
    assert inputs[f"Role {NAME}"]["assumeRolePolicy"] == policies.trust("lambda.amazonaws.com")
    groups = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*"
    assert inputs[f"RolePolicy {NAME}"]["policy"]["Statement"] == [
        {
            "Sid": "ReplaceNodes",
            "Effect": "Allow",
            "Action": "autoscaling:TerminateInstanceInAutoScalingGroup",
            "Resource": f"{groups}:autoScalingGroupName/eks-main-nodes-group",
        },
        {
            "Sid": "LookAtNodeGroup",
            "Effect": "Allow",
            "Action": "eks:DescribeNodegroup",
            "Resource": f"{ARN.replace(':cluster/', ':nodegroup/')}/main-nodes-group/*",
        },
        {
            "Sid": "LookAtNodes",
            "Effect": "Allow",
            "Action": ["autoscaling:DescribeAutoScalingGroups", "ec2:DescribeInstances"],
            "Resource": "*",
        },
        policies.log_writer(LOGS),
    ]


def test_it_is_called_each_hour_with_the_time_of_the_call(build: Build) -> None:
    built = cluster(build)
    inputs = built.inputs()
    assert inputs[f"Schedule {NAME}"] == {
        "groupName": f"{NAME}-schedules",
        "description": "Look for nodes that grew old",
        "scheduleExpression": "rate(1 hour)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {
            "arn": f"arn:function/{NAME}",
            "roleArn": f"arn:role/{NAME}-schedule",
            "input": '{"time": "<aws.scheduler.scheduled-time>"}',
            "retryPolicy": {"maximumEventAgeInSeconds": 600, "maximumRetryAttempts": 2},
        },
    }
    group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{NAME}-schedules"
    assert inputs[f"Role {NAME}-schedule"]["assumeRolePolicy"] == policies.schedule_trust(group)
    (statement,) = inputs[f"RolePolicy {NAME}-schedule"]["policy"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == f"arn:function/{NAME}"
    assert built.after()[f"Schedule {NAME}"] == [f"RolePolicy {NAME}-schedule"]


def test_it_is_told_when_nodes_stay_old(build: Build) -> None:
    assert cluster(build).inputs()[f"MetricAlarm {NAME}"] == {
        "alarmDescription": "Old nodes of main-nodes could not be replaced; they stay in service",
        "namespace": "AWS/Lambda",
        "metricName": "Errors",
        "dimensions": {"FunctionName": f"{NAME}-function"},
        "statistic": "Sum",
        "period": 3600,
        "evaluationPeriods": 3,
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0,
        "treatMissingData": "notBreaching",
        "alarmActions": ["arn:topic"],
        "okActions": ["arn:topic"],
        "tags": tags(NAME),
    }


def test_what_it_says_is_kept_as_long_as_the_clusters_logs(build: Build) -> None:
    assert cluster(build, log_retention_days=30).inputs("LogGroup")[f"LogGroup {NAME}"] == {
        "retentionInDays": 30,
        "tags": tags(NAME),
    }
