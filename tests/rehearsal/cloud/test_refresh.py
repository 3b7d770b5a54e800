from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.scene import BETTER, BOOT, DRAIN, WARM, Scene


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_refresh_replaces_every_server_and_then_changes_the_group(scene: Scene) -> None:
    scene.settled(desired=2)
    refresh_id = scene.start(2)
    assert (scene.refresh()["Status"], scene.refresh()["InstancesToUpdate"]) == ("Pending", 2)
    seen = []
    while scene.refresh()["Status"] in ("Pending", "InProgress"):
        assert scene.group_version() == "1"
        seen.append((scene.refresh()["PercentageComplete"], scene.refresh()["InstancesToUpdate"]))
        scene.cloud.step(20)
    refresh = scene.refresh()
    assert (refresh["Status"], refresh["InstanceRefreshId"]) == ("Successful", refresh_id)
    assert (refresh["PercentageComplete"], refresh["InstancesToUpdate"]) == (100, 0)
    assert sorted(set(seen)) == [(0, 2), (50, 1)]
    assert "StatusReason" not in refresh
    assert refresh["EndTime"] > refresh["StartTime"]
    assert (scene.group_version(), scene.versions()) == ("2", ["2", "2"])
    assert {i["ImageId"] for i in scene.group()["Instances"] if i["LifecycleState"] == "InService"} == {
        BETTER
    }


def test_servers_launched_after_a_refresh_have_the_new_image(scene: Scene) -> None:
    scene.settled(desired=1)
    scene.start(2)
    scene.until_over()
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    scene.cloud.step(0)
    assert scene.versions() == ["2", "2"]


def test_a_refresh_takes_a_boot_and_a_warm_up_for_each_batch(scene: Scene) -> None:
    scene.settled(desired=4)
    scene.start(2, MaxHealthyPercentage=150)
    scene.until_over(step=1)
    refresh = scene.refresh()
    seconds = (refresh["EndTime"] - refresh["StartTime"]).total_seconds()
    assert seconds == pytest.approx(2 * (BOOT + WARM), rel=0.1)


def test_a_second_refresh_is_refused_while_one_runs(scene: Scene) -> None:
    scene.settled()
    scene.start(2)
    with pytest.raises(ClientError) as refused:
        scene.start(4)
    assert code(refused) == "InstanceRefreshInProgress"


def test_the_groups_template_cannot_be_changed_while_a_refresh_runs(scene: Scene) -> None:
    scene.settled()
    scene.start(2)
    with pytest.raises(ClientError) as refused:
        scene.autoscaling.update_auto_scaling_group(
            AutoScalingGroupName="web", MixedInstancesPolicy=scene.policy(4)
        )
    assert code(refused) == "InstanceRefreshInProgress"
    scene.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MaxSize=50)


def test_cancelling_and_rolling_back_need_a_refresh(scene: Scene) -> None:
    scene.settled()
    for operation in ("cancel_instance_refresh", "rollback_instance_refresh"):
        with pytest.raises(ClientError) as refused:
            getattr(scene.autoscaling, operation)(AutoScalingGroupName="web")
        assert code(refused) == "ActiveInstanceRefreshNotFound"


def test_a_cancelled_refresh_finishes_what_is_under_way_and_undoes_nothing(scene: Scene) -> None:
    scene.settled(desired=2)
    scene.start(2)
    scene.until(lambda: scene.refresh()["PercentageComplete"] == 50)
    scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    assert scene.refresh()["Status"] == "Cancelling"
    assert scene.until_over()["Status"] == "Cancelled"
    scene.cloud.step(BOOT + DRAIN)
    assert (scene.group_version(), "2" in scene.versions()) == ("1", True)


def test_a_refresh_can_be_cancelled_before_it_began_or_without_waiting(scene: Scene) -> None:
    scene.settled(desired=2)
    scene.start(2)
    scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    assert scene.refresh()["Status"] == "Cancelled"
    scene.start(2)
    scene.cloud.step(10)
    scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web", WaitForTransitioningInstances=False)
    assert scene.refresh()["Status"] == "Cancelled"


