from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.scene import (
    BAD,
    BETTER,
    BOOT,
    DRAIN,
    GOOD,
    GRACE,
    HEALTHY,
    TYPES,
    Scene,
)


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_server_boots_and_then_passes_its_health_checks(scene: Scene) -> None:
    scene.create_group(desired=2)
    scene.cloud.step(BOOT - 1)
    assert (scene.states(), scene.target_states()) == (["Pending"] * 2, [])
    scene.cloud.step(1)
    assert (scene.states(), scene.target_states()) == (["InService"] * 2, ["initial"] * 2)
    scene.cloud.step(HEALTHY - 1)
    assert scene.target_states() == ["initial"] * 2
    scene.cloud.step(1)
    assert scene.target_states() == ["healthy"] * 2


def test_a_server_is_an_ec2_instance_of_the_template_versions_image(scene: Scene) -> None:
    scene.create_group(desired=1, version=2, Tags=[{"Key": "team", "Value": "a", "PropagateAtLaunch": True}])
    (server,) = scene.group()["Instances"]
    (reservation,) = scene.ec2.describe_instances(InstanceIds=[server["InstanceId"]])["Reservations"]
    (instance,) = reservation["Instances"]
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert (instance["ImageId"], instance["InstanceType"], instance["State"]["Name"]) == (
        BETTER, TYPES[0], "pending",
    )  # fmt: skip
    assert (tags["team"], tags["aws:autoscaling:groupName"], tags["aws:ec2launchtemplate:version"]) == (
        "a", "web", "2",
    )  # fmt: skip
    assert server["LaunchTemplate"]["Version"] == "2"
    scene.cloud.step(BOOT)
    (reservation,) = scene.ec2.describe_instances(InstanceIds=[server["InstanceId"]])["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "running"


def test_servers_are_spread_over_the_zones(scene: Scene) -> None:
    scene.create_group(desired=4)
    zones = sorted(i["AvailabilityZone"] for i in scene.group()["Instances"])
    assert zones == ["eu-central-1a"] * 2 + ["eu-central-1b"] * 2


def test_a_server_terminated_in_ec2_is_replaced(scene: Scene) -> None:
    scene.settled(desired=2)
    gone = scene.group()["Instances"][0]["InstanceId"]
    scene.ec2.terminate_instances(InstanceIds=[gone])
    scene.cloud.step(1)
    assert gone not in [i["InstanceId"] for i in scene.group()["Instances"]]
    assert scene.states() == ["InService", "Pending"]


def test_a_server_terminated_in_the_group_drains_first(scene: Scene) -> None:
    scene.settled(desired=1)
    server = scene.group()["Instances"][0]["InstanceId"]
    scene.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=server, ShouldDecrementDesiredCapacity=False
    )
    scene.cloud.step(DRAIN - 1)
    assert scene.target_states() == ["draining"]
    scene.cloud.step(1)
    assert scene.target_states() == []
    state = scene.ec2.describe_instances(InstanceIds=[server])["Reservations"][0]["Instances"][0]["State"]
    assert state["Name"] == "terminated"
    scene.cloud.step(BOOT)
    assert scene.states() == ["InService"]


def test_a_server_that_fails_its_health_check_is_replaced_after_the_grace_period(scene: Scene) -> None:
    scene.create_group(desired=1, version=3)
    first = scene.group()["Instances"][0]["InstanceId"]
    scene.cloud.step(BOOT + GRACE - 1)
    assert (scene.target_states(), scene.group()["Instances"][0]["HealthStatus"]) == (
        ["unhealthy"],
        "Healthy",
    )
    scene.cloud.step(2)
    assert first not in [
        i["InstanceId"] for i in scene.group()["Instances"] if i["LifecycleState"] == "Pending"
    ]
    latest = scene.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    assert any("ELB system health check failure" in a["Cause"] and first in a["Description"] for a in latest)


def test_scaling_in_terminates_and_scaling_out_launches(scene: Scene) -> None:
    scene.settled(desired=3)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    scene.cloud.step(DRAIN)
    assert scene.states() == ["InService"]
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    scene.cloud.step(0)
    assert scene.states() == ["InService", "Pending"]


def test_desired_capacity_stays_between_min_and_max(scene: Scene) -> None:
    scene.create_group(desired=2, MaxSize=3)
    with pytest.raises(
        ClientError, match="must be between the specified min size:0 and max size:3"
    ) as refused:
        scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=4)
    assert code(refused) == "ValidationError"
    scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MaxSize=1)
    assert scene.group()["DesiredCapacity"] == 1


