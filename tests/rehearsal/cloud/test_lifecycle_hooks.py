"""Lifecycle hooks in the emulated cloud: who waits, for how long, and what happens then."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.autoscaling.models import autoscaling_backends
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.scene import BOOT, DRAIN, GRACE, HEALTHY, WARM, Scene

VALIDATION, FLUSH = 10, 5
LAUNCHING, TERMINATING = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"


def hook(name: str, transition: str, heartbeat: int = 600, result: str = "ABANDON") -> dict[str, Any]:
    return {
        "LifecycleHookName": name,
        "LifecycleTransition": transition,
        "HeartbeatTimeout": heartbeat,
        "DefaultResult": result,
    }


LAUNCH = hook("launch", LAUNCHING)
TERMINATION = hook("termination", TERMINATING, 300, "CONTINUE")
OTHER = hook("other", LAUNCHING, 100)


def put(scene: Scene, one: dict[str, Any]) -> None:
    scene.autoscaling.put_lifecycle_hook(AutoScalingGroupName="web", **one)


def only(scene: Scene) -> str:
    (server,) = scene.group()["Instances"]
    return str(server["InstanceId"])


def complete(scene: Scene, result: str = "CONTINUE", name: str = "other", **more: str) -> None:
    scene.autoscaling.complete_lifecycle_action(
        AutoScalingGroupName="web",
        LifecycleHookName=name,
        LifecycleActionResult=result,
        **(more or {"InstanceId": only(scene)}),
    )


def activities(scene: Scene, word: str) -> list[dict[str, Any]]:
    found = scene.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    return [each for each in found if each["Description"].startswith(word)]


def ec2_state(scene: Scene, server: str) -> str:
    found = scene.ec2.describe_instances(InstanceIds=[server])["Reservations"][0]["Instances"][0]
    return str(found["State"]["Name"])


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


def test_grace_period_and_warm_up_start_when_a_server_is_in_service(scene: Scene) -> None:
    scene.create_group(desired=1, version=3, LifecycleHookSpecificationList=[OTHER])
    first = only(scene)
    scene.cloud.step(BOOT + 90)
    complete(scene)
    scene.cloud.step(GRACE - 1)
    assert (only(scene), scene.target_states()) == (first, ["unhealthy"])
    scene.cloud.step(1)
    assert scene.target_states() == ["draining"]


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


def test_hooks_are_described_with_awss_defaults_and_limits(scene: Scene) -> None:
    scene.settled(desired=0)
    put(scene, {"LifecycleHookName": "plain", "LifecycleTransition": LAUNCHING})
    put(scene, {**hook("long", TERMINATING, 7200), "NotificationMetadata": "m"})
    put(scene, {"LifecycleHookName": "long", "DefaultResult": "CONTINUE"})
    found = scene.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"]
    assert found == [
        {
            "LifecycleHookName": "plain", "AutoScalingGroupName": "web", "LifecycleTransition": LAUNCHING,
            "HeartbeatTimeout": 3600, "GlobalTimeout": 172_800, "DefaultResult": "ABANDON",
        },
        {
            "LifecycleHookName": "long", "AutoScalingGroupName": "web", "LifecycleTransition": TERMINATING,
            "HeartbeatTimeout": 7200, "GlobalTimeout": 172_800, "DefaultResult": "CONTINUE",
            "NotificationMetadata": "m",
        },
    ]  # fmt: skip
    put(scene, hook("plain", LAUNCHING, 30))
    (one,) = scene.autoscaling.describe_lifecycle_hooks(
        AutoScalingGroupName="web", LifecycleHookNames=["plain"]
    )["LifecycleHooks"]
    assert (one["HeartbeatTimeout"], one["GlobalTimeout"]) == (30, 3000)


def test_a_hook_that_is_deleted_abandons_launches_and_lets_terminations_go_on(scene: Scene) -> None:
    scene.settled(desired=1)
    put(scene, OTHER)
    put(scene, hook("last", TERMINATING))
    before = only(scene)
    scene.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=before, ShouldDecrementDesiredCapacity=False
    )
    scene.cloud.step(BOOT)
    assert scene.states() == ["Pending:Wait", "Terminating:Wait"]
    for name in ("last", "other"):
        scene.autoscaling.delete_lifecycle_hook(AutoScalingGroupName="web", LifecycleHookName=name)
    scene.cloud.step(1)
    assert scene.states() == ["Pending"]
    assert scene.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"] == []


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (hook("x", "autoscaling:LAUNCH"), "LifecycleTransition 'autoscaling:LAUNCH' is not one of"),
        ({"LifecycleHookName": "x"}, "LifecycleTransition '' is not one of"),
        (hook("x", LAUNCHING, 29), "HeartbeatTimeout 29 is not between 30 and 7200"),
        (hook("x", LAUNCHING, 7201), "HeartbeatTimeout 7201 is not between 30 and 7200"),
        (hook("x", LAUNCHING, result="STOP"), "DefaultResult 'STOP' is not one of CONTINUE, ABANDON"),
    ],
)
def test_a_hook_that_aws_refuses_is_refused(scene: Scene, given: dict[str, Any], error: str) -> None:
    scene.settled(desired=0)
    with pytest.raises(ClientError, match=error) as refused:
        put(scene, given)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match=error):
        scene.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName="other", MinSize=0, MaxSize=0, AvailabilityZones=["eu-central-1a"],
            MixedInstancesPolicy=scene.policy(1),
            LifecycleHookSpecificationList=[{"LifecycleTransition": "", **given}],
        )  # fmt: skip
    assert len(scene.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]) == 1


def test_a_group_has_fifty_hooks_at_most(scene: Scene) -> None:
    scene.settled(desired=0)
    for number in range(50):
        put(scene, hook(f"hook-{number}", LAUNCHING))
    put(scene, hook("hook-49", LAUNCHING, 60))
    with pytest.raises(ClientError, match="limit of 50 lifecycle hooks") as refused:
        put(scene, hook("hook-50", LAUNCHING))
    assert refused.value.response["Error"]["Code"] == "LimitExceeded"


def test_what_is_not_there_cannot_be_completed_or_deleted(scene: Scene) -> None:
    scene.create_group(desired=1, LifecycleHookSpecificationList=[OTHER])
    scene.cloud.step(BOOT)
    with pytest.raises(ClientError, match="No Lifecycle Hook found with name nothing"):
        complete(scene, name="nothing")
    with pytest.raises(ClientError, match="No Lifecycle Hook found with name nothing"):
        scene.autoscaling.delete_lifecycle_hook(AutoScalingGroupName="web", LifecycleHookName="nothing")
    with pytest.raises(ClientError, match="LifecycleActionResult 'STOP' is not one of"):
        complete(scene, "STOP")
    with pytest.raises(ClientError, match="either LifecycleActionToken or InstanceId"):
        scene.autoscaling.complete_lifecycle_action(
            AutoScalingGroupName="web", LifecycleHookName="other", LifecycleActionResult="CONTINUE"
        )