def test_a_rollback_restores_the_version_before(scene: Scene) -> None:
    scene.settled(desired=2)
    scene.start(2)
    scene.until(lambda: scene.refresh()["PercentageComplete"] == 50)
    scene.autoscaling.rollback_instance_refresh(AutoScalingGroupName="web")
    assert scene.refresh()["Status"] == "RollbackInProgress"
    refresh = scene.until_over()
    assert (refresh["Status"], refresh["PercentageComplete"]) == ("RollbackSuccessful", 0)
    assert refresh["RollbackDetails"]["PercentageCompleteOnRollback"] == 50
    assert (scene.group_version(), scene.versions()) == ("1", ["1", "1"])


def test_a_refresh_without_a_desired_configuration_cannot_be_rolled_back(scene: Scene) -> None:
    scene.settled()
    scene.autoscaling.start_instance_refresh(AutoScalingGroupName="web")
    with pytest.raises(ClientError) as refused:
        scene.autoscaling.rollback_instance_refresh(AutoScalingGroupName="web")
    assert code(refused) == "IrreversibleInstanceRefresh"


def test_a_group_at_latest_cannot_be_rolled_back(scene: Scene) -> None:
    scene.settled(MixedInstancesPolicy=scene.policy("$Latest"))
    with pytest.raises(ClientError, match="AutoRollback is not possible") as refused:
        scene.start(2, AutoRollback=True)
    assert code(refused) == "ValidationError"
    scene.start(2)
    with pytest.raises(ClientError, match=r"\$Latest") as refused:
        scene.autoscaling.rollback_instance_refresh(AutoScalingGroupName="web")
    assert code(refused) == "IrreversibleInstanceRefresh"


def test_an_image_that_never_gets_healthy_fails_the_refresh(scene: Scene) -> None:
    scene.settled(desired=2)
    scene.start(3)
    refresh = scene.until_over(step=60)
    assert refresh["Status"] == "Failed"
    assert "did not pass their health checks" in refresh["StatusReason"]
    scene.cloud.step(600)
    assert (scene.group_version(), scene.versions()) == ("1", ["1", "1"])


def test_a_failed_refresh_with_auto_rollback_ends_on_the_old_version(scene: Scene) -> None:
    scene.settled(desired=2)
    scene.start(3, AutoRollback=True, MinHealthyPercentage=50)
    refresh = scene.until_over(step=60)
    assert refresh["Status"] == "RollbackSuccessful"
    assert refresh["RollbackDetails"]["RollbackReason"].startswith("Automatic rollback: No new instance")
    assert (scene.group_version(), scene.versions()) == ("1", ["1", "1"])


def test_skip_matching_leaves_servers_that_have_the_version(scene: Scene) -> None:
    scene.settled(desired=2)
    scene.start(2)
    scene.until(lambda: scene.refresh()["PercentageComplete"] == 50)
    scene.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    scene.until_over()
    scene.cloud.step(BOOT + DRAIN)
    new = {i["InstanceId"] for i in scene.group()["Instances"] if i["LaunchTemplate"]["Version"] == "2"}
    scene.start(2, SkipMatching=True)
    scene.until_over()
    assert new <= {i["InstanceId"] for i in scene.group()["Instances"]}
    assert scene.versions() == ["2", "2"]


def test_without_skip_matching_even_servers_of_the_version_are_replaced(scene: Scene) -> None:
    scene.settled(desired=1)
    before = scene.group()["Instances"][0]["InstanceId"]
    scene.start(1)
    scene.until_over()
    scene.cloud.step(DRAIN)
    assert before not in {i["InstanceId"] for i in scene.group()["Instances"]}


def test_a_checkpoint_pauses_at_its_percentage(scene: Scene) -> None:
    scene.settled(desired=4)
    scene.start(2, CheckpointPercentages=[50, 100], CheckpointDelay=5000)
    scene.until(lambda: scene.refresh()["PercentageComplete"] == 50)
    scene.cloud.step(4000)
    assert (scene.refresh()["PercentageComplete"], scene.versions()) == (50, ["1", "1", "2", "2"])
    assert "checkpoint of 50 percent" in scene.refresh()["StatusReason"]
    assert scene.until_over()["Status"] == "Successful"
    assert scene.versions() == ["2"] * 4


