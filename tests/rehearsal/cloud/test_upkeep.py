"""Unhealthy and too old servers: replaced within the maintenance policy, or in AWS's default order."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.scene import BAD, BETTER, BOOT, DRAIN, GRACE, WARM, Scene

LAUNCH_FIRST = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 110}
DAY = 86_400


def ids(scene: Scene, state: str = "InService") -> set[str]:
    return {each["InstanceId"] for each in scene.group()["Instances"] if each["LifecycleState"] == state}


def fail(scene: Scene, server: str) -> None:
    scene.autoscaling.set_instance_health(InstanceId=server, HealthStatus="Unhealthy")
    scene.cloud.step(0)


def causes(scene: Scene, word: str) -> list[str]:
    found = scene.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    return [a["Cause"].split("Z ", 1)[1] for a in found if a["Description"].startswith(word)]


def fewest_and_most(scene: Scene, seconds: int, step: int = 5) -> tuple[int, int]:
    """Of servers that take traffic and of servers in all, without those on their way out."""
    serving, total = [], []
    for _ in range(seconds // step):
        scene.cloud.step(step)
        serving.append(scene.target_states().count("healthy"))
        total.append(len(scene.versions()))
    return min(serving), max(total)


def test_a_policy_launches_before_it_terminates_an_unhealthy_server(scene: Scene) -> None:
    scene.settled(desired=2, InstanceMaintenancePolicy=LAUNCH_FIRST)
    sick = sorted(ids(scene))[0]
    fail(scene, sick)
    assert (scene.states(), sick in ids(scene)) == (["InService", "InService", "Pending"], True)
    scene.cloud.step(BOOT + WARM - 1)
    assert scene.states() == ["InService"] * 3
    scene.cloud.step(1)
    assert (ids(scene, "Terminating"), len(ids(scene))) == ({sick}, 2)
    assert causes(scene, "Launching")[0] == (
        "An instance was launched in response to an unhealthy instance needing to be replaced."
    )
    assert causes(scene, "Terminating") == [
        "An instance was taken out of service in response to a user health-check."
    ]


def test_without_a_policy_an_unhealthy_server_goes_first(scene: Scene) -> None:
    scene.settled(desired=2)
    sick = sorted(ids(scene))[0]
    fail(scene, sick)
    assert (scene.states(), ids(scene, "Terminating")) == (["InService", "Pending", "Terminating"], {sick})


@pytest.mark.parametrize("policy", [{"MinHealthyPercentage": -1, "MaxHealthyPercentage": -1}, LAUNCH_FIRST])
def test_suspending_the_replacement_of_unhealthy_servers_keeps_them(
    scene: Scene, policy: dict[str, int]
) -> None:
    scene.settled(desired=2, InstanceMaintenancePolicy=policy)
    processes = {"AutoScalingGroupName": "web", "ScalingProcesses": ["ReplaceUnhealthy"]}
    scene.autoscaling.suspend_processes(**processes)
    before = ids(scene)
    fail(scene, sorted(before)[0])
    scene.cloud.step(1000)
    assert (scene.states(), ids(scene)) == (["InService"] * 2, before)
    scene.autoscaling.resume_processes(**processes)
    scene.cloud.step(1000)
    assert len(ids(scene) & before) == 1


def test_a_policy_that_spares_a_server_ends_it_at_once_and_launches_beside_it(scene: Scene) -> None:
    policy = {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 100}
    scene.settled(desired=2, InstanceMaintenancePolicy=policy)
    fail(scene, sorted(ids(scene))[0])
    assert scene.states() == ["InService", "Pending", "Terminating"]


def test_servers_that_are_all_unhealthy_are_replaced_a_batch_at_a_time(scene: Scene) -> None:
    scene.settled(
        desired=4, InstanceMaintenancePolicy={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150}
    )
    before = ids(scene)
    for server in before:
        fail(scene, server)
    assert scene.states() == ["InService"] * 4 + ["Pending"] * 2
    scene.cloud.step(BOOT + WARM)
    assert len(ids(scene, "Terminating")) == 2
    scene.cloud.step(1000)
    assert (scene.states(), ids(scene) & before) == (["InService"] * 4, set())


def test_a_policy_never_ends_where_no_new_server_gets_healthy(scene: Scene) -> None:
    scene.create_group(desired=2, version=3, InstanceMaintenancePolicy=LAUNCH_FIRST)
    scene.cloud.step(BOOT + GRACE)
    first = ids(scene)
    scene.cloud.step(20 * (BOOT + GRACE))
    assert len(scene.versions()) in (2, 3)
    assert not first & ids(scene)
    assert scene.group()["Instances"][0]["ImageId"] == BAD


def test_a_server_that_is_declared_healthy_again_stays(scene: Scene) -> None:
    scene.settled(desired=2, InstanceMaintenancePolicy=LAUNCH_FIRST)
    before = ids(scene)
    fail(scene, sorted(before)[0])
    scene.autoscaling.set_instance_health(InstanceId=sorted(before)[0], HealthStatus="Healthy")
    scene.cloud.step(1000)
    assert ids(scene) == before


def test_an_unhealthy_server_in_a_refresh_goes_at_once(scene: Scene) -> None:
    scene.settled(desired=2, InstanceMaintenancePolicy=LAUNCH_FIRST)
    scene.start(2)
    scene.cloud.step(10)
    sick = sorted(ids(scene))[0]
    fail(scene, sick)
    assert ids(scene, "Terminating") == {sick}
    assert scene.until_over()["Status"] == "Successful"


def test_a_server_past_its_lifetime_is_replaced_by_one_of_the_groups_configuration(scene: Scene) -> None:
    scene.settled(desired=2, MaxInstanceLifetime=DAY, InstanceMaintenancePolicy=LAUNCH_FIRST)
    before = ids(scene)
    scene.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="web", MixedInstancesPolicy=scene.policy(2)
    )
    scene.cloud.step(DAY - BOOT - WARM - 2)
    assert (scene.states(), ids(scene)) == (["InService"] * 2, before)
    scene.cloud.step(1)
    assert scene.states() == ["InService", "InService", "Pending"]
    assert fewest_and_most(scene, 2 * (BOOT + WARM + DRAIN)) == (2, 3)
    assert (scene.versions(), ids(scene) & before) == (["2", "2"], set())
    images = {each["ImageId"] for each in scene.group()["Instances"]}
    assert images == {BETTER}
    why = "an instance that reached the maximum instance lifetime."
    assert {cause.split("in response to ")[1] for cause in causes(scene, "Terminating")} == {why}
    assert causes(scene, "Launching")[0] == f"An instance was launched in response to {why}"
    scene.cloud.step(DAY // 2)
    assert scene.states() == ["InService"] * 2


def test_servers_are_renewed_lifetime_after_lifetime(scene: Scene) -> None:
    scene.settled(desired=1, MaxInstanceLifetime=DAY, InstanceMaintenancePolicy=LAUNCH_FIRST)
    seen = set()
    for _ in range(4):
        seen |= ids(scene)
        scene.cloud.step(DAY + BOOT + WARM + DRAIN)
    assert len(seen) == 4


def test_without_a_policy_one_too_old_server_after_the_other_goes_before_the_next_is_there(
    scene: Scene,
) -> None:
    scene.settled(desired=3, MaxInstanceLifetime=DAY)
    before = ids(scene)
    scene.cloud.step(DAY - BOOT - WARM - 1)
    assert fewest_and_most(scene, 3 * (BOOT + WARM + 5)) == (2, 3)
    assert not ids(scene) & before


def test_a_server_that_is_unhealthy_and_too_old_is_replaced_once(scene: Scene) -> None:
    scene.settled(desired=2, MaxInstanceLifetime=DAY, InstanceMaintenancePolicy=LAUNCH_FIRST)
    before = ids(scene)
    scene.cloud.step(DAY - BOOT - WARM - 1)
    fail(scene, sorted(before)[0])
    assert fewest_and_most(scene, 3 * (BOOT + WARM + DRAIN)) == (2, 3)
    assert (len(ids(scene)), ids(scene) & before) == (2, set())


def test_a_tenth_of_the_capacity_is_renewed_at_a_time(scene: Scene) -> None:
    policy = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200}
    scene.settled(desired=20, MaxInstanceLifetime=DAY, InstanceMaintenancePolicy=policy)
    scene.cloud.step(DAY - BOOT - WARM - 1)
    assert scene.states().count("Pending") == 2


def test_a_server_protected_from_scale_in_gets_older_than_its_lifetime(scene: Scene) -> None:
    scene.settled(desired=1, MaxInstanceLifetime=DAY)
    (server,) = ids(scene)
    given = {"AutoScalingGroupName": "web", "InstanceIds": [server]}
    scene.autoscaling.set_instance_protection(ProtectedFromScaleIn=True, **given)
    scene.cloud.step(2 * DAY)
    assert ids(scene) == {server}
    scene.autoscaling.set_instance_protection(ProtectedFromScaleIn=False, **given)
    scene.cloud.step(0)
    assert ids(scene, "Terminating") == {server}


def test_no_server_is_renewed_while_a_refresh_runs(scene: Scene) -> None:
    scene.settled(desired=2, MaxInstanceLifetime=DAY, InstanceMaintenancePolicy=LAUNCH_FIRST)
    scene.start(2, CheckpointPercentages=[50, 100], CheckpointDelay=2 * DAY)
    scene.cloud.step(2 * DAY - 10)
    assert (scene.states(), scene.versions()) == (["InService"] * 2, ["1", "2"])


def test_a_lifetime_set_later_counts_for_servers_that_are_there(scene: Scene) -> None:
    scene.settled(desired=1)
    scene.cloud.step(2 * DAY)
    (server,) = ids(scene)
    scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MaxInstanceLifetime=DAY)
    scene.cloud.step(0)
    assert ids(scene, "Terminating") == {server}
    scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MaxInstanceLifetime=0)
    scene.cloud.step(BOOT)
    (server,) = ids(scene)
    scene.cloud.step(10 * DAY)
    assert ids(scene) == {server}


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"MaxInstanceLifetime": DAY - 1}, "MaxInstanceLifetime 86399 is not 0 or between 86400"),
        ({"MaxInstanceLifetime": 365 * DAY + 1}, "MaxInstanceLifetime 31536001 is not"),
        ({"InstanceMaintenancePolicy": {"MinHealthyPercentage": 90}}, "needs both MinHealthyPercentage and"),
        (
            {"InstanceMaintenancePolicy": {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 101}},
            "more than 100 apart",
        ),
        (
            {"InstanceMaintenancePolicy": {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 99}},
            "MaxHealthyPercentage 99 is not between 100 and 200",
        ),
    ],
)
def test_settings_that_aws_refuses_are_refused_and_nothing_changes(
    scene: Scene, settings: dict[str, Any], error: str
) -> None:
    scene.settled(desired=0)
    before = scene.group()
    for operation in (
        scene.autoscaling.update_auto_scaling_group,
        scene.autoscaling.create_auto_scaling_group,
    ):
        given: dict[str, Any] = {"MinSize": 0, "MaxSize": 1, "AutoScalingGroupName": "web"}
        if operation == scene.autoscaling.create_auto_scaling_group:
            given |= {"AutoScalingGroupName": "other", "AvailabilityZones": ["eu-central-1a"]}
        with pytest.raises(ClientError, match=error):
            operation(**given, MixedInstancesPolicy=scene.policy(2), **settings)
    assert scene.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"] == [before]


def test_a_policy_is_cleared_with_minus_one(scene: Scene) -> None:
    scene.settled(desired=1, InstanceMaintenancePolicy=LAUNCH_FIRST)
    none = {"MinHealthyPercentage": -1, "MaxHealthyPercentage": -1}
    scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", InstanceMaintenancePolicy=none)
    fail(scene, *ids(scene))
    assert scene.states() == ["Pending", "Terminating"]
