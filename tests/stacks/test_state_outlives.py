"""What holds data outlives an update and a destroy, unless the stack file gives it up on a line of its own.

Every type that a stack declares has a verdict here: a new one without fails the first test. What the verdicts
come to in the emulated cloud is tried in `tests/rehearsal/test_data_outlives.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.components.databases import GIVEN
from tests.stacks.declared import Environment, Resource, declared
from tests.stacks.given import stack_file, with_changes

MAIN = "immutable:databases.main"
EVERYTHING: dict[str, Any] = {
    "immutable:budget": {"monthlyUsd": 500},
    "immutable:sleep": {"timeZone": "Europe/Berlin", "from": "20:00", "until": "07:00"},
    "immutable:alerts": {"emails": ["ops@example.com"]},
    "immutable:databases": {
        "main": {
            "engine": "postgres",
            "version": GIVEN["version"],
            "instanceClass": "db.m7g.large",
            "backupCopyRegion": "eu-west-1",
            "proxy": True,
        },
        "read": {
            "engine": "postgres",
            "version": GIVEN["version"],
            "instanceClass": "db.m7g.large",
            "replicas": 1,
            "sleep": False,
        },
    },
    "immutable:services.api.database": "main",
    "immutable:services.web.sessions": True,
    "immutable:logs": {"archive": {"objectLockDays": 30}},
}
"""What a stack file may ask for beside what the shipped ones do."""


class Verdict(NamedTuple):
    """Of a type with data: what may go with the stack all the same, by logical name, and why."""

    goes: dict[str, str]
    protected: tuple[str, ...] = ()
    """Those that the engine refuses to delete or to replace, too."""


STATEFUL = {
    "aws:rds/instance:Instance": Verdict(
        {"read-replica-1": "all that it holds is in its source"}, protected=("main", "read")
    ),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": Verdict(
        {}, protected=("main-eu-west-1",)
    ),
    "aws:s3/bucket:Bucket": Verdict({}),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": Verdict({}),
    "aws:s3/bucketVersioning:BucketVersioning": Verdict({}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Verdict({}),
    "aws:s3/bucketLogging:BucketLogging": Verdict({}),
    "aws:cloudwatch/logGroup:LogGroup": Verdict(
        {
            "logs-delivery": "what Firehose could not deliver; the lines themselves are in the bucket",
            "sessions": "what the rotation said of itself",
            "read-password": "what the rotation said of itself",
            "service": "what a build said; the same is in the bucket of builds",
            "service-pipeline": "which builds were started, and why not",
        }
    ),
    "aws:kms/key:Key": Verdict(
        {"alerts": "encrypts messages on their way"}, protected=("main", "main-eu-west-1", "read")
    ),
    "aws:secretsmanager/secret:Secret": Verdict({}),
}
"""Types whose resources hold what nobody could make again."""

STATELESS = {
    "aws:acm/certificate:Certificate",
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:autoscaling/group:Group",
    "aws:autoscaling/lifecycleHook:LifecycleHook",
    "aws:autoscaling/notification:Notification",
    "aws:autoscaling/policy:Policy",
    "aws:autoscaling/schedule:Schedule",
    "aws:budgets/budget:Budget",
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "aws:cloudwatch/logStream:LogStream",  # of Firehose's own errors
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:cloudwatch/queryDefinition:QueryDefinition",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/eip:Eip",
    "aws:ec2/flowLog:FlowLog",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/networkAcl:NetworkAcl",
    "aws:ec2/route:Route",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:imagebuilder/component:Component",
    "aws:imagebuilder/distributionConfiguration:DistributionConfiguration",
    "aws:imagebuilder/imagePipeline:ImagePipeline",  # its images stay: tests of `retire` and of the story
    "aws:imagebuilder/imageRecipe:ImageRecipe",
    "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",  # the lines are in a log group too
    "aws:lambda/function:Function",
    "aws:lambda/invocation:Invocation",
    "aws:lambda/permission:Permission",
    "aws:lb/listener:Listener",
    "aws:lb/listenerRule:ListenerRule",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:rds/eventSubscription:EventSubscription",
    "aws:rds/parameterGroup:ParameterGroup",
    "aws:rds/proxy:Proxy",
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
    "aws:rds/proxyTarget:ProxyTarget",
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:route53/record:Record",
    "aws:route53/zone:Zone",  # a private one, of records that the stack makes; public ones are not ours
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:scheduler/schedule:Schedule",
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    "aws:secretsmanager/secretRotation:SecretRotation",
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "pulumi-python:dynamic/instancerefresh:Rollout",
}
"""Types whose resources the next `up` makes again, as they were."""


@pytest.fixture(scope="module")
def stacks() -> list[Environment]:
    full = with_changes(EVERYTHING, stack_file("prod"))
    return [declared("prod", full), declared("images", stack_file("images"))]


def resources(stacks: list[Environment]) -> list[Resource]:
    found = [each for stack in stacks for each in stack.resources]
    return [each for each in found if not each.type.startswith("immutable:")]


def test_every_type_that_a_stack_declares_has_a_verdict(stacks: list[Environment]) -> None:
    types = {each.type for each in resources(stacks)}
    assert types - STATELESS - STATEFUL.keys() == set(), (
        "does it hold data? Say so above, and test that it stays"
    )
    assert STATELESS & STATEFUL.keys() == set()
    # A verdict on what no stack has any more would pass for a test.
    assert STATEFUL.keys() - types == set()


def test_what_holds_data_stays_when_its_stack_or_its_lines_in_the_file_go(stacks: list[Environment]) -> None:
    going = {(each.type, each.name) for each in resources(stacks) if each.type in STATEFUL and not each.kept}
    assert going == {(kind, name) for kind, verdict in STATEFUL.items() for name in verdict.goes}


def test_what_a_replacement_would_empty_is_protected_from_it(stacks: list[Environment]) -> None:
    protected = {(each.type, each.name) for each in resources(stacks) if each.protected}
    assert protected == {(kind, name) for kind, verdict in STATEFUL.items() for name in verdict.protected}


def test_aws_refuses_too_where_the_engine_is_not_asked(stacks: list[Environment]) -> None:
    """By hand, or by a program that does not know that they are kept."""
    for each in resources(stacks):
        if each.type == "aws:rds/instance:Instance" and "replica" not in each.name:
            assert each.inputs["deletionProtection"] is True
            assert each.inputs["skipFinalSnapshot"] is False
            assert each.inputs["deleteAutomatedBackups"] is False
            assert each.inputs["finalSnapshotIdentifier"]
        if each.type == "aws:s3/bucket:Bucket":
            # A bucket that holds anything is not deleted (S3, BucketNotEmpty).
            assert each.inputs.get("forceDestroy", False) is False
        if each.type == "aws:kms/key:Key":
            assert each.inputs["deletionWindowInDays"] >= 7
        if each.type == "aws:secretsmanager/secret:Secret":
            assert each.inputs["recoveryWindowInDays"] >= 7


LOOSER: dict[str, tuple[dict[str, Any], set[str]]] = {
    "logs.retainOnDestroy": (
        {"immutable:logs": {"retainOnDestroy": False}},
        {"Bucket logs", "LogGroup web", "LogGroup api", "Key logs", "LogGroup main-postgresql"},
    ),
    "sessions.retainOnDestroy": (
        {"immutable:sessions": {"retainOnDestroy": False}},
        {"Secret sessions", "Key sessions"},
    ),
    "databases.main.retainOnDestroy": (
        {f"{MAIN}.deletionProtection": False, f"{MAIN}.retainOnDestroy": False},
        {"Instance main"},
    ),
}
"""The lines of a stack file that give something up, and some of what goes then."""


@pytest.mark.parametrize("line", LOOSER)
def test_a_line_that_gives_something_up_gives_up_its_own_and_nothing_else(
    line: str, stacks: list[Environment]
) -> None:
    changes, goes = LOOSER[line]
    loose = declared("prod", with_changes(changes, with_changes(EVERYTHING, stack_file("prod"))))
    before = {each.name + each.type for each in stacks[0].resources if each.kept}
    lost = [
        each
        for each in loose.resources
        if each.type in STATEFUL and not each.kept and each.name + each.type in before
    ]
    names = {f"{each.type.rpartition(':')[2]} {each.name}" for each in lost}
    assert goes <= names
    first = line.split(".")[0]
    about = {
        "logs": ("logs", "web", "api", "main-", "read-"),
        "sessions": ("sessions",),
        "databases": ("main",),
    }
    assert not [name for name in names if not name.split(" ")[1].startswith(about[first])]


def test_a_database_that_is_given_up_leaves_a_snapshot_its_backups_and_their_keys() -> None:
    changes, _ = LOOSER["databases.main.retainOnDestroy"]
    loose = declared("prod", with_changes(changes, with_changes(EVERYTHING, stack_file("prod"))))
    assert loose.one("Instance", "main").inputs["skipFinalSnapshot"] is False
    assert loose.one("Instance", "main").inputs["deleteAutomatedBackups"] is False
    assert loose.one("Key", "main").kept
    assert loose.one("Key", "main-eu-west-1").kept
    assert loose.one("InstanceAutomatedBackupsReplication", "main-eu-west-1").kept