def test_bake_time_comes_after_the_last_server(scene: Scene) -> None:
    scene.settled(desired=1)
    scene.start(2, BakeTime=600)
    scene.until(lambda: scene.refresh()["Status"] == "Baking")
    assert (scene.group_version(), scene.refresh()["PercentageComplete"]) == ("1", 100)
    scene.cloud.step(590)
    assert scene.refresh()["Status"] == "Baking"
    scene.cloud.step(10)
    assert (scene.refresh()["Status"], scene.group_version()) == ("Successful", "2")


@pytest.mark.parametrize(("rollback", "status"), [(False, "Failed"), (True, "RollbackSuccessful")])
def test_an_alarm_stops_the_refresh(scene: Scene, rollback: bool, status: str) -> None:
    cloudwatch = scene.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
    )  # fmt: skip
    scene.settled(desired=2)
    alarms = {"Alarms": ["errors"]}
    scene.start(2, AlarmSpecification=alarms, BakeTime=600, AutoRollback=rollback)
    assert scene.refresh()["Preferences"]["AlarmSpecification"] == alarms
    scene.until(lambda: scene.refresh()["Status"] == "Baking")
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    refresh = scene.until_over()
    assert (refresh["Status"], "alarms in ALARM state: errors" in refresh["StatusReason"]) == (status, True)
    assert scene.group_version() == "1"


def protect(scene: Scene) -> str:
    server = str(scene.group()["Instances"][0]["InstanceId"])
    scene.autoscaling.set_instance_protection(
        AutoScalingGroupName="web", InstanceIds=[server], ProtectedFromScaleIn=True
    )
    return server


@pytest.mark.parametrize(("rollback", "status"), [(False, "Failed"), (True, "RollbackSuccessful")])
def test_an_alarm_that_rings_already_stops_a_refresh_before_it_launches(
    scene: Scene, rollback: bool, status: str
) -> None:
    cloudwatch = scene.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
    )  # fmt: skip
    scene.settled(desired=2)
    before = {each["InstanceId"] for each in scene.group()["Instances"]}
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    scene.start(2, AlarmSpecification={"Alarms": ["errors"]}, AutoRollback=rollback)
    scene.cloud.step(10)
    assert (scene.refresh()["Status"], scene.group_version()) == (status, "1")
    scene.cloud.step(1000)
    assert {each["InstanceId"] for each in scene.group()["Instances"]} == before


@pytest.mark.parametrize(
    ("choice", "status", "versions"),
    [
        ("Refresh", "Successful", ["2", "2"]),
        ("Ignore", "Successful", ["1", "2"]),
        ("Wait", "Failed", ["1", "1"]),
    ],
)
def test_protected_servers_are_treated_as_the_preferences_say(
    scene: Scene, choice: str, status: str, versions: list[str]
) -> None:
    scene.settled(desired=2)
    protect(scene)
    scene.start(2, ScaleInProtectedInstances=choice)
    assert scene.until_over(step=60)["Status"] == status
    assert scene.versions() == versions


@pytest.mark.parametrize(
    ("choice", "status", "standby"),
    [("Terminate", "Successful", 0), ("Ignore", "Successful", 1), ("Wait", "Failed", 1)],
)
def test_standby_servers_are_treated_as_the_preferences_say(
    scene: Scene, choice: str, status: str, standby: int
) -> None:
    scene.settled(desired=2)
    scene.autoscaling.enter_standby(
        AutoScalingGroupName="web",
        InstanceIds=[scene.group()["Instances"][0]["InstanceId"]],
        ShouldDecrementDesiredCapacity=True,
    )
    scene.start(2, StandbyInstances=choice)
    assert scene.until_over(step=60)["Status"] == status
    scene.cloud.step(DRAIN)
    assert scene.states().count("Standby") == standby


