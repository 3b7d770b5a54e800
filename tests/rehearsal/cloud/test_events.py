"""What happens in a fleet is told: to EventBridge's rules, to their topics, and to the topics of a group."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.sns.models import sns_backends

from components.fleet_alarms import failure_pattern
from rehearsal.cloud.world import ACCOUNT
from tests.rehearsal.cloud.scene import BOOT, DRAIN, Scene
from tests.rehearsal.cloud.watching import CRASHING, Alarms, image_version


@pytest.fixture
def topic(scene: Scene) -> str:
    return str(scene.cloud.client("sns").create_topic(Name="alerts")["TopicArn"])


def told(scene: Scene, topic: str) -> list[Any]:
    sent = sns_backends[ACCOUNT][scene.cloud.region].topics[topic].sent_notifications
    return [json.loads(each[1]) for each in sent]


def rule(scene: Scene, topic: str, pattern: Any, name: str = "rule", **target: Any) -> None:
    events = scene.cloud.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "topic", "Arn": topic, **target}])


def test_a_launch_and_a_termination_are_events(scene: Scene, topic: str) -> None:
    rule(scene, topic, {"source": ["aws.autoscaling"]})
    scene.settled(desired=1)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    server = scene.group()["Instances"][0]["InstanceId"]
    scene.cloud.step(DRAIN + 1)
    launched, gone = told(scene, topic)
    arn = scene.group()["AutoScalingGroupARN"]
    assert (launched["detail-type"], gone["detail-type"]) == (
        "EC2 Instance Launch Successful", "EC2 Instance Terminate Successful",
    )  # fmt: skip
    assert launched["resources"] == [arn, f"arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/{server}"]
    assert (launched["source"], launched["account"], launched["region"]) == (
        "aws.autoscaling", ACCOUNT, "eu-central-1",
    )  # fmt: skip
    detail = launched["detail"]
    assert (detail["EC2InstanceId"], detail["AutoScalingGroupName"]) == (server, "web")
    assert detail["Details"]["Availability Zone"].startswith("eu-central-1")
    assert "difference between desired and actual capacity" in gone["detail"]["Cause"]


def test_a_failed_launch_is_an_event_with_its_reason(scene: Scene, topic: str) -> None:
    rule(scene, topic, {"detail-type": ["EC2 Instance Launch Unsuccessful"]})
    scene.settled(desired=0)
    scene.ec2.deregister_image(ImageId="ami-00000000000000001")
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    scene.cloud.step(1)
    (event,) = told(scene, topic)
    assert event["detail"]["StatusCode"] == "Failed"
    assert "does not exist" in event["detail"]["StatusMessage"]
    assert len(event["resources"]) == 1, "the group alone, as there is no server"


def test_a_launch_that_the_group_itself_called_off_did_not_fail(scene: Scene, topic: str) -> None:
    rule(scene, topic, {"source": ["aws.autoscaling"]})
    scene.create_group(desired=1)
    scene.cloud.step(BOOT / 2)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    scene.cloud.step(BOOT + DRAIN)
    assert [each["detail-type"] for each in told(scene, topic)] == ["EC2 Instance Terminate Successful"]


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"source": ["aws.autoscaling"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"source": [{"prefix": "aws.auto"}]}, True),
        ({"detail-type": [{"suffix": "Successful"}]}, True),
        ({"detail-type": [{"suffix": "Unsuccessful"}]}, False),
        ({"detail": {"Cause": [{"wildcard": "*desired and actual*"}]}}, True),
        ({"detail": {"Cause": [{"wildcard": "*health check*"}]}}, False),
        ({"detail": {"AutoScalingGroupName": [{"anything-but": ["web"]}]}}, False),
        ({"detail": {"AutoScalingGroupName": [{"anything-but": {"prefix": "x"}}]}}, True),
        ({"detail": {"Cause": [{"anything-but": {"wildcard": "*desired*"}}]}}, False),
        ({"detail": {"Nothing": [{"exists": False}], "EC2InstanceId": [{"exists": True}]}}, True),
        ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"AutoScalingGroupName": ["web"]}}]}, True),
        ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"AutoScalingGroupName": ["x"]}}]}, False),
        ({"source": ["aws.autoscaling"], "$or": [{"source": ["aws.ec2"]}]}, False),
        ({"resources": [{"wildcard": "arn:aws:autoscaling:*"}]}, True),
    ],
)
def test_rules_get_the_events_that_their_pattern_matches(
    scene: Scene, topic: str, pattern: Any, matches: bool
) -> None:
    rule(scene, topic, pattern)
    scene.create_group(desired=1)
    scene.cloud.step(BOOT)
    assert bool(told(scene, topic)) is matches


def test_schedules_and_disabled_rules_get_nothing(scene: Scene, topic: str) -> None:
    events = scene.cloud.client("events")
    rule(scene, topic, {"source": ["aws.autoscaling"]})
    events.disable_rule(Name="rule")
    events.put_rule(Name="schedule", ScheduleExpression="rate(5 minutes)")
    events.put_targets(Rule="schedule", Targets=[{"Id": "topic", "Arn": topic}])
    scene.settled()
    assert told(scene, topic) == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"Input": '{"constant": 1}'}, {"constant": 1}),
        ({"InputPath": "$.detail.AutoScalingGroupName"}, "web"),
        ({"InputPath": "$.detail.Nothing.here"}, None),
    ],
)
def test_a_target_is_told_what_it_asks_for(scene: Scene, topic: str, target: Any, expected: Any) -> None:
    rule(scene, topic, {"source": ["aws.autoscaling"]}, **target)
    scene.create_group(desired=1)
    scene.cloud.step(BOOT)
    assert told(scene, topic) == [expected]


def test_a_target_is_told_a_text_made_of_the_event(scene: Scene, topic: str) -> None:
    paths = {"group": "$.detail.AutoScalingGroupName", "what": "$.detail-type"}
    text = {"InputPathsMap": paths, "InputTemplate": '"<what> of <group>."'}
    rule(scene, topic, {"source": ["aws.autoscaling"]}, InputTransformer=text)
    scene.create_group(desired=1)
    scene.cloud.step(BOOT)
    (sent,) = sns_backends[ACCOUNT][scene.cloud.region].topics[topic].sent_notifications
    assert sent[1] == "EC2 Instance Launch Successful of web."


def test_a_topic_that_is_gone_stops_nothing(scene: Scene, topic: str) -> None:
    rule(scene, topic, {"source": ["aws.autoscaling"]})
    scene.cloud.client("sns").delete_topic(TopicArn=topic)
    scene.settled()
    assert scene.states() == ["InService"] * 2


def test_a_group_notifies_its_topic_of_the_kinds_that_it_was_asked_for(scene: Scene, topic: str) -> None:
    scene.settled(desired=1)
    scene.autoscaling.put_notification_configuration(
        AutoScalingGroupName="web",
        TopicARN=topic,
        NotificationTypes=["autoscaling:EC2_INSTANCE_TERMINATE", "autoscaling:EC2_INSTANCE_LAUNCH_ERROR"],
    )
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    scene.cloud.step(BOOT)
    assert [each for each in told(scene, topic) if each["Event"].count(":EC2_")] == [], "a launch it is not"
    scene.ec2.deregister_image(ImageId="ami-00000000000000001")
    gone = scene.group()["Instances"][0]["InstanceId"]
    scene.ec2.terminate_instances(InstanceIds=[gone])
    scene.cloud.step(1)
    terminated, failed = (each for each in told(scene, topic) if each["Event"].count(":EC2_"))
    assert (terminated["Event"], terminated["EC2InstanceId"]) == ("autoscaling:EC2_INSTANCE_TERMINATE", gone)
    assert failed["Event"] == "autoscaling:EC2_INSTANCE_LAUNCH_ERROR"
    assert (failed["AutoScalingGroupName"], failed["StatusCode"]) == ("web", "Failed")


def replacements(scene: Scene, alarms: Alarms, topic: str) -> str:
    """The alarm over the group's failures, as the component makes it."""
    rule(scene, topic, failure_pattern("web"), "web-failures")
    return alarms.put(
        "TriggeredRules", 1, Namespace="AWS/Events",
        Dimensions=[{"Name": "RuleName", "Value": "web-failures"}], Period=300, EvaluationPeriods=3,
        DatapointsToAlarm=2, TreatMissingData="notBreaching",
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )  # fmt: skip


