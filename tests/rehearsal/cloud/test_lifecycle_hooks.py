"""Lifecycle hooks in the emulated cloud: who waits, for how long, and what happens then."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.autoscaling.models import autoscaling_backends
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.hooking import (
    FLUSH,
    LAUNCH,
    LAUNCHING,
    OTHER,
    TERMINATING,
    TERMINATION,
    VALIDATION,
    activities,
    complete,
    ec2_state,
    hook,
    only,
)
from tests.rehearsal.cloud.scene import BOOT, DRAIN, GRACE, HEALTHY, WARM, Scene


def test_a_server_is_in_service_and_a_target_only_after_it_validated_itself(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[LAUNCH])
    server = only(scene)
    scene.cloud.step(BOOT)
    assert (scene.states(), ec2_state(scene, server)) == (["Pending:Wait"], "running")
    assert activities(scene, "Launching")[0]["StatusCode"] == "MidLifecycleAction"
    scene.cloud.step(VALIDATION - 1)
    assert (scene.states(), scene.target_states()) == (["Pending:Wait"], [])
    scene.cloud.step(1)
    assert (scene.states(), scene.target_states()) == (["InService"], ["initial"])
    assert activities(scene, "Launching")[0]["StatusCode"] == "Successful"
    scene.cloud.step(HEALTHY)
    assert scene.target_states() == ["healthy"]


def test_a_server_by_itself_says_that_it_waits_too(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[LAUNCH])
    scene.cloud.step(BOOT)
    (found,) = scene.autoscaling.describe_auto_scaling_instances(InstanceIds=[only(scene)])[
        "AutoScalingInstances"
    ]
    assert found["LifecycleState"] == "Pending:Wait"


def test_a_server_drains_then_flushes_its_logs_and_then_goes(scene: Scene) -> None:
    scene.settled(desired=1, LifecycleHookSpecificationList=[TERMINATION])
    server = only(scene)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    scene.cloud.step(DRAIN - 1)
    assert (scene.states(), scene.target_states()) == (["Terminating"], ["draining"])
    scene.cloud.step(1)
    assert (scene.states(), scene.target_states()) == (["Terminating:Wait"], [])
    assert activities(scene, "Terminating")[0]["StatusCode"] == "MidLifecycleAction"
    scene.cloud.step(FLUSH - 1)
    assert (scene.states(), ec2_state(scene, server)) == (["Terminating:Wait"], "running")
    scene.cloud.step(1)
    assert (scene.states(), ec2_state(scene, server)) == ([], "terminated")
    assert activities(scene, "Terminating")[0]["StatusCode"] == "Successful"


def test_a_server_that_never_answers_is_abandoned_after_the_timeout_and_another_launched(
    scene: Scene,
) -> None:
    scene.create_group(desired=1, version=3, LifecycleHookSpecificationList=[LAUNCH])
    first = only(scene)
    scene.cloud.step(BOOT + 599)
    assert (scene.states(), only(scene)) == (["Pending:Wait"], first)
    scene.cloud.step(1)
    (second,) = scene.group()["Instances"]
    assert (second["LifecycleState"], second["InstanceId"] != first) == ("Pending", True)
    assert ec2_state(scene, first) == "terminated"
    (launch,) = [a for a in activities(scene, "Launching") if first in a["Description"]]
    assert launch["StatusCode"] == "Cancelled"
    assert launch["StatusMessage"].startswith(
        "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token "
    )
    assert launch["StatusMessage"].endswith(" was abandoned: Heartbeat Timeout")
    (gone,) = activities(scene, "Terminating")
    assert "an abandoned launch lifecycle action" in gone["Cause"].lower()


def test_an_abandoned_server_flushes_its_logs_too(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[OTHER, TERMINATION])
    scene.cloud.step(BOOT)
    complete(scene, "ABANDON")
    scene.cloud.step(1)
    assert scene.states() == ["Pending", "Terminating:Wait"]
    scene.cloud.step(FLUSH)
    assert scene.states() == ["Pending"]
    assert (
        activities(scene, "Launching")[1]["StatusMessage"]
        .endswith("was abandoned: Lifecycle Action Completed with ABANDON Result")
    )  # fmt: skip


def test_an_action_is_completed_by_request(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[OTHER])
    scene.cloud.step(BOOT + 50)
    assert scene.states() == ["Pending:Wait"]
    complete(scene)
    assert scene.states() == ["InService"]
    with pytest.raises(ClientError, match="No active Lifecycle Action found with instance ID i-"):
        complete(scene)


def test_an_action_is_completed_by_its_token(scene: Scene) -> None:
    scene.create_group(desired=2, LifecycleHookSpecificationList=[OTHER])
    scene.cloud.step(BOOT)
    fleet = autoscaling_backends[ACCOUNT][scene.cloud.region].group("web").fleet
    first, second = fleet.servers.values()
    complete(scene, LifecycleActionToken=second.waits["other"].token)
    assert (first.lifecycle, second.lifecycle) == ("Pending:Wait", "InService")
    nobodys = "0" * 36
    with pytest.raises(ClientError, match=f"No active Lifecycle Action found with token {nobodys}"):
        complete(scene, LifecycleActionToken=nobodys)


def test_a_heartbeat_starts_the_timeout_anew(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[OTHER])
    first = only(scene)
    scene.cloud.step(BOOT + 60)
    scene.autoscaling.record_lifecycle_action_heartbeat(
        AutoScalingGroupName="web", LifecycleHookName="other", InstanceId=first
    )
    scene.cloud.step(99)
    assert (only(scene), scene.states()) == (first, ["Pending:Wait"])
    scene.cloud.step(1)
    assert first not in [each["InstanceId"] for each in scene.group()["Instances"]]


def test_no_heartbeat_keeps_a_server_waiting_longer_than_the_global_timeout(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[hook("other", LAUNCHING, 30)])
    first = only(scene)
    scene.cloud.step(BOOT)
    for _ in range(150):
        scene.cloud.step(20)
        there = [each["InstanceId"] for each in scene.group()["Instances"]]
        if first not in there:
            break
        scene.autoscaling.record_lifecycle_action_heartbeat(
            AutoScalingGroupName="web", LifecycleHookName="other", InstanceId=first
        )
    waited = scene.cloud.world.timeline.now - BOOT
    assert 3000 <= waited <= 3020


def test_a_default_result_of_continue_lets_a_server_in_after_the_timeout(scene: Scene) -> None:
    given = hook("other", LAUNCHING, 100, "CONTINUE")
    scene.create_group(desired=1, LifecycleHookSpecificationList=[given])
    scene.cloud.step(BOOT + 99)
    assert scene.states() == ["Pending:Wait"]
    scene.cloud.step(1)
    assert scene.states() == ["InService"]


@pytest.mark.parametrize("result", ["CONTINUE", "ABANDON"])
def test_a_server_on_its_way_out_goes_after_the_timeout_whatever_the_default(
    scene: Scene, result: str
) -> None:
    given = hook("other", TERMINATING, 100, result)
    scene.settled(desired=1, LifecycleHookSpecificationList=[given])
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    scene.cloud.step(DRAIN + 99)
    assert scene.states() == ["Terminating:Wait"]
    scene.cloud.step(1)
    assert scene.states() == []


def test_all_hooks_of_a_transition_must_be_done(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[LAUNCH, OTHER])
    scene.cloud.step(BOOT + VALIDATION)
    assert scene.states() == ["Pending:Wait"]
    complete(scene)
    assert scene.states() == ["InService"]


@pytest.mark.parametrize(("result", "states"), [("CONTINUE", ["Terminating:Wait"]), ("ABANDON", [])])
def test_an_abandoned_termination_stops_the_other_hooks(scene: Scene, result: str, states: list[str]) -> None:
    given = [hook(name, TERMINATING) for name in ("first", "second")]
    scene.settled(desired=1, LifecycleHookSpecificationList=given)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    scene.cloud.step(DRAIN)
    complete(scene, result, "first")
    assert scene.states() == states


def test_an_abandoned_launch_waits_for_no_other_hook(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[OTHER, hook("another", LAUNCHING)])
    first = only(scene)
    scene.cloud.step(BOOT)
    complete(scene, "ABANDON")
    scene.cloud.step(1)
    assert only(scene) != first


def test_observers_see_servers_wait(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[LAUNCH, TERMINATION])
    fleet = autoscaling_backends[ACCOUNT][scene.cloud.region].group("web").fleet
    seen: list[str] = []
    fleet.observers.append(lambda: seen.extend(server.lifecycle for server in fleet.servers.values()))
    scene.cloud.step(BOOT + VALIDATION + WARM)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    scene.cloud.step(DRAIN + FLUSH)
    assert list(dict.fromkeys(seen)) == [
        "Pending", "Pending:Wait", "InService", "Terminating", "Terminating:Wait",
    ]  # fmt: skip


def test_grace_period_and_warm_up_start_when_a_server_is_in_service(scene: Scene) -> None:
    scene.create_group(desired=1, version=3, LifecycleHookSpecificationList=[OTHER])
    first = only(scene)
    scene.cloud.step(BOOT + 90)
    complete(scene)
    scene.cloud.step(GRACE - 1)
    assert (only(scene), scene.target_states()) == (first, ["unhealthy"])
    scene.cloud.step(1)
    assert scene.target_states() == ["draining"]