@pytest.mark.parametrize(
    ("preferences", "error"),
    [
        ({"MinHealthyPercentage": None}, "must specify MinHealthyPercentage"),
        ({"MinHealthyPercentage": 0, "MaxHealthyPercentage": 150}, "more than 100 apart"),
        ({"MinHealthyPercentage": 101}, "not between 0 and 100"),
        ({"MaxHealthyPercentage": 201}, "not between 100 and 200"),
        ({"CheckpointPercentages": [50, 20]}, "not unique, ascending"),
        ({"CheckpointDelay": 60}, "must specify CheckpointPercentages"),
        ({"BakeTime": 200_000}, "BakeTime 200000 is not between 0 and 172800"),
        ({"AlarmSpecification": {"Alarms": [str(n) for n in range(11)]}}, "the limit is 10"),
        ({"AlarmSpecification": {"Alarms": ["b", "a"]}}, "alarms a, b do not exist"),
    ],
)
def test_preferences_that_aws_refuses_are_refused(
    scene: Scene, preferences: dict[str, Any], error: str
) -> None:
    scene.settled()
    with pytest.raises(ClientError, match=error) as refused:
        scene.start(2, **preferences)
    assert code(refused) == "ValidationError"
    answer = scene.autoscaling.describe_instance_refreshes(AutoScalingGroupName="web")
    assert answer["InstanceRefreshes"] == []


def test_the_groups_maintenance_policy_is_the_default(scene: Scene) -> None:
    scene.settled(
        desired=4, InstanceMaintenancePolicy={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200}
    )
    scene.start(2, MinHealthyPercentage=None, MaxHealthyPercentage=None)
    scene.cloud.step(BOOT)
    assert scene.versions() == ["1"] * 4 + ["2"] * 4


def test_a_strategy_that_does_not_exist_is_refused(scene: Scene) -> None:
    scene.settled()
    with pytest.raises(ClientError, match="Strategy 'Other' is not one of Rolling, ReplaceRootVolume"):
        scene.autoscaling.start_instance_refresh(AutoScalingGroupName="web", Strategy="Other")


def test_an_image_that_does_not_exist_is_refused_before_anything_starts(scene: Scene) -> None:
    scene.settled()
    scene.ec2.deregister_image(ImageId=BETTER)
    with pytest.raises(ClientError, match=rf"The image id '\[{BETTER}\]' does not exist") as refused:
        scene.start(2)
    assert code(refused) == "ValidationError"


def test_what_a_desired_configuration_leaves_out_stays_as_it_was(scene: Scene) -> None:
    policy = scene.policy(1) | {"InstancesDistribution": {"OnDemandBaseCapacity": 3}}
    scene.settled(desired=1, MixedInstancesPolicy=policy)
    scene.start(2)
    scene.until_over()
    distribution = scene.group()["MixedInstancesPolicy"]["InstancesDistribution"]
    assert distribution["OnDemandBaseCapacity"] == 3


@pytest.mark.parametrize("version", [9, "$Nonsense"])
def test_a_version_that_does_not_exist_is_refused(scene: Scene, version: object) -> None:
    scene.settled()
    with pytest.raises(ClientError) as refused:
        scene.start(version)
    assert code(refused) == "ValidationError"


def test_a_group_that_does_not_exist_is_a_validation_error(scene: Scene) -> None:
    with pytest.raises(ClientError, match="AutoScalingGroup name not found") as refused:
        scene.start(2)
    assert code(refused) == "ValidationError"


def test_refreshes_are_listed_newest_first_and_by_id(scene: Scene) -> None:
    scene.settled(desired=1)
    first = scene.start(2)
    scene.until_over()
    second = scene.start(4)
    scene.until_over()
    listed = scene.autoscaling.describe_instance_refreshes(AutoScalingGroupName="web")["InstanceRefreshes"]
    assert [r["InstanceRefreshId"] for r in listed] == [second, first]
    one = scene.autoscaling.describe_instance_refreshes(
        AutoScalingGroupName="web", InstanceRefreshIds=[first]
    )
    assert [r["InstanceRefreshId"] for r in one["InstanceRefreshes"]] == [first]


def test_scaling_out_in_the_middle_ends_with_the_new_version_everywhere(scene: Scene) -> None:
    scene.settled(desired=2)
    scene.start(2)
    scene.until(lambda: scene.refresh()["PercentageComplete"] == 50)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=5)
    scene.until_over()
    assert scene.versions() == ["2"] * 5


def test_scaling_in_in_the_middle_ends_with_the_new_version_everywhere(scene: Scene) -> None:
    scene.settled(desired=5)
    scene.start(2)
    scene.until(lambda: scene.refresh()["PercentageComplete"] >= 40)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    scene.until_over()
    assert scene.versions() == ["2"]
