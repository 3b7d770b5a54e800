"""An Auto Scaling group as the tests of its parts build it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.auto_scaling_group import AutoScalingGroup, AutoScalingGroupArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

GIVEN: dict[str, Any] = {
    "launch_template_id": "lt-1",
    "launch_template_version": "3",
    "instance_types": ("m7g.large", "m6g.large"),
    "subnet_ids": ("subnet-a", "subnet-b"),
    "target_group_arns": ("arn:tg",),
    "server_role_name": "web-role",
    "min_size": 2,
    "max_size": 6,
    "tags": {"owner": "platform", "environment": "test"},
}


def group(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = AutoScalingGroup("web", AutoScalingGroupArgs(**{**GIVEN, **changed}))
        return {"name": made.name, "arn": made.arn}

    return build(program)
