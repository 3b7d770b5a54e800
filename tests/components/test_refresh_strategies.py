"""New root volumes in place of new servers, and what AWS could not roll back to."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from components import refresh_view as view
from components.refresh_errors import RolloutError
from components.refresh_refusals import not_to_be_rolled_back_to
from components.refresh_view import Target
from components.refresh_waiter import Rollout
from tests.components.rollouts import PREFERENCES, Watched, started
from tests.rehearsal.cloud.scene import BETTER, GOOD, TYPES, Scene

IN_PLACE = Target("web", "lt-1", "2", BETTER, instance_types=TYPES, strategy="ReplaceRootVolume")
ROLLING = dataclasses.replace(IN_PLACE, strategy="Rolling")


def group(*overrides: dict[str, Any], version: str = "1") -> dict[str, Any]:
    specification = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web", "Version": version}
    template = {"LaunchTemplateSpecification": specification, "Overrides": list(overrides)}
    return {"MixedInstancesPolicy": {"LaunchTemplate": template}, "Instances": []}


def overrides(given: dict[str, Any], target: Target) -> Any:
    return view.desired_policy(given, target)["LaunchTemplate"]["Overrides"]


def test_a_new_root_volume_needs_the_image_at_every_instance_type() -> None:
    given = group({"InstanceType": TYPES[0], "WeightedCapacity": "2"})
    assert overrides(given, IN_PLACE) == [
        {"InstanceType": TYPES[0], "WeightedCapacity": "2", "ImageId": BETTER},
        {"InstanceType": TYPES[1], "ImageId": BETTER},
    ]


def test_new_servers_get_the_templates_image_also_after_new_root_volumes() -> None:
    given = group({"InstanceType": TYPES[0], "ImageId": GOOD})
    assert overrides(given, ROLLING) == [{"InstanceType": TYPES[0]}, {"InstanceType": TYPES[1]}]


@pytest.mark.parametrize(
    "state", ["Pending:Wait", "InService", "ReplacingRootVolume:Proceed", "RootVolumeReplaced"]
)
def test_servers_in_every_state_on_the_way_to_service_count(state: str) -> None:
    server = {
        "InstanceId": "i-1",
        "LifecycleState": state,
        "InstanceType": TYPES[0],
        "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"},
    }
    assert view.versions_in_use(group(version="2") | {"Instances": [server]}, ROLLING) == {"1", "2"}


class Asked:
    """Auto Scaling that is asked for a start, and the answer."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def start_instance_refresh(self, **request: Any) -> dict[str, str]:
        self.requests.append(request)
        return {"InstanceRefreshId": "r-1"}


def in_place(watched: Watched, version: str, image_id: str) -> tuple[Rollout, Asked]:
    rollout, asked = watched.of("2"), Asked()
    rollout._target = dataclasses.replace(
        rollout._target, version=version, image_id=image_id, strategy="ReplaceRootVolume"
    )
    rollout._autoscaling = asked  # type: ignore[assignment]
    return rollout, asked


def test_the_strategy_is_a_parameter_of_the_request(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=1)
    rollout, asked = in_place(watched, "2", BETTER)
    assert rollout._start() == "r-1"
    request = asked.requests[0]
    assert request["Strategy"] == "ReplaceRootVolume"
    assert "Strategy" not in request["Preferences"]
    template = request["DesiredConfiguration"]["MixedInstancesPolicy"]["LaunchTemplate"]
    assert {one["ImageId"] for one in template["Overrides"]} == {BETTER}


def test_a_new_root_volume_brings_no_other_change_of_the_template(scene: Scene, watched: Watched) -> None:
    data = {"ImageId": BETTER, "InstanceType": TYPES[0], "UserData": "eA==", "EbsOptimized": True}
    scene.ec2.create_launch_template_version(LaunchTemplateId=scene.template_id, LaunchTemplateData=data)
    scene.settled(desired=1)
    rollout, asked = in_place(watched, "5", BETTER)
    rollout._preferences = {}
    with pytest.raises(RolloutError) as refused:
        rollout._start()
    assert str(refused.value) == (
        "launch template version 5 of web changes EbsOptimized, UserData of version 1: ReplaceRootVolume "
        "brings a new image alone; use strategy Rolling"
    )
    assert asked.requests == []
    rolling = dataclasses.replace(rollout._target, strategy="Rolling")
    rollout._target, rollout._preferences = rolling, PREFERENCES
    assert rollout._start() == "r-1"  # new servers bring all of it


# What AWS cannot roll back to


@pytest.mark.parametrize("version", ["$Latest", "$Default"])
def test_a_version_without_a_number_is_refused_with_auto_rollback_alone(
    scene: Scene, watched: Watched, version: str
) -> None:
    scene.settled(desired=1)
    scene.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="web", MixedInstancesPolicy=scene.policy(version)
    )
    rollout = watched.of("2")
    with pytest.raises(RolloutError) as refused:
        rollout._start()
    assert str(refused.value) == (
        f"group web has launch template version {version}, which is another one by now: AWS could not roll "
        "back to it; give the group a version by its number whose image is an AMI ID, or roll out without "
        "auto_rollback"
    )
    assert started(scene) == 0
    rollout._preferences = PREFERENCES | {"AutoRollback": False}
    rollout._target = dataclasses.replace(rollout._target, strategy="ReplaceRootVolume")
    rollout._autoscaling = Asked()  # type: ignore[assignment]
    assert rollout._start() == "r-1"


def test_a_template_of_one_instance_type_counts_too() -> None:
    own = {"LaunchTemplateId": "lt-2", "Version": "$Latest"}
    given = group({"InstanceType": TYPES[0], "LaunchTemplateSpecification": own})
    assert "version $Latest" in not_to_be_rolled_back_to(given, GOOD)
    assert not_to_be_rolled_back_to(group({"InstanceType": TYPES[0]}), GOOD) == ""


def test_an_image_by_alias_is_refused_with_auto_rollback(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=1)
    rollout = watched.of("2")
    templates = rollout._read.templates
    rollout._read.templates = lambda versions: (  # type: ignore[method-assign]
        templates(versions) | {"1": {"ImageId": "resolve:ssm:/web/image"}}
    )
    with pytest.raises(RolloutError, match="the image resolve:ssm:/web/image, which may be another one"):
        rollout._start()
    assert started(scene) == 0
