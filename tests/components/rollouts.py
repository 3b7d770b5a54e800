"""A rollout in the emulated cloud, driven by a test: shared by the tests of the waiter."""

from __future__ import annotations

from typing import Any

from components.refresh_view import Target
from components.refresh_waiter import Clients, Rollout
from tests.rehearsal.cloud.scene import BAD, BETTER, GOOD, TYPES, Scene

IMAGES = {"2": BETTER, "3": BAD} | dict.fromkeys("14567", GOOD)
PREFERENCES = {
    "MinHealthyPercentage": 100,
    "MaxHealthyPercentage": 110,
    "SkipMatching": True,
    "AutoRollback": True,
}


class Watched:
    """A rollout whose pauses move the emulated clock on, 60 times as fast; `lines` is what it said."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.lines: list[str] = []
        self.clients = Clients(
            *(scene.cloud.client(name) for name in ("autoscaling", "elbv2", "ec2", "cloudwatch"))
        )

    def of(self, version: str = "2", seconds: float = 60, preferences: Any = PREFERENCES) -> Rollout:
        target = Target(
            "web", self.scene.template_id, version, IMAGES[version], (self.scene.target_group_arn,), TYPES
        )
        return Rollout(self.clients, target, preferences, seconds, self.lines.append, self.pause)

    def pause(self, seconds: float) -> None:
        self.scene.cloud.step(60 * seconds)


def started(scene: Scene) -> int:
    answer = scene.autoscaling.describe_instance_refreshes(AutoScalingGroupName="web")
    return len(answer["InstanceRefreshes"])
