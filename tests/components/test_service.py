from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.args import EntryPoint, Placement
from components.fleet_alarms import AlarmThresholds
from components.group_scaling import SleepSchedule
from components.instance_refresh import RefreshPreferences
from components.lifecycle_hooks import Lifecycle
from components.service import Service, ServiceArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

IMAGE = "ami-0123456789abcdef0"
GIVEN: dict[str, Any] = {
    "image_id": IMAGE,
    "region": "eu-central-1",
    "placement": Placement(vpc_id="vpc-1", subnet_ids=("subnet-a", "subnet-b")),
    "entry_point": EntryPoint(listener_arn="arn:listener", security_group_id="sg-lb", arn_suffix="app/lb"),
    "alert_topic_arn": "arn:topic",
    "port": 8080,
    "health_path": "/healthz",
    "instance_types": ("m7g.large", "m6g.large"),
    "min_size": 2,
    "max_size": 6,
    "priority": 100,
    "paths": ("/*",),
}
ROLLOUT = "Rollout web"


def service(build: Build, **changed: Any) -> Built:
    def program() -> Mapping[str, Any]:
        made = Service("web", ServiceArgs(**{**GIVEN, **changed}))
        return {
            "group": made.group.name,
            "template": made.launch_template.id,
            "target group": made.target_groups[0].arn,
            "image": made.refresh.image_id,
        }

    return build(program)


def test_ten_lines_make_a_whole_service(build: Build) -> None:
    built = service(build)
    assert built.parents() == {
        "the Service web": "Stack",
        "the TargetGroup web": "the Service web",
        "TargetGroup web": "the TargetGroup web",
        "ListenerRule web": "the TargetGroup web",
        "the LaunchTemplate web": "the Service web",
        "LogGroup web": "the LaunchTemplate web",
        "Role web": "the LaunchTemplate web",
        "RolePolicy web": "the LaunchTemplate web",
        "InstanceProfile web": "the LaunchTemplate web",
        "SecurityGroup web": "the LaunchTemplate web",
        "SecurityGroupIngressRule web-from-load-balancer": "the LaunchTemplate web",
        "SecurityGroupEgressRule web-to-servers": "the LaunchTemplate web",
        "LaunchTemplate web": "the LaunchTemplate web",
        "the AutoScalingGroup web": "the Service web",
        "Group web": "the AutoScalingGroup web",
        "Policy web": "the AutoScalingGroup web",
        "Notification web": "the AutoScalingGroup web",
        "the LifecycleHooks web": "the AutoScalingGroup web",
        "LifecycleHook web-launch": "the LifecycleHooks web",
        "LifecycleHook web-termination": "the LifecycleHooks web",
        "the FleetAlarms web": "the Service web",
        "EventRule web-failures": "the FleetAlarms web",
        "EventTarget web-failures": "the FleetAlarms web",
        "MetricAlarm web-errors": "the FleetAlarms web",
        "MetricAlarm web-latency": "the FleetAlarms web",
        "MetricAlarm web-unhealthy-hosts": "the FleetAlarms web",
        "MetricAlarm web-replacements": "the FleetAlarms web",
        "the InstanceRefresh web": "the Service web",
        ROLLOUT: "the InstanceRefresh web",
    }
    assert built.types()["the Service web"] == "immutable:service:Service"


def test_its_parts_are_public(build: Build) -> None:
    assert service(build).outputs == {
        "group": "web-group",
        "template": "web-id",
        "target group": "arn:tg/web",
        "image": IMAGE,
    }


def test_the_fleet_comes_after_the_rule_that_leads_to_it(build: Build) -> None:
    built = service(build)
    assert built.after()["the AutoScalingGroup web"] == ["ListenerRule web"]
    order = list(built.resources)
    assert order.index("ListenerRule web") < order.index("Group web")


def test_a_rollouts_servers_pass_the_hooks_that_are_declared_with_it(build: Build) -> None:
    hooks = ["LifecycleHook web-launch", "LifecycleHook web-termination"]
    assert set(hooks) <= set(service(build).after()["the InstanceRefresh web"])


def test_its_hooks_are_the_same_for_the_group_and_its_servers(build: Build) -> None:
    built = service(build, lifecycle=Lifecycle(launch_timeout_seconds=45), health_path="/up", port=81)
    assert built.inputs()["LifecycleHook web-launch"]["heartbeatTimeout"] == 45
    written = base64.b64decode(built.inputs()["LaunchTemplate web"]["userData"]).decode()
    assert r"IMMUTABLE_LAUNCH_SECONDS=\"45\"" in written
    assert r"IMMUTABLE_PORT=\"81\"" in written
    assert r"IMMUTABLE_HEALTH_PATH=\"/up\"" in written
    role = {"key": "immutable-server-role", "value": "web-role", "propagateAtLaunch": False}
    assert role in built.inputs()["Group web"]["tags"]