def test_servers_that_crash_again_and_again_ring(scene: Scene, topic: str) -> None:
    alarms = Alarms(scene)
    name = replacements(scene, alarms, topic)
    scene.settled(version=image_version(scene, CRASHING, "crash-loop"))
    assert alarms.state(name) == "OK"
    scene.until(lambda: alarms.state(name) == "ALARM", step=60, limit=1200)


def test_servers_that_never_get_healthy_ring(scene: Scene, topic: str) -> None:
    alarms = Alarms(scene)
    name = replacements(scene, alarms, topic)
    scene.settled(version=3)
    scene.until(lambda: alarms.state(name) == "ALARM", step=60, limit=1200)


def test_a_refresh_and_a_smaller_fleet_and_a_persons_wish_do_not_ring(scene: Scene, topic: str) -> None:
    alarms = Alarms(scene)
    name = replacements(scene, alarms, topic)
    scene.settled(desired=3)
    scene.start(2)
    scene.until_over()
    for server in [each["InstanceId"] for each in scene.group()["Instances"]][:2]:
        scene.autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=server, ShouldDecrementDesiredCapacity=False
        )
        scene.cloud.step(300)
    scene.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    scene.cloud.step(300)
    assert (alarms.state(name), told(scene, topic)) == ("OK", [])
    assert scene.versions() == ["2"]


def test_servers_that_the_launch_hook_gives_up_ring(scene: Scene, topic: str) -> None:
    alarms = Alarms(scene)
    name = replacements(scene, alarms, topic)
    hook = {
        "LifecycleHookName": "launch",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
        "HeartbeatTimeout": 600,
        "DefaultResult": "ABANDON",
    }
    scene.create_group(version=3, LifecycleHookSpecificationList=[hook])
    scene.until(lambda: alarms.state(name) == "ALARM", step=60, limit=2400)
    assert "was abandoned" in json.dumps(told(scene, topic))
