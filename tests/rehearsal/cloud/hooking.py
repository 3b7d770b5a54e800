"""Lifecycle hooks for tests: put on a group, completed, and what they leave behind."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.cloud.scene import Scene

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
