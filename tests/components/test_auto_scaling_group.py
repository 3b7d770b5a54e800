from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.auto_scaling_group import AutoScalingGroupArgs
from components.lifecycle_hooks import Lifecycle
from tests.components.groups import GIVEN, Build, group


def test_a_group_launches_before_it_terminates_and_is_judged_by_the_load_balancer(build: Build) -> None:
    assert group(build).inputs("Group") == {
        "Group web": {
            "namePrefix": "web-",
            # No desiredCapacity: a deploy would reset what scaling found.
            "minSize": 2,
            "maxSize": 6,
            "vpcZoneIdentifiers": ["subnet-a", "subnet-b"],
            "targetGroupArns": ["arn:tg"],
            "healthCheckType": "ELB",
            "healthCheckGracePeriod": 300,
            "defaultInstanceWarmup": 120,
            "instanceMaintenancePolicy": {"minHealthyPercentage": 100, "maxHealthyPercentage": 110},
            "mixedInstancesPolicy": {
                "launchTemplate": {
                    "launchTemplateSpecification": {"launchTemplateId": "lt-1", "version": "3"},
                    "overrides": [{"instanceType": "m7g.large"}, {"instanceType": "m6g.large"}],
                },
                "instancesDistribution": {
                    "onDemandAllocationStrategy": "prioritized",
                    "onDemandBaseCapacity": 0,
                    "onDemandPercentageAboveBaseCapacity": 100,
                    "spotAllocationStrategy": "price-capacity-optimized",
                },
            },
            "availabilityZoneDistribution": {"capacityDistributionStrategy": "balanced-best-effort"},
            "capacityRebalance": True,
            "maxInstanceLifetime": 30 * 86_400,
            "terminationPolicies": ["OldestLaunchTemplate", "OldestInstance", "Default"],
            "enabledMetrics": [
                "GroupDesiredCapacity",
                "GroupInServiceInstances",
                "GroupMaxSize",
                "GroupMinSize",
                "GroupPendingInstances",
                "GroupStandbyInstances",
                "GroupTerminatingInstances",
                "GroupTotalInstances",
            ],
            "metricsGranularity": "1Minute",
            "protectFromScaleIn": False,
            "waitForCapacityTimeout": "0",
            "forceDelete": False,
            "initialLifecycleHooks": [
                {
                    "name": "launch",
                    "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
                    "heartbeatTimeout": 600,
                    "defaultResult": "ABANDON",
                },
                {
                    "name": "termination",
                    "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
                    "heartbeatTimeout": 300,
                    "defaultResult": "CONTINUE",
                },
            ],
            "tags": [
                {"key": "Name", "value": "web", "propagateAtLaunch": True},
                {"key": "environment", "value": "test", "propagateAtLaunch": True},
                {"key": "owner", "value": "platform", "propagateAtLaunch": True},
                # Who may complete its hooks; of no meaning on a server.
                {"key": "immutable-server-role", "value": "web-role", "propagateAtLaunch": False},
            ],
        }
    }


def test_every_setting_reaches_it(build: Build) -> None:
    made = group(
        build,
        health_check_grace_period_seconds=62,
        default_instance_warmup_seconds=61,
        min_healthy_percentage=90,
        max_healthy_percentage=150,
        on_demand_base_capacity=1,
        on_demand_percentage=40,
        launch_template_version="9",
        max_instance_lifetime_days=365,
        zone_distribution="balanced-only",
        protect_from_scale_in=True,
    ).inputs()["Group web"]
    assert made["healthCheckGracePeriod"] == 62
    assert made["defaultInstanceWarmup"] == 61
    assert made["instanceMaintenancePolicy"] == {"minHealthyPercentage": 90, "maxHealthyPercentage": 150}
    assert made["maxInstanceLifetime"] == 31_536_000
    assert made["availabilityZoneDistribution"] == {"capacityDistributionStrategy": "balanced-only"}
    assert made["protectFromScaleIn"] is True
    policy = made["mixedInstancesPolicy"]
    assert policy["instancesDistribution"]["onDemandBaseCapacity"] == 1
    assert policy["instancesDistribution"]["onDemandPercentageAboveBaseCapacity"] == 40
    assert policy["launchTemplate"]["launchTemplateSpecification"]["version"] == "9"


def test_one_instance_type_makes_a_mixed_policy_too(build: Build) -> None:
    made = group(build, instance_types=("m7g.large",)).inputs()["Group web"]
    assert "launchTemplate" not in made
    assert made["mixedInstancesPolicy"]["launchTemplate"]["overrides"] == [{"instanceType": "m7g.large"}]


def test_it_leaves_the_templates_version_to_the_refresh_and_nothing_else_of_the_policy(build: Build) -> None:
    version = "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version"
    ignored = [version, "desiredCapacity", "initialLifecycleHooks"]
    assert group(build).options() == {"Group web": {"ignore_changes": ignored}}


