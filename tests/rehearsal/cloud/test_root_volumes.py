"""The strategy ReplaceRootVolume: servers stay, and get the root volume of another image."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.autoscaling.models import autoscaling_backends
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.hooking import FLUSH, LAUNCH, TERMINATION, VALIDATION, put
from tests.rehearsal.cloud.scene import BAD, BETTER, BOOT, DRAIN, GOOD, TYPES, WARM, Scene

REPLACED = 1
IMAGES = {1: GOOD, 2: BETTER, 3: BAD, 4: GOOD}


def policy(scene: Scene, version: object, image: str | None = None) -> dict[str, Any]:
    made = scene.policy(version)
    for override in made["LaunchTemplate"]["Overrides"]:
        override["ImageId"] = image or IMAGES[int(str(version))]
    return made


def start(scene: Scene, version: int = 2, **preferences: Any) -> None:
    scene.autoscaling.start_instance_refresh(
        AutoScalingGroupName="web",
        Strategy="ReplaceRootVolume",
        DesiredConfiguration={"MixedInstancesPolicy": policy(scene, version)},
        Preferences={"MinHealthyPercentage": 50} | preferences,
    )


def ids(scene: Scene) -> set[str]:
    return {each["InstanceId"] for each in scene.group()["Instances"]}


def images(scene: Scene) -> set[tuple[str, str]]:
    """What the group says and what EC2 says."""
    groups = {each["InstanceId"]: each["ImageId"] for each in scene.group()["Instances"]}
    reservations = scene.ec2.describe_instances(InstanceIds=list(groups))["Reservations"]
    found = [each for reservation in reservations for each in reservation["Instances"]]
    return {(groups[each["InstanceId"]], each["ImageId"]) for each in found}


def root_volumes(scene: Scene) -> set[str]:
    reservations = scene.ec2.describe_instances(InstanceIds=list(ids(scene)))["Reservations"]
    found = [each for reservation in reservations for each in reservation["Instances"]]
    return {device["Ebs"]["VolumeId"] for each in found for device in each["BlockDeviceMappings"]}


def test_servers_stay_and_run_the_new_image(scene: Scene) -> None:
    scene.settled(desired=4)
    before = ids(scene)
    start(scene)
    refresh = scene.until_over()
    assert (refresh["Status"], refresh["Strategy"]) == ("Successful", "ReplaceRootVolume")
    assert (ids(scene), images(scene)) == (before, {(BETTER, BETTER)})
    assert (scene.versions(), scene.group_version()) == (["2"] * 4, "2")
    scene.cloud.step(1000)
    assert (ids(scene), scene.target_states()) == (before, ["healthy"] * 4)


def test_a_server_drains_reboots_and_is_checked_again(scene: Scene) -> None:
    scene.settled(desired=2)
    start(scene)
    scene.cloud.step(5)
    assert scene.states() == ["InService", "ReplacingRootVolume"]
    assert scene.target_states() == ["draining", "healthy"]
    scene.cloud.step(DRAIN)
    assert scene.states() == ["InService", "ReplacingRootVolume:Proceed"]
    assert scene.target_states() == ["healthy"]
    scene.cloud.step(BOOT)
    assert scene.states() == ["InService", "RootVolumeReplaced"]
    scene.cloud.step(REPLACED)
    assert (scene.states(), scene.target_states()) == (["InService"] * 2, ["healthy", "initial"])
    scene.cloud.step(WARM - 1)
    assert scene.refresh()["PercentageComplete"] == 0
    scene.cloud.step(1)
    assert scene.refresh()["PercentageComplete"] == 50


def test_no_more_than_the_minimum_can_spare_are_away_at_a_time(scene: Scene) -> None:
    scene.settled(desired=4)
    start(scene, MinHealthyPercentage=75)
    serving, total = [], set()
    while scene.refresh()["Status"] in ("Pending", "InProgress"):
        serving.append(scene.states().count("InService"))
        total.add(len(scene.states()))
        scene.cloud.step(5)
    assert (min(serving), total) == (3, {4})


def test_a_minimum_of_all_takes_one_at_a_time(scene: Scene) -> None:
    scene.settled(desired=2)
    start(scene, MinHealthyPercentage=100)
    scene.cloud.step(5)
    assert scene.states() == ["InService", "ReplacingRootVolume"]
    assert scene.until_over()["Status"] == "Successful"


def test_hooks_hold_a_server_before_and_after_its_volume_is_replaced(scene: Scene) -> None:
    scene.settled(desired=1)
    for hook in (LAUNCH, TERMINATION):
        put(scene, hook)
    start(scene, MinHealthyPercentage=0)
    scene.cloud.step(5 + DRAIN)
    assert scene.states() == ["ReplacingRootVolume:Wait"]
    scene.cloud.step(FLUSH)
    assert scene.states() == ["ReplacingRootVolume:Proceed"]
    scene.cloud.step(BOOT + REPLACED)
    assert scene.states() == ["Pending:Wait"]
    scene.cloud.step(VALIDATION)
    assert scene.states() == ["InService"]


def test_a_server_abandoned_after_its_replacement_is_replaced_by_a_new_one(scene: Scene) -> None:
    scene.settled(desired=1)
    before = ids(scene)
    put(scene, LAUNCH)
    start(scene, 3, MinHealthyPercentage=0)
    scene.cloud.step(5 + DRAIN + BOOT + REPLACED)
    assert (ids(scene), scene.states()) == (before, ["Pending:Wait"])
    scene.cloud.step(LAUNCH["HeartbeatTimeout"] + DRAIN)
    assert not ids(scene) & before
    assert {each["ImageId"] for each in scene.group()["Instances"]} == {BAD}


def test_a_bad_image_is_rolled_back_to_the_volumes_before(scene: Scene) -> None:
    scene.settled(desired=2)
    start(scene, 3, AutoRollback=True)
    assert scene.until_over(step=60)["Status"] == "RollbackSuccessful"
    scene.cloud.step(1000)
    assert (images(scene), scene.group_version()) == ({(GOOD, GOOD)}, "1")


def test_a_rollback_in_the_middle_of_a_replacement_ends_on_the_image_before(scene: Scene) -> None:
    scene.settled(desired=2)
    before = ids(scene)
    start(scene)
    scene.cloud.step(5 + DRAIN + 1)
    scene.autoscaling.rollback_instance_refresh(AutoScalingGroupName="web")
    assert scene.until_over()["Status"] == "RollbackSuccessful"
    assert (ids(scene), images(scene), scene.versions()) == (before, {(GOOD, GOOD)}, ["1", "1"])


def test_a_cancelled_refresh_lets_a_replacement_end(scene: Scene) -> None:
    scene.settled(desired=2)
    start(scene)
    scene.cloud.step(5 + DRAIN + 1)
    scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    scene.cloud.step(1)
    assert scene.refresh()["Status"] == "Cancelling"
    assert scene.until_over()["Status"] == "Cancelled"
    assert scene.versions() == ["1", "2"]


def test_skip_matching_leaves_servers_of_the_same_image_alone(scene: Scene) -> None:
    scene.settled(desired=1)
    start(scene, 4, SkipMatching=True)
    scene.cloud.step(10)
    assert (scene.refresh()["Status"], scene.versions()) == ("Successful", ["1"])


def test_a_checkpoint_holds_the_replacements(scene: Scene) -> None:
    scene.settled(desired=4)
    start(scene, CheckpointPercentages=[25, 100], CheckpointDelay=5000)
    scene.cloud.step(4000)
    assert scene.versions() == ["1", "1", "1", "2"]
    assert scene.until_over()["Status"] == "Successful"


@pytest.mark.parametrize("desired", [1, 5])
def test_a_change_of_capacity_in_the_middle_ends_with_the_new_image(scene: Scene, desired: int) -> None:
    scene.settled(desired=3)
    start(scene)
    scene.cloud.step(10)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=desired)
    assert scene.until_over()["Status"] == "Successful"
    scene.cloud.step(1000)
    assert scene.versions() == ["2"] * desired


def test_the_volume_is_a_new_one_and_the_old_one_is_gone(scene: Scene) -> None:
    given = {
        "ImageId": GOOD,
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9, "Encrypted": True}}],
    }
    for image in (GOOD, BETTER):
        data = given | {"ImageId": image}
        scene.ec2.create_launch_template_version(LaunchTemplateId=scene.template_id, LaunchTemplateData=data)
    scene.settled(desired=1, version=5)
    before = root_volumes(scene)
    scene.autoscaling.start_instance_refresh(
        AutoScalingGroupName="web",
        Strategy="ReplaceRootVolume",
        DesiredConfiguration={"MixedInstancesPolicy": policy(scene, 6, BETTER)},
    )
    scene.until_over()
    (volume,) = scene.ec2.describe_volumes()["Volumes"]
    assert root_volumes(scene) == {volume["VolumeId"]} != before
    assert (volume["Size"], volume["Encrypted"]) == (9, True)


def test_what_happened_to_a_server_before_counts_no_more(scene: Scene) -> None:
    scene.ec2.create_tags(Resources=[GOOD], Tags=[{"Key": "rehearsal:behaviour", "Value": "crash-loop"}])
    scene.create_group(desired=1)
    before = ids(scene)
    scene.cloud.step(BOOT + 80)
    start(scene, MinHealthyPercentage=0)
    assert scene.until_over()["Status"] == "Successful"
    scene.cloud.step(1000)
    assert (ids(scene), scene.target_states()) == (before, ["healthy"])


def test_errors_end_with_the_volume_that_they_came_from(scene: Scene) -> None:
    tag = {"Key": "rehearsal:behaviour", "Value": "errors-after-minutes"}
    scene.ec2.create_tags(Resources=[GOOD], Tags=[tag])
    scene.create_group(desired=1)
    scene.cloud.step(BOOT + 200)
    (server,) = autoscaling_backends[ACCOUNT][scene.cloud.region].group("web").fleet.servers.values()
    assert server.error_share == 0.5
    start(scene, MinHealthyPercentage=0)
    assert scene.until_over()["Status"] == "Successful"
    scene.cloud.step(1000)
    assert server.error_share == 0.0


def without_images(scene: Scene) -> dict[str, Any]:
    return {"MixedInstancesPolicy": scene.policy(2)}


def without_a_policy(scene: Scene) -> dict[str, Any]:
    return {"LaunchTemplate": {"LaunchTemplateId": scene.template_id, "Version": "2"}}


def at_latest(scene: Scene) -> dict[str, Any]:
    return {"MixedInstancesPolicy": policy(scene, "$Latest", BETTER)}


def with_another_type(scene: Scene) -> dict[str, Any]:
    made = policy(scene, 2)
    made["LaunchTemplate"]["Overrides"] = [{"InstanceType": TYPES[1], "ImageId": BETTER}]
    return {"MixedInstancesPolicy": made}


@pytest.mark.parametrize(
    ("desired", "error"),
    [
        (without_images, "every override of the desired configuration must specify an ImageId"),
        (without_a_policy, "must have a mixed instances policy"),
        (at_latest, r"neither \$Latest nor \$Default"),
        (with_another_type, "does not match the group's launch template configuration"),
    ],
)
def test_what_aws_cannot_replace_the_volumes_of_is_refused(scene: Scene, desired: Any, error: str) -> None:
    scene.settled(desired=1)
    with pytest.raises(ClientError, match=error) as refused:
        scene.autoscaling.start_instance_refresh(
            AutoScalingGroupName="web", Strategy="ReplaceRootVolume", DesiredConfiguration=desired(scene)
        )
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert (
        scene.autoscaling.describe_instance_refreshes(AutoScalingGroupName="web")["InstanceRefreshes"] == []
    )


def test_servers_of_another_version_than_the_groups_are_refused(scene: Scene) -> None:
    scene.settled(desired=1)
    scene.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="web", MixedInstancesPolicy=scene.policy(4)
    )
    with pytest.raises(ClientError, match="does not match the group's launch template configuration"):
        start(scene)


def test_overrides_with_different_images_are_refused_by_name(scene: Scene) -> None:
    scene.settled(desired=1)
    made = policy(scene, 2)
    made["LaunchTemplate"]["Overrides"][0]["ImageId"] = GOOD
    with pytest.raises(ClientError, match=f"several images \\({GOOD}, {BETTER}\\) is not emulated"):
        scene.autoscaling.start_instance_refresh(
            AutoScalingGroupName="web",
            Strategy="ReplaceRootVolume",
            DesiredConfiguration={"MixedInstancesPolicy": made},
        )


def test_an_override_with_an_image_launches_it(scene: Scene) -> None:
    scene.settled(desired=1, MixedInstancesPolicy=policy(scene, 1, BETTER))
    assert images(scene) == {(BETTER, BETTER)}
