"""A network, a target group, a launch template and a group in the emulated cloud, made with boto3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.cloud.local import Local

GOOD, BETTER, BAD = "ami-00000000000000001", "ami-00000000000000002", "ami-0000000000000bad0"
#: Emulated seconds: a server boots, then passes two health checks; then it is warm.
BOOT, HEALTHY, WARM, DRAIN = 40, 20, 60, 30
GRACE = 120
TYPES = ("m7g.large", "m6g.large")
#: Tags of an image that passes every pre-flight, as `Local.image` takes them.
TESTED = {"immutable_tests": "passed", "immutable_findings": "critical=0 high=0 medium=0"}


@dataclass
class Scene:
    """Version 1 of the template has the GOOD image, 2 the BETTER one, 3 the BAD one, 4 the GOOD one again."""

    cloud: Local
    template_id: str
    subnet_ids: list[str]
    target_group_arn: str
    autoscaling: Any
    ec2: Any
    elbv2: Any
    name: str = "web"

    def create_group(self, desired: int = 2, version: int = 1, **settings: Any) -> None:
        given = {
            "AutoScalingGroupName": self.name,
            "MinSize": 0,
            "MaxSize": 100,
            "DesiredCapacity": desired,
            "MixedInstancesPolicy": self.policy(version),
            "VPCZoneIdentifier": ",".join(self.subnet_ids),
            "TargetGroupARNs": [self.target_group_arn],
            "HealthCheckType": "ELB",
            "HealthCheckGracePeriod": GRACE,
            "DefaultInstanceWarmup": WARM,
        }
        self.autoscaling.create_auto_scaling_group(**(given | settings))

    def settled(self, desired: int = 2, version: int = 1, **settings: Any) -> None:
        self.create_group(desired, version, **settings)
        self.cloud.step(BOOT + max(HEALTHY, WARM) + 1)

    def policy(self, version: object) -> dict[str, Any]:
        specification = {"LaunchTemplateId": self.template_id, "Version": str(version)}
        overrides = [{"InstanceType": one} for one in TYPES]
        return {"LaunchTemplate": {"LaunchTemplateSpecification": specification, "Overrides": overrides}}

    def start(self, version: object = 2, **preferences: Any) -> str:
        given = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 110} | preferences
        answer = self.autoscaling.start_instance_refresh(
            AutoScalingGroupName=self.name,
            DesiredConfiguration={"MixedInstancesPolicy": self.policy(version)},
            Preferences={name: value for name, value in given.items() if value is not None},
        )
        return str(answer["InstanceRefreshId"])

    def group(self) -> dict[str, Any]:
        found = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])
        return dict(found["AutoScalingGroups"][0])

    def versions(self) -> list[str]:
        """Template versions of servers that are not on their way out, sorted."""
        live = [i for i in self.group()["Instances"] if i["LifecycleState"] != "Terminating"]
        return sorted(i["LaunchTemplate"]["Version"] for i in live)

    def states(self) -> list[str]:
        return sorted(i["LifecycleState"] for i in self.group()["Instances"])

    def group_version(self) -> str:
        policy = self.group()["MixedInstancesPolicy"]
        return str(policy["LaunchTemplate"]["LaunchTemplateSpecification"]["Version"])

    def refresh(self) -> dict[str, Any]:
        """The latest one."""
        found = self.autoscaling.describe_instance_refreshes(AutoScalingGroupName=self.name)
        return dict(found["InstanceRefreshes"][0])

    def target_states(self) -> list[str]:
        found = self.elbv2.describe_target_health(TargetGroupArn=self.target_group_arn)
        return sorted(one["TargetHealth"]["State"] for one in found["TargetHealthDescriptions"])

    def until(self, done: Callable[[], bool], step: float = 10, limit: float = 20_000) -> None:
        for _ in range(int(limit / step)):
            if done():
                return
            self.cloud.step(step)
        raise AssertionError(f"not within {limit} emulated seconds")

    def until_over(self, step: float = 10) -> dict[str, Any]:
        active = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")
        self.until(lambda: self.refresh()["Status"] not in active, step)
        return self.refresh()


def build(cloud: Local) -> Scene:
    ec2, elbv2 = cloud.client("ec2"), cloud.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{cloud.region}{zone}")
        for n, zone in enumerate("ab")
    ]
    target_group = elbv2.create_target_group(
        Name="web",
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc,
        HealthCheckIntervalSeconds=10,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    elbv2.modify_target_group_attributes(
        TargetGroupArn=target_group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": str(DRAIN)}],
    )
    cloud.image(GOOD, **TESTED)
    cloud.image(BETTER, **TESTED)
    cloud.image(BAD, rehearsal_behaviour="never-healthy", **TESTED)
    template = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=_data(GOOD))
    template_id = template["LaunchTemplate"]["LaunchTemplateId"]
    for image in (BETTER, BAD, GOOD):
        ec2.create_launch_template_version(LaunchTemplateId=template_id, LaunchTemplateData=_data(image))
    ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    return Scene(cloud, template_id, ids, target_group, cloud.client("autoscaling"), ec2, elbv2)


def _data(image_id: str) -> dict[str, Any]:
    return {"ImageId": image_id, "InstanceType": TYPES[0]}
