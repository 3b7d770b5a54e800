"""The rollout against the emulated cloud, by itself."""

from __future__ import annotations

import pytest

from components.refresh_errors import RolloutError
from components.refresh_view import Target
from tests.components.rollouts import PREFERENCES, Watched, started
from tests.rehearsal.cloud.scene import BAD, BETTER, GOOD, TYPES, Scene


def test_a_new_group_is_waited_for_until_every_target_is_healthy(scene: Scene, watched: Watched) -> None:
    scene.create_group(desired=2)
    outcome = watched.of("1").first()
    assert (outcome.refresh_id, outcome.status) == ("", "Successful")
    assert scene.target_states() == ["healthy", "healthy"]
    assert watched.lines[0] == "web: 0 of 2 servers in service, 0 healthy"
    assert "web: 2 of 2 servers in service, 2 healthy" in watched.lines
    assert started(scene) == 0


def test_a_new_group_of_another_version_is_refreshed_at_once(scene: Scene, watched: Watched) -> None:
    scene.create_group(desired=1)
    outcome = watched.of("2").first()
    assert outcome.refresh_id == scene.refresh()["InstanceRefreshId"]
    assert scene.versions() == ["2"]


def test_a_new_version_starts_a_refresh_and_waits_for_its_end(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=2)
    outcome = watched.of("2").run()
    assert (outcome.status, outcome.reason) == ("Successful", "")
    assert outcome.refresh_id == scene.refresh()["InstanceRefreshId"]
    assert (scene.versions(), scene.group_version()) == (["2", "2"], "2")
    given = scene.refresh()["Preferences"]
    assert {name: given[name] for name in PREFERENCES} == PREFERENCES


def test_progress_is_said_at_every_change(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=2)
    watched.of("2").run()
    said = [line.split(": ")[1] for line in watched.lines]
    assert said[0].startswith("refresh ")
    assert said[0].endswith(f"to version 2 ({BETTER}) started")
    assert [line for line in said if "left" in line] == [
        "Pending, 0%, 2 left",
        "InProgress, 0%, 2 left",
        "InProgress, 50%, 1 left",
        "Successful, 100%, 0 left",
    ]


def test_the_groups_own_policy_is_carried_along(scene: Scene, watched: Watched) -> None:
    policy = scene.policy(1)
    policy["InstancesDistribution"] = {"OnDemandPercentageAboveBaseCapacity": 50, "OnDemandBaseCapacity": 1}
    policy["LaunchTemplate"]["Overrides"][0]["WeightedCapacity"] = "2"
    scene.settled(desired=1, MixedInstancesPolicy=policy)
    watched.of("2").run()
    after = scene.group()["MixedInstancesPolicy"]
    assert after["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 50
    assert after["LaunchTemplate"]["Overrides"][0] == {"InstanceType": TYPES[0], "WeightedCapacity": "2"}


def test_nothing_is_started_when_every_server_already_is_as_wanted(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=2)
    outcome = watched.of("1").run()
    assert (started(scene), outcome.status, outcome.refresh_id) == (0, "Successful", "")
    assert outcome.reason == f"every server already runs {GOOD}"


def test_a_version_of_equal_content_is_no_work(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=1)
    watched.of("4").run()
    assert started(scene) == 0


def test_a_version_that_differs_in_the_order_of_its_tags_is_no_work(scene: Scene, watched: Watched) -> None:
    def add(*keys: str) -> None:
        tags = [{"Key": key, "Value": "x"} for key in keys]
        kinds = [{"ResourceType": "instance", "Tags": tags}]
        data = {"ImageId": GOOD, "InstanceType": TYPES[0], "TagSpecifications": kinds}
        scene.ec2.create_launch_template_version(LaunchTemplateId=scene.template_id, LaunchTemplateData=data)

    add("a", "b")
    add("b", "a")
    add("a", "c")
    scene.settled(desired=1, version=5)
    watched.of("6").run()
    assert started(scene) == 0
    watched.of("7").run()
    assert started(scene) == 1


def test_servers_of_a_type_that_is_no_longer_wanted_are_work(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=1)
    rollout = watched.of("1")
    rollout._target = Target("web", scene.template_id, "1", GOOD, (scene.target_group_arn,), (TYPES[1],))
    rollout.run()
    assert [i["InstanceType"] for i in scene.group()["Instances"] if i["LifecycleState"] == "InService"] == [
        TYPES[1]
    ]


def test_a_group_that_was_left_behind_is_work_though_its_servers_match(
    scene: Scene, watched: Watched
) -> None:
    scene.settled(desired=1, version=2)
    scene.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="web", MixedInstancesPolicy=scene.policy(1)
    )
    watched.of("2").run()
    assert (started(scene), scene.group_version()) == (1, "2")