def test_the_refresh_gets_the_template_the_group_and_the_image(build: Build) -> None:
    built = service(build, refresh=RefreshPreferences(instance_warmup_seconds=33), refresh_timeout_seconds=44)
    rollout = built.inputs()[ROLLOUT]
    preferences = rollout.pop("preferences")
    assert preferences["instance_warmup_seconds"] == 33
    assert {name: rollout[name] for name in rollout if not name.startswith("__")} == {
        "region": "eu-central-1",
        "group_name": "web-group",
        "launch_template_id": "web-id",
        "launch_template_version": "7",
        "image_id": IMAGE,
        "target_group_arns": ["arn:tg/web"],
        "instance_types": ["m7g.large", "m6g.large"],
        "callers_alarms": [],
        "timeout_seconds": 44,
    }


OWN_ALARMS = ["web-errors-alarm", "web-latency-alarm", "web-unhealthy-hosts-alarm", "web-replacements-alarm"]


def test_a_rollout_watches_the_services_own_alarms_and_those_it_is_given(build: Build) -> None:
    def watched(**changed: Any) -> Any:
        return service(build, **changed).inputs()[ROLLOUT]["preferences"].get("alarms")

    more = RefreshPreferences(alarms=("checkout-fails",))
    assert watched() == OWN_ALARMS
    assert watched(refresh=more) == [*OWN_ALARMS, "checkout-fails"]
    assert watched(refresh=more, watch_alarms=False) is None


def test_only_alarms_of_others_have_to_be_there_before_a_rollout(build: Build) -> None:
    more = RefreshPreferences(alarms=("checkout-fails",))
    rollout = service(build, refresh=more).inputs()[ROLLOUT]
    assert rollout["callers_alarms"] == ["checkout-fails"]
    assert service(build, refresh=more, watch_alarms=False).inputs()[ROLLOUT]["callers_alarms"] == []


def test_a_rollout_watches_ten_alarms_at_most(build: Build) -> None:
    more = RefreshPreferences(alarms=tuple(f"alarm-{number}" for number in range(7)))
    with pytest.raises(ValidationError, match="at most 10 items"):
        service(build, refresh=more)


def test_its_alarms_look_at_its_own_targets_and_group_and_ring_where_it_says(build: Build) -> None:
    built = service(build)
    assert built.inputs()["MetricAlarm web-latency"]["dimensions"] == {
        "LoadBalancer": "app/lb",
        "TargetGroup": "targetgroup/web",
    }
    assert built.inputs()["MetricAlarm web-latency"]["alarmActions"] == ["arn:topic"]
    assert built.inputs()["EventRule web-failures"]["eventPattern"]["detail"] == {
        "AutoScalingGroupName": ["web-group"]
    }


def test_the_group_is_made_from_the_template_for_the_target_group(build: Build) -> None:
    made = service(build).inputs()["Group web"]
    assert made["targetGroupArns"] == ["arn:tg/web"]
    assert made["vpcZoneIdentifiers"] == ["subnet-a", "subnet-b"]
    assert (made["minSize"], made["maxSize"]) == (2, 6)
    assert made["mixedInstancesPolicy"]["launchTemplate"] == {
        "launchTemplateSpecification": {"launchTemplateId": "web-id", "version": "7"},
        "overrides": [{"instanceType": "m7g.large"}, {"instanceType": "m6g.large"}],
    }


