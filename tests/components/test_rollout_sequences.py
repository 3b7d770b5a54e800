"""Releases one after the other with the real waiter in the emulated cloud, and what comes between them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.refresh_errors import RolloutError
from rehearsal.cloud.local import running
from tests.components.rollouts import IMAGES, Watched, started
from tests.rehearsal.cloud import scene as scenes
from tests.rehearsal.cloud.scene import BAD, Scene

ACTIVE = ("Pending", "InProgress", "Baking", "RollbackInProgress")


@dataclass(frozen=True)
class Release:
    """To this version of the template; something else is done in its `at`-th pause."""

    version: str
    middle: str
    at: int


releases = st.builds(
    Release,
    version=st.sampled_from(["1", "2", "3", "4"]),
    middle=st.sampled_from(["nothing", "another", "scale out", "scale in", "kill"]),
    at=st.integers(1, 6),
)


class Eventful(Watched):
    """In one pause of it something else is done to the group; in each it has the servers that it needs."""

    def __init__(self, scene: Scene, release: Release) -> None:
        super().__init__(scene)
        self.release, self.pauses = release, 0
        self.undisturbed = True

    def pause(self, seconds: float) -> None:
        self.pauses += 1
        if self.pauses == self.release.at and is_active(self.scene):
            self.happen(self.release.middle)
        super().pause(seconds)
        if self.undisturbed:
            assert self.scene.target_states().count("healthy") >= self.scene.group()["DesiredCapacity"]

    def happen(self, middle: str) -> None:
        if middle == "another":
            self.another()
        elif middle in ("scale out", "scale in"):
            desired = self.scene.group()["DesiredCapacity"]
            # Not to none: without servers any image is as good as any other.
            desired = desired + 2 if middle == "scale out" else max(1, desired - 1)
            self.scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=desired)
            self.undisturbed = False
        elif middle == "kill":
            serving = [i for i in self.scene.group()["Instances"] if i["LifecycleState"] == "InService"]
            self.scene.ec2.terminate_instances(InstanceIds=[serving[0]["InstanceId"]])
            self.undisturbed = False

    def another(self) -> None:
        """A release of another version meanwhile is refused, by AWS and by the waiter, and starts nothing."""
        other = "2" if self.release.version == "1" else "1"
        before = started(self.scene)
        with pytest.raises(ClientError, match="InstanceRefreshInProgress"):
            self.scene.start(other)
        rollout = Watched(self.scene).of(other)
        if self.scene.refresh()["Status"] != "RollbackInProgress":
            with pytest.raises(
                RolloutError, match=f"to version {self.release.version}, not to version {other}"
            ):
                rollout.run()
        assert started(self.scene) == before


def is_active(scene: Scene) -> bool:
    return started(scene) > 0 and scene.refresh()["Status"] in ACTIVE


def release_is_over(scene: Scene, release: Release, before: set[str]) -> str:
    """Carry out the release, and return the image that the fleet has to run afterwards."""
    wanted = IMAGES[release.version]
    rollout = Eventful(scene, release).of(release.version, seconds=600)
    if wanted != BAD:
        rollout.run()
        return wanted
    with pytest.raises(RolloutError, match="ended RollbackSuccessful") as failed:
        rollout.run()
    assert "\n" not in str(failed.value)
    return only(before)


def only(images: set[str]) -> str:
    (image,) = images
    return image


def serving(scene: Scene) -> dict[str, str]:
    """ID and image of the servers that serve; and the group has as many as it wants."""
    there = [i for i in scene.group()["Instances"] if i["LifecycleState"] == "InService"]
    assert len(there) == scene.group()["DesiredCapacity"] == scene.target_states().count("healthy")
    return {instance["InstanceId"]: instance["ImageId"] for instance in there}


# Few cases: each takes a cloud of its own, and hundreds of requests.
@settings(max_examples=max(4, settings().max_examples // 50))
@example([Release("2", "scale out", 3), Release("3", "another", 2), Release("4", "another", 4)])
@example([Release("3", "nothing", 1), Release("3", "scale in", 3)])
@given(st.lists(releases, min_size=1, max_size=3))
def test_releases_end_where_they_should_and_the_same_one_again_changes_nothing(
    sequence: list[Release],
) -> None:
    with running() as cloud:
        scene = scenes.build(cloud)
        scene.settled(desired=2)
        version = "1"
        for release in sequence:
            image = release_is_over(scene, release, set(serving(scene).values()))
            version = version if IMAGES[release.version] == BAD else release.version
            servers = serving(scene)
            assert set(servers.values()) == {image}
            count = started(scene)
            Watched(scene).of(version).run()
            assert (serving(scene), started(scene)) == (servers, count)
