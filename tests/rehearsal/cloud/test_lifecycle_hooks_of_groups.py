"""Servers that wait for a lifecycle hook, and what their group does with them meanwhile."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.hooking import (
    LAUNCH,
    OTHER,
    TERMINATION,
    VALIDATION,
    activities,
    complete,
    ec2_state,
    only,
    put,
)
from tests.rehearsal.cloud.scene import BOOT, WARM, Scene


def test_a_refresh_waits_for_the_hooks_of_both_ways(scene: Scene) -> None:
    scene.create_group(desired=2, LifecycleHookSpecificationList=[LAUNCH, TERMINATION])
    scene.cloud.step(BOOT + VALIDATION + WARM + 1)
    scene.start(2)
    seen: set[str] = set()
    while scene.refresh()["Status"] in ("Pending", "InProgress"):
        seen |= set(scene.states())
        states = scene.states()
        assert states.count("InService") >= 2
        scene.cloud.step(5)
    refresh = scene.refresh()
    took = (refresh["EndTime"] - refresh["StartTime"]).total_seconds()
    assert took == pytest.approx(2 * (BOOT + VALIDATION + WARM), abs=10)
    assert {"Pending:Wait", "Terminating:Wait"} <= seen
    assert scene.versions()[-2:] == ["2", "2"]


def test_a_cancelled_refresh_waits_for_servers_in_their_hooks(scene: Scene) -> None:
    scene.create_group(desired=1)
    scene.cloud.step(BOOT + WARM + 1)
    put(scene, OTHER)
    scene.start(2)
    scene.until(lambda: "Pending:Wait" in scene.states())
    scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    scene.cloud.step(50)
    assert scene.refresh()["Status"] == "Cancelling"
    scene.cloud.step(400)
    assert scene.refresh()["Status"] == "Cancelled"


def test_a_rollback_takes_back_servers_that_wait(scene: Scene) -> None:
    scene.settled(desired=2)
    put(scene, OTHER)
    scene.start(2)
    scene.until(lambda: "Pending:Wait" in scene.states())
    scene.autoscaling.rollback_instance_refresh(AutoScalingGroupName="web")
    assert scene.until_over()["Status"] == "RollbackSuccessful"
    assert scene.versions() == ["1", "1"]


def test_scaling_in_takes_servers_that_wait_first_and_without_draining_them(scene: Scene) -> None:
    scene.settled(desired=1)
    before = only(scene)
    put(scene, OTHER)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    scene.cloud.step(BOOT)
    assert scene.states() == ["InService", "Pending:Wait"]
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    scene.cloud.step(0)
    assert only(scene) == before
    assert activities(scene, "Launching")[0]["StatusCode"] == "Cancelled"


def test_a_server_that_waits_is_neither_detached_nor_put_into_standby(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[OTHER])
    scene.cloud.step(BOOT)
    given = {
        "AutoScalingGroupName": "web",
        "InstanceIds": [only(scene)],
        "ShouldDecrementDesiredCapacity": False,
    }
    for operation in ("detach_instances", "enter_standby"):
        with pytest.raises(ClientError, match="it is in Pending:Wait") as refused:
            getattr(scene.autoscaling, operation)(**given)
        assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_a_server_that_a_launch_hook_holds_is_not_terminated_by_request(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[OTHER])
    scene.cloud.step(BOOT)
    with pytest.raises(ClientError, match="complete its action first") as refused:
        scene.autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=only(scene), ShouldDecrementDesiredCapacity=True
        )
    assert refused.value.response["Error"]["Code"] == "ScalingActivityInProgress"
    assert (scene.states(), scene.group()["DesiredCapacity"]) == (["Pending:Wait"], 1)


def test_no_hook_holds_a_server_that_is_detached_or_comes_back_from_standby(scene: Scene) -> None:
    scene.settled(desired=2)
    for one in (OTHER, TERMINATION):
        put(scene, one)
    first, second = (each["InstanceId"] for each in scene.group()["Instances"])
    decrement = {"AutoScalingGroupName": "web", "ShouldDecrementDesiredCapacity": True}
    scene.autoscaling.detach_instances(InstanceIds=[first], **decrement)
    scene.autoscaling.enter_standby(InstanceIds=[second], **decrement)
    scene.autoscaling.exit_standby(AutoScalingGroupName="web", InstanceIds=[second])
    assert (only(scene), scene.states()) == (second, ["InService"])


def test_a_group_deleted_by_force_waits_for_no_hook(scene: Scene) -> None:
    scene.settled(desired=1, LifecycleHookSpecificationList=[TERMINATION])
    server = only(scene)
    scene.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    assert ec2_state(scene, server) == "terminated"
    scene.cloud.step(1000)


def test_a_server_terminated_in_ec2_while_it_waits_is_gone_and_replaced(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[OTHER])
    first = only(scene)
    scene.cloud.step(BOOT)
    scene.ec2.terminate_instances(InstanceIds=[first])
    scene.cloud.step(100 + BOOT - 1)
    assert (only(scene) != first, scene.states()) == (True, ["Pending:Wait"])


def test_a_server_abandoned_while_terminations_are_suspended_goes_when_they_are_resumed(
    scene: Scene,
) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[OTHER])
    first = only(scene)
    scene.cloud.step(BOOT)
    processes = {"AutoScalingGroupName": "web", "ScalingProcesses": ["Terminate"]}
    scene.autoscaling.suspend_processes(**processes)
    complete(scene, "ABANDON")
    scene.cloud.step(1)
    assert (only(scene), scene.states()) == (first, ["Pending:Wait"])
    scene.autoscaling.resume_processes(**processes)
    scene.cloud.step(1)
    assert only(scene) != first
