"""Lifecycle hooks as they are put, described, deleted, and refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.hooking import (
    LAUNCHING,
    OTHER,
    TERMINATING,
    complete,
    hook,
    only,
    put,
)
from tests.rehearsal.cloud.scene import BOOT, Scene


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
