"""A provider, the cloud that it works on, and the resources that a test made with it."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rehearsal.cloud.local import Local
from rehearsal.plugin import CheckFailure, Diff, Properties, Provider, State
from rehearsal.provider.assets import ARCHIVE, ASSET, SIGNATURE

REGION = "eu-central-1"
IMAGES = ("ami-0123456789abcdef0", "ami-0123456789abcdef1")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
        ],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["logs:*"], "Resource": "*"}]}
)
OTHER_POLICY = POLICY.replace("logs:*", "s3:*")
PLAIN_DATABASE: Properties = {
    "engine": "postgres",
    "instanceClass": "db.t4g.micro",
    "allocatedStorage": 20,
    "username": "root",
    "password": "not-a-secret",
    "backupRetentionPeriod": 1,
    "skipFinalSnapshot": True,
}
_numbers = itertools.count(1)


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:test::immutable::{token}::{name}"


@dataclass
class Made:
    """A resource as the engine would hold it."""

    provider: Provider
    urn: str
    inputs: Properties
    id: str
    outputs: Properties

    def read(self) -> State | None:
        return self.provider.read(self.urn, self.id, self.inputs, self.outputs)

    def with_changes(self, changes: Properties) -> Properties:
        """New inputs, checked; a change to None takes the input away."""
        wanted = {key: value for key, value in {**self.inputs, **changes}.items() if value is not None}
        inputs, failures = self.provider.check(self.urn, self.inputs, wanted, b"seed")
        assert not failures, failures
        return inputs

    def diff(self, changes: Properties) -> Diff:
        news = self.with_changes(changes)
        return self.provider.diff(self.urn, self.id, self.inputs, self.outputs, news, [])

    def update(self, changes: Properties, *, preview: bool = False) -> Properties:
        news = self.with_changes(changes)
        outputs = self.provider.update(self.urn, self.id, self.inputs, self.outputs, news, 20, [], preview)
        if not preview:
            self.inputs, self.outputs = news, outputs
        return outputs

    def delete(self) -> None:
        self.provider.delete(self.urn, self.id, self.inputs, self.outputs, 20)


@dataclass
class World:
    """Parents that most resources need are made once, when first asked for."""

    cloud: Local
    provider: Provider
    number: int = field(default_factory=lambda: next(_numbers))

    def client(self, service: str) -> Any:
        return self.cloud.client(service)

    def check(self, token: str, **inputs: Any) -> tuple[Properties, list[CheckFailure]]:
        return self.provider.check(urn(token, "thing"), {}, inputs, b"seed")

    def make(self, token: str, **inputs: Any) -> Made:
        number = next(_numbers)
        where = urn(token, f"thing{self.number}")
        checked, failures = self.provider.check(where, {}, inputs, b"seed%d" % number)
        assert not failures, failures
        state = self.provider.create(where, checked, 20, False)
        return Made(self.provider, where, checked, state.id, state.outputs)

    def preview(self, token: str, **inputs: Any) -> Properties:
        where = urn(token, "thing")
        checked, failures = self.provider.check(where, {}, inputs, b"seed")
        assert not failures, failures
        return self.provider.create(where, checked, 20, True).outputs

    @cached_property
    def vpc(self) -> Made:
        return self.make("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")

    @cached_property
    def gateway(self) -> Made:
        return self.make("aws:ec2/internetGateway:InternetGateway", vpcId=self.vpc.id)

    @cached_property
    def subnets(self) -> list[Made]:
        self.gateway  # noqa: B018 - a public load balancer needs one in its VPC
        return [
            self.make(
                "aws:ec2/subnet:Subnet",
                vpcId=self.vpc.id,
                cidrBlock=f"10.0.{index}.0/24",
                availabilityZone=f"{REGION}{letter}",
            )
            for index, letter in enumerate("ab")
        ]

    @cached_property
    def subnet_ids(self) -> list[str]:
        return [subnet.id for subnet in self.subnets]

    @cached_property
    def route_table(self) -> Made:
        return self.make("aws:ec2/routeTable:RouteTable", vpcId=self.vpc.id)

    @cached_property
    def address(self) -> Made:
        return self.make("aws:ec2/eip:Eip", domain="vpc")

    @cached_property
    def groups(self) -> list[Made]:
        return [
            self.make("aws:ec2/securityGroup:SecurityGroup", vpcId=self.vpc.id, namePrefix="web-")
            for _ in range(2)
        ]

    @cached_property
    def role(self) -> Made:
        return self.make("aws:iam/role:Role", assumeRolePolicy=TRUST)

    @cached_property
    def other_role(self) -> Made:
        return self.make("aws:iam/role:Role", assumeRolePolicy=TRUST)

    @cached_property
    def log_group(self) -> Made:
        return self.make("aws:cloudwatch/logGroup:LogGroup", retentionInDays=30)

    @cached_property
    def template(self) -> Made:
        return self.make("aws:ec2/launchTemplate:LaunchTemplate", imageId=IMAGES[0], instanceType="m7g.large")

    @cached_property
    def balancer(self) -> Made:
        return self.make(
            "aws:lb/loadBalancer:LoadBalancer", subnets=self.subnet_ids, securityGroups=[self.groups[0].id]
        )

    @cached_property
    def targets(self) -> list[Made]:
        return [
            self.make(
                "aws:lb/targetGroup:TargetGroup", vpcId=self.vpc.id, port=80, protocol="HTTP", namePrefix="t-"
            )
            for _ in range(2)
        ]

    @cached_property
    def listener(self) -> Made:
        return self.make(
            "aws:lb/listener:Listener",
            loadBalancerArn=self.balancer.id,
            port=8080,
            protocol="HTTP",
            defaultActions=[{"type": "forward", "targetGroupArn": self.targets[0].id}],
        )

    @cached_property
    def auto_scaling_group(self) -> Made:
        return self.make("aws:autoscaling/group:Group", **self.group_inputs())

    def group_inputs(self) -> Properties:
        specification = {"launchTemplateId": self.template.id, "version": "1"}
        overrides = [{"instanceType": "m7g.large"}, {"instanceType": "m6g.large"}]
        return {
            "minSize": 0,
            "maxSize": 4,
            "vpcZoneIdentifiers": self.subnet_ids,
            "mixedInstancesPolicy": {
                "instancesDistribution": {"onDemandPercentageAboveBaseCapacity": 100},
                "launchTemplate": {"launchTemplateSpecification": specification, "overrides": overrides},
            },
            "instanceMaintenancePolicy": {"minHealthyPercentage": 100, "maxHealthyPercentage": 110},
            "enabledMetrics": ["GroupInServiceInstances"],
            "waitForCapacityTimeout": "0",
            "tags": [{"key": "Name", "value": "web", "propagateAtLaunch": True}],
        }

    @cached_property
    def zone(self) -> Made:
        return self.make("aws:route53/zone:Zone", name="example.test")

    @cached_property
    def proven_certificate(self) -> Made:
        """One whose names have their record, which is one for both."""
        made = self.make(
            "aws:acm/certificate:Certificate",
            domainName="example.test",
            subjectAlternativeNames=["*.example.test"],
            validationMethod="DNS",
        )
        proof = made.outputs["domainValidationOptions"][0]
        self.make(
            "aws:route53/record:Record",
            zoneId=self.zone.id,
            name=proof["resourceRecordName"],
            type=proof["resourceRecordType"],
            ttl=300,
            records=[proof["resourceRecordValue"]],
        )
        return made

    @cached_property
    def bucket(self) -> Made:
        return self.make("aws:s3/bucket:Bucket", forceDestroy=True)

    @cached_property
    def key(self) -> Made:
        return self.make("aws:kms/key:Key", description="a key")

    @cached_property
    def topic(self) -> Made:
        return self.make("aws:sns/topic:Topic")

    @cached_property
    def rule(self) -> Made:
        return self.make("aws:cloudwatch/eventRule:EventRule", scheduleExpression="rate(1 day)")

    @cached_property
    def subnet_group(self) -> Made:
        return self.make("aws:rds/subnetGroup:SubnetGroup", namePrefix="main-", subnetIds=self.subnet_ids)

    @cached_property
    def database(self) -> Made:
        return self.make("aws:rds/instance:Instance", **PLAIN_DATABASE)

    @cached_property
    def replicated(self) -> Made:
        return self.make("aws:rds/instance:Instance", **PLAIN_DATABASE)

    @cached_property
    def secret(self) -> Made:
        return self.make("aws:secretsmanager/secret:Secret", recoveryWindowInDays=0)

    @cached_property
    def scheduler_role(self) -> Made:
        trust = TRUST.replace("ec2.amazonaws.com", "scheduler.amazonaws.com")
        return self.make("aws:iam/role:Role", assumeRolePolicy=trust)

    @cached_property
    def schedule_group(self) -> Made:
        return self.make("aws:scheduler/scheduleGroup:ScheduleGroup")

    @cached_property
    def function_role(self) -> Made:
        trust = TRUST.replace("ec2.amazonaws.com", "lambda.amazonaws.com")
        return self.make("aws:iam/role:Role", assumeRolePolicy=trust)

    @cached_property
    def function(self) -> Made:
        """One that answers with what it was told."""
        text = "def handler(event, context):\n    return event\n"
        asset = {SIGNATURE: ASSET, "text": text}
        return self.make(
            "aws:lambda/function:Function",
            runtime="python3.12",
            handler="function.handler",
            role=self.function_role.outputs["arn"],
            code={SIGNATURE: ARCHIVE, "assets": {"function.py": asset}},
            timeout=30,
        )

    @cached_property
    def rotator(self) -> Made:
        """A function that Secrets Manager may call."""
        self.make(
            "aws:lambda/permission:Permission",
            action="lambda:InvokeFunction",
            function=self.function.id,
            principal="secretsmanager.amazonaws.com",
        )
        return self.function

    @cached_property
    def proxy(self) -> Made:
        return self.make(
            "aws:rds/proxy:Proxy",
            engineFamily="POSTGRESQL",
            roleArn=self.role.outputs["arn"],
            auths=[{"authScheme": "SECRETS", "secretArn": self.secret.id}],
            vpcSubnetIds=self.subnet_ids,
        )

    @staticmethod
    def next() -> int:
        """A number that no other resource here has in its name."""
        return next(_numbers)