def test_its_hooks_wait_as_long_as_they_are_told(build: Build) -> None:
    """At its creation and later: the first hooks are for the first servers, the resources for changes."""
    lifecycle = Lifecycle(launch_timeout_seconds=60, termination_timeout_seconds=0)
    built = group(build, lifecycle=lifecycle)
    (first,) = built.inputs()["Group web"]["initialLifecycleHooks"]
    assert first["heartbeatTimeout"] == 60
    (hook,) = built.inputs("LifecycleHook").values()
    assert (hook["heartbeatTimeout"], hook["autoscalingGroupName"]) == (60, "web-group")


def test_what_it_fails_to_do_is_told(build: Build) -> None:
    built = group(build, notification_topic_arn="arn:topic")
    assert built.inputs("Notification") == {
        "Notification web": {
            "groupNames": ["web-group"],
            "notifications": [
                "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
                "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
            ],
            "topicArn": "arn:topic",
        }
    }
    assert built.parents()["Notification web"] == "the AutoScalingGroup web"


def test_it_makes_these_children_and_hands_them_on(build: Build) -> None:
    built = group(build)
    assert built.parents() == {
        "the AutoScalingGroup web": "Stack",
        "Group web": "the AutoScalingGroup web",
        "Policy web": "the AutoScalingGroup web",
        "the LifecycleHooks web": "the AutoScalingGroup web",
        "LifecycleHook web-launch": "the LifecycleHooks web",
        "LifecycleHook web-termination": "the LifecycleHooks web",
    }
    assert built.types()["the AutoScalingGroup web"] == "immutable:autoscalinggroup:AutoScalingGroup"
    assert built.outputs["name"] == "web-group"
    assert built.outputs["arn"].endswith(":autoScalingGroupName/web-group")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"min_size": 7}, "min_size 7 is above max_size 6: lower it"),
        ({"launch_template_version": "$Latest"}, r"'\$Latest' is no number"),
        ({"launch_template_version": "$Default"}, r"'\$Default' is no number"),
        ({"min_healthy_percentage": 50, "max_healthy_percentage": 151}, "50 to 151 percent healthy"),
        ({"on_demand_percentage": 50}, "50% spot with types .* on_demand_base_capacity 0"),
        (
            {"on_demand_percentage": 0, "on_demand_base_capacity": 1, "instance_types": ("m7g.large",)},
            r"100% spot with types \['m7g.large'\]",
        ),
        ({"instance_types": ()}, "at least 1 item"),
        ({"subnet_ids": ("subnet-a",)}, "at least 2 items"),
        ({"default_instance_warmup_seconds": 0}, "greater than or equal to 1"),
        ({"health_check_grace_period_seconds": 0}, "greater than or equal to 1"),
        ({"max_size": 0}, "greater than or equal to 1"),
        (
            {"default_instance_warmup_seconds": 301},
            "default_instance_warmup_seconds 301 is more than health_check_grace_period_seconds 300: lower",
        ),
        ({"requests_per_target": 600}, "requests_per_target and request_label go together"),
        ({"request_label": "app/lb/1/targetgroup/web/2"}, "give both or none"),
        ({"requests_per_target": 0, "request_label": "x"}, "greater than or equal to 1"),
        ({"max_instance_lifetime_days": 0}, "greater than or equal to 1"),
        ({"max_instance_lifetime_days": 366}, "less than or equal to 365"),
        ({"zone_distribution": "balanced"}, "balanced-best-effort"),
        ({"desired_capacity": 3}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_a_fleet_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        AutoScalingGroupArgs(**{**GIVEN, **changed})


def test_half_to_one_and_a_half_healthy_is_the_widest_that_is_taken() -> None:
    args = AutoScalingGroupArgs(**{**GIVEN, "min_healthy_percentage": 50, "max_healthy_percentage": 150})
    assert (args.min_healthy_percentage, args.max_healthy_percentage) == (50, 150)


def test_a_warm_up_as_long_as_the_grace_period_is_taken() -> None:
    args = AutoScalingGroupArgs(**{**GIVEN, "default_instance_warmup_seconds": 300})
    assert args.default_instance_warmup_seconds == args.health_check_grace_period_seconds


def test_as_many_at_least_as_at_most_is_a_fleet_of_fixed_size() -> None:
    assert AutoScalingGroupArgs(**{**GIVEN, "min_size": 6}).min_size == 6


def test_without_a_target_group_ec2_alone_judges_the_servers(build: Build) -> None:
    made = group(build, target_group_arns=()).inputs()["Group web"]
    assert made["healthCheckType"] == "EC2"
    assert "targetGroupArns" not in made


def test_a_capacity_that_nothing_but_a_schedule_moves_has_no_policy(build: Build) -> None:
    assert group(build, cpu_target_percent=None).inputs("Policy") == {}
