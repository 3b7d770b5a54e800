"""What EC2 does with images that are on their way out: deprecated, disabled, protected, deregistered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.images import Image
from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.scene import GOOD, Scene

IMAGE, OTHER = "ami-00000000000000001", "ami-00000000000000002"
DEBIAN = "136693071363"
DAY = 24 * 3600


@pytest.fixture
def ec2(cloud: Local) -> Any:
    cloud.image(IMAGE, immutable_recipe="service")
    return cloud.client("ec2")


def refusal(call: Any, **what: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**what)
    return str(refused.value.response["Error"]["Code"])


def described(ec2: Any, **what: Any) -> list[str]:
    return [image["ImageId"] for image in ec2.describe_images(**what)["Images"]]


def the(ec2: Any) -> dict[str, Any]:
    return dict(ec2.describe_images(ImageIds=[IMAGE], IncludeDisabled=True)["Images"][0])


def now(cloud: Local) -> datetime:
    return cloud.world.clock.date(cloud.world.timeline.now)


def test_a_deprecation_is_rounded_to_the_minute_and_can_be_taken_back(cloud: Local, ec2: Any) -> None:
    at = now(cloud).replace(second=40, microsecond=0) + timedelta(days=1)
    assert ec2.enable_image_deprecation(ImageId=IMAGE, DeprecateAt=at)["Return"] is True
    rounded = (at + timedelta(minutes=1)).replace(second=0)
    assert the(ec2)["DeprecationTime"] == f"{rounded:%Y-%m-%dT%H:%M:%S}.000Z"
    assert ec2.disable_image_deprecation(ImageId=IMAGE)["Return"] is True
    assert "DeprecationTime" not in the(ec2)


@pytest.mark.parametrize("days", [-1, 3654])
def test_a_deprecation_in_the_past_or_in_eleven_years_is_refused(cloud: Local, ec2: Any, days: int) -> None:
    at = now(cloud) + timedelta(days=days)
    assert refusal(ec2.enable_image_deprecation, ImageId=IMAGE, DeprecateAt=at) == "InvalidParameterValue"


def test_a_deprecated_image_of_another_account_is_shown_on_request_alone(cloud: Local) -> None:
    cloud.world.images.append(Image(OTHER, "debian", owner=DEBIAN))
    ec2 = cloud.client("ec2")
    assert described(ec2, Owners=[DEBIAN]) == [OTHER]
    ami = backend(cloud).amis[OTHER]
    ami.deprecate(now(cloud) + timedelta(days=1))
    assert described(ec2, Owners=[DEBIAN]) == [OTHER]
    cloud.step(DAY + 60)
    assert described(ec2, Owners=[DEBIAN]) == []
    assert described(ec2, Owners=[DEBIAN], IncludeDeprecated=True) == [OTHER]


def test_the_owner_sees_a_deprecated_image_and_may_launch_it(cloud: Local, ec2: Any) -> None:
    ec2.enable_image_deprecation(ImageId=IMAGE, DeprecateAt=now(cloud) + timedelta(minutes=1))
    cloud.step(DAY)
    assert described(ec2, Owners=["self"]) == [IMAGE]
    assert ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["ImageId"] == IMAGE


def test_a_disabled_image_is_hidden_not_launched_and_not_shared_until_it_is_enabled(ec2: Any) -> None:
    share = {"Add": [{"UserId": "222222222222"}]}
    ec2.modify_image_attribute(ImageId=IMAGE, LaunchPermission=share)
    assert ec2.disable_image(ImageId=IMAGE)["Return"] is True
    assert (described(ec2), described(ec2, ImageIds=[IMAGE])) == ([], [])
    assert described(ec2, IncludeDisabled=True) == [IMAGE]
    assert the(ec2)["State"] == "disabled"
    permissions = ec2.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")
    assert permissions["LaunchPermissions"] == []
    run = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}
    assert refusal(ec2.run_instances, **run) == "InvalidAMIID.Unavailable"
    copy = {"SourceImageId": IMAGE, "SourceRegion": "eu-central-1", "Name": "copy"}
    assert refusal(ec2.copy_image, **copy) == "InvalidAMIID.Unavailable"
    assert (
        refusal(ec2.modify_image_attribute, ImageId=IMAGE, LaunchPermission=share)
        == "InvalidAMIID.Unavailable"
    )
    assert ec2.enable_image(ImageId=IMAGE)["Return"] is True
    assert the(ec2)["State"] == "available"
    ec2.run_instances(**run)


def test_a_template_with_a_disabled_image_launches_nothing(ec2: Any) -> None:
    ec2.create_launch_template(LaunchTemplateName="t", LaunchTemplateData={"ImageId": IMAGE})
    ec2.disable_image(ImageId=IMAGE)
    run = {"LaunchTemplate": {"LaunchTemplateName": "t"}, "MinCount": 1, "MaxCount": 1}
    assert refusal(ec2.run_instances, **run) == "InvalidAMIID.Unavailable"


def test_another_state_than_available_cannot_be_disabled_or_enabled(cloud: Local, ec2: Any) -> None:
    ec2.describe_images()
    backend(cloud).amis[IMAGE].state = "pending"
    assert refusal(ec2.disable_image, ImageId=IMAGE) == "InvalidAMIID.Unavailable"
    assert refusal(ec2.enable_image, ImageId=IMAGE) == "InvalidAMIID.Unavailable"


@pytest.mark.parametrize(
    "operation",
    [
        "disable_image",
        "enable_image",
        "disable_image_deprecation",
        "enable_image_deregistration_protection",
        "disable_image_deregistration_protection",
        "deregister_image",
    ],
)
def test_only_the_owner_changes_an_image_and_it_must_be_there(cloud: Local, ec2: Any, operation: str) -> None:
    cloud.world.images.append(Image(OTHER, "debian", owner=DEBIAN))
    assert refusal(getattr(ec2, operation), ImageId=OTHER) == "AuthFailure"
    assert refusal(getattr(ec2, operation), ImageId="ami-00000000000000009") == "InvalidAMIID.NotFound"


def test_a_protected_image_is_not_deregistered_until_a_day_after_protection_is_off(
    cloud: Local, ec2: Any
) -> None:
    ec2.enable_image_deregistration_protection(ImageId=IMAGE, WithCooldown=True)
    assert the(ec2)["DeregistrationProtection"] == "enabled-with-cooldown"
    assert refusal(ec2.deregister_image, ImageId=IMAGE) == "OperationNotPermitted"
    ec2.disable_image_deregistration_protection(ImageId=IMAGE)
    assert the(ec2)["DeregistrationProtection"] == "disabled"
    cloud.step(DAY - 1)
    assert refusal(ec2.deregister_image, ImageId=IMAGE) == "OperationNotPermitted"
    ec2.disable_image_deregistration_protection(ImageId=IMAGE)
    cloud.step(1)
    assert ec2.deregister_image(ImageId=IMAGE)["Return"] is True


def test_protection_without_a_cooldown_ends_at_once(ec2: Any) -> None:
    ec2.enable_image_deregistration_protection(ImageId=IMAGE)
    assert the(ec2)["DeregistrationProtection"] == "enabled-without-cooldown"
    ec2.disable_image_deregistration_protection(ImageId=IMAGE)
    ec2.deregister_image(ImageId=IMAGE)
    assert described(ec2) == []


def test_protection_that_is_switched_on_again_ends_the_cooldown(cloud: Local, ec2: Any) -> None:
    ec2.enable_image_deregistration_protection(ImageId=IMAGE, WithCooldown=True)
    ec2.disable_image_deregistration_protection(ImageId=IMAGE)
    cloud.step(DAY / 2)
    ec2.enable_image_deregistration_protection(ImageId=IMAGE)
    ec2.disable_image_deregistration_protection(ImageId=IMAGE)
    ec2.deregister_image(ImageId=IMAGE)
    assert described(ec2) == []


def test_snapshots_go_with_their_image_on_request_alone(ec2: Any) -> None:
    snapshot = the(ec2)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    assert refusal(ec2.delete_snapshot, SnapshotId=snapshot) == "InvalidSnapshot.InUse"
    twin = ec2.register_image(
        Name="twin", BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}]
    )["ImageId"]
    answer = ec2.deregister_image(ImageId=IMAGE, DeleteAssociatedSnapshots=True)
    assert answer["DeleteSnapshotResults"] == [{"SnapshotId": snapshot, "ReturnCode": "skipped"}]
    assert refusal(ec2.delete_snapshot, SnapshotId=snapshot) == "InvalidSnapshot.InUse"
    answer = ec2.deregister_image(ImageId=twin, DeleteAssociatedSnapshots=True)
    assert answer["DeleteSnapshotResults"] == [{"SnapshotId": snapshot, "ReturnCode": "success"}]
    assert refusal(ec2.describe_snapshots, SnapshotIds=[snapshot]) == "InvalidSnapshot.NotFound"


def test_a_snapshot_stays_when_nothing_is_said_of_it(ec2: Any) -> None:
    snapshot = the(ec2)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    ec2.deregister_image(ImageId=IMAGE)
    assert ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"] == "completed"


def test_a_deregistered_image_is_not_launched_and_not_deregistered_again(ec2: Any) -> None:
    ec2.deregister_image(ImageId=IMAGE)
    assert refusal(ec2.run_instances, ImageId=IMAGE, MinCount=1, MaxCount=1) == "InvalidAMIID.NotFound"
    assert refusal(ec2.deregister_image, ImageId=IMAGE) == "InvalidAMIID.Unavailable"
    assert described(ec2, ImageIds=[IMAGE]) == []


def test_one_unknown_id_of_several_is_refused(ec2: Any) -> None:
    ids = [IMAGE, "ami-00000000000000009"]
    assert refusal(ec2.describe_images, ImageIds=ids) == "InvalidAMIID.NotFound"


def test_filters_count_beside_ids(cloud: Local, ec2: Any) -> None:
    cloud.image(OTHER, immutable_recipe="base")
    filters = [{"Name": "tag:immutable:recipe", "Values": ["service"]}]
    assert described(ec2, ImageIds=[IMAGE, OTHER], Filters=filters) == [IMAGE]


def test_a_group_of_a_disabled_image_keeps_its_servers_and_launches_no_more(scene: Scene) -> None:
    scene.settled()
    scene.ec2.disable_image(ImageId=GOOD)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName=scene.name, DesiredCapacity=3)
    scene.cloud.step(60)
    activities = scene.autoscaling.describe_scaling_activities(AutoScalingGroupName=scene.name)
    failed = activities["Activities"][0]
    assert failed["StatusCode"] == "Failed"
    assert "is not available: it is disabled. Launching EC2 instance failed." in failed["StatusMessage"]
    assert scene.states() == ["InService", "InService"]


def backend(cloud: Local) -> Any:
    from moto.ec2.models import ec2_backends

    cloud.client("ec2").describe_images()
    return ec2_backends["123456789012"][cloud.region]