def test_an_update_changes_what_it_names_and_nothing_else(scene: Scene) -> None:
    policy = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 120}
    scene.create_group(InstanceMaintenancePolicy=policy, CapacityRebalance=True, MaxInstanceLifetime=86400)
    before = scene.group()
    scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", DefaultInstanceWarmup=7)
    after = scene.group()
    assert (before.pop("DefaultInstanceWarmup"), after.pop("DefaultInstanceWarmup")) == (60, 7)
    assert before == after
    assert (after["InstanceMaintenancePolicy"], after["CapacityRebalance"]) == (policy, True)
    assert after["MaxInstanceLifetime"] == 86400


def test_a_group_with_servers_is_deleted_only_by_force(scene: Scene) -> None:
    scene.settled(desired=1)
    server = scene.group()["Instances"][0]["InstanceId"]
    with pytest.raises(ClientError) as refused:
        scene.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web")
    assert code(refused) == "ResourceInUse"
    scene.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    assert scene.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    state = scene.ec2.describe_instances(InstanceIds=[server])["Reservations"][0]["Instances"][0]["State"]
    assert state["Name"] == "terminated"
    scene.elbv2.delete_target_group(TargetGroupArn=scene.target_group_arn)
    for subnet in scene.subnet_ids:
        scene.ec2.delete_subnet(SubnetId=subnet)


def test_a_group_whose_servers_are_gone_is_deleted_without_force(scene: Scene) -> None:
    scene.settled(desired=1)
    scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=0, MaxSize=0)
    scene.cloud.step(DRAIN)
    scene.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web")
    assert scene.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_a_second_group_of_one_name_is_refused(scene: Scene) -> None:
    scene.create_group()
    with pytest.raises(ClientError) as refused:
        scene.create_group()
    assert code(refused) == "AlreadyExists"


def test_a_group_of_an_image_that_does_not_exist_is_refused(scene: Scene) -> None:
    scene.ec2.deregister_image(ImageId=GOOD)
    with pytest.raises(ClientError, match=rf"The image id '\[{GOOD}\]' does not exist") as refused:
        scene.create_group()
    assert code(refused) == "ValidationError"
    assert scene.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_a_launch_that_fails_is_an_activity_and_is_tried_again(scene: Scene) -> None:
    scene.settled(desired=1)
    scene.ec2.deregister_image(ImageId=GOOD)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    scene.cloud.step(10)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    scene.cloud.step(51)
    activities = scene.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    failed = [a for a in activities if a["StatusCode"] == "Failed"]
    assert len(failed) == 2
    assert (
        failed[0]["StatusMessage"]
        == f"The image id '[{GOOD}]' does not exist. Launching EC2 instance failed."
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"TrafficSources": [{"Identifier": "x"}]},
        {"MixedInstancesPolicy": None, "LaunchConfigurationName": "old"},
    ],
)
def test_what_is_not_emulated_is_refused_by_name(scene: Scene, settings: dict[str, Any]) -> None:
    given = {name: value for name, value in settings.items() if value is not None}
    with pytest.raises(ClientError, match="is not emulated in the rehearsal's cloud") as refused:
        scene.create_group(**given)
    assert code(refused) == "ValidationError"


def test_suspending_launches_holds_them_back(scene: Scene) -> None:
    scene.settled(desired=1)
    scene.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    scene.cloud.step(10)
    assert scene.states() == ["InService"]
    scene.autoscaling.resume_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    scene.cloud.step(0)
    assert scene.states() == ["InService", "Pending"]


def test_a_slow_image_takes_ten_times_as_long_to_boot(scene: Scene) -> None:
    scene.ec2.create_tags(Resources=[GOOD], Tags=[{"Key": "rehearsal:behaviour", "Value": "slow-boot"}])
    scene.create_group(desired=1)
    scene.cloud.step(10 * BOOT - 1)
    assert scene.states() == ["Pending"]
    scene.cloud.step(1)
    assert scene.states() == ["InService"]


def test_a_group_that_asks_ec2_alone_keeps_a_server_that_fails_behind_the_balancer(scene: Scene) -> None:
    scene.create_group(desired=1, version=3, HealthCheckType="EC2")
    scene.cloud.step(BOOT + 10 * GRACE)
    assert (scene.states(), scene.target_states()) == (["InService"], ["unhealthy"])
    assert scene.group()["Instances"][0]["ImageId"] == BAD