NIGHTS = SleepSchedule(time_zone="Europe/Berlin", from_time="20:00", until_time="07:00")
CASES: list[tuple[str, Any, str, tuple[Any, ...], Any]] = [
    ("image_id", "ami-00000000", "LaunchTemplate web", ("imageId",), "ami-00000000"),
    ("instance_types", ("c7g.large",), "LaunchTemplate web", ("instanceType",), "c7g.large"),
    ("volume_size_gib", 77, "LaunchTemplate web", ("blockDeviceMappings", 0, "ebs", "volumeSize"), 77),
    ("kms_key_id", "arn:key", "LaunchTemplate web", ("blockDeviceMappings", 0, "ebs", "kmsKeyId"), "arn:key"),
    (
        "root_device_name",
        "/dev/sda1",
        "LaunchTemplate web",
        ("blockDeviceMappings", 0, "deviceName"),
        "/dev/sda1",
    ),
    ("log_retention_days", 30, "LogGroup web", ("retentionInDays",), 30),
    ("log_kms_key_arn", "arn:key", "LogGroup web", ("kmsKeyId",), "arn:key"),
    ("port", 9090, "TargetGroup web", ("port",), 9090),
    ("port", 9090, "SecurityGroupIngressRule web-from-load-balancer", ("toPort",), 9090),
    ("health_path", "/up", "TargetGroup web", ("healthCheck", "path"), "/up"),
    ("deregistration_delay_seconds", 11, "TargetGroup web", ("deregistrationDelay",), 11),
    ("slow_start_seconds", 90, "TargetGroup web", ("slowStart",), 90),
    ("priority", 7, "ListenerRule web", ("priority",), 7),
    ("paths", ("/a",), "ListenerRule web", ("conditions", 0, "pathPattern", "values"), ["/a"]),
    ("hosts", ("a.example",), "ListenerRule web", ("conditions", 0, "hostHeader", "values"), ["a.example"]),
    ("cpu_target_percent", 45, "Policy web", ("targetTrackingConfiguration", "targetValue"), 45),
    ("max_instance_lifetime_days", 7, "Group web", ("maxInstanceLifetime",), 7 * 86_400),
    (
        "zone_distribution",
        "balanced-only",
        "Group web",
        ("availabilityZoneDistribution", "capacityDistributionStrategy"),
        "balanced-only",
    ),
    ("protect_from_scale_in", True, "Group web", ("protectFromScaleIn",), True),
    ("sleep", NIGHTS, "Schedule web-sleep", ("recurrence",), "0 20 * * MON,TUE,WED,THU,FRI"),
    ("alert_topic_arn", "arn:mine", "Notification web", ("topicArn",), "arn:mine"),
    ("health_check_grace_period_seconds", 121, "Group web", ("healthCheckGracePeriod",), 121),
    ("default_instance_warmup_seconds", 13, "Group web", ("defaultInstanceWarmup",), 13),
    (
        "on_demand_base_capacity",
        2,
        "Group web",
        ("mixedInstancesPolicy", "instancesDistribution", "onDemandBaseCapacity"),
        2,
    ),
    ("tags", {"a": "b"}, "TargetGroup web", ("tags",), {"a": "b", "Name": "web"}),
    ("tags", {"a": "b"}, "LaunchTemplate web", ("tags",), {"a": "b", "Name": "web"}),
    ("tags", {"a": "b"}, "Group web", ("tags", 1, "key"), "a"),
    ("alarms", AlarmThresholds(latency_seconds=9), "MetricAlarm web-latency", ("threshold",), 9),
    ("tags", {"a": "b"}, "MetricAlarm web-errors", ("tags",), {"a": "b", "Name": "web-errors"}),
    ("region", "eu-west-1", ROLLOUT, ("region",), "eu-west-1"),
]


@pytest.mark.parametrize(("argument", "value", "key", "path", "expected"), CASES)
def test_every_argument_reaches_the_part_that_it_is_for(
    build: Build, argument: str, value: Any, key: str, path: tuple[Any, ...], expected: Any
) -> None:
    found: Any = service(build, **{argument: value}).inputs()[key]
    for step in path:
        found = found[step]
    assert found == expected


def test_scaling_by_requests_counts_those_of_its_own_target_group(build: Build) -> None:
    tracking = service(build, requests_per_target=600).inputs()["Policy web-requests"]
    assert tracking["targetTrackingConfiguration"]["targetValue"] == 600
    metric = tracking["targetTrackingConfiguration"]["predefinedMetricSpecification"]
    assert metric["resourceLabel"] == "app/lb/targetgroup/web"
    assert list(service(build).inputs("Policy")) == ["Policy web"]


def test_spot_servers_are_a_share_that_the_service_asks_for(build: Build) -> None:
    made = service(build, on_demand_percentage=50, on_demand_base_capacity=1).inputs()["Group web"]
    shares = made["mixedInstancesPolicy"]["instancesDistribution"]
    assert shares["onDemandPercentageAboveBaseCapacity"] == 50


def test_environment_policy_and_retention_reach_the_servers(build: Build) -> None:
    own = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:queue"}
    built = service(build, environment={"A": "b"}, policy_statements=(own,), retain_logs=False)
    plain = service(build)
    assert built.inputs()["RolePolicy web-access"]["policy"]["Statement"] == [own]
    assert built.inputs()["LaunchTemplate web"] != plain.inputs()["LaunchTemplate web"]
    assert "LogGroup web" in plain.options()
    assert "LogGroup web" not in built.options()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"image_id": "resolve:ssm:/images/web"}, "should match pattern"),
        ({"instance_types": ()}, "at least 1 item"),
        ({"replicas": 3}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_service_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ServiceArgs(**{**GIVEN, **changed})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"min_size": 7}, "min_size 7 is above max_size 6"),
        ({"paths": ()}, "0 hosts and paths"),
        ({"environment": {"A": "x" * 17000}}, "bytes of user data"),
    ],
)
def test_what_a_part_refuses_the_service_refuses(build: Build, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        service(build, **changed)