def test_a_refresh_on_its_way_to_the_target_is_adopted(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=2)
    running_id = scene.start(2)
    scene.cloud.step(30)
    outcome = watched.of("2").run()
    assert (outcome.refresh_id, started(scene)) == (running_id, 1)
    assert watched.lines[0] == f"web: going on with refresh {running_id}, which is already InProgress"


def test_a_refresh_that_ended_well_meanwhile_is_taken_as_the_outcome(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=1)
    ended = scene.start(2)
    scene.until_over()
    assert (watched.of("2").run().refresh_id, started(scene)) == (ended, 1)


def test_a_refresh_to_another_version_is_not_touched(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=2)
    running_id = scene.start(2)
    scene.cloud.step(30)
    with pytest.raises(RolloutError) as refused:
        watched.of("4").run()
    assert str(refused.value) == (
        f"instance refresh {running_id} of web is InProgress to version 2, not to version 4: "
        "wait for its end, cancel it, or roll it back; then run up again"
    )
    assert (scene.refresh()["Status"], started(scene)) == ("InProgress", 1)


@pytest.mark.parametrize("operation", ["cancel_instance_refresh", "rollback_instance_refresh"])
def test_a_refresh_that_is_being_stopped_is_waited_for(
    scene: Scene, watched: Watched, operation: str
) -> None:
    scene.settled(desired=2)
    scene.start(2)
    scene.until(lambda: scene.refresh()["PercentageComplete"] == 50)
    getattr(scene.autoscaling, operation)(AutoScalingGroupName="web")
    status = scene.refresh()["Status"]
    outcome = watched.of("2").run()
    assert watched.lines[0].endswith(f", which is {status}")
    assert (outcome.status, started(scene), scene.versions()) == ("Successful", 2, ["2", "2"])


def test_a_failed_refresh_is_one_line_with_status_reason_and_activities(
    scene: Scene, watched: Watched
) -> None:
    scene.settled(desired=1)
    with pytest.raises(RolloutError) as failed:
        watched.of("3").run()
    text = str(failed.value)
    assert "\n" not in text
    assert text.startswith(
        f"instance refresh {scene.refresh()['InstanceRefreshId']} of web to launch template"
    )
    assert f"version 3 ({BAD}) ended RollbackSuccessful: Automatic rollback: No new instance" in text
    assert text.endswith("x a server failed its health check and was terminated")
    assert (scene.versions(), scene.group_version()) == (["1"], "1")


def test_failed_launches_are_named_with_their_number(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=1)
    scene.start(2, AutoRollback=True)
    scene.ec2.deregister_image(ImageId=BETTER)
    with pytest.raises(RolloutError, match=rf"\d+x The image id '\[{BETTER}\]' does not exist"):
        watched.of("2").run()


def test_a_refresh_longer_than_the_limit_goes_on_while_up_fails(scene: Scene, watched: Watched) -> None:
    scene.settled(desired=1)
    rollout = watched.of("2", seconds=0.3)
    rollout._sleep = lambda _: __import__("time").sleep(0.1)
    with pytest.raises(RolloutError, match=r"is still Pending after 0\.3 s; it goes on: run up again"):
        rollout.run()
    assert scene.refresh()["Status"] == "Pending"


def test_a_group_that_never_gets_healthy_is_one_line(
    scene: Scene, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.create_group(desired=1, version=3)
    slept = [0.0]

    def pause(seconds: float) -> None:
        slept.append(seconds)
        scene.cloud.step(100)

    monkeypatch.setattr("components.refresh_polling.time.monotonic", lambda: sum(slept))
    rollout = watched.of("3", seconds=50)
    rollout._sleep = pause
    with pytest.raises(RolloutError, match=r"group web is not healthy after 50 s: \d of 1 servers") as failed:
        rollout.first()
    assert "failed its health check" in str(failed.value)


def test_a_group_that_is_gone_is_one_line(watched: Watched) -> None:
    with pytest.raises(RolloutError, match="group web does not exist"):
        watched.of("1").wait_until_healthy()
