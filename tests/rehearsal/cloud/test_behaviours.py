"""What servers do as their image says, and who is told what happens in a fleet."""

from __future__ import annotations

import pytest

from rehearsal.cloud.autoscaling.fleet import Fleet
from rehearsal.cloud.autoscaling.models import autoscaling_backends
from rehearsal.cloud.autoscaling.servers import Activity
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.scene import BOOT, DRAIN, GOOD, GRACE, HEALTHY, WARM, Scene

UNHEALTHY = 20


def fleet(scene: Scene) -> Fleet:
    found: Fleet = autoscaling_backends[ACCOUNT][scene.cloud.region].group("web").fleet
    return found


def behave(scene: Scene, behaviour: str) -> None:
    scene.ec2.create_tags(Resources=[GOOD], Tags=[{"Key": "rehearsal:behaviour", "Value": behaviour}])


def only(scene: Scene) -> tuple[float, float]:
    (server,) = fleet(scene).servers.values()
    return server.error_share, server.latency_seconds


def test_a_healthy_server_answers_every_request_and_fast(scene: Scene) -> None:
    scene.settled(desired=1)
    scene.cloud.step(10_000)
    assert only(scene) == (0.0, 0.05)


def test_a_server_with_errors_starts_them_after_three_minutes_and_stays_healthy(scene: Scene) -> None:
    behave(scene, "errors-after-minutes")
    scene.create_group(desired=1)
    scene.cloud.step(BOOT + 179)
    assert only(scene)[0] == 0.0
    scene.cloud.step(1)
    assert only(scene)[0] == 0.5
    scene.cloud.step(10 * GRACE)
    assert (scene.states(), scene.target_states()) == (["InService"], ["healthy"])


def test_a_server_that_crashes_answers_nothing_until_the_balancer_notices_and_is_replaced(
    scene: Scene,
) -> None:
    behave(scene, "crash-loop")
    scene.create_group(desired=1, HealthCheckGracePeriod=GRACE)
    first = scene.group()["Instances"][0]["InstanceId"]
    scene.cloud.step(BOOT + HEALTHY)
    assert (scene.target_states(), only(scene)[0]) == (["healthy"], 0.0)
    scene.cloud.step(120 - HEALTHY)
    assert (scene.target_states(), only(scene)[0]) == (["healthy"], 1.0)
    scene.cloud.step(UNHEALTHY - 1)
    assert scene.target_states() == ["healthy"]
    scene.cloud.step(1)
    assert scene.target_states() == ["draining"]
    scene.cloud.step(DRAIN + BOOT)
    (second,) = (i["InstanceId"] for i in scene.group()["Instances"])
    scene.cloud.step(120 + UNHEALTHY + DRAIN + BOOT)
    (third,) = (i["InstanceId"] for i in scene.group()["Instances"])
    assert len({first, second, third}) == 3


def test_a_crash_within_the_grace_period_counts_when_it_is_over(scene: Scene) -> None:
    behave(scene, "crash-loop")
    scene.create_group(desired=1, HealthCheckGracePeriod=500)
    scene.cloud.step(BOOT + 499)
    assert (scene.target_states(), scene.group()["Instances"][0]["HealthStatus"]) == (
        ["unhealthy"],
        "Healthy",
    )
    scene.cloud.step(1)
    assert scene.target_states() == ["draining"]


def test_health_checks_that_were_suspended_count_when_they_are_resumed(scene: Scene) -> None:
    scene.create_group(desired=1, version=3)
    processes = {"AutoScalingGroupName": "web", "ScalingProcesses": ["HealthCheck"]}
    scene.autoscaling.suspend_processes(**processes)
    scene.cloud.step(BOOT + 10 * GRACE)
    assert scene.group()["Instances"][0]["HealthStatus"] == "Healthy"
    scene.autoscaling.resume_processes(**processes)
    scene.cloud.step(0)
    assert scene.target_states() == ["draining"]


def test_an_image_of_a_behaviour_that_nobody_knows_launches_nothing(scene: Scene) -> None:
    behave(scene, "odd")
    scene.create_group(desired=1)
    scene.cloud.step(0)
    (activity,) = scene.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    assert "rehearsal:behaviour 'odd' is not one of healthy, never-healthy" in activity["StatusMessage"]


def test_a_behaviour_counts_for_servers_that_are_launched_after_it_was_set(scene: Scene) -> None:
    scene.create_group(desired=1)
    behave(scene, "never-healthy")
    scene.cloud.step(BOOT + HEALTHY)
    assert scene.target_states() == ["healthy"]


def test_observers_see_the_fleet_after_every_change(scene: Scene) -> None:
    scene.create_group(desired=2)
    seen: list[tuple[float, list[str]]] = []
    one = fleet(scene)
    one.observers.append(
        lambda: seen.append((one.timeline.now, sorted(s.lifecycle for s in one.servers.values())))
    )
    scene.cloud.step(BOOT)
    start = seen[0][0]
    assert seen == [(start, ["Pending"] * 2), (pytest.approx(start + BOOT), ["InService"] * 2)]


def test_listeners_are_told_of_every_activity_that_ended_and_how(scene: Scene) -> None:
    scene.create_group(desired=2)
    heard: list[Activity] = []
    fleet(scene).listeners.append(heard.append)
    scene.cloud.step(BOOT)
    ids = {i["InstanceId"] for i in scene.group()["Instances"]}
    assert [(a.status, a.description.split(":")[0]) for a in heard] == [
        ("Successful", "Launching a new EC2 instance")
    ] * 2
    assert {a.server_id for a in heard} == ids
    heard.clear()
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    scene.cloud.step(DRAIN + WARM)
    (gone,) = heard
    assert (gone.status, gone.server_id in ids) == ("Successful", True)
    assert gone.description == f"Terminating EC2 instance: {gone.server_id}"
    heard.clear()
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    scene.cloud.step(1)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    scene.cloud.step(0)
    assert [(a.status, a.description.split(":")[0]) for a in heard] == [
        ("Cancelled", "Launching a new EC2 instance")
    ]
    heard.clear()
    scene.ec2.deregister_image(ImageId=GOOD)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    scene.cloud.step(0)
    assert [(a.status, a.server_id) for a in heard] == [("Failed", "")]


def test_a_server_terminated_in_ec2_on_its_way_out_ends_one_activity(scene: Scene) -> None:
    scene.settled(desired=1)
    server = scene.group()["Instances"][0]["InstanceId"]
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    scene.cloud.step(1)
    scene.ec2.terminate_instances(InstanceIds=[server])
    scene.cloud.step(DRAIN)
    found = scene.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    assert [a["StatusCode"] for a in found if a["Description"].startswith("Terminating")] == ["Successful"]