def test_nothing_is_left_of_a_server_that_is_gone(scene: Scene) -> None:
    security_group = scene.ec2.create_security_group(
        VpcId=scene.ec2.describe_subnets(SubnetIds=scene.subnet_ids)["Subnets"][0]["VpcId"],
        GroupName="web",
        Description="web",
    )["GroupId"]
    scene.ec2.create_launch_template_version(
        LaunchTemplateId=scene.template_id,
        LaunchTemplateData={
            "ImageId": GOOD,
            "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [security_group]}],
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9, "Encrypted": True}}],
        },
    )
    addresses = [s["AvailableIpAddressCount"] for s in scene.ec2.describe_subnets()["Subnets"]]
    volumes = len(scene.ec2.describe_volumes()["Volumes"])
    scene.settled(desired=2, version=5)
    (reservation,) = scene.ec2.describe_instances(
        Filters=[{"Name": "tag:aws:autoscaling:groupName", "Values": ["web"]}]
    )["Reservations"][:1]
    (instance,) = reservation["Instances"]
    assert [group["GroupId"] for group in instance["SecurityGroups"]] == [security_group]
    assert [device["DeviceName"] for device in instance["BlockDeviceMappings"]] == ["/dev/xvda"]
    scene.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    assert scene.ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert len(scene.ec2.describe_volumes()["Volumes"]) == volumes
    assert [s["AvailableIpAddressCount"] for s in scene.ec2.describe_subnets()["Subnets"]] == addresses
    scene.ec2.delete_security_group(GroupId=security_group)


def test_a_subnet_that_is_full_fails_the_launch(scene: Scene) -> None:
    scene.create_group(desired=600, MaxSize=1000)
    scene.cloud.step(1)
    activities = scene.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    assert "not enough free addresses in subnet" in activities[0]["StatusMessage"]


def test_a_templates_own_tags_are_not_in_its_first_version(scene: Scene) -> None:
    tags = [{"Key": "owner", "Value": "a"}]
    made = scene.ec2.create_launch_template(
        LaunchTemplateName="tagged",
        LaunchTemplateData={"ImageId": GOOD},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
    )["LaunchTemplate"]
    assert made["Tags"] == tags
    (version,) = scene.ec2.describe_launch_template_versions(LaunchTemplateId=made["LaunchTemplateId"])[
        "LaunchTemplateVersions"
    ]
    assert version["LaunchTemplateData"] == {"ImageId": GOOD}


def test_addresses_are_used_again(scene: Scene) -> None:
    vpc = scene.ec2.describe_subnets(SubnetIds=scene.subnet_ids)["Subnets"][0]["VpcId"]
    tiny = scene.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.9.0/28")["Subnet"]["SubnetId"]
    scene.settled(desired=4, VPCZoneIdentifier=tiny)
    for _ in range(4):
        ids = [i["InstanceId"] for i in scene.group()["Instances"]]
        scene.ec2.terminate_instances(InstanceIds=ids)
        scene.cloud.step(BOOT)
    assert scene.states() == ["InService"] * 4


def test_a_server_that_is_no_target_of_a_group_is_unused_there(scene: Scene) -> None:
    vpc = scene.ec2.describe_subnets(SubnetIds=scene.subnet_ids)["Subnets"][0]["VpcId"]
    other = scene.elbv2.create_target_group(Name="other", Protocol="HTTP", Port=1, VpcId=vpc)
    scene.settled(desired=1)
    found = scene.elbv2.describe_target_health(
        TargetGroupArn=other["TargetGroups"][0]["TargetGroupArn"],
        Targets=[{"Id": scene.group()["Instances"][0]["InstanceId"]}],
    )
    assert found["TargetHealthDescriptions"][0]["TargetHealth"]["State"] == "unused"


def test_many_groups_and_servers_come_in_pages(scene: Scene) -> None:
    scene.create_group(desired=60)
    pages = scene.autoscaling.get_paginator("describe_auto_scaling_instances").paginate()
    assert [len(page["AutoScalingInstances"]) for page in pages] == [50, 10]


def test_what_aws_dates_is_dated_by_the_emulated_clock(scene: Scene) -> None:
    scene.cloud.step(20 * 86_400)
    scene.create_group(desired=1)
    scene.cloud.step(10 * 86_400)
    server = scene.group()["Instances"][0]["InstanceId"]
    (reservation,) = scene.ec2.describe_instances(InstanceIds=[server])["Reservations"]
    clock = scene.cloud.world.clock
    launched = reservation["Instances"][0]["LaunchTime"]
    assert abs((launched - clock.date(20 * 86_400)).total_seconds()) < 5
    template = scene.ec2.create_launch_template_version(
        LaunchTemplateId=scene.template_id, LaunchTemplateData={"ImageId": GOOD}
    )["LaunchTemplateVersion"]
    assert abs((template["CreateTime"] - clock.date(30 * 86_400)).total_seconds()) < 5
